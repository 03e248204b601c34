"""The system audit policy, before and after the window."""

from __future__ import annotations

from typing import Final

from fleetaudit.collectors._collector import Collector, Reading
from fleetaudit.parsers import auditpol_backup
from fleetaudit.parsers.recognition import Form
from fleetaudit.records.evidence import Phase

__all__ = ["COLLECTOR"]

COLLECTOR: Final = Collector(
    name="audit-policy",
    title="Audit policy",
    script="Get-AuditPolicy",
    phases=frozenset({Phase.BEFORE, Phase.AFTER}),
    readings=(
        # The numbers of gpo-audit.csv mean something else, so it has a table of its own.
        *(
            Reading(
                pattern=pattern,
                parse=auditpol_backup.parse,
                tables=("audit_policy",),
                forms=frozenset({Form.AUDIT_POLICY}),
            )
            for pattern in ("policy.csv", "*auditpol*.csv")
        ),
        *(
            Reading(
                pattern=pattern,
                parse=auditpol_backup.parse_group_policy,
                tables=("group_audit_policy",),
                # A policy without a 4 looks like one of the host: its name decides then.
                forms=frozenset({Form.GROUP_AUDIT_POLICY, Form.AUDIT_POLICY}),
            )
            for pattern in ("gpo-audit*.csv", "audit.csv")
        ),
    ),
    tables=("audit_policy", "group_audit_policy"),
    privilege="an elevated administrator (SeSecurityPrivilege)",
    reference="windows-facts 5; learn.microsoft.com/windows-server/administration/"
    "windows-commands/auditpol-backup",
    deadline_s=60.0,
)
