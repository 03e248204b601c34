from __future__ import annotations

import pytest

from fleetaudit.simulation.formats.evtx import AUDITING, EventRecord
from fleetaudit.simulation.model.security_log import SecurityLog


def record(number: int) -> EventRecord:
    return EventRecord(
        record_id=number,
        filetime=0,
        provider=AUDITING,
        event_id=5157,
        version=1,
        task=12810,
        keywords=0,
        computer="c",
        fields=(),
        values=(),
    )


def test_numbers_go_on_and_the_oldest_are_overwritten() -> None:
    log = SecurityLog(maximum_bytes=10_000, first_record=500, old_records=0)
    for number in range(500, 600):
        log.write(record(number))
    assert log.next_record == 600
    assert log.oldest_record > 500
    assert log.record_count == 600 - log.oldest_record
    assert [one.record_id for one in log.records(after=0)] == [*range(log.oldest_record, 600)]


def test_only_records_above_the_mark_are_given() -> None:
    log = SecurityLog(maximum_bytes=1_000_000, first_record=1, old_records=3)
    for number in range(4, 9):
        log.write(record(number))
    assert [one.record_id for one in log.records(after=6)] == [7, 8]


def test_other_peoples_events_push_evidence_out() -> None:
    log = SecurityLog(maximum_bytes=20_000, first_record=1, old_records=0)
    log.write(record(1))
    log.write_others(100)
    assert list(log.records(after=0)) == []
    assert log.next_record == 102


def test_a_record_with_a_wrong_number_is_refused() -> None:
    log = SecurityLog(maximum_bytes=20_000, first_record=1, old_records=0)
    with pytest.raises(ValueError, match="not the next one"):
        log.write(record(5))
