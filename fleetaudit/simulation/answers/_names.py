"""The names that a simulated host's programs ask for, and the logs that tell of it.

A neighbour's name comes from its address, so that every host knows it by the same one. A name is
asked for some time after each start of the host, and again whenever its answer has died.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.answers._answer import exit_record, file_records, has_rights, refusal
from fleetaudit.simulation.formats.context import render_json
from fleetaudit.simulation.formats.evtx import EventRecord, Provider, write_evtx
from fleetaudit.simulation.model._events import filetime
from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fleetaudit.simulation._seam import Emission
    from fleetaudit.simulation.answers._answer import Asked
    from fleetaudit.simulation.formats.evtx import Field
    from fleetaudit.simulation.model.host import SimulatedHost

__all__ = ["FULL_TTL", "Resolved", "draw", "event", "export", "known_names"]

FULL_TTL: Final = 3600
"""Seconds that every name may be remembered."""
_MOST_NAMES: Final = 6
_FIRST_ASKED: Final = 900
"""Within so many seconds of a start each name has been asked for."""
_KEYWORDS: Final = 0x8000000000000000
_INFORMATION: Final = 4


@dataclass(frozen=True, slots=True)
class Resolved:
    """A name that the host knows, and when a server told it, by true time."""

    name: str
    address: str
    at: datetime


def known_names(asked: Asked) -> tuple[Resolved, ...]:
    """Return the names that the host remembers, the one that was asked for last at the end."""
    found = []
    for v4, _ in asked.host.neighbours[:_MOST_NAMES]:
        name = f"srv-{str(v4).replace('.', '-')}.corp.example"
        wait = timedelta(seconds=draw(asked.host, name) % _FIRST_ASKED)
        known = (asked.now - asked.host.booted_at - wait).total_seconds()
        if known >= 0:
            at = asked.now - timedelta(seconds=known % FULL_TTL)
            found.append(Resolved(name, str(v4), at))
    return tuple(sorted(found, key=lambda one: one.at))


def draw(host: SimulatedHost, what: str) -> int:
    """Return a number that is always the same for the host and ``what``."""
    return zlib.crc32(f"{host.name} {what}".encode())


def event(
    asked: Asked,
    *,
    provider: Provider,
    channel: str,
    code: int,
    version: int,
    number: int,
    at: datetime,
    values: Sequence[tuple[Field, object]],
) -> EventRecord:
    """Return a record of the true time ``at``; ``number`` counts from 1, the newest last."""
    return EventRecord(
        record_id=1000 + number,
        filetime=filetime(asked.host.host_time(at)),
        provider=provider,
        event_id=code,
        version=version,
        task=code if version else 0,
        keywords=_KEYWORDS,
        computer=asked.host.spec.computer,
        fields=tuple(field for field, _ in values),
        values=tuple(value for _, value in values),
        level=_INFORMATION,
        process_id=asked.host.process_id("agent"),
        channel=channel,
    )


def export(asked: Asked, name: str, records: list[EventRecord]) -> Iterator[Emission]:
    """Yield what a script emits that exports a channel which is on."""
    if not has_rights(asked.host):
        yield from refusal(asked.host, "wevtutil")
        return
    yield exit_record("wevtutil")
    yield from file_records(name, write_evtx(records))
    facts = {"IsEnabled": True, "OldestRecordNumber": 1, "RecordCount": 1000 + len(records)}
    has_mark = Trait.BYTE_ORDER_MARK in asked.host.spec.traits
    yield from file_records("facts.json", render_json(facts, has_mark=has_mark))
