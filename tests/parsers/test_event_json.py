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
_CASE = (_REPOSITORY / "tests" / "cases" / "event-json" / "shippers.jsonl").read_bytes()

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
