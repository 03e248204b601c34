"""Keep net events of what arrives for many at once: multicast and broadcast.

The filtering platform remembers drops by itself, but by default not those (windows-facts 4.6).
The option stands for the whole machine, also after a restart. The one setting is ``keywords``;
its values are those of ``netsh wfp set options``.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.operations._operation import Command, Operation
from fleetaudit.parsers.wfp_options import KEYWORDS, read_keywords
from fleetaudit.records.call import ScriptCall
from fleetaudit.records.debt import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.records.debt import Wanted

__all__ = ["OPERATION"]

_FILE: Final = "options.txt"
_SETTING: Final = "keywords"
_ALL: Final = "bcast+mcast"
_SET: Final = re.compile(r"wfp set options keywords=([a-z+]+)")


def _capture() -> ScriptCall:
    return ScriptCall(script="Get-NetEventOption")


def _read(files: Mapping[str, bytes]) -> State:
    return State(values={_SETTING: read_keywords(files[_FILE])})


def _wish(state: State, _: Wanted) -> Mapping[str, str]:
    return dict.fromkeys(state.values, _ALL)


def _change(_: str, value: str) -> ScriptCall:
    parameters = MappingProxyType({"Keywords": value})
    return ScriptCall(script="Set-NetEventOption", parameters=parameters)


def _command(setting: str, value: str) -> Command:
    if setting != _SETTING or value not in KEYWORDS:
        raise ValueError(f"no net event option {setting!r} with the value {value!r}")
    return Command(program="netsh.exe", arguments=f"wfp set options keywords={value}")


def _recognize(command: Command) -> tuple[str, str] | None:
    found = _SET.fullmatch(command.arguments)
    if command.program != "netsh.exe" or found is None or found[1] not in KEYWORDS:
        return None
    return _SETTING, found[1]


def _label(_: str) -> str:
    return "the net events that are kept"


OPERATION: Final = Operation(
    name="net-event-keywords",
    title="Net events of multicast and broadcast",
    reference="windows-facts 4.1 and 4.6; learn.microsoft.com/windows/win32/api/fwpmu/"
    "nf-fwpmu-fwpmenginesetoption0",
    capture=_capture,
    read=_read,
    wish=_wish,
    change=_change,
    command=_command,
    recognize=_recognize,
    label=_label,
)
