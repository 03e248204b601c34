from __future__ import annotations

import io
import json
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.parsers._firewall_log_layout import read_layout
from fleetaudit.parsers._firewall_log_lines import LineReader, Record, table_of
from fleetaudit.parsers._firewall_log_rows import batches_of, read_run
from fleetaudit.parsers.firewall_log import parse
from fleetaudit.parsers.time_zone import LocalClock
from fleetaudit.records.evidence import EvidenceContext, Issue, split
from fleetaudit.records.host import TimeZone
from fleetaudit.records.tables import FIREWALL_LOG

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/cases/firewall-log"
SAMPLES = Path(os.environ.get("FLEETAUDIT_SAMPLES", ROOT.parent / "shared/samples")) / "pfirewall"
FIELDS = (
    "date time action protocol src-ip dst-ip src-port dst-port size tcpflags tcpsyn tcpack tcpwin"
    " icmptype icmpcode info path"
)
HEADER = f"#Version: 1.5\r\n#Fields: {FIELDS}\r\n\r\n".encode()
LINE = b"2026-11-21 09:00:00 DROP TCP 10.1.2.3 10.1.2.4 50123 445 52 S 1 0 64240 - - - RECEIVE"


def read(
    data: bytes, *, offset: int | None = None, window_bytes: int = 1 << 20
) -> tuple[list[dict[str, Any]], list[Issue]]:
    context = EvidenceContext(name="pfirewall.log", utc_offset_minutes=offset)
    rows, issues = split(parse(io.BytesIO(data), context, window_bytes=window_bytes))
    assert all(one.table == "firewall_log" and one.batch.schema == FIREWALL_LOG for one in rows)
    assert all(one.batch.num_rows for one in rows)
    return [row for one in rows for row in one.batch.to_pylist()], issues


def case(name: str, *, offset: int | None = None) -> tuple[list[dict[str, Any]], list[Issue]]:
    return read((CASES / name).read_bytes(), offset=offset)


def sample(name: str) -> list[dict[str, Any]]:
    if not SAMPLES.is_dir():
        pytest.skip("no samples here")
    rows, issues = read((SAMPLES / name).read_bytes())
    assert issues == []
    return rows


def lost(issues: list[Issue]) -> int:
    return sum(issue.lost for issue in issues)


def test_every_line_of_the_windows_xp_capture_is_a_row() -> None:
    rows = sample("pfirewall_xp_2005.log")
    assert Counter(row["action"] for row in rows) == {
        "DROP": 9,
        "CLOSE": 3,
        "OPEN": 2,
        "INFO-EVENTS-LOST": 1,
    }
    assert rows[9]["icmp_type"] == 8
    assert rows[9]["icmp_code"] == 0
    assert rows[9]["source_port"] == 7
    assert rows[-1]["info"] == "59"
    assert rows[0]["time"] is None
    assert rows[0]["local_time"] == datetime(2005, 4, 11, 8, 5, 57)  # noqa: DTZ001 - local time


def test_every_line_of_the_windows_10_capture_is_a_row() -> None:
    rows = sample("pfirewall_2021_17col_ipv6.log")
    assert len(rows) == 16_809
    assert Counter(row["action"] for row in rows) == {
        "DROP": 11_688,
        "ALLOW": 5_119,
        "INFO-EVENTS-LOST": 2,
    }
    assert sum(int(row["info"]) for row in rows if row["action"] == "INFO-EVENTS-LOST") == 8
    assert {row["network_transport"] for row in rows} == {"UDP", "TCP", "ICMP", "2", None}


def test_columns_are_typed_and_a_dash_is_null() -> None:
    rows, issues = case("seventeen-columns-crlf.log", offset=60)
    assert issues == []
    assert rows[0] == {
        "time": datetime(2026, 11, 21, 8, 0, tzinfo=UTC),
        "local_time": datetime(2026, 11, 21, 9, 0),  # noqa: DTZ001 - local time
        "is_time_ambiguous": None,
        "action": "DROP",
        "network_transport": "TCP",
        "source_ip": "10.1.2.3",
        "destination_ip": "10.1.2.4",
        "source_port": 50123,
        "destination_port": 445,
        "network_bytes": 52,
        "tcp_flags": "S",
        "tcp_syn": 1234567890,
        "tcp_ack": 0,
        "tcp_window": 64240,
        "icmp_type": None,
        "icmp_code": None,
        "info": None,
        "path": "RECEIVE",
        "process_pid": None,
        "other_fields": None,
    }
    assert rows[3]["network_transport"] == "2"
    assert rows[4]["info"] == "7"
    assert rows[4]["source_ip"] is None


def test_a_log_that_was_redirected_as_utf_16_is_the_same_log() -> None:
    plain = case("seventeen-columns-crlf.log")
    assert case("redirected-utf16.log") == plain
    text = (CASES / "seventeen-columns-crlf.log").read_text("utf-8")
    for encoding in ("utf-16-le", "utf-16-be"):
        assert read(text.encode(encoding)) == plain
        assert read(f"\ufeff{text}".encode(encoding), window_bytes=512) == plain


def test_one_log_written_after_another_gives_the_rows_of_both() -> None:
    for name in ("redirected-utf16.log", "seventeen-columns-crlf.log", "eleven-columns.log"):
        data = (CASES / name).read_bytes()
        once, issues = read(data)
        assert read(data * 2) == (once * 2, issues)


def test_the_log_of_the_first_firewall_of_windows_xp_has_no_path() -> None:
    rows, issues = case("connection-firewall.log")
    assert issues == []
    assert [row["action"] for row in rows] == ["OPEN-INBOUND", "DROP", "DROP", "INFO-EVENTS-LOST"]
    assert [row["network_transport"] for row in rows] == ["TCP", "ICMP", "47", None]
    assert rows[-1]["info"] == "12"
    assert {row["path"] for row in rows} == {None}


def test_columns_that_were_cut_without_a_header_have_no_names_but_the_sure_ones_do() -> None:
    rows, issues = case("eleven-columns.log")
    assert [row["destination_port"] for row in rows] == [445, 5353, None]
    assert [row["path"] for row in rows] == ["RECEIVE", "RECEIVE", None]
    assert rows[0]["other_fields"] == '{"column 9": "52", "column 10": "S"}'
    assert [(issue.where, issue.lost) for issue in issues] == [("line 1", 0)]


def test_a_path_that_ends_a_line_too_early_is_still_the_path() -> None:
    short = LINE.replace(b" - - - RECEIVE", b" - - RECEIVE")
    for count in (1, 1_500):
        rows, issues = read(HEADER + (short + b"\r\n") * count)
        assert {(row["info"], row["path"]) for row in rows} == {(None, "RECEIVE")}
        assert len(rows) == count
        assert lost(issues) == 0


def test_a_remark_before_the_first_record_does_not_decide_about_columns() -> None:
    rows, issues = read(b"copied by hand from the host on Monday\r\n" + LINE + b"\r\n")
    assert [row["path"] for row in rows] == ["RECEIVE"]
    assert [(issue.where, issue.lost) for issue in issues] == [("line 2", 0), ("line 1", 1)]


def test_time_is_null_where_the_offset_is_not_known() -> None:
    rows, _ = case("seventeen-columns-crlf.log")
    assert {row["time"] for row in rows} == {None}


def test_each_line_has_the_offset_of_its_own_season_and_the_repeated_hour_is_marked() -> None:
    zone = TimeZone(
        name="W. Europe Standard Time",
        active_bias_minutes=-60,
        bias_minutes=-60,
        standard_bias_minutes=0,
        daylight_bias_minutes=-60,
        standard_start=bytes.fromhex("00000a00050003000000000000000000"),
        daylight_start=bytes.fromhex("00000300050002000000000000000000"),
    )
    times = ("2026-10-24 12:00:00", "2026-10-25 02:30:00", "2026-10-25 03:00:00")
    lines = [LINE.replace(b"2026-11-21 09:00:00", time.encode()) for time in times]
    context = EvidenceContext(name="pfirewall.log", utc_offset_minutes=60, time_zone=zone)
    for fillers in (0, 20):  # read line by line, and at once
        data = HEADER + b"\n".join([*lines, *[LINE] * fillers]) + b"\n"
        rows, _ = split(parse(io.BytesIO(data), context))
        found = rows[0].batch.to_pylist()[:3]
        assert [(row["time"], row["is_time_ambiguous"]) for row in found] == [
            (datetime(2026, 10, 24, 10, 0, tzinfo=UTC), False),
            (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True),
            (datetime(2026, 10, 25, 2, 0, tzinfo=UTC), False),
        ]


def test_many_lines_without_the_last_column_are_read_at_once() -> None:
    short = (LINE.replace(b" RECEIVE", b" SEND") + b"\n") * 2_000
    whole = (LINE + b" 4711\n") * 3
    rows, issues = read(HEADER.replace(b"path", b"path pid") + whole + short + b"x\n" + whole)
    assert Counter((row["path"], row["process_pid"]) for row in rows) == {
        ("RECEIVE", 4711): 6,
        ("SEND", None): 2_000,
    }
    assert [(issue.where, issue.lost) for issue in issues] == [("line 2007", 1), ("line 7", 0)]
    assert "and 1999 more lines" in issues[1].problem


def test_a_header_in_the_middle_changes_the_columns_and_a_missing_pid_is_told_once() -> None:
    rows, issues = case("pid-added-mid-file.log")
    assert [row["process_pid"] for row in rows] == [None, None, 4711, 4711, None]
    assert [(issue.where, issue.lost) for issue in issues] == [("line 15", 0)]


def test_unknown_columns_are_kept_and_told_once() -> None:
    rows, issues = case("unknown-columns.log")
    assert [row["other_fields"] for row in rows] == ['{"zone": "inner"}', None]
    assert rows[0]["process_pid"] == 4
    assert [issue.lost for issue in issues] == [0]
    assert "zone app-id" in issues[0].problem


def test_damage_costs_only_the_damaged_lines_and_each_is_named() -> None:
    rows, issues = case("damaged.log")
    assert [row["network_transport"] for row in rows] == ["TCP", "2"]
    found = {issue.where: issue.problem for issue in issues if issue.lost}
    assert list(found) == ["line 7", "line 8", "line 9", "line 11", "line 12"]
    assert found["line 7"] == "network bytes cannot be 'ninety'"
    assert found["line 8"] == "date cannot be '2026-02-30'"
    assert found["line 9"] == "1 columns of 17: 'rubbish'"
    assert found["line 11"] == "destination port cannot be '70445'"
    assert found["line 12"].startswith("the last line has no end")
    assert [issue.problem for issue in issues if not issue.lost] == [
        "300 zero bytes of padding were left out"
    ]


def test_a_file_without_a_header_is_read_by_its_number_of_columns() -> None:
    rows, issues = case("headerless.log")
    assert len(rows) == 5
    assert rows[0]["path"] == "RECEIVE"
    assert [(issue.where, issue.lost) for issue in issues] == [("line 1", 0)]


def test_an_ansi_line_and_a_quote_are_data() -> None:
    rows, issues = case("ansi-info.log")
    assert [row["info"] for row in rows] == ["grün", '"grün']
    assert issues == []


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_is_no_data(mark: bytes) -> None:
    rows, issues = read(mark + HEADER + LINE + b"\r\n")
    assert (len(rows), issues) == (1, [])


def test_a_log_redirected_to_utf_16_is_read() -> None:
    rows, issues = read((HEADER + LINE + b"\r\n").decode().encode("utf-16"))
    assert len(rows) == 1
    assert lost(issues) == 0


def test_a_whole_last_line_without_an_end_is_a_row() -> None:
    assert read(HEADER + LINE) == (read(HEADER + LINE + b"\n")[0], [])


def test_a_last_column_that_may_be_cut_is_told() -> None:
    rows, issues = read(HEADER.replace(b"path", b"path pid") + LINE + b" 47")
    assert rows[0]["process_pid"] == 47
    assert [(issue.where, issue.lost) for issue in issues] == [("line 4", 0)]


def test_a_header_without_a_date_makes_every_line_an_issue() -> None:
    rows, issues = read(b"#Fields: time action\n" + b"09:00:00 DROP\n" * 3)
    assert rows == []
    assert [issue.problem for issue in issues] == ["the #Fields line names no date"] * 3


def test_a_field_named_twice_does_not_hide_the_first() -> None:
    rows, _ = read(HEADER.replace(b"path", b"path src-ip") + LINE + b" 9.9.9.9\n")
    assert rows[0]["source_ip"] == "10.1.2.3"
    assert rows[0]["other_fields"] == '{"src-ip": "9.9.9.9"}'


def test_a_line_longer_than_a_window_is_one_issue_and_the_next_line_is_read() -> None:
    data = HEADER + LINE + b"\n" + b"x" * 10_000_000 + b"\n" + LINE + b"\n"
    rows, issues = read(data)
    assert len(rows) == 2
    assert [(issue.where, issue.lost) for issue in issues] == [("line 5", 1)]


def test_a_long_line_inside_a_window_is_one_issue() -> None:
    rows, issues = read(HEADER + LINE + b"\n" + b"x" * 500_000 + b"\n" + LINE + b"\n")
    assert (len(rows), lost(issues)) == (2, 1)


def test_a_file_of_rubbish_has_its_issues_summed_up() -> None:
    rows, issues = read(HEADER + b"rubbish\n" * 5_000)
    assert rows == []
    assert lost(issues) == 5_000
    assert len(issues) == 1_001


def test_headers_that_follow_each_other_are_no_records() -> None:
    data = (HEADER + LINE + b"\r\n") * 50 + b"#Fields: a\n#Fields: b\n#\n\n" * 50
    rows, issues = read(data)
    assert len(rows) == 50
    assert lost(issues) == 0


def test_rows_of_the_fast_reader_equal_rows_read_line_by_line() -> None:
    lines = [LINE, LINE.replace(b"445", b"0x1bd"), LINE.replace(b"445", b"00445")]
    lines += [LINE.replace(b"09:00:00", b"23:59"), LINE.replace(b"DROP", b'"DR"')]
    layout = read_layout(f"#Fields: {FIELDS}")
    fast = read_run(memoryview(b"\n".join(lines) + b"\n"), layout)
    assert fast is not None
    reader = LineReader(layout)
    slow = [record for line in lines if isinstance(record := reader.read(line), Record)]
    both = [
        [
            row
            for batch in batches_of(table, layout, clock=LocalClock.of_offset(-60))
            for row in batch.to_pylist()
        ]
        for table in (fast.table, table_of(slow, layout))
    ]
    assert both[0] == both[1]
    assert both[0][0]["time"] - both[0][0]["local_time"].replace(tzinfo=UTC) == timedelta(hours=1)


TOKENS = ("-", "", "0", "445", "70000", "x", "2026-11-21", "09:00:00", "DROP", "fe80::1", "0x10")
GOOD = st.sampled_from([LINE, LINE.replace(b"DROP", b"ALLOW"), LINE.replace(b"TCP", b"17")])
ODD = st.lists(st.sampled_from(TOKENS), min_size=1, max_size=20).map(lambda t: " ".join(t).encode())
RAW = st.binary(max_size=40).map(
    lambda raw: raw.translate(None, b"\r\n\0").lstrip(b"#").removeprefix(b"\xef\xbb\xbf")
)
LINES = st.builds(
    lambda fillers, lines: [LINE] * fillers + lines,
    st.sampled_from([0, 15]),  # only a run of more than 1 KiB is worth the fast reader
    st.lists(st.one_of(GOOD, GOOD, ODD, RAW), max_size=12),
)
ENDS = st.sampled_from([b"\n", b"\r\n"])


@given(lines=LINES, end=ENDS, window_bytes=st.sampled_from([512, 1 << 20]))
@settings(max_examples=60, deadline=None)
def test_every_line_is_a_row_or_an_issue(lines: list[bytes], end: bytes, window_bytes: int) -> None:
    rows, issues = read(HEADER + b"".join(line + end for line in lines), window_bytes=window_bytes)
    assert len(rows) + lost(issues) == sum(1 for line in lines if line.strip())


@given(first=LINES, second=LINES)
@settings(max_examples=40, deadline=None)
def test_two_logs_in_one_file_give_the_rows_of_both(
    first: list[bytes], second: list[bytes]
) -> None:
    one = HEADER + b"".join(line + b"\n" for line in first)
    two = HEADER + b"".join(line + b"\n" for line in second)
    (rows, issues), (rows_1, issues_1), (rows_2, issues_2) = map(read, (one + two, one, two))

    def key(row: dict[str, Any]) -> str:
        return json.dumps(row, default=str)

    assert sorted(map(key, rows)) == sorted(map(key, rows_1 + rows_2))
    assert lost(issues) == lost(issues_1) + lost(issues_2)


SHORT = b"2026-11-21 09:00:00 DROP"
PIECES = (LINE, b"", HEADER, b"# none", b"-" + b" -" * 16, SHORT, LINE + b" 4", b" ")


@given(
    pieces=st.lists(st.tuples(st.sampled_from(PIECES), st.integers(0, 60)), max_size=8),
    end=ENDS,
)
@settings(max_examples=150, deadline=None)
def test_the_numbers_of_lines_do_not_depend_on_the_windows(
    pieces: list[tuple[bytes, int]], end: bytes
) -> None:
    data = HEADER + b"".join(end.join([*[LINE] * usual, piece, b""]) for piece, usual in pieces)
    _, issues = read(data, window_bytes=4096)
    _, expected = read(data, window_bytes=1 << 20)
    assert {one.where for one in issues} == {one.where for one in expected}
    assert lost(issues) == lost(expected)


@given(data=st.binary(max_size=300), head=st.sampled_from([b"", HEADER, b"#Fields: "]))
@settings(max_examples=80, deadline=None)
def test_any_bytes_give_rows_and_issues(data: bytes, head: bytes) -> None:
    for window_bytes in (16, 1 << 16):
        read(head + data, window_bytes=window_bytes)
