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
    invalid_argument,
    refusal,
)
from fleetaudit.simulation.formats.context import render_json
from fleetaudit.simulation.formats.evtx import write_evtx
from fleetaudit.simulation.model.scheduler import is_lease_name
from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission, Value
    from fleetaudit.simulation.formats.evtx import EventRecord

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
_TASKS: Final = frozenset((4698, 4699, 4702))


def _give(asked: Asked) -> Iterator[Emission]:
    host = asked.host
    if not has_rights(host):
        yield from refusal(host, "wevtutil")
        return
    names = _texts(asked.parameters.get("LeaseName"))
    if not all(map(is_lease_name, names)):
        yield invalid_argument("Export-SecurityEvent")
        return
    after = int(str(asked.parameters.get("AfterRecord") or 0))
    exported = host.export(after=after, wanted=_WANTED)
    yield exit_record("wevtutil")
    yield from file_records("security.evtx", write_evtx(exported))
    facts = {
        "OldestRecordNumber": host.log.oldest_record,
        "RecordCount": host.log.record_count,
        "TasksProblem": None,
    }
    if names:
        tasks = [one for one in host.log.records(after=after) if _is_of_task(one, names)]
        yield from file_records("security-tasks.evtx", write_evtx(tasks))
    has_mark = Trait.BYTE_ORDER_MARK in host.spec.traits
    yield from file_records(FACTS, render_json(facts, has_mark=has_mark))


def _texts(value: Value) -> frozenset[str]:
    values = value if isinstance(value, tuple) else () if value is None else (value,)
    return frozenset(str(one) for one in values)


def _is_of_task(record: EventRecord, names: frozenset[str]) -> bool:
    """Return whether the script's second query selects the record: by its whole task name."""
    if record.event_id not in _TASKS:
        return False
    said = {field.name: value for field, value in zip(record.fields, record.values, strict=True)}
    return str(said["TaskName"]) in {f"\\fleetaudit\\{name}" for name in names}


ANSWER = Answer(name="Export-SecurityEvent", give=_give)
