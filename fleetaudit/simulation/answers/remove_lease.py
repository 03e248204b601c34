"""What ``Remove-Lease`` does and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.simulation.answers._answer import (
    Answer,
    Asked,
    complaint,
    exit_record,
    has_rights,
    invalid_argument,
    refusal,
)
from fleetaudit.simulation.model.scheduler import is_lease_name, lease_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]


def _give(asked: Asked) -> Iterator[Emission]:
    host = asked.host
    name = str(asked.parameters.get("LeaseName", ""))
    if not is_lease_name(name):
        yield invalid_argument("Remove-Lease")
        return
    if not has_rights(host):
        yield from refusal(host, "schtasks")
        return
    if name in host.scheduler.tasks:
        problem = host.scheduler.delete(name)
        yield exit_record("schtasks", 1 if problem else 0)
        if problem:
            yield from complaint(f"{problem}\r\n")
            return
    for part in ("json", "fired"):
        host.files.pop(lease_file(name, part), None)


ANSWER = Answer(name="Remove-Lease", give=_give)
