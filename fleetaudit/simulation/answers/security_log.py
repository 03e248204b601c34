"""What ``Get-SecurityLog`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.records.wire import FACTS
from fleetaudit.simulation.answers._answer import Answer, Asked, file_records
from fleetaudit.simulation.formats.context import render_json
from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]


def _give(asked: Asked) -> Iterator[Emission]:
    log = asked.host.log
    facts = {
        "MaximumSizeInBytes": log.maximum_bytes,
        "LogMode": "Circular",
        "IsEnabled": True,
        "RecordCount": log.record_count,
        "OldestRecordNumber": log.oldest_record,
    }
    has_mark = Trait.BYTE_ORDER_MARK in asked.host.spec.traits
    yield from file_records(FACTS, render_json(facts, has_mark=has_mark))


ANSWER = Answer(name="Get-SecurityLog", give=_give)
