from datetime import UTC, datetime, timedelta

import pytest

from fleetaudit.analysis.observation import AuditRecord, observe, oldest_record_of
from fleetaudit.ingest import FactsTimeline
from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.window import Window

OPENED = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
WINDOW = Window(opened_at=OPENED, closed_at=OPENED + timedelta(minutes=60), first_record=100)
NOTHING = FactsTimeline(before=None, after=None)


def _ns(minutes: float) -> int:
    return int((OPENED + timedelta(minutes=minutes)).timestamp() * 1e9)


def _change(minutes: float, what: str, subcategory: Subcategory) -> AuditRecord:
    return AuditRecord(
        time_ns=_ns(minutes),
        code=4719,
        fields={"subcategoryguid": subcategory.braced, "auditpolicychanges": what},
    )


def _hours(*changes: AuditRecord, oldest: int | None = None) -> tuple[float, list[str]]:
    seen = observe(
        host="web01",
        window=WINDOW,
        facts=NOTHING,
        changes=changes,
        oldest_record=oldest,
        event_span_ns=(_ns(15), _ns(59)),
    )
    return seen.hours, [gap.kind for gap in seen.gaps]


def test_an_undisturbed_window_is_observed_whole() -> None:
    assert _hours(oldest=101) == (1.0, [])


def test_a_rolled_over_log_is_observed_from_its_first_record_on() -> None:
    assert _hours(oldest=150) == (0.75, ["log-wrapped"])


def test_time_with_auditing_switched_off_is_not_observed() -> None:
    off = _change(30, "%%8450", Subcategory.CONNECTION)
    on = _change(45, "%%8451", Subcategory.CONNECTION)
    assert _hours(off, on) == (0.75, ["audit-undone"])
    assert _hours(off) == (0.5, ["audit-undone"])


def test_two_subcategories_off_at_once_are_counted_once() -> None:
    both = [_change(30, "%%8450", s) for s in (Subcategory.CONNECTION, Subcategory.PACKET_DROP)]
    assert _hours(*both) == (0.5, ["audit-undone", "audit-undone"])


def test_a_change_of_another_subcategory_is_none_of_ours() -> None:
    assert _hours(_change(30, "%%8450", Subcategory.OTHER_POLICY_CHANGE)) == (1.0, [])


def test_cleared_logs_and_lost_records_are_gaps() -> None:
    records = [AuditRecord(time_ns=_ns(5), code=code, fields={}) for code in (1102, 1101, 4612)]
    assert _hours(*records)[1] == ["log-cleared", "records-lost", "records-lost"]


def test_a_log_that_was_full_or_archived_is_told_once() -> None:
    records = [AuditRecord(time_ns=_ns(5), code=code, fields={}) for code in (1105, 1104, 1105)]
    assert _hours(*records)[1] == ["log-full", "log-full"]


def test_without_a_window_nobody_knows_how_long_was_looked_at() -> None:
    seen = observe(
        host="web01",
        window=None,
        facts=NOTHING,
        changes=(),
        oldest_record=None,
        event_span_ns=(_ns(0), _ns(30)),
    )
    assert seen.hours == 0.0
    assert [gap.kind for gap in seen.gaps] == ["hours-unknown"]


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"OldestRecordNumber": "x"}', b"\xff"])
def test_facts_of_an_export_that_cannot_be_read_say_nothing(data: bytes) -> None:
    assert oldest_record_of(data) is None
