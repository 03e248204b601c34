"""What ``Get-Lease`` answers."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from fleetaudit.simulation._seam import ErrorText, TerminatingError
from fleetaudit.simulation.answers._answer import (
    Answer,
    Asked,
    complaint,
    exit_record,
    file_records,
    has_rights,
)
from fleetaudit.simulation.formats.context import render_json
from fleetaudit.simulation.model.scheduler import DISABLED, LEASE_FOLDER, lease_file
from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]


def _give(asked: Asked) -> Iterator[Emission]:
    host = asked.host
    if not has_rights(host):
        message = "Access to the path 'C:\\ProgramData\\fleetaudit' is denied."
        error = "ItemExistsUnauthorizedAccessError,Microsoft.PowerShell.Commands.TestPathCommand"
        yield TerminatingError(ErrorText(message=message, fully_qualified_id=error, category=18))
        return
    for _ in host.scheduler.tasks:
        yield exit_record("schtasks", 0 if host.scheduler.is_enabled else 1)
        if not host.scheduler.is_enabled:
            yield from complaint(f"{DISABLED}\r\n")
            return
    names = set(host.scheduler.tasks)
    names |= {
        path.removeprefix(LEASE_FOLDER).rpartition(".")[0]
        for path in host.files
        if path.startswith(LEASE_FOLDER)
    }
    leases = []
    for name in sorted(names):
        task = host.scheduler.tasks.get(name)
        parts = {
            "Task": f"\ufeff{task.xml}".encode("utf-16-le") if task is not None else None,
            "Baseline": host.files.get(lease_file(name, "json")),
            "Marker": host.files.get(lease_file(name, "fired")),
        }
        encoded = {
            part: None if data is None else base64.b64encode(data).decode("ascii")
            for part, data in parts.items()
        }
        leases.append({"Name": name, **encoded})
    has_mark = Trait.BYTE_ORDER_MARK in host.spec.traits
    yield from file_records("leases.json", render_json({"Leases": leases}, has_mark=has_mark))


ANSWER = Answer(name="Get-Lease", give=_give)
