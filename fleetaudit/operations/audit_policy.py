"""Audit what the firewall drops: failure auditing of both subcategories, for a window.

A host's own settings are only ever added to, and put back to the snapshot rather than to
"disabled" (windows-facts 5): what was audited before is audited during the window and after it.

Settings are named by the subcategory's GUID in braces; values are ``none``, ``success``,
``failure`` and ``success+failure``.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.operations._operation import Command, Operation
from fleetaudit.parsers import auditpol_backup
from fleetaudit.records.audit_policy import Inclusion, Subcategory
from fleetaudit.records.call import ScriptCall
from fleetaudit.records.debt import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.records.debt import Wanted

__all__ = ["OPERATION", "POLICY_FILE", "SUBCATEGORIES", "WORDS"]

POLICY_FILE: Final = "policy.csv"
"""What ``Get-AuditPolicy`` sends: the output of ``auditpol /backup``."""

SUBCATEGORIES: Final = (Subcategory.PACKET_DROP, Subcategory.CONNECTION)
"""What is turned on, in this order (windows-facts 1.1)."""

_LABELS: Final = {one.braced: one.name for one in Subcategory}
_FLAGS: Final = {
    "none": Inclusion.NONE,
    "success": Inclusion.SUCCESS,
    "failure": Inclusion.FAILURE,
    "success+failure": Inclusion.SUCCESS | Inclusion.FAILURE,
}
WORDS: Final = MappingProxyType({flags: word for word, flags in _FLAGS.items()})
"""The value of each inclusion setting."""

_SET: Final = re.compile(
    r"/set /subcategory:(\{[0-9A-Fa-f-]{36}\}) "
    r"/success:(enable|disable) /failure:(enable|disable)"
)


def _capture() -> ScriptCall:
    return ScriptCall(script="Get-AuditPolicy")


def _read(files: Mapping[str, bytes]) -> State:
    policy = auditpol_backup.read_policy(files[POLICY_FILE])
    found = {one.braced: policy.of(one) for one in SUBCATEGORIES}
    return State(values={name: WORDS[flags] for name, flags in found.items() if flags is not None})


def _wish(state: State, wanted: Wanted) -> Mapping[str, str]:
    more = Inclusion.FAILURE | (Inclusion.SUCCESS if wanted.with_success else Inclusion.NONE)
    return {name: WORDS[_FLAGS[value] | more] for name, value in state.values.items()}


def _change(setting: str, value: str) -> ScriptCall:
    success, failure = _switches(value)
    return ScriptCall(
        script="Set-AuditPolicy",
        parameters=MappingProxyType(
            {"Subcategory": setting, "Success": success, "Failure": failure}
        ),
    )


def _command(setting: str, value: str) -> Command:
    if setting not in _LABELS or value not in _FLAGS:
        raise ValueError(f"no audit subcategory {setting!r} with the setting {value!r}")
    success, failure = _switches(value)
    arguments = f"/set /subcategory:{setting} /success:{success} /failure:{failure}"
    return Command(program="auditpol.exe", arguments=arguments)


def _recognize(command: Command) -> tuple[str, str] | None:
    found = _SET.fullmatch(command.arguments)
    if command.program != "auditpol.exe" or found is None or found[1].upper() not in _LABELS:
        return None
    flags = Inclusion.NONE
    if found[2] == "enable":
        flags |= Inclusion.SUCCESS
    if found[3] == "enable":
        flags |= Inclusion.FAILURE
    return found[1].upper(), WORDS[flags]


def _label(setting: str) -> str:
    return _LABELS.get(setting, setting)


def _switches(value: str) -> tuple[str, str]:
    """Return both flags, as auditpol wants them: one that is left out is left as it was."""
    flags = _FLAGS[value]
    success, failure = (
        "enable" if flag in flags else "disable" for flag in (Inclusion.SUCCESS, Inclusion.FAILURE)
    )
    return success, failure


OPERATION: Final = Operation(
    name="audit-policy",
    title="Failure auditing of Filtering Platform Packet Drop and Connection",
    reference="windows-facts 5; learn.microsoft.com/windows-server/administration/"
    "windows-commands/auditpol-set",
    capture=_capture,
    read=_read,
    wish=_wish,
    change=_change,
    command=_command,
    recognize=_recognize,
    label=_label,
)
