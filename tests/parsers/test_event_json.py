"""Events as JSON lines: one mapping for every shipper, every line accounted for."""

from __future__ import annotations

import gzip
import os
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.parsers import event_json
from fleetaudit.records.evidence import EvidenceContext, Issue, split

_REPOSITORY = Path(__file__).parents[2]
_SAMPLES = Path(os.environ.get("FLEETAUDIT_SAMPLES", _REPOSITORY.parent / "shared" / "samples"))
_CASES = _REPOSITORY / "tests" / "cases" / "event-json"
_CASE = (_CASES / "shippers.jsonl").read_bytes()
_MORE = (_CASES / "more-shippers.jsonl").read_bytes()
_SAME = (
    "computer",
    "destination_ip",
    "destination_port",
    "direction_code",
    "event_code",
    "filter_rtid",
    "is_failure",
    "layer_code",
    "layer_rtid",
    "network_iana_number",
    "process_executable",
    "process_pid",
    "source_ip",
    "source_port",
)
"""Columns that every shape of one event must fill alike."""

_EXPECTED = {
    "security-json/cmd_dumping_ntds_dit_file_ntdsutil": (
        "5152 x10, 5156 x148, 5158 x53, 3 x89, 22 x3",
        0,
    ),
    "security-json/metasploit_procdump_lsass_memory_dump": (
        "5152 x13, 5156 x158, 5157 x1, 5158 x258, 3 x135, 22 x28",
        0,
    ),
    "security-json/covenant_sharpsc_query_dcerpc_smb_svcctl": (
        "5156v1 x53, 5157v1 x5, 5158v0 x22, 3v5 x12",
        0,
    ),
    "security-json/covenant_dcom_registerxll": (
        "5031v0 x4, 5154v0 x2, 5156v1 x87, 5158v0 x95, 3v5 x18, 22v5 x3",
        0,
    ),
    "security-json/empire_wmic_add_user_backdoor": (
        "5154v0 x1299, 5156v1 x148, 5158v0 x1366, 5447 x1430, 4954 x1, 4957 x2, 3v5 x86, 22v5 x11",
        0,
    ),
    "security-json/psh_powershell_httplistener": ("5154 x1, 5156 x1, 5158 x3, 22 x1", 0),
    "security-json/psh_python_webserver": (
        "4946 x2, 5154 x1, 5156 x4, 5158 x4, 5447 x8, 22 x1",
        0,
    ),
    "dns/empire_mimikatz_opth": (
        (
            "3006 x71, 3008 x73, 3010 x28, 3011 x4, 3016 x60, 3018 x60, 3019 x6, 3020 x7, "
            "5156v1 x166, 5157v1 x1, 5158 x119, 3v5 x137"
        ),
        64,
    ),
    "dns/psh_cmstp_execution_bypassuac": ("22 x205, 3 x2, 5156 x7, 5158 x7", 0),
}
"""What SOURCES.md counts in each file (versions where the shipper kept them), and the others."""


def _parse(data: bytes) -> tuple[list[dict[str, Any]], list[Issue]]:
    rows, issues = split(event_json.parse(BytesIO(data), EvidenceContext(name="events.jsonl")))
    return [row | {"table": item.table} for item in rows for row in item.batch.to_pylist()], issues


@pytest.mark.parametrize("name", _EXPECTED)
def test_a_real_export_gives_the_rows_that_were_counted_in_it(name: str) -> None:
    path = _SAMPLES / f"{name}.events.jsonl.gz"
    if not path.exists():
        pytest.skip("the samples are not here")
    rows, issues = _parse(gzip.decompress(path.read_bytes()))
    counts: Counter[str] = Counter()
    for row in rows:
        version = row.get("event_version")
        counts[f"{row['event_code']}{'' if version is None else f'v{version}'}"] += 1
    expected, others = _EXPECTED[name]
    assert counts == {
        part.split(" x")[0]: int(part.split(" x")[1]) for part in expected.split(", ")
    }
    assert all(row["time"] is not None for row in rows)
    assert not any(issue.lost for issue in issues)
    left = [issue.problem for issue in issues if "left out" in issue.problem]
    assert [int(problem.split()[0]) for problem in left] == ([others] if others else [])


def test_a_real_answer_becomes_addresses_and_aliases() -> None:
    path = _SAMPLES / "dns" / "psh_cmstp_execution_bypassuac.events.jsonl.gz"
    if not path.exists():
        pytest.skip("the samples are not here")
    rows, _ = _parse(gzip.decompress(path.read_bytes()))
    found = {row["dns_results"]: row for row in rows if row["table"] == "sysmon_events"}
    row = found["type:  5 github.map.fastly.net;::ffff:151.101.248.133;"]
    assert (row["dns_resolved_ips"], row["dns_aliases"]) == (
        "151.101.248.133",
        "github.map.fastly.net",
    )


def test_every_shape_gives_the_same_row() -> None:
    rows, issues = _parse(_CASE)
    assert [row["record_id"] for row in rows] == [31, 32, 33, 34, None, 36]
    same = [
        "computer",
        "destination_ip",
        "destination_port",
        "event_code",
        "filter_rtid",
        "process_executable",
        "process_pid",
        "direction_code",
        "source_port",
        "layer_rtid",
    ]
    assert len({tuple(row[name] for name in same) for row in rows}) == 1
    assert [row["is_failure"] for row in rows] == [True, True, True, None, True, True]
    assert len({row["time"].floor("ms") for row in rows}) == 1
    assert '"Brandnew":"kept"' in rows[4]["other_fields"]
    assert [(issue.where, issue.lost) for issue in issues] == [
        ("line 8", 1),
        ("line 9", 1),
        ("file", 0),
    ]
    assert "4625 x1" in issues[-1].problem


def test_every_further_shape_gives_the_same_row_too() -> None:
    rows, issues = _parse(_MORE)
    assert [row["record_id"] for row in rows] == list(range(101, 117))
    expected = _parse(_CASE.splitlines()[0])[0][0]
    for row in rows:
        assert {name: row[name] for name in _SAME} == {name: expected[name] for name in _SAME}
        assert row["time"] == expected["time"]
    assert [(issue.where, issue.lost) for issue in issues] == [("file", 0)]
    assert "2 events have values without names" in issues[0].problem


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("evtx-dump-records.json", [7, 8, 9]),
        ("search-answer.json", [7, 8]),
        ("query-answer.json", [7, 8]),
        ("one-line-array.json", [7, 8, 9]),
    ],
)
def test_events_are_found_in_whatever_is_around_them(name: str, ids: list[int]) -> None:
    data = (_CASES / name).read_bytes()
    for encoded in (data, data.decode().encode("utf-16"), data.replace(b"\n", b"\r\n")):
        rows, issues = _parse(encoded)
        assert [row["record_id"] for row in rows] == ids
        assert {(row["destination_port"], row["process_pid"]) for row in rows} == {(445, 820)}
        assert issues == []


def test_an_answer_longer_than_a_document_may_be_is_read_as_its_list() -> None:
    hit = b'{"_source":' + _CASE.splitlines()[0] + b"}"
    count = (1 << 24) // len(hit) + 10
    for line_end in (b"", b"\n"):
        data = b'{"took":1,"hits":{"total":9,"hits":[' + line_end
        data += (b"," + line_end).join([hit] * count) + b"]" + line_end + b'},"more":{"a":1}}'
        rows, issues = _parse(data)
        assert len(rows) == count
        assert issues == []


def test_damage_in_a_document_of_many_lines_costs_that_one() -> None:
    data = (_CASES / "evtx-dump-records.json").read_bytes()
    rows, issues = _parse(data.replace(b'"EventRecordID": 8', b'"EventRecordID" 8'))
    assert [row["record_id"] for row in rows] == [7, 9]
    assert [issue.lost for issue in issues] == [1]
    rows, issues = _parse(data[: data.index(b"Record 9") + 400])
    assert [row["record_id"] for row in rows] == [7, 8]
    assert [issue.lost for issue in issues] == [1]


def test_values_without_names_are_named_only_where_their_order_is_certain() -> None:
    line = _MORE.splitlines()[8]
    rows, issues = _parse(line.replace(b'"44", "S-1-0-0", "S-1-0-0"', b'"44", "S-1-0-0"'))
    assert rows[0]["filter_rtid"] is None
    assert "StringInserts".lower() in rows[0]["other_fields"]
    assert "1 events of filtering name neither" in issues[0].problem
    rows, issues = _parse(line.replace(b'"%%14592"', b'"14592"'))
    assert rows[0]["filter_rtid"] is None
    assert [issue.lost for issue in issues] == [0]


@pytest.mark.parametrize(
    "value",
    [
        "1795248001.512",
        "1795248001512",
        "1795248001512000",
        "134397216015120000",
        '"1795248001512"',
        '"2026-11-21 08:00:01,512 UTC"',
        '"2026/11/21 09:00:01.512+0100"',
        '"2026-11-21T08:00:01.5120000000001Z"',
        '"/Date(1795248001512)/"',
        '{"$date": "2026-11-21T08:00:01.512Z"}',
        '{"value": "/Date(1795248001512)/", "DateTime": "Saturday"}',
    ],
)
def test_a_time_is_read_in_every_spelling(value: str) -> None:
    line = f'{{"EventID":5157,"Channel":"Security","FilterRTID":1,"TimeCreated":{value}}}'
    rows, issues = _parse(line.encode())
    assert rows[0]["time"].isoformat() == "2026-11-21T08:00:01.512000+00:00"
    assert issues == []


def test_fields_that_were_moved_to_the_common_schema_are_found_there() -> None:
    document = (
        '{"@timestamp":"2026-11-21T08:00:01Z","winlog":{"event_id":"%s","provider_name":'
        '"Microsoft-Windows-Sysmon","process":{"pid":4},"event_data":{"RuleName":"-"}},'
        '"process":{"pid":820,"executable":"C:\\\\x.exe"},"source":{"ip":"192.0.2.7","port":50100},'
        '"destination":{"ip":"192.0.2.5","port":443},"network":{"transport":"tcp"},'
        '"dns":{"question":{"name":"a.example.org"},"answers":[{"type":"CNAME","data":"b.example.org"}'
        ',{"type":"A","data":"192.0.2.5"}]}}'
    )
    connection, query = _parse("\n".join(document % code for code in (3, 22)).encode())[0]
    assert connection["process_pid"] == 820
    assert (connection["source_ip"], connection["source_port"]) == ("192.0.2.7", 50100)
    assert (connection["destination_ip"], connection["destination_port"]) == ("192.0.2.5", 443)
    assert query["dns_name"] == "a.example.org"
    assert (query["dns_resolved_ips"], query["dns_aliases"]) == ("192.0.2.5", "b.example.org")


def test_what_a_hunt_wraps_around_an_event_is_taken_off() -> None:
    event = (_CASES / "evtx-dump-records.json").read_text().split("Record 8")[0].split("\n", 1)[1]
    rows, issues = _parse(f'{{"group":"x","document":{{"kind":"evtx","data":{event}}}}}'.encode())
    assert [row["record_id"] for row in rows] == [7]
    assert issues == []


def test_an_event_of_filtering_from_nobody_known_is_left_out_aloud() -> None:
    rows, issues = _parse(b'{"EventID":5157,"SourceName":"Contoso","DestPort":"445"}')
    assert not rows
    assert [issue.lost for issue in issues] == [0]
    assert "; 1 have the id of an event of filtering" in issues[0].problem


def test_a_cleared_log_is_known_by_its_channel() -> None:
    rows, _ = _parse(b'{"EventID":1102,"Channel":"Security","SubjectUserName":"eve"}')
    assert [(row["table"], row["event_code"]) for row in rows] == [("audit_events", 1102)]


def test_what_only_python_takes_for_json_is_no_error() -> None:
    line = '{"EventID":5157,"Channel":"Security","Application":"\\ud800x","DestPort":%s}'
    nested = ["[" * deep + "]" * deep for deep in (300, 1_100, 5_000)]
    for port in ("NaN", "1" * 400, "1" * 5_000, *nested):
        rows, issues = _parse((line % port).encode())
        assert len(rows) + sum(issue.lost for issue in issues) == 1


def test_arrays_commas_marks_and_utf_16_are_read() -> None:
    first, second = _CASE.decode().splitlines()[:2]
    assert len(_parse(f"[{first},{second}]\n".encode())[0]) == 2
    assert len(_parse(f"[\n{first},\n{second}\n]\n".encode("utf-16"))[0]) == 2
    assert len(_parse(f"{first}\r\n\r\n{second}".encode("utf-8-sig"))[0]) == 2


def test_a_time_without_a_zone_gives_way_to_the_arrival_and_is_told() -> None:
    line = _CASE.splitlines()[2].replace(b"T09:00:01.512340+01:00", b" 09:00:01")
    rows, issues = _parse(line)
    assert rows[0]["time"] is None
    assert "time cannot be '2026-11-21 09:00:01'" in issues[0].problem
    rows, issues = _parse(line[:-1] + b',"@timestamp":"2026-11-21T08:00:03Z"}')
    assert rows[0]["time"].second == 3
    assert '"EventTime":"2026-11-21 09:00:01"' in rows[0]["other_fields"]
    assert "1 events have a time without a zone" in issues[0].problem


def test_a_damaged_event_data_is_an_issue_with_its_line() -> None:
    line = _CASE.splitlines()[3].replace(b"</EventData>", b"")
    rows, issues = _parse(b"\n" + line)
    assert not rows
    assert (issues[0].where, issues[0].lost) == ("line 2", 1)
    assert "no well-formed XML" in issues[0].problem


def test_a_line_of_ten_megabytes_is_one_issue() -> None:
    rows, issues = _parse(b'{"EventID":"' + b"5" * 10_000_000 + b'"}\n' + _CASE.splitlines()[0])
    assert len(rows) == 1
    assert [(issue.where, issue.lost) for issue in issues] == [("line 1", 1)]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
_EVENTS = st.fixed_dictionaries(
    {"EventID": st.sampled_from([5157, 3, 3008, 1102, "5152", 4625, None, "x"])},
    optional={
        "SourceName": st.sampled_from(
            ["Microsoft-Windows-Security-Auditing", "Microsoft-Windows-Sysmon"]
        ),
        "Channel": st.sampled_from(["security", "Microsoft-Windows-DNS-Client/Operational"]),
        "Keywords": _JSON,
        "EventData": _JSON,
        "winlog": _JSON,
        "QueryResults": _JSON,
        "DestPort": _JSON,
        "@timestamp": _JSON,
        "RecordNumber": _JSON,
        "Version": _JSON,
    },
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_EVENTS | _JSON.filter(lambda item: not isinstance(item, list)), max_size=5))
def test_every_line_is_a_row_a_count_or_an_issue(documents: list[Any]) -> None:
    import json

    rows, issues = _parse("\n".join(json.dumps(one) for one in documents).encode())
    left = sum(int(one.problem.split()[0]) for one in issues if "left out" in one.problem)
    assert len(rows) + left + sum(issue.lost for issue in issues) == len(documents)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_rows_and_issues(data: bytes) -> None:
    _parse(data)
