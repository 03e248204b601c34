"""What ``Get-BootTimePolicy`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.simulation.answers._answer import (
    Answer,
    Asked,
    exit_record,
    file_records,
    has_rights,
    refusal,
)
from fleetaudit.simulation.formats.wfp_state import render_boot_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]


def _give(asked: Asked) -> Iterator[Emission]:
    host = asked.host
    if not has_rights(host):
        yield from refusal(host, "netsh")
        return
    yield exit_record("netsh")
    spec = host.spec
    content = render_boot_policy(host.platform.filters, host=spec.name, generation=spec.generation)
    yield from file_records("btpol.xml", content)


ANSWER = Answer(name="Get-BootTimePolicy", give=_give)
