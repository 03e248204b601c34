"""Tasks in the log: those of the leases are kept, other people's definitions are not."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import pytest

from fleetaudit.parsers import event_json, event_xml, security_evtx
from fleetaudit.records.evidence import EvidenceContext, Issue, split
from fleetaudit.simulation.formats.evtx import write_evtx
from fleetaudit.simulation.model._events import task_changed

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleetaudit.simulation.formats.evtx import EventRecord

OURS: Final = "\\FleetAudit\\fleetaudit-20261121T080000Z"
THEIRS: Final = ("\\fleetaudit", "\\fleetaudit-2\\x", "\\Other\\fleetaudit\\x", "")
SECRET: Final = "/password:made-up"


def _record(number: int, event_id: int, name: str) -> EventRecord:
    return task_changed(
        number,
        datetime(2026, 11, 21, 8, tzinfo=UTC),
        computer="WEB01",
        build=20348,
        event_id=event_id,
        task=(name, "<Task/>" if name == OURS else f"<Task>{SECRET}</Task>"),
        account=("S-1-5-18", "SYSTEM", "NT AUTHORITY"),
    )


RECORDS: Final = (
    *(_record(number, event_id, OURS) for number, event_id in enumerate((4698, 4702, 4699), 1)),
    *(_record(number, 4698, name) for number, name in enumerate(THEIRS, 4)),
)


def _fields(record: EventRecord) -> dict[str, str]:
    return {field.name: str(v) for field, v in zip(record.fields, record.values, strict=True)}


def _as_xml(record: EventRecord) -> str:
    data = "".join(
        f"<Data Name='{name}'>{value.replace('<', '&lt;')}</Data>"
        for name, value in _fields(record).items()
    )
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        "<Provider Name='Microsoft-Windows-Security-Auditing'/>"
        f"<EventID>{record.event_id}</EventID><TimeCreated SystemTime='2026-11-21T08:00:00Z'/>"
        f"<EventRecordID>{record.record_id}</EventRecordID><Correlation/>"
        "<Execution ProcessID='4' ThreadID='284'/><Channel>Security</Channel>"
        "<Computer>WEB01</Computer><Security/></System>"
        f"<EventData>{data}</EventData></Event>"
    )


def _as_json(record: EventRecord) -> str:
    event = {
        "@timestamp": "2026-11-21T08:00:00Z",
        "event_id": record.event_id,
        "record_number": record.record_id,
        "source_name": "Microsoft-Windows-Security-Auditing",
        "computer_name": "WEB01",
        "event_data": _fields(record),
    }
    return json.dumps(event)


FORMS: Final[dict[str, tuple[Callable[..., Any], bytes]]] = {
    "evtx": (security_evtx.parse, write_evtx(list(RECORDS))),
    "xml": (event_xml.parse, "\n".join(map(_as_xml, RECORDS)).encode()),
    "json": (event_json.parse, "\n".join(map(_as_json, RECORDS)).encode()),
}


def _read(form: str, data: bytes = b"") -> tuple[list[dict[str, Any]], list[Issue]]:
    parse, few = FORMS[form]
    data = data or few
    rows, issues = split(parse(BytesIO(data), EvidenceContext(name="events")))
    assert {one.table for one in rows} == {"task_events"}
    return [row for one in rows for row in one.batch.to_pylist()], issues


@pytest.mark.parametrize("form", FORMS)
def test_tasks_of_the_leases_are_rows(form: str) -> None:
    rows, _ = _read(form)
    assert [(row["record_id"], row["event_code"]) for row in rows] == [
        (1, 4698),
        (2, 4702),
        (3, 4699),
    ]
    first = rows[0]
    assert (first["computer"], first["task_name"], first["user_name"]) == ("WEB01", OURS, "SYSTEM")
    assert (first["user_sid"], first["user_domain"]) == ("S-1-5-18", "NT AUTHORITY")
    contents = [json.loads(row["other_fields"]) for row in rows]
    assert [one.get("TaskContent") for one in contents] == ["<Task/>", None, "<Task/>"]
    assert contents[1]["TaskContentNew"] == "<Task/>"


@pytest.mark.parametrize("form", FORMS)
def test_tasks_of_others_are_counted_and_their_definitions_left_out(form: str) -> None:
    rows, issues = _read(form)
    assert SECRET not in str(rows)
    assert [(issue.lost, issue.problem) for issue in issues] == [
        (0, "4 records of other events were left out: 4698 x4")
    ]


def _plainly(record: EventRecord) -> EventRecord:
    """Return the record without markup in its definition, which would be read by itself."""
    values = [re.sub(r"[<>]", "", v) if isinstance(v, str) else v for v in record.values]
    return replace(record, values=tuple(values))


MANY: Final = [replace(_plainly(RECORDS[at % 7]), record_id=at) for at in range(7 * 100)]


@pytest.mark.parametrize(
    ("form", "data"),
    [("evtx", write_evtx(MANY)), ("xml", "\n".join(map(_as_xml, MANY)).encode())],
)
def test_of_many_tasks_of_one_layout_others_stay_out_all_the_same(form: str, data: bytes) -> None:
    rows, issues = _read(form, data)
    assert {row["task_name"] for row in rows} == {OURS}
    assert [row["record_id"] for row in rows] == [at for at in range(700) if at % 7 < 3]
    assert [issue.problem for issue in issues] == [
        "400 records of other events were left out: 4698 x400"
    ]
