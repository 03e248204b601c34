"""Event XML: both ways of reading it agree, and every event is a row, a count or an issue."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.parsers import event_xml
from fleetaudit.parsers._event_sorting import table_of
from fleetaudit.parsers._event_xml_text import EventXml, without_rendering
from fleetaudit.records.evidence import EvidenceContext, Issue, split

if TYPE_CHECKING:
    from collections.abc import Iterator

_CASES = Path(__file__).parents[1] / "cases" / "event-xml"
_QUERY = (_CASES / "wevtutil-qe.xml").read_bytes()
_ROOTED = (_CASES / "with-root.xml").read_bytes()
_PIECES = 500


def _parse(data: bytes) -> tuple[dict[int, dict[str, Any]], list[Issue]]:
    rows, issues = split(event_xml.parse(BytesIO(data), EvidenceContext(name="events.xml")))
    found = {
        row["record_id"]: row | {"table": item.table}
        for item in rows
        for row in item.batch.to_pylist()
    }
    return found, issues


def test_fragments_without_a_root_are_read_and_others_are_counted() -> None:
    rows, issues = _parse(_QUERY)
    assert list(rows) == [11, 12, 13]
    assert rows[11]["destination_port"] == 445
    assert rows[11]["is_failure"] is True
    assert rows[11]["other_fields"] == '{"RemoteUserID":"S-1-0-0","RemoteMachineID":"S-1-0-0"}'
    assert rows[12]["process_executable"] == r"\device\harddiskvolume3\a & b\x.exe"
    assert (rows[13]["filter_origin"], rows[13]["interface_index"]) == ("Stealth", 12)
    assert [issue.problem for issue in issues] == [
        "1 records of other events were left out: 4625 x1"
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_root_an_encoding_and_double_quotes_change_nothing(encoding: str) -> None:
    rows, issues = _parse(_ROOTED.decode().encode(encoding))
    assert list(rows) == [21, 22, 23]
    assert not issues
    dns = rows[23]
    assert (dns["table"], dns["dns_name"], dns["dns_status_code"]) == (
        "dns_events",
        "www.example.org",
        0,
    )
    assert (dns["dns_resolved_ips"], dns["dns_aliases"]) == (
        "192.0.2.80,2001:db8::80",
        "cdn.example.net",
    )
    assert dns["execution_pid"] == 4


@pytest.mark.parametrize("root", ["root", "My.Root_1", "Ereignisse", "\u00c9v\u00e9nements"])
def test_a_root_element_may_have_any_name(root: str) -> None:
    named = _ROOTED.replace(b"<Events>", f"<{root}>".encode())
    assert _parse(named.replace(b"</Events>", f"</{root}>\n".encode())) == _parse(_ROOTED)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_known_without_a_mark(encoding: str) -> None:
    assert _parse(_ROOTED.decode().encode(encoding)) == _parse(_ROOTED)


def test_text_around_events_is_counted_once_and_costs_nothing() -> None:
    lines = _QUERY.splitlines()[:3]
    data = b"\r\n".join(b"<13>Nov 21 08:00:01 WEB01 " + line for line in lines)
    rows, issues = _parse(data + b"\r\n-- end --\r\n")
    assert list(rows) == [11, 12, 13]
    assert [(issue.where, issue.lost) for issue in issues] == [("file", 0)]
    assert issues[0].problem.startswith("4 stretches of text are no events: '<13>Nov 21")


def test_each_event_that_lacks_its_beginning_or_its_end_is_an_issue() -> None:
    one, other, third = _QUERY.splitlines()[:3]
    rows, issues = _parse(one[300:] + other[:200] + other[:300] + third)
    assert list(rows) == [13]
    assert [issue.problem.partition(":")[0] for issue in issues] == [
        "has no beginning",
        "is cut",
        "is cut",
    ]
    assert [issue.lost for issue in issues] == [1, 1, 1]


def test_a_file_without_an_event_is_not_taken_for_a_log_without_one() -> None:
    rows, issues = _parse(b"<html><body>no access</body></html>")
    assert not rows
    assert [(issue.where, issue.lost) for issue in issues] == [("file", 1)]


def test_names_with_a_prefix_are_the_same_names() -> None:
    prefixed = re.sub(rb"(</?)(?=[A-Z])", rb"\1ev:", _ROOTED).replace(b" xmlns=", b" xmlns:ev=")
    assert prefixed.count(b"<ev:Event ") == 3
    assert _parse(prefixed) == _parse(_ROOTED)


def test_bytes_that_are_no_text_are_told() -> None:
    rows, issues = _parse(_QUERY.splitlines()[0].replace(b"x.exe", b"gr\xfc\xdfe.exe"))
    assert rows[11]["process_executable"].endswith("gr\ufffd\ufffde.exe")
    assert [(issue.problem[:12], issue.lost) for issue in issues] == [("2 characters", 0)]


def test_pretty_printed_events_are_read_by_the_xml_parser() -> None:
    pretty = re.sub(rb"(</?(?:System|EventData|Data|Event)\b)", rb"\n  \1", _ROOTED)
    pretty = pretty.replace(b"\n  </Data>", b"</Data>")
    assert _parse(pretty) == _parse(_ROOTED)


def test_user_data_and_fields_without_names_are_kept() -> None:
    text = _ROOTED[_ROOTED.index(b"<Event ") : _ROOTED.index(b"<EventData>")]
    text = text.replace(b"<EventID>5157", b"<EventID>1102")
    text = text.replace(b"Microsoft-Windows-Security-Auditing", b"Microsoft-Windows-Eventlog")
    data = (
        text + b"<UserData><LogFileCleared><A>x</A><A>y</A><B/></LogFileCleared></UserData></Event>"
    )
    rows, issues = _parse(data)
    assert rows[21]["other_fields"] == '{"A":["x","y"],"B":""}'
    assert not issues


def test_a_cut_event_is_an_issue_and_the_next_one_is_read() -> None:
    lines = _QUERY.splitlines(keepends=True)
    rows, issues = _parse(lines[0][:-200] + b"\n" + lines[1] + lines[2][:-200])
    assert list(rows) == [12]
    assert [issue.where for issue in issues] == ["event 1", "event 3"]


def test_forbidden_characters_are_replaced_and_entities_are_refused() -> None:
    line = _QUERY.splitlines()[0]
    rows, issues = _parse(line.replace(b"x.exe", b"\x01&#2;.exe"))
    assert rows[11]["process_executable"].endswith("\ufffd\ufffd.exe")
    assert not issues
    rows, issues = _parse(line.replace(b"x.exe", b"&xxe;"))
    assert not rows
    assert "no well-formed XML" in issues[0].problem


def test_an_event_without_an_end_needs_bounded_memory() -> None:
    class Endless:
        def __init__(self) -> None:
            self.left = 40

        def read(self, size: int) -> bytes:
            self.left -= 1
            return b"<Event " + b"x" * (size - 7) if self.left > 0 else b""

    items = list(event_xml.parse(Endless(), EvidenceContext(name="x")))  # type: ignore[arg-type] # only read() is used
    assert items
    assert all(isinstance(item, Issue) for item in items)


_VALUES = st.text(st.characters(codec="utf-8", max_codepoint=0x2FFF), max_size=12)
_MARKUP = st.sampled_from(
    ["&lt;", "&amp;", "&#65;", "]]&gt;", "]]>", "<b/>", "<!-- -->", "\r\n", "-"]
)


def _filled(values: list[str]) -> str:
    fill: Iterator[str] = iter(values)
    text = _QUERY.splitlines()[0].decode()
    return re.sub(r"(?<='>)[^<]*(?=</Data>)", lambda match: next(fill, match[0]), text)


def _copies(text: str, count: int) -> list[str]:
    return [
        re.sub(r"(?<=<EventRecordID>)[0-9]+", str(number), text) for number in range(1, count + 1)
    ]


def _one_by_one(texts: list[str]) -> tuple[dict[int, dict[str, Any]], list[str]]:
    rows: dict[int, dict[str, Any]] = {}
    problems: list[str] = []
    for text in texts:
        found, issues = _parse(text.encode())
        rows |= found
        problems += [issue.problem for issue in issues]
    return rows, problems


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.integers(0, 79), st.lists(_VALUES | _MARKUP, min_size=1, max_size=13), max_size=5
    )
)
def test_events_read_together_are_read_as_the_xml_parser_reads_each(
    filled: dict[int, list[str]],
) -> None:
    texts = _copies(_QUERY.splitlines()[0].decode(), 80)
    for at, values in filled.items():
        texts[at] = _filled(values).replace(">11</EventRecordID>", f">{at + 1}</EventRecordID>")
    rows, issues = _parse("\n".join(texts).encode())
    alone, problems = _one_by_one(texts)
    assert list(rows) == list(alone)
    assert rows == alone
    told = {re.sub(r", and [0-9]+ more in this column", "", issue.problem) for issue in issues}
    assert told <= set(problems)
    assert bool(told) == bool(problems)


@pytest.mark.parametrize("data", [_QUERY, _ROOTED])
def test_copies_of_every_event_of_the_cases_are_read_together(data: bytes) -> None:
    reader = EventXml(table_of)
    events = map(without_rendering, re.findall(r"<Event .*?</Event>", data.decode(), re.DOTALL))
    kept = [text for text in events if "<EventID>4625" not in text and "&amp;" not in text]
    assert len(kept) > 1
    for event in kept:
        head = reader.kind(event)
        assert head is not None
        texts = _copies(event, 100)
        rest = [text.removeprefix(head.beginning) for text in texts]
        layout = reader.learn(head, rest[0])
        assert layout is not None
        arrays, others = layout.arrays("\n".join(rest).encode(), len(rest))
        assert (len(arrays[0]), others) == (100, [])
        rows, issues = _parse("\n".join(texts).encode())
        assert (rows, [issue.problem for issue in issues]) == _one_by_one(texts)


def test_kinds_and_layouts_that_alternate_keep_the_order_of_the_file() -> None:
    first, _, last = (line.decode() for line in _QUERY.splitlines() if b"4625" not in line)
    short = re.sub(r"<Data Name='RemoteUserID'>.*?</Data>", "", first)
    kinds = [first, short, last, first.replace("svchost", "a &amp; b")]
    texts = [
        re.sub(r"(?<=<EventRecordID>)[0-9]+", str(number), kinds[number % 4])
        for number in range(1, 800)
    ]
    rows, issues = _parse("\n".join(texts).encode())
    assert list(rows) == list(range(1, 800))
    assert (rows, [issue.problem for issue in issues]) == _one_by_one(texts)


_UNUSUAL = (
    b"<13>Nov 21 08:00:01 WEB01 %s",
    b"\r\n  <!-- one -->%s",
    b"of an earlier</Data></EventData></Event>\n%s",
    b"<Event xmlns='cut'><System>\n%s",
    b"<Event>no System</Event>%s",
)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\n    ", b""])
@pytest.mark.parametrize("unusual", _UNUSUAL)
def test_what_is_unusual_among_many_events_costs_none_of_them(unusual: bytes, end: bytes) -> None:
    texts = [text.encode() for text in _copies(_QUERY.splitlines()[0].decode(), 800)]
    usual, none = _parse(end.join(texts))
    assert (list(usual), none) == (list(range(1, 801)), [])
    for at in (0, 399, 799):
        texts[at] = unusual % texts[at]
    rows, issues = _parse(end.join(texts))
    assert rows == usual
    told = {issue.where for issue in issues}
    assert told in ({"event 1", "event 401", "event 802"}, {"file"}, set())


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(_QUERY) - 1), st.integers(0, 255)), max_size=20))
def test_any_damage_gives_rows_and_issues(changes: list[tuple[int, int]]) -> None:
    data = bytearray(_QUERY)
    for at, value in changes:
        data[at] = value
    _parse(bytes(data))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=_PIECES))
def test_any_bytes_give_rows_and_issues(data: bytes) -> None:
    rows, issues = _parse(data)
    assert not rows
    assert len(issues) <= len(data)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([*_QUERY.splitlines(), b"<Event >", b"junk</Event>"]), max_size=12))
def test_each_event_is_in_exactly_one_of_rows_and_issues(lines: list[bytes]) -> None:
    rows, issues = split(
        event_xml.parse(BytesIO(b"\n".join(lines) + b"\n"), EvidenceContext(name="x"))
    )
    kept = sum(item.batch.num_rows for item in rows)
    left = sum(int(issue.problem.split()[0]) for issue in issues if "left out" in issue.problem)
    whole = [line for line in lines if line.endswith(b"</Event>") and line.startswith(b"<Event x")]
    assert kept + left == len(whole)
    damaged = len([line for line in lines if line == b"junk</Event>"])
    lost = sum(issue.lost for issue in issues)
    assert (lost > 0) >= (damaged > 0)
