"""EVTX files, from real samples, and record texts of our own in the shape the reader yields."""

from __future__ import annotations

import json
import os
import struct
import zlib
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fleetaudit.parsers import security_evtx
from fleetaudit.parsers._event_pending import PendingEvents
from fleetaudit.parsers._event_sorting import EventSorter, table_of
from fleetaudit.parsers._event_text import EventReader
from fleetaudit.parsers._evtx_chunks import read_records
from fleetaudit.records.evidence import EvidenceContext, Issue, Rows, split

_REPOSITORY = Path(__file__).parents[2]
_SAMPLES = Path(
    os.environ.get("FLEETAUDIT_SAMPLES", _REPOSITORY.parent / "shared" / "samples"), "evtx"
)
_CASE = _REPOSITORY / "tests" / "cases" / "security-evtx" / "records.jsonl"
_CONTEXT = EvidenceContext(name="security.evtx")
_FILE_HEADER = 4096
_CHUNK = 65536


def _sample(name: str) -> bytes:
    file = _SAMPLES / name
    if not file.exists():
        pytest.skip(f"no sample {name}")
    return file.read_bytes()


def _rdp() -> bytes:
    return _sample("DE_RDP_Tunnel_5156.evtx")


def _wmi() -> bytes:
    return _sample("ID4688_5140_5145-WMIexec_with_5447.evtx")


def _parse(data: bytes) -> tuple[dict[str, list[dict[str, Any]]], list[Issue]]:
    rows, issues = split(security_evtx.parse(BytesIO(data), _CONTEXT))
    tables: dict[str, list[dict[str, Any]]] = {"security_events": [], "audit_events": []}
    for item in rows:
        tables[item.table] += item.batch.to_pylist()
    return tables, issues


def _parse_texts(texts: list[str]) -> tuple[dict[int, dict[str, Any]], list[str]]:
    """Return rows by record id, and problems, of record texts that need no file around them."""
    pending = PendingEvents("security.evtx", EventReader(table_of), "record {} of the file")
    taken = list(pending.take(texts, [1] * len(texts)))
    problems = [item.problem for item in taken if isinstance(item, Issue)]
    rows: dict[int, dict[str, Any]] = {}
    for item in pending.finish():
        if isinstance(item, Rows):
            rows |= {row["record_id"]: row for row in item.batch.to_pylist()}
        elif "left out" not in item.problem:
            problems.append(f"{item.where}: {item.problem}")
    return rows, problems


@pytest.fixture(scope="module")
def made_up() -> tuple[dict[int, dict[str, Any]], list[str]]:
    return _parse_texts(_CASE.read_text(encoding="utf-8").splitlines())


def test_a_real_file_gives_every_connection_and_counts_the_rest() -> None:
    tables, issues = _parse(_rdp())
    codes = [row["event_code"] for row in tables["security_events"]]
    assert (codes.count(5156), codes.count(5158), len(codes)) == (63, 9, 72)
    assert [row["event_code"] for row in tables["audit_events"]] == [1102]
    assert [(issue.lost, issue.where) for issue in issues] == [(0, "file")]
    assert "28 records of other events were left out: 4688 x17" in issues[0].problem


def test_a_real_5156_has_every_field_in_its_column() -> None:
    tables, _ = _parse(_rdp())
    row = tables["security_events"][0]
    assert row.pop("time").isoformat() == "2019-02-13T18:01:47.512340+00:00"
    assert {name: value for name, value in row.items() if value is not None} == {
        "record_id": 227694,
        "event_code": 5156,
        "event_version": 1,
        "computer": "PC01.example.corp",
        "is_failure": False,
        "process_pid": 820,
        "process_executable": r"\device\harddiskvolume1\windows\system32\svchost.exe",
        "direction_code": 14593,
        "source_ip": "fe80::80ac:4126:fa58:1b81",
        "source_port": 546,
        "destination_ip": "ff02::1:2",
        "destination_port": 547,
        "network_iana_number": 17,
        "filter_rtid": 65865,
        "layer_code": 14611,
        "layer_rtid": 50,
        "other_fields": '{"RemoteUserID":"S-1-0-0","RemoteMachineID":"S-1-0-0"}',
    }


def test_a_forwarded_file_with_numbers_as_texts_is_read_likewise() -> None:
    tables, _ = _parse(_sample("ID2003-4950-Firewall_disabled.evtx"))
    row = tables["audit_events"][0]
    assert (row["record_id"], row["event_code"], len(tables["audit_events"])) == (1974770, 4950, 3)
    assert row["time"].value == 1622749192893115500
    assert json.loads(row["other_fields"])["SettingType"] == "Enable Windows Firewall"


def test_real_filter_changes_keep_their_64_bit_weight() -> None:
    tables, _ = _parse(_wmi())
    changes = [row for row in tables["audit_events"] if row["event_code"] == 5447]
    assert len(changes) == 8
    assert json.loads(changes[0]["other_fields"])["Weight"] == 10376293542535364576


def test_the_quick_reading_of_a_text_equals_the_thorough_one() -> None:
    texts = [
        text
        for data in (_rdp(), _wmi(), _sample("ID2003-4950-Firewall_disabled.evtx"))
        for item in read_records(BytesIO(data), "x")
        if not isinstance(item, Issue)
        for text in item.texts
    ]
    assert len(texts) == 101 + 97 + 6
    quick, thorough = EventReader(lambda *_: "x"), EventReader(lambda *_: "x")
    for text in texts:
        # A blank before a name is JSON as well, but none of the patterns knows it.
        blank = text.replace('"TimeCreated":', ' "TimeCreated": ', 1).replace('":', '": ', 1)
        one, other = quick.head(text), thorough.head(blank)
        assert (one.code, one.provider) == (other.code, other.provider)
        assert (one.version, one.keywords) == (other.version, other.keywords)
        time, record_id, *rest = quick.tail(text, one)
        other_time, other_id, *other_rest = thorough.tail(blank, other)
        assert (time, int(record_id), rest) == (other_time, int(other_id), other_rest)


def test_a_drop_without_an_endpoint_has_no_executable_and_filter_0(
    made_up: tuple[dict[int, dict[str, Any]], list[str]],
) -> None:
    row = made_up[0][900001]
    assert row["process_executable"] is None
    assert (row["process_pid"], row["filter_rtid"], row["is_failure"]) == (0, 0, True)
    assert row["time"].to_pydatetime() == datetime(2026, 11, 21, 8, 0, 1, 512340, tzinfo=UTC)


def test_the_newest_known_layout_fills_origin_profiles_and_loopback(
    made_up: tuple[dict[int, dict[str, Any]], list[str]],
) -> None:
    row = made_up[0][900002]
    assert (row["filter_origin"], row["filter_rtid"]) == ("Query User Default", (1 << 64) - 1)
    assert (row["original_profile_code"], row["current_profile_code"]) == (14644, 14646)
    assert (row["is_loopback"], row["interface_index"], row["event_version"]) == (False, 12, 3)
    assert json.loads(row["other_fields"])["HasRemoteDynamicKeywordAddress"] == "%%1826"


def test_hexadecimal_and_textual_numbers_are_numbers(
    made_up: tuple[dict[int, dict[str, Any]], list[str]],
) -> None:
    row = made_up[0][900003]
    assert (row["process_pid"], row["network_iana_number"], row["layer_rtid"]) == (0x1F4, 6, 48)
    assert (row["record_id"], row["event_version"]) == (900003, 1)
    assert row["time"].nanosecond == 500


def test_5031_has_a_dos_path_and_a_profile_name(
    made_up: tuple[dict[int, dict[str, Any]], list[str]],
) -> None:
    row = made_up[0][900004]
    assert row["process_executable"] == r"C:\Program Files\app\app.exe"
    assert row["other_fields"] == '{"Profiles":"Domain"}'


def test_a_mac_address_is_no_source_ip(
    made_up: tuple[dict[int, dict[str, Any]], list[str]],
) -> None:
    row = made_up[0][900005]
    assert row["source_ip"] is None
    assert json.loads(row["other_fields"])["SourceAddress"] == "00-15-5d-01-02-03"


def test_impossible_values_are_null_and_kept_and_told(
    made_up: tuple[dict[int, dict[str, Any]], list[str]],
) -> None:
    rows, problems = made_up
    row = rows[900006]
    assert (row["direction_code"], row["event_version"]) == (99999, 9)
    assert (row["source_port"], row["destination_port"]) == (None, None)
    assert json.loads(row["other_fields"]) == {
        "NewField": {"a": [1]},
        "destination_port": "many",
        "network_iana_number": 70000,
    }
    assert problems == [
        "record 900006: destination_port cannot be 'many'; kept in other_fields",
        "record 900006: network_iana_number cannot be 70000; kept in other_fields",
    ]


def test_a_cleared_log_and_a_policy_change_are_audit_events(
    made_up: tuple[dict[int, dict[str, Any]], list[str]],
) -> None:
    rows, _ = made_up
    cleared = {"SubjectUserSid": "S-1-5-18", "SubjectUserName": "admin01"}
    assert json.loads(rows[900007]["other_fields"]) == cleared
    assert rows[900007]["provider"] == "Microsoft-Windows-Eventlog"
    assert json.loads(rows[900008]["other_fields"])["AuditPolicyChanges"] == "%%8451"
    assert json.loads(rows[900009]["other_fields"])["Weight"] == 10376293542535364576


def test_an_event_of_another_provider_is_left_out(
    made_up: tuple[dict[int, dict[str, Any]], list[str]],
) -> None:
    assert not {900010, 900011, 900012} & set(made_up[0])


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", '{"Event":null}', '{"Event":{"System":{"EventID":"x"}}}', "nonsense"],
)
def test_a_text_without_an_event_id_is_told(text: str) -> None:
    assert _parse_texts([text]) == ({}, ["has no event id"])


def test_a_record_with_nothing_but_an_id_becomes_a_row() -> None:
    text = (
        '{"Event":{"System":{"Provider":{"#attributes":'
        '{"Name":"Microsoft-Windows-Security-Auditing"}},'
        '"EventID":{"#attributes":{"Qualifiers":0},"#text":5157}}}}'
    )
    rows, problems = _parse_texts([text])
    assert [row["event_code"] for row in rows.values()] == [5157]
    assert problems == []


def _blocked(record_id: int, fields: dict[str, Any], **changes: object) -> str:
    values = {
        "ProcessID": 4,
        "Application": r"\device\harddiskvolume3\x.exe",
        "SourceAddress": f"10.0.0.{record_id % 250}",
        "DestPort": str(record_id % 7),
        "FilterRTID": 67229,
        "RemoteUserID": "S-1-0-0",
        "RemoteMachineID": f"S-1-0-{record_id % 3}",
    }
    system = {
        "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}},
        "EventID": 5157 - record_id % 2,
        "Version": 1,
        "Keywords": "0x8010000000000000",
        "TimeCreated": {"#attributes": {"SystemTime": "2026-11-21T08:00:01.512340Z"}},
        "EventRecordID": record_id,
        "Correlation": None,
        "Execution": {"#attributes": {"ProcessID": 4, "ThreadID": record_id}},
        "Channel": "Security",
        "Computer": "WEB01",
        "Security": None,
    }
    event = {
        "#attributes": {"xmlns": "x"},
        "System": system | changes,
        "EventData": values | fields,
    }
    return json.dumps({"Event": event}, separators=(",", ":"), ensure_ascii=False)


def _one_by_one(texts: list[str]) -> tuple[dict[int, dict[str, Any]], list[str]]:
    reader, sorter = EventReader(table_of), EventSorter("security.evtx")
    for text in texts:
        event = reader.read(text)
        sorter.keep(event.table, event.head, event.names, event.values)
    rows, issues = split(sorter.finish())
    found = {row["record_id"]: row for item in rows for row in item.batch.to_pylist()}
    return found, [f"{issue.where}: {issue.problem}" for issue in issues]


_ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 1 << 64),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from(["-", "", "a, b", "0x1f4", "%%14592", '"', "}", "]", "\n", {"a": 1}, [1, 2]]),
)
_NAMES = ["Application", "DestPort", "FilterRTID", "RemoteUserID", "FilterOrigin"]


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.integers(0, 199),
        st.dictionaries(st.sampled_from(_NAMES), _ODD_VALUES, min_size=1, max_size=2),
        max_size=6,
    ),
    st.dictionaries(
        st.integers(0, 199),
        st.fixed_dictionaries({"Computer": st.sampled_from(["x,y", "WEB02", None, 7])}),
        max_size=3,
    ),
)
def test_texts_read_together_give_the_rows_of_texts_read_one_by_one(
    fields: dict[int, dict[str, Any]], changes: dict[int, dict[str, Any]]
) -> None:
    texts = [
        _blocked(number, fields.get(number, {}), **changes.get(number, {})) for number in range(200)
    ]
    rows, problems = _parse_texts(texts)
    alone, told = _one_by_one(texts)
    assert list(rows) == list(alone)
    assert (rows, problems) == (alone, told)


def test_most_texts_of_a_kind_need_not_be_read_one_by_one() -> None:
    texts = [
        _blocked(number, {"FilterOrigin": "a, b"} if number % 9 == 0 else {})
        for number in range(200)
    ]
    cells = {}
    for kind in (0, 1):
        reader = EventReader(table_of)
        of_kind = [text for number, text in enumerate(texts) if number % 2 == kind]
        head = reader.head(of_kind[-1])
        rest = [text.removeprefix(head.beginning) for text in of_kind]
        layout = reader.learn(head, rest[-2])
        assert layout is not None
        arrays, others = layout.arrays("\n".join(rest).encode(), len(rest))
        cells[kind] = (len(arrays[0]), len(others))
    assert sum(count for count, _ in cells.values()) == 200 - 23
    assert sum(count for _, count in cells.values()) == 23


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"ElfFil", bytes(100_000)])
def test_what_is_no_event_log_is_an_issue(data: bytes) -> None:
    tables, issues = _parse(data)
    assert tables == {"security_events": [], "audit_events": []}
    assert [(issue.problem, issue.lost) for issue in issues] == [("is not an event log file", 1)]


def _records_and_lost(data: bytes) -> tuple[int, int, list[Issue]]:
    items = list(read_records(BytesIO(data), "x"))
    issues = [item for item in items if isinstance(item, Issue)]
    read = sum(len(item.texts) for item in items if not isinstance(item, Issue))
    return read, sum(issue.lost for issue in issues), issues


def test_a_damaged_record_costs_itself_alone() -> None:
    data = bytearray(_wmi())
    second = data.find(b"\x2a\x2a\0\0", _FILE_HEADER + 20_000)
    data[second + 24 : second + 64] = b"\xff" * 40
    read, lost, issues = _records_and_lost(bytes(data))
    assert (read, lost) == (96, 1)
    assert "chunk 0, record" in issues[-1].where


@pytest.mark.parametrize("length", [1, 8, 24, 200])
def test_a_damaged_record_frame_does_not_cost_the_rest_of_the_chunk(length: int) -> None:
    data = bytearray(_wmi())
    at = data.find(b"\x2a\x2a\0\0", _FILE_HEADER + 20_000)
    data[at : at + length] = b"\xff" * length
    read, lost, _ = _records_and_lost(bytes(data))
    assert read >= 96
    assert read + lost == 97


@pytest.mark.parametrize("at", [0, 16, 48, 128])
def test_a_damaged_chunk_header_costs_no_record(at: int) -> None:
    data = bytearray(_wmi())
    data[_FILE_HEADER + at : _FILE_HEADER + at + 4] = b"\xff\0\xff\0"
    read, lost, issues = _records_and_lost(bytes(data))
    assert (read, lost, len(issues)) == (97, 0, 1)
    assert issues[0].where == "chunk 0"


def test_a_chunk_that_is_rubbish_is_counted_by_its_records() -> None:
    data = bytearray(_wmi())
    data[_FILE_HEADER : _FILE_HEADER + 600] = b"\xff" * 600
    read, lost, issues = _records_and_lost(bytes(data))
    assert (read, lost) == (16, 80)  # the first record's mark is gone as well
    assert issues[0].problem == "is not a chunk of records"


def test_a_table_of_names_that_runs_in_a_circle_is_harmless() -> None:
    data = bytearray(_wmi())
    # Each of the 64 table entries points at its own place in the chunk.
    for entry in range(64):
        at = 128 + 4 * entry
        struct.pack_into("<I", data, _FILE_HEADER + at, at)
    chunk = data[_FILE_HEADER : _FILE_HEADER + _CHUNK]
    checksum = zlib.crc32(chunk[128:512], zlib.crc32(chunk[:120]))
    struct.pack_into("<I", data, _FILE_HEADER + 124, checksum)
    assert _records_and_lost(bytes(data)) == (97, 0, [])


@pytest.mark.parametrize(
    ("length", "read", "lost"),
    [
        (_FILE_HEADER + 30_000, 24, 73),
        (_FILE_HEADER + _CHUNK, 81, 16),
        (_FILE_HEADER + _CHUNK + 100, 81, 16),
        (_FILE_HEADER, 0, 97),
    ],
)
def test_a_cut_file_gives_what_is_there_and_counts_what_is_not(
    length: int, read: int, lost: int
) -> None:
    assert _records_and_lost(_wmi()[:length])[:2] == (read, lost)


def test_a_stream_may_give_less_than_it_was_asked_for() -> None:
    class Trickle(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(size if size is None or size < 0 else min(size, 5000))

    rows, _ = split(security_evtx.parse(Trickle(_rdp()), _CONTEXT))
    assert sum(item.batch.num_rows for item in rows) == 73


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(0, _CHUNK - 300), st.booleans())
@example(b"\x2a\x2a\0\0\x1c\0\0\0", 0, True)  # noqa: FBT003 -- a strategy's value
def test_any_bytes_become_rows_and_issues(junk: bytes, at: int, is_chunk: bool) -> None:  # noqa: FBT001 -- a strategy's value
    chunk = bytearray(b"ElfChnk\0".ljust(_CHUNK, b"\x2a") if is_chunk else bytes(_CHUNK))
    chunk[at : at + len(junk)] = junk
    data = b"ElfFile\0".ljust(_FILE_HEADER, b"\0") + bytes(chunk) + junk
    _parse(data)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2 * _CHUNK - 1), st.integers(0, 255)), max_size=30),
    st.booleans(),
)
def test_a_real_file_with_any_damage_becomes_rows_and_issues(
    changes: list[tuple[int, int]],
    is_signed: bool,  # noqa: FBT001 -- a strategy's value
) -> None:
    data = bytearray(_wmi()[: _FILE_HEADER + 2 * _CHUNK])
    for at, value in changes:
        data[_FILE_HEADER + at] = value
    if is_signed:
        for start in (_FILE_HEADER, _FILE_HEADER + _CHUNK):
            chunk = data[start : start + _CHUNK]
            (free,) = struct.unpack_from("<I", chunk, 48)
            struct.pack_into("<I", data, start + 52, zlib.crc32(chunk[512:free]))
            chunk = data[start : start + _CHUNK]
            checksum = zlib.crc32(chunk[128:512], zlib.crc32(chunk[:120]))
            struct.pack_into("<I", data, start + 124, checksum)
    _parse(bytes(data))


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["ProcessID", "processid", "DestPort", "FilterRTID", "IsLoopback", "New"]),
        st.recursive(
            st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.text(),
            lambda inner: (
                st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2)
            ),
            max_leaves=4,
        ),
    ),
    st.sampled_from(sorted(security_evtx.TRAFFIC_CODES | security_evtx.AUDIT_CODES)),
)
def test_any_field_values_become_one_row(fields: dict[str, Any], code: int) -> None:
    provider = (
        "Microsoft-Windows-Security-Auditing" if code > 2000 else "Microsoft-Windows-Eventlog"
    )
    system = {"Provider": {"#attributes": {"Name": provider}}, "EventID": code, "EventRecordID": 7}
    text = json.dumps({"Event": {"System": system, "EventData": fields}})
    rows, _ = _parse_texts([text])
    assert list(rows) == [7]
