"""What ``Get-WfpState`` answers."""

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
from fleetaudit.simulation.formats.wfp_state import render_state, stamp

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
    state = render_state(host.platform.filters, host=spec.name, generation=spec.generation)
    yield from file_records("wfpstate.xml", stamp(state, host.host_time(asked.now)))


ANSWER = Answer(name="Get-WfpState", give=_give)
