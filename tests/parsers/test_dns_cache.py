"""The DNS cache: as JSON and as a redirected table, with what is not known said."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fleetaudit.parsers import dns_cache
from fleetaudit.records.evidence import WHOLE_FILE, EvidenceContext, Issue, split
from fleetaudit.records.names import ResolvedHow

_REPOSITORY = Path(__file__).parents[2]
_SAMPLES = Path(os.environ.get("FLEETAUDIT_SAMPLES", _REPOSITORY.parent / "shared" / "samples"))
_CASES = _REPOSITORY / "tests" / "cases" / "dns-cache"
_TAKEN = datetime(2026, 11, 21, 8, tzinfo=UTC)


def _parse(data: bytes) -> tuple[list[dict[str, Any]], list[Issue]]:
    context = EvidenceContext(name="dns-cache.json", taken_at=_TAKEN)
    rows, issues = split(dns_cache.parse(BytesIO(data), context))
    return [row for item in rows for row in item.batch.to_pylist()], issues


def test_entries_have_their_end_and_an_unknown_beginning() -> None:
    rows, issues = _parse((_CASES / "dns-cache.json").read_bytes())
    assert [row["dns_data"] for row in rows] == [
        "cdn.example.net",
        "192.0.2.80",
        None,
        "192.0.2.81",
    ]
    assert rows[1]["expires_at"] == _TAKEN + timedelta(seconds=93)
    assert {row["resolved_at"] for row in rows} == {None}
    assert {row["resolved_how"] for row in rows} == {ResolvedHow.UNKNOWN}
    assert {row["resolved_latest"] for row in rows} == {_TAKEN}
    assert (rows[2]["dns_status"], rows[2]["expires_at"]) == ("9003", None)
    assert [(issue.where, issue.lost) for issue in issues] == [("entry 4", 0)]


def test_a_cache_that_says_when_it_was_read_is_dated_by_that() -> None:
    rows, issues = _parse((_CASES / "dns-cache-dated.json").read_bytes())
    read_at = datetime(2026, 11, 21, 8, 12, 30, 123_000, tzinfo=UTC)
    assert {row["snapshot_time"] for row in rows} == {read_at}
    assert rows[0]["expires_at"] == read_at + timedelta(seconds=93)
    assert [(issue.where, issue.lost) for issue in issues] == [("entry 3", 0)]


def test_the_full_time_to_live_tells_when_an_entry_was_made() -> None:
    rows, _ = _parse((_CASES / "dns-cache-dated.json").read_bytes())
    full, resolved_at = rows[1], rows[1]["snapshot_time"] - timedelta(seconds=600)
    assert (full["full_seconds"], full["resolved_how"]) == (3600, ResolvedHow.FULL_TTL)
    for column in ("resolved_at", "resolved_earliest", "resolved_latest"):
        assert full[column] == resolved_at
    others = (rows[0], *rows[2:])
    assert {(row["resolved_how"], row["resolved_at"]) for row in others} == {
        (ResolvedHow.UNKNOWN, None)
    }


@pytest.mark.parametrize("time", ["null", '"today"', '"0001-01-01T00:00:00Z"', "[]", '"9999"'])
def test_a_time_of_reading_that_is_none_is_told_and_the_entries_stay(time: str) -> None:
    rows, issues = _parse(f'{{"HostTime":{time},"Entries":[{{"Entry":"a"}}]}}'.encode())
    assert [row["snapshot_time"] for row in rows] == [_TAKEN]
    assert [(issue.lost, issue.problem[:18]) for issue in issues] == [(0, "HostTime cannot be")]


def test_a_redirected_table_is_read_by_its_dashes() -> None:
    rows, issues = _parse((_CASES / "table.txt").read_bytes())
    assert not issues
    assert [(row["dns_type"], row["remaining_seconds"], row["is_cut"]) for row in rows] == [
        ("CNAME", 93, False),
        ("A", 83494, True),
        ("AAAA", None, False),
    ]
    assert rows[2]["dns_name"] is None


def _told(name: str) -> list[tuple[Any, ...]]:
    rows, issues = _parse((_CASES / name).read_bytes())
    assert not issues
    columns = ("dns_entry", "dns_name", "dns_type", "remaining_seconds", "dns_data")
    return [tuple(row[column] for column in columns) for row in rows]


def test_a_list_of_values_is_read_and_a_long_value_goes_on_below() -> None:
    assert _told("format-list.txt") == [
        (
            "www.example.org",
            "www.example.org",
            "CNAME",
            93,
            "a-name-that-is-longer-than-the-console.example.net",
        ),
        ("nowhere.example.org", None, "AAAA", None, None),
    ]


def test_an_exported_csv_is_read_by_its_names_whatever_stands_between_them() -> None:
    expected = [
        ("www.example.org", "www.example.org", "5", 93, "cdn.example.net"),
        ("www.example.org", "cdn.example.net", "1", 93, "192.0.2.80"),
    ]
    assert _told("export.csv") == expected
    text = (_CASES / "export.csv").read_text("utf-8")
    for delimiter in ";\t":
        data = text.replace(",", delimiter).encode("utf-16")
        assert [row["dns_data"] for row in _parse(data)[0]] == [one[-1] for one in expected]


def test_what_ipconfig_displays_is_read_in_any_language() -> None:
    assert _told("displaydns-de.txt") == [
        ("www.example.org", "www.example.org", "5", 93, "cdn.example.net"),
        ("www.example.org", "cdn.example.net", "1", 93, "192.0.2.80"),
        ("nowhere.example.org", None, None, None, None),
        ("v6.example.org", None, None, None, None),
    ]


def test_a_table_of_chosen_columns_is_read_by_their_names() -> None:
    assert _told("chosen-columns.txt") == [
        ("www.example.org", None, "A", 93, "192.0.2.80"),
        ("bücher.example.org", None, "AAAA", 12, "2001:db8::80"),
    ]
    text = (_CASES / "chosen-columns.txt").read_text("utf-16").replace("Entry", "Wpis ")
    rows, issues = _parse(text.encode())
    assert not rows
    assert [issue.lost for issue in issues] == [1, 1]


def test_wide_characters_take_two_places_of_a_table() -> None:
    text = (_CASES / "table.txt").read_text("utf-16")
    wide = text.replace("Success ", "成功    ").replace("Answer ", "回答   ")
    assert wide != text
    rows, issues = _parse(wide.encode())
    assert not issues
    assert [row["dns_status"] for row in rows] == ["成功", "成功", "NotExist"]
    assert [row["remaining_seconds"] for row in rows] == [93, 83494, None]


@pytest.mark.parametrize("name", ["table.txt", "format-list.txt", "displaydns-de.txt"])
def test_one_cache_written_after_another_gives_the_entries_of_both(name: str) -> None:
    data = (_CASES / name).read_bytes()
    rows, issues = _parse(data + data)
    once = _parse(data)[0]
    assert rows == once + once
    assert not issues


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-16-le"])
def test_json_is_read_in_every_encoding_and_layout(encoding: str) -> None:
    import json

    entries = json.loads((_CASES / "dns-cache.json").read_bytes())
    expected = _parse((_CASES / "dns-cache.json").read_bytes())[0]
    for text in (
        json.dumps(entries, indent=4),
        json.dumps({"value": entries, "Count": len(entries)}),
        "\r\n".join(json.dumps(entry) for entry in entries),
    ):
        assert _parse(text.encode(encoding))[0] == expected


def test_a_real_table_from_a_spanish_host_gives_every_entry() -> None:
    path = _SAMPLES / "dns" / "CacheDns_Get-DnsClientCache_utf16.txt"
    if not path.exists():
        pytest.skip("the samples are not here")
    rows, issues = _parse(path.read_bytes())
    assert not issues
    assert Counter(row["dns_type"] for row in rows) == {"A": 26, "CNAME": 9, "AAAA": 7}
    assert {row["dns_status"] for row in rows} == {"Success"}
    longest = max(rows, key=lambda row: row["remaining_seconds"])
    assert (longest["dns_entry"], longest["remaining_seconds"]) == ("c0.wp.com", 83494)
    assert longest["dns_data"] == "192.0.77.37"
    assert all(row["remaining_seconds"] is not None and row["dns_data"] for row in rows)


def test_an_empty_cache_is_no_row_and_no_issue() -> None:
    for data in (b"[]", b"\xef\xbb\xbf[]\r\n", b"null", b""):
        assert _parse(data) == ([], [])


def test_a_list_of_one_may_be_the_one() -> None:
    rows, _ = _parse(b'{"Entry":"a.example.org","Type":1,"TimeToLive":5}')
    assert [row["dns_entry"] for row in rows] == ["a.example.org"]


@pytest.mark.parametrize("data", [b'[{"Entry":', b"something else\n", b"[" + b" " * (1 << 24)])
def test_what_cannot_be_read_at_all_is_told(data: bytes) -> None:
    rows, issues = _parse(data)
    assert not rows
    assert [issue.where for issue in issues] == [WHOLE_FILE]


_CELLS: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just([1])
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.none()
        | st.dictionaries(st.sampled_from(["Entry", "Name", "Type", "TimeToLive"]), _CELLS),
        max_size=4,
    )
)
def test_every_entry_is_a_row_or_an_issue(entries: list[Any]) -> None:
    import json

    rows, issues = _parse(json.dumps(entries).encode())
    assert len(rows) + sum(issue.lost for issue in issues) == len(entries)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
@example(b"----- ----- ----- ----- ----- ----- ----- ----\n\xff\n")
def test_any_bytes_give_rows_and_issues(data: bytes) -> None:
    _parse(data)
