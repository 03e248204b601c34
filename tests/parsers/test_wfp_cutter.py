"""Filters taken out of the text: the same rows and issues as with all of them in their place.

A comment before the first element keeps everything in its place, and changes nothing else.
"""

from __future__ import annotations

import os
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from fleetaudit.parsers import wfp_state
from fleetaudit.parsers._wfp_cutter import FilterCutter
from fleetaudit.records.evidence import EvidenceContext, Issue, split

_REPOSITORY = Path(__file__).parents[2]
_SAMPLES = Path(
    os.environ.get("FLEETAUDIT_SAMPLES", _REPOSITORY.parent / "shared" / "samples"), "wfp"
)
_CONTEXT = EvidenceContext(name="wfpstate.xml")
_WHOLE = (_REPOSITORY / "tests" / "cases" / "wfp-state" / "two-roots.xml").read_bytes()
_STATE = _WHOLE[_WHOLE.index(b"<wfpstate>") :]
_ONE_ROOT = _STATE.partition(b"<firewallState>")[0]
_FILTER = re.search(rb"\s*<item>\s*<filterKey>.*?</effectiveWeight>\s*</item>", _STATE, re.DOTALL)
assert _FILTER
_ONE = _FILTER[0]
_BEGIN = b'<filterCondition numItems="1">'
_END = b"</filterCondition>"
_ITEM = (
    b"\n\t<item>\n\t\t<fieldKey>FWPM_CONDITION_IP_PROTOCOL</fieldKey>\n"
    b"\t\t<matchType>FWP_MATCH_EQUAL</matchType>\n"
    b"\t\t<conditionValue><type>FWP_UINT8</type><uint8>6</uint8></conditionValue>\n\t</item>"
)
_SET = _BEGIN + _ITEM + b"\n" + _END
_JUNK = (
    *(_BEGIN, _END, _ITEM, _SET, b"<filterCondition/>", b'<filterCondition cut="0">', b"<item>"),
    *(b"</item>", b"<item/>", b"<flags>", b"</flags>", b"<conditionValue>", b"</conditionValue>"),
    *(b"<filterKey>1</filterKey>", b"<layer/>", b"<timeStamp>1</timeStamp>", b"<a>", b"</a>"),
    *(b"&amp;", b"&none;", b"&#7;", b"<a:b/>", b"\n", b"\r\n", b"x", b"<", b">", b'"', b"\x00"),
    *(b"\xff", b"]]>", b"<!-- ", b" -->", b"<?x ", b"?>", b"<![CDATA[", b'<a b="', b"\t "),
    *(b"<rangeValue>", b"</rangeValue>", b"<valueLow>", b"</valueLow>", b"<filters>"),
    *(b"</filters>", b"<dynamicKeywordAddresses>", b"</dynamicKeywordAddresses>"),
)

_UNKNOWN_ENTITY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);|#)")


class _ShortReads(BytesIO):
    """Gives so many bytes at a time, however many are asked for."""

    def __init__(self, data: bytes, length: int) -> None:
        super().__init__(data)
        self._length = length

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(self._length, self._length if size in (None, -1) else size or 0))


def _parse(data: bytes, *, length: int = 1 << 16) -> tuple[list[dict[str, Any]], list[Issue]]:
    rows, issues = split(wfp_state.parse(_ShortReads(data, length), _CONTEXT))
    return [row for item in rows for row in item.batch.to_pylist()], issues


def _assert_same(data: bytes, *, length: int = 1 << 16) -> None:
    """Compare with what comes of it where a comment keeps all filters in their place.

    How libxml2 tells of damage depends on where blocks and texts end: an unknown entity may end the
    document many lines earlier, and even before its first element; of a filter right before the
    damage it has not said yet that it has ended, while one that was taken out is known to be whole;
    and the damage may be noticed some blocks earlier, before characters that XML forbids.
    """
    rows, issues = _parse(data, length=length)
    comment = b"<!--%b-->" % (b"x" * (-7 % length))
    others, expected = _parse(comment + data, length=length)
    if not any("the XML is damaged" in issue.problem for issue in expected):
        assert (rows, issues) == (others, expected)
        return
    assert rows[: len(others)] == others
    assert sum(issue.lost for issue in issues) > 0
    if _UNKNOWN_ENTITY.search(data):
        return
    assert len(rows) - len(others) <= 1
    if len(rows) == len(others):
        assert issues[0] == expected[0]


def _cut(data: bytes) -> tuple[bytes, list[str | None]]:
    cutter = FilterCutter(("layer",))
    text = cutter.cut(data) + cutter.rest()
    return text, [one.name for run in cutter.found.values() for one in run]


def _list(*filters: bytes) -> bytes:
    return b'<a><filters numItems="2">' + b"".join(filters) + b"\n</filters></a>"


def test_filters_are_taken_out_and_lines_keep_their_numbers() -> None:
    data = _list(_ONE, _ONE)
    text, found = _cut(data)
    assert b"FWPM" not in text
    assert text.count(b"\n") == data.count(b"\n")
    assert found == ["Query User", "Query User"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<reserved/>", b"<reserved/><new/>"),
        (b"<description>", b"<description><b/>"),
        (b"Query User", b"Query &none; User"),
        (b"Query User", b"Query ]]> User"),
        (b"<type>FWP_EMPTY</type>", b"<type>&none;</type>"),
        (b"<type>FWP_EMPTY</type>", b"<type>]]></type>"),
        (b"{00000001-", b"{00000001 "),
        (b"67001", b"x"),
        (b"67001", b"18446744073709551616"),
        (b"67001", b""),
        (b"uint64", b"uint32"),
        (b'numItems="2"', b'new="2"'),
        (b"<flags ", b"<flags"),
        (b"<uint32>2</uint32>", b"<uint32>2</uint33>"),
        (b"<uint32>2", b"<uint32>&amp;"),
        (b"uint32>", b"layer>"),
        (b"<uint32>2", b"<uint32><item></item>"),
        (b"<uint32>2", b"<uint32>" + b"<b>" * 200 + b"</b>" * 200),
        (b"</filterCondition>", b"x</filterCondition>"),
        (b"</filterCondition>", b""),
        (b"Query User", b"<!---->"),
    ],
)
def test_what_is_not_written_in_the_usual_way_stays(old: bytes, new: bytes) -> None:
    odd = _ONE.replace(old, new)
    assert odd != _ONE
    assert _cut(_list(odd, _ONE)) == (_list(odd, _ONE), [])


@pytest.mark.parametrize(
    "data",
    [
        _ONE + _ONE,
        b"<a>" + _ONE + b"</a>",
        b"<dynamicKeywordAddresses>" + _list(_ONE) + b"</dynamicKeywordAddresses>",
        b'<filters new="1">' + _ONE + b"\n</filters>",
        b"<filters>x" + _ONE + b"\n</filters>",
        b"<filters>" + _ONE + b"</filters>",
    ],
)
def test_only_filters_of_a_list_are_taken_out(data: bytes) -> None:
    assert _cut(data) == (data, [])


def test_a_filter_that_is_larger_than_what_is_held_back_stays() -> None:
    cutter = FilterCutter(("layer",))
    data = _list(_ONE.replace(b"Query User", b"x" * (1 << 21)), _ONE)
    pieces = [data[at : at + 65_536] for at in range(0, len(data), 65_536)]
    assert b"".join(map(cutter.cut, pieces)) + cutter.rest() == data
    assert not cutter.found


def test_what_follows_an_unusual_filter_in_another_list_is_taken_out() -> None:
    odd = _ONE.replace(b"<reserved/>", b"")
    text, found = _cut(_list(_ONE, odd, _ONE) + _list(_ONE))
    assert found == ["Query User", "Query User"]
    assert text.count(b"<name>") == 2


@pytest.mark.parametrize(
    ("written", "read"),
    [(b"a &amp; b", "a & b"), (b"x]]&gt;", "x]]>"), (b"a\r\nb", "a\nb"), (b"", None), (b"]", "]")],
)
def test_texts_are_what_an_xml_parser_makes_of_them(written: bytes, read: str | None) -> None:
    data = _list(_ONE.replace(b"Query User", written))
    assert _cut(data)[1] == [read]
    _assert_same(data)


def test_filters_without_their_mark_cannot_be_had() -> None:
    data = _list(_ONE, b'\n<item cut="1"><filterKey/></item>', b'<item cut=":1"/>')
    rows, _ = _parse(b"<wfpdiag>" + data + b"</wfpdiag>")
    assert [row["filter_name"] for row in rows] == ["Query User", None, None]


@pytest.mark.parametrize("length", [1, 7, 64, 1000])
def test_blocks_of_any_length_give_the_same(length: int) -> None:
    assert _parse(_STATE, length=length) == _parse(_STATE)
    _assert_same(_STATE, length=length)


@pytest.mark.parametrize("name", ["filters_fr.xml", "wfpstate_two_roots_zh.xml"])
def test_real_files_give_the_same(name: str) -> None:
    file = _SAMPLES / name
    if not file.exists():
        pytest.skip(f"no sample {name}")
    data = file.read_bytes()
    data = data[data.index(b"<wfp") :]
    _assert_same(data)
    assert len(_cut(data.partition(b"<firewallState>")[0])[1]) == data.count(b"<filterKey>")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(_STATE)), st.integers(0, 40), st.sampled_from(_JUNK)),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([_STATE, _ONE_ROOT]),
    st.sampled_from([100, 3000, 1 << 16]),
)
@example([(180, 31, b"<a>"), (7166, 30, b"<filterKey>1</filterKey>")], _STATE, 100)
def test_any_damage_gives_the_same(
    changes: list[tuple[int, int, bytes]], data: bytes, length: int
) -> None:
    for at, cut, junk in changes:
        data = data[:at] + junk + data[at + cut :]
    assume(data[:2] != b"<\0")  # UTF-16, but not behind a comment
    _assert_same(data, length=length)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(_ONE)), st.integers(0, 12), st.sampled_from(_JUNK)), max_size=2
    ),
    st.sampled_from([_BEGIN, b"<filterCondition/>"]),
)
def test_any_change_of_a_filter_gives_the_same(
    changes: list[tuple[int, int, bytes]], begin: bytes
) -> None:
    item = re.sub(rb"<filterCondition .*?>", begin, _ONE)
    if begin.endswith(b"/>"):
        item = re.sub(rb"(?<=<filterCondition/>).*?</filterCondition>", b"", item, flags=re.DOTALL)
    for at, cut, junk in changes:
        item = item[:at] + junk + item[at + cut :]
    _assert_same(b"<wfpdiag>\n" + _list(_ONE, item, _ONE) + b"\n" + _list(item) + b"</wfpdiag>")
