"""What ``Get-WfpNetEvent`` answers."""

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
from fleetaudit.simulation.formats.net_events import render_net_events

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
    content = render_net_events(host.net_events, generation=host.spec.generation)
    yield from file_records("netevents.xml", content)


ANSWER = Answer(name="Get-WfpNetEvent", give=_give)
