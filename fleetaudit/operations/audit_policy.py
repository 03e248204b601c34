"""Audit what the firewall drops: failure auditing of both subcategories, for a window.

A host's own settings are only ever added to, and put back to the snapshot rather than to
"disabled" (windows-facts 5): what was audited before is audited during the window and after it.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import HostUnsupportedError
from fleetaudit.operations._operation import Operation
from fleetaudit.parsers import auditpol_backup
from fleetaudit.records.audit_policy import Debt, Inclusion, Subcategory
from fleetaudit.records.call import ScriptCall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.records.audit_policy import AuditPolicy

__all__ = ["OPERATION", "POLICY_FILE", "SUBCATEGORIES"]

POLICY_FILE: Final = "policy.csv"
"""What ``Get-AuditPolicy`` sends: the output of ``auditpol /backup``."""

SUBCATEGORIES: Final = (Subcategory.PACKET_DROP, Subcategory.CONNECTION)
"""What is turned on, in this order (windows-facts 1.1)."""


def _capture() -> ScriptCall:
    return ScriptCall(script="Get-AuditPolicy")


def _read(files: Mapping[str, bytes]) -> AuditPolicy:
    return auditpol_backup.read_policy(files[POLICY_FILE])


def _owe(
    *, run_id: str, host: str, policy: AuditPolicy, with_success: bool = False
) -> tuple[Debt, ...]:
    wanted = Inclusion.FAILURE | (Inclusion.SUCCESS if with_success else Inclusion.NONE)
    debts: list[Debt] = []
    for subcategory in SUBCATEGORIES:
        before = policy.of(subcategory)
        if before is None:
            raise HostUnsupportedError(
                f"its audit policy does not name {subcategory.name} {subcategory.braced}",
                host=host,
                stage="reading the audit policy",
            )
        during = before | wanted
        if during != before:
            debts.append(
                Debt(
                    run_id=run_id, host=host, subcategory=subcategory, before=before, during=during
                )
            )
    return tuple(debts)


def _apply(debt: Debt) -> ScriptCall:
    call = _set(debt.subcategory, debt.during)
    if not debt.lease:
        return call
    # A lease may have ended between its making and now: then nothing would undo the change.
    guarded = {**call.parameters, "LeaseName": debt.lease}
    return replace(call, parameters=MappingProxyType(guarded))


def _restore(debt: Debt) -> ScriptCall:
    return _set(debt.subcategory, debt.before)


def _is_applied(debt: Debt, policy: AuditPolicy) -> bool:
    return policy.of(debt.subcategory) == debt.during


def _is_restored(debt: Debt, policy: AuditPolicy) -> bool:
    return policy.of(debt.subcategory) == debt.before


def _set(subcategory: Subcategory, inclusion: Inclusion) -> ScriptCall:
    flags = {
        name: "enable" if flag in inclusion else "disable"
        for name, flag in (("Success", Inclusion.SUCCESS), ("Failure", Inclusion.FAILURE))
    }
    return ScriptCall(
        script="Set-AuditPolicy",
        parameters=MappingProxyType({"Subcategory": subcategory.braced, **flags}),
    )


OPERATION: Final = Operation(
    name="audit-policy",
    title="Failure auditing of Filtering Platform Packet Drop and Connection",
    reference="windows-facts 5; learn.microsoft.com/windows-server/administration/"
    "windows-commands/auditpol-set",
    capture=_capture,
    read=_read,
    owe=_owe,
    apply=_apply,
    restore=_restore,
    is_applied=_is_applied,
    is_restored=_is_restored,
)
