"""The system audit policy, before and after the window."""

from __future__ import annotations

from typing import Final

from fleetaudit.collectors._collector import Collector, Reading
from fleetaudit.parsers import auditpol_backup
from fleetaudit.records.evidence import Phase

__all__ = ["COLLECTOR"]

COLLECTOR: Final = Collector(
    name="audit-policy",
    title="Audit policy",
    script="Get-AuditPolicy",
    phases=frozenset({Phase.BEFORE, Phase.AFTER}),
    readings=(
        # gpo-audit.csv matches neither pattern: its numbers mean something else.
        Reading(pattern="policy.csv", parse=auditpol_backup.parse),
        Reading(pattern="*auditpol*.csv", parse=auditpol_backup.parse),
    ),
    tables=("audit_policy",),
    privilege="an elevated administrator (SeSecurityPrivilege)",
    reference="windows-facts 5; learn.microsoft.com/windows-server/administration/"
    "windows-commands/auditpol-backup",
    deadline_s=60.0,
)
