"""What ``Get-AuditPolicy`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.simulation.answers._answer import (
    Answer,
    Asked,
    exit_record,
    file_records,
    has_rights,
    refusal,
)
from fleetaudit.simulation.formats.auditpol import render_backup, render_group_policy
from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]


def _give(asked: Asked) -> Iterator[Emission]:
    host = asked.host
    if not has_rights(host):
        yield from refusal(host, "auditpol")
        return
    yield exit_record("auditpol")
    policy = render_backup(
        host.audit.settings, machine=host.name.upper(), language=host.spec.language
    )
    yield from file_records("policy.csv", policy)
    if host.audit.group_policy:
        unchanged = (
            (Subcategory.PACKET_DROP.value, Subcategory.CONNECTION.value)
            if Trait.GPO_AUDIT in host.spec.traits
            else ()
        )
        enforced = render_group_policy(host.audit.group_policy, unchanged=unchanged)
        yield from file_records("gpo-audit.csv", enforced)


ANSWER = Answer(name="Get-AuditPolicy", give=_give)
