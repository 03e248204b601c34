from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from fleetaudit.analysis.policy_changes import AuditRecord
from fleetaudit.analysis.traces import own_traces, unread_tasks
from fleetaudit.ingest import FactsTimeline
from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.window import Window

OPENED = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
WINDOW = Window(opened_at=OPENED, closed_at=OPENED + timedelta(minutes=10))
NOTHING = FactsTimeline(before=None, after=None)


def _record(seconds: float, code: int = 4719, **fields: str) -> AuditRecord:
    moment = OPENED + timedelta(seconds=seconds)
    return AuditRecord(
        time_ns=int(moment.timestamp() * 1e9),
        code=code,
        fields={name.lower(): said for name, said in fields.items()},
    )


def _policy(seconds: float, said: str, one: Subcategory = Subcategory.CONNECTION) -> AuditRecord:
    return _record(seconds, SubcategoryGuid=one.braced, AuditPolicyChanges=said)


def _said(*records: AuditRecord, windows: Sequence[Window] = (WINDOW,)) -> list[str]:
    return [trace.what for trace in own_traces("web01", windows, NOTHING, records)]


def test_switching_on_and_putting_back_are_our_own_traces() -> None:
    assert _said(_policy(-1, "%%8451"), _policy(599, "%%8450")) == [
        "connection auditing was switched on",
        "connection auditing was put back",
    ]


def test_a_change_at_another_time_or_the_other_way_is_somebody_elses() -> None:
    assert _said(_policy(300, "%%8450"), _policy(-1, "%%8450"), _policy(300, "%%8451")) == []


def test_a_change_of_another_subcategory_is_somebody_elses() -> None:
    assert _said(_policy(-1, "%%8451", Subcategory.OTHER_POLICY_CHANGE)) == []


def test_every_burst_leaves_its_own_two_traces() -> None:
    bursts = tuple(
        Window(
            opened_at=OPENED + timedelta(seconds=seconds),
            closed_at=OPENED + timedelta(seconds=seconds + 30),
        )
        for seconds in (0, 300)
    )
    records = [_policy(s, "%%8451") for s in (-1, 299)] + [_policy(s, "%%8450") for s in (29, 329)]
    assert len(_said(*records, windows=bursts)) == 4
    assert _said(_policy(150, "%%8451"), _policy(160, "%%8450"), windows=bursts) == []


def test_a_burst_that_somebody_ends_early_was_not_put_back_by_us() -> None:
    burst = Window(opened_at=OPENED, closed_at=OPENED + timedelta(seconds=30))
    assert _said(_policy(10, "%%8450"), windows=(burst,)) == []


def test_of_two_changes_before_a_read_back_the_last_one_is_ours() -> None:
    twice = [_policy(590, "%%8450"), _policy(593, "%%8451"), _policy(599, "%%8450")]
    assert _said(*twice) == ["connection auditing was put back"]


def test_a_task_is_ours_by_its_folder() -> None:
    ours = _record(0, 4698, TaskName="\\fleetaudit\\fleetaudit-20261121T080000Z")
    assert _said(ours, _record(0, 4698, TaskName="\\Other\\task")) == ["the lease's task was made"]


def test_tasks_that_could_not_be_fetched_are_a_gap() -> None:
    (gap,) = unread_tasks("web01", b'\xef\xbb\xbf{"TasksProblem": "wevtutil ended with 5."}')
    assert (gap.kind, gap.host) == ("own-tasks-unread", "web01")
    assert gap.what.endswith("wevtutil ended with 5.")


@pytest.mark.parametrize(
    "facts", [b"", b"[]", b"{}", b'{"TasksProblem": null}', b'{"TasksProblem": 7}', b"\xff"]
)
def test_an_export_that_says_nothing_of_tasks_is_no_gap(facts: bytes) -> None:
    assert list(unread_tasks("web01", facts)) == []
