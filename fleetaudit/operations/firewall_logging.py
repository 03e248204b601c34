"""Let the firewall log what it drops, in each profile, and let its log become large enough.

Settings are ``Domain/LogBlocked`` (``on``, ``off``) and ``Domain/LogMaxSizeKilobytes`` (1 to
32767), likewise for ``Private`` and ``Public``. What the registry does not say is as Windows has it
by default: off, and 4096 KB (windows-facts 6). What group policy or device management says counts
more than the local store, so changing that has no effect and is left out.

The path of the log is never changed: the firewall's service may not be allowed to write elsewhere
(windows-facts 6), the new file would stay, and the Task Scheduler expands what stands between
percent signs, so a lease could not put ``%systemroot%`` back to the letter.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.operations._operation import Command, Operation
from fleetaudit.parsers._json import JsonObject, JsonProblem, read_json
from fleetaudit.records.call import ScriptCall
from fleetaudit.records.debt import State
from fleetaudit.records.wire import FACTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.records.debt import Wanted

__all__ = ["OPERATION"]

_PROFILES: Final = ("Domain", "Private", "Public")
_BLOCKED: Final = "LogBlocked"
_SIZE: Final = "LogMaxSizeKilobytes"
_NETSH: Final = {_BLOCKED: "droppedconnections", _SIZE: "maxfilesize"}
_ENABLED: Final = {"on": "enable", "off": "disable"}
_DEFAULTS: Final = {_BLOCKED: "off", _SIZE: "4096"}
_LARGEST: Final = 32_767
_KILOBYTES: Final = re.compile(r"[1-9][0-9]{0,4}")
_SET: Final = re.compile(
    r"advfirewall set (domain|private|public)profile logging "
    r"(droppedconnections|maxfilesize) ([a-z]+|[0-9]+)"
)


def _capture() -> ScriptCall:
    return ScriptCall(script="Get-FirewallLogging")


def _read(files: Mapping[str, bytes]) -> State:
    values = {
        f"{profile}/{name}": value for profile in _PROFILES for name, value in _DEFAULTS.items()
    }
    owned: set[str] = set()
    for one in _profiles(files[FACTS]):
        blocked, size = one.optional_number("LogDroppedPackets"), one.optional_number("LogFileSize")
        found = {
            _BLOCKED: None if blocked is None else "on" if blocked else "off",
            _SIZE: None if size is None else str(size),
        }
        for name, value in found.items():
            setting = f"{one.text('Profile')}/{name}"
            if value is None or setting not in values:
                continue
            if one.text("Store") == "local":
                values[setting] = value
            else:
                owned.add(setting)
    return State(values=values, owned=frozenset(owned))


def _profiles(data: bytes) -> list[JsonObject]:
    listed = JsonObject.of(read_json(data)).members.get("Profiles")
    if not isinstance(listed, list):
        raise JsonProblem("Profiles", listed, "a list")
    return [JsonObject.of(one) for one in listed]


def _wish(state: State, wanted: Wanted) -> Mapping[str, str]:
    wish = {}
    for setting, value in state.values.items():
        if setting.endswith(_BLOCKED):
            wish[setting] = "on"
        elif _is_size(value) and int(value) < wanted.log_kilobytes:
            wish[setting] = str(wanted.log_kilobytes)
    return wish


def _change(setting: str, value: str) -> ScriptCall:
    profile, _, name = setting.partition("/")
    parameters = {
        "ProfileName": profile,
        "Setting": _NETSH[name],
        "Value": _ENABLED.get(value, value),
    }
    return ScriptCall(script="Set-FirewallLogging", parameters=MappingProxyType(parameters))


def _command(setting: str, value: str) -> Command:
    profile, _, name = setting.partition("/")
    is_known = value in _ENABLED if name == _BLOCKED else name == _SIZE and _is_size(value)
    if profile not in _PROFILES or not is_known:
        raise ValueError(f"no setting {setting!r} of the firewall's log with the value {value!r}")
    what = f"{_NETSH[name]} {_ENABLED.get(value, value)}"
    return Command(
        program="netsh.exe", arguments=f"advfirewall set {profile.lower()}profile logging {what}"
    )


def _recognize(command: Command) -> tuple[str, str] | None:
    found = _SET.fullmatch(command.arguments)
    if command.program != "netsh.exe" or found is None:
        return None
    name = _BLOCKED if found[2] == _NETSH[_BLOCKED] else _SIZE
    value = next((ours for ours, word in _ENABLED.items() if word == found[3]), found[3])
    setting = f"{found[1].title()}/{name}"
    try:
        _command(setting, value)
    except ValueError:
        return None
    return setting, value


def _is_size(value: str) -> bool:
    return _KILOBYTES.fullmatch(value) is not None and int(value) <= _LARGEST


def _label(setting: str) -> str:
    profile, _, name = setting.partition("/")
    what = "whether it logs drops" if name == _BLOCKED else "how large the log may become"
    return f"the firewall's {profile} profile: {what}"


OPERATION: Final = Operation(
    name="firewall-logging",
    title="Dropped packets in the firewall's log",
    reference="windows-facts 6; learn.microsoft.com/windows/security/operating-system-security/"
    "network-security/windows-firewall/configure-logging",
    capture=_capture,
    read=_read,
    wish=_wish,
    change=_change,
    command=_command,
    recognize=_recognize,
    label=_label,
)
