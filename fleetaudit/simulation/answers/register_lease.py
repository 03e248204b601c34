"""What ``Register-Lease`` does and answers."""

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
    name, text, baseline = (
        str(asked.parameters.get(key, "")) for key in ("LeaseName", "TaskXml", "Baseline")
    )
    if not (is_lease_name(name) and text and baseline):
        yield invalid_argument("Register-Lease")
        return
    if not has_rights(host):
        yield from refusal(host, "icacls")
        return
    yield exit_record("icacls")
    file = lease_file(name, "json")
    earlier = host.files.get(file)
    host.files[file] = f"\ufeff{baseline}\r\n".encode()
    host.files.pop(lease_file(name, "fired"), None)
    problem = host.scheduler.register(name, text, asked.now)
    yield exit_record("schtasks", 1 if problem else 0)
    if problem:
        del host.files[file]
        if earlier is not None:
            host.files[file] = earlier
        yield from complaint(f"{problem}\r\n")


ANSWER = Answer(name="Register-Lease", give=_give)
