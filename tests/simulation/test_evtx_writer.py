from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import evtx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.simulation.formats.evtx import (
    AUDITING,
    EVENTLOG,
    EventRecord,
    Field,
    ValueType,
    write_evtx,
)

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = (
    Field("ProcessID", ValueType.UINT64),
    Field("Application", ValueType.TEXT),
    Field("Protocol", ValueType.UINT32),
    Field("RemoteUserID", ValueType.SID),
    Field("SubjectLogonId", ValueType.HEX64),
    Field("SubcategoryGuid", ValueType.TEXT),
)


def record(number: int, application: str = r"\device\harddiskvolume3\x.exe") -> EventRecord:
    return EventRecord(
        record_id=number,
        filetime=134_000_000_000_000_000 + number * 10_000_001,
        provider=AUDITING,
        event_id=5157,
        version=1,
        task=12810,
        keywords=0x8010000000000000,
        computer="PC01.example.corp",
        fields=FIELDS,
        values=(4 + number, application, 17, "S-1-5-21-1-2-3-1001", 0x3E7, "{X}"),
    )


def cleared(number: int) -> EventRecord:
    return EventRecord(
        record_id=number,
        filetime=134_000_000_000_000_000,
        provider=EVENTLOG,
        event_id=1102,
        version=0,
        task=104,
        keywords=0x4020000000000000,
        level=4,
        computer="PC01.example.corp",
        fields=(
            Field("SubjectUserSid", ValueType.SID),
            Field("SubjectUserName", ValueType.TEXT),
        ),
        values=("S-1-5-18", "SYSTEM"),
        user_data="LogFileCleared",
    )


def read_by_rust(data: bytes) -> list[dict[str, object]]:
    parser: Any = evtx.PyEvtxParser(io.BytesIO(data))
    return [orjson.loads(one["data"])["Event"] for one in parser.records_json()]


def test_the_rust_reader_reads_every_field_of_every_record() -> None:
    found = read_by_rust(write_evtx([record(n) for n in range(1, 701)]))
    assert len(found) == 700
    for number, event in enumerate(found, 1):
        system = event["System"]
        assert isinstance(system, dict)
        assert system["EventRecordID"] == number
        assert system["Computer"] == "PC01.example.corp"
        assert system["EventID"] == 5157
        assert system["Keywords"] == "0x8010000000000000"
        assert event["EventData"] == {
            "ProcessID": 4 + number,
            "Application": r"\device\harddiskvolume3\x.exe",
            "Protocol": 17,
            "RemoteUserID": "S-1-5-21-1-2-3-1001",
            "SubjectLogonId": "0x3e7",
            "SubcategoryGuid": "{X}",
        }


def test_a_second_reader_reads_the_same(tmp_path: Path) -> None:
    python_evtx = pytest.importorskip("Evtx.Evtx")
    file = tmp_path / "security.evtx"
    file.write_bytes(write_evtx([*(record(n) for n in range(1, 12)), cleared(12)]))
    with python_evtx.Evtx(str(file)) as log:
        header = log.get_file_header()
        assert header.verify()
        assert all(chunk.verify() for chunk in header.chunks())
        events = [ET.fromstring(one.xml()) for one in log.records()]  # noqa: S314 - made by us
    space = "{http://schemas.microsoft.com/win/2004/08/events/event}"
    ids = [int(event.findtext(f"{space}System/{space}EventRecordID") or 0) for event in events]
    assert ids == list(range(1, 13))
    first = {one.get("Name"): one.text for one in events[0].iter(f"{space}Data")}
    assert first["Application"] == r"\device\harddiskvolume3\x.exe"
    assert first["RemoteUserID"] == "S-1-5-21-1-2-3-1001"


def test_a_cleared_log_event_stands_below_user_data() -> None:
    (event,) = read_by_rust(write_evtx([cleared(1)]))
    assert "EventData" not in event
    user = event["UserData"]
    assert isinstance(user, dict)
    assert user["LogFileCleared"]["SubjectUserSid"] == "S-1-5-18"
    assert user["LogFileCleared"]["SubjectUserName"] == "SYSTEM"


def test_a_file_without_records_is_read_as_empty() -> None:
    assert read_by_rust(write_evtx([])) == []


def test_a_record_larger_than_a_chunk_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        write_evtx([record(1, "x" * 40_000)])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=300), max_size=30))
def test_any_text_comes_back(texts: list[str]) -> None:
    data = write_evtx([record(n, text) for n, text in enumerate(texts, 1)])
    assert len(read_by_rust(data)) == len(texts)
