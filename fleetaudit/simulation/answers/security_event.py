"""What ``Export-SecurityEvent`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleetaudit.records.wire import FACTS
from fleetaudit.simulation.answers._answer import (
    Answer,
    Asked,
    exit_record,
    file_records,
    has_rights,
    refusal,
)
from fleetaudit.simulation.formats.context import render_json
from fleetaudit.simulation.formats.evtx import write_evtx
from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]

_WANTED: Final = frozenset(
    (
        5031,
        4719,
        4612,
        *range(5148, 5161),
        *range(5440, 5451),
        *range(4944, 4959),
        *range(1100, 1106),
    )
)
"""The events that the script's query names."""


def _give(asked: Asked) -> Iterator[Emission]:
    host = asked.host
    if not has_rights(host):
        yield from refusal(host, "wevtutil")
        return
    after = int(str(asked.parameters.get("AfterRecord") or 0))
    exported = host.export(after=after, wanted=_WANTED)
    yield exit_record("wevtutil")
    yield from file_records("security.evtx", write_evtx(exported))
    facts = {
        "OldestRecordNumber": host.log.oldest_record,
        "RecordCount": host.log.record_count,
    }
    has_mark = Trait.BYTE_ORDER_MARK in host.spec.traits
    yield from file_records(FACTS, render_json(facts, has_mark=has_mark))


ANSWER = Answer(name="Export-SecurityEvent", give=_give)
