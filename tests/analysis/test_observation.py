from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from fleetaudit.analysis.observation import Observation, observe, oldest_record_of
from fleetaudit.analysis.policy_changes import AuditRecord
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


def _observe(
    *changes: AuditRecord,
    windows: Sequence[Window] = (WINDOW,),
    oldest: int | None = None,
    first_event: float = 15,
) -> Observation:
    return observe(
        host="web01",
        windows=windows,
        facts=NOTHING,
        changes=changes,
        oldest_record=oldest,
        event_span_ns=(_ns(first_event), _ns(59)),
    )


def _hours(*changes: AuditRecord, oldest: int | None = None) -> tuple[float, list[str]]:
    seen = _observe(*changes, oldest=oldest)
    return seen.hours, [gap.kind for gap in seen.gaps]


def _burst(minute: float, first_record: int = 100, *, seconds: float = 30) -> Window:
    opened = OPENED + timedelta(minutes=minute)
    return Window(
        opened_at=opened,
        closed_at=opened + timedelta(seconds=seconds),
        first_record=first_record,
    )


BURSTS = tuple(_burst(5 * number, 100 + 1000 * number) for number in range(12))


def _seconds(seen: Observation) -> list[float]:
    return [one.observed_ns / 1e9 for one in seen.windows]


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


def test_our_own_putting_back_is_not_taken_for_somebody_elses() -> None:
    on = [_change(-0.02, "%%8451", s) for s in (Subcategory.CONNECTION, Subcategory.PACKET_DROP)]
    off = [_change(59.98, "%%8450", s) for s in (Subcategory.CONNECTION, Subcategory.PACKET_DROP)]
    assert _hours(*on, *off) == (1.0, [])


def test_the_hosts_own_records_say_to_the_moment_how_long_it_was_audited() -> None:
    seen = _observe(
        _change(-0.1, "%%8451", Subcategory.CONNECTION),
        _change(-0.05, "%%8451", Subcategory.PACKET_DROP),
        _change(59.8, "%%8450", Subcategory.CONNECTION),
        _change(59.9, "%%8450", Subcategory.PACKET_DROP),
    )
    assert _seconds(seen) == [59.85 * 60]
    assert seen.gaps == ()


def test_what_was_observed_in_bursts_is_the_sum_over_the_bursts() -> None:
    seen = _observe(windows=BURSTS)
    assert _seconds(seen) == [30.0] * 12
    assert seen.hours == 0.1
    assert seen.gaps == ()


def test_a_rolled_over_log_takes_only_the_bursts_before_its_oldest_record() -> None:
    seen = _observe(windows=BURSTS, oldest=2150, first_event=10.25)
    assert _seconds(seen) == [0.0, 0.0, 15.0, *[30.0] * 9]
    (gap,) = seen.gaps
    assert gap.kind == "log-wrapped"
    assert "75 s of its bursts, 2 of 12 as a whole" in gap.what


def test_records_that_were_overwritten_between_two_bursts_cost_nothing() -> None:
    seen = _observe(windows=BURSTS[1:], oldest=1105, first_event=5)
    assert _seconds(seen) == [30.0] * 11
    assert seen.gaps == ()


def test_auditing_that_is_undone_in_one_burst_leaves_the_others_whole() -> None:
    off = _change(20.1, "%%8450", Subcategory.CONNECTION)
    on = _change(20.2, "%%8451", Subcategory.CONNECTION)
    seen = _observe(off, on, windows=BURSTS)
    assert _seconds(seen) == [*[30.0] * 4, 24.0, *[30.0] * 7]
    assert ["connection auditing off for 6 s of its bursts" in gap.what for gap in seen.gaps] == [
        True
    ]


def test_what_happens_to_the_policy_between_two_bursts_is_nothing_to_them() -> None:
    changes = [
        _change(minute, what, Subcategory.CONNECTION)
        for minute, what in ((22, "%%8451"), (23, "%%8450"))
    ]
    assert _seconds(_observe(*changes, windows=BURSTS)) == [30.0] * 12


def test_a_burst_that_nobody_saw_end_is_not_counted_and_said() -> None:
    left_open = Window(opened_at=OPENED + timedelta(minutes=5))
    seen = _observe(windows=(_burst(0), left_open))
    assert _seconds(seen) == [30.0, 0.0]
    assert [gap.kind for gap in seen.gaps] == ["hours-unknown"]


def test_a_log_that_was_full_or_archived_is_told_once() -> None:
    records = [AuditRecord(time_ns=_ns(5), code=code, fields={}) for code in (1105, 1104, 1105)]
    assert _hours(*records)[1] == ["log-full", "log-full"]


def test_without_a_window_nobody_knows_how_long_was_looked_at() -> None:
    seen = observe(
        host="web01",
        windows=(),
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
