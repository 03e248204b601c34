"""What ``Set-AuditPolicy`` does and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from fleetaudit.records.audit_policy import Inclusion
from fleetaudit.simulation.answers._answer import (
    Answer,
    Asked,
    complaint,
    exit_record,
    has_rights,
    invalid_argument,
    refusal,
)
from fleetaudit.simulation.answers._switching import unguarded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]

_NO_SUCH_SUBCATEGORY = 87


def _give(asked: Asked) -> Iterator[Emission]:
    parameters = {name.lower(): str(value) for name, value in asked.parameters.items()}
    wanted = (parameters.get("success", ""), parameters.get("failure", ""))
    if not {*wanted} <= {"enable", "disable"}:
        yield invalid_argument("Set-AuditPolicy")
        return
    if not has_rights(asked.host):
        yield from refusal(asked.host, "auditpol")
        return
    gone = unguarded(asked)
    if gone is not None:
        yield gone
        return
    inclusion = Inclusion.NONE
    if wanted[0] == "enable":
        inclusion |= Inclusion.SUCCESS
    if wanted[1] == "enable":
        inclusion |= Inclusion.FAILURE
    try:
        asked.host.set_audit(UUID(parameters.get("subcategory", "")), inclusion, asked.now)
    except (KeyError, ValueError):
        yield exit_record("auditpol", _NO_SUCH_SUBCATEGORY)
        yield from complaint("Error 0x00000057 occurred:\r\nThe parameter is incorrect.\r\n")
        return
    yield exit_record("auditpol")


ANSWER = Answer(name="Set-AuditPolicy", give=_give)
