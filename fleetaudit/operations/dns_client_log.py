"""Log what the DNS client is asked for: its channel, which Windows leaves off (windows-facts 9).

The one setting is the channel's name; its values are ``on`` and ``off``. What the log holds stays
in it when it is switched off again, so it is fetched after that.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.operations._operation import Command, Operation
from fleetaudit.parsers._json import JsonObject, read_json
from fleetaudit.records.call import ScriptCall
from fleetaudit.records.debt import State
from fleetaudit.records.wire import FACTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.records.debt import Wanted

__all__ = ["OPERATION"]

_CHANNEL: Final = "Microsoft-Windows-DNS-Client/Operational"
_ENABLED: Final = {"on": "true", "off": "false"}
_VALUES: Final = {word: value for value, word in _ENABLED.items()}
_SET: Final = re.compile(rf"sl {re.escape(_CHANNEL)} /e:(true|false)")


def _capture() -> ScriptCall:
    return ScriptCall(script="Get-EventChannel", parameters=MappingProxyType({"Channel": _CHANNEL}))


def _read(files: Mapping[str, bytes]) -> State:
    is_on = JsonObject.of(read_json(files[FACTS])).flag("IsEnabled")
    return State(values={_CHANNEL: "on" if is_on else "off"})


def _wish(state: State, _: Wanted) -> Mapping[str, str]:
    return dict.fromkeys(state.values, "on")


def _change(setting: str, value: str) -> ScriptCall:
    parameters = MappingProxyType({"Channel": setting, "Enabled": _ENABLED[value]})
    return ScriptCall(script="Set-EventChannel", parameters=parameters)


def _command(setting: str, value: str) -> Command:
    if setting != _CHANNEL or value not in _ENABLED:
        raise ValueError(f"no channel {setting!r} that is {value!r}")
    return Command(program="wevtutil.exe", arguments=f"sl {setting} /e:{_ENABLED[value]}")


def _recognize(command: Command) -> tuple[str, str] | None:
    found = _SET.fullmatch(command.arguments)
    if command.program != "wevtutil.exe" or found is None:
        return None
    return _CHANNEL, _VALUES[found[1]]


def _label(_: str) -> str:
    return "the log of the DNS client"


OPERATION: Final = Operation(
    name="dns-client-log",
    title="Log of the DNS client",
    reference="windows-facts 9; learn.microsoft.com/windows-server/administration/"
    "windows-commands/wevtutil",
    capture=_capture,
    read=_read,
    wish=_wish,
    change=_change,
    command=_command,
    recognize=_recognize,
    label=_label,
)
