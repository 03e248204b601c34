"""Conditions taken out of the text: the same rows and issues as with all of them in their place.

A comment before the first element keeps everything in its place, and changes nothing else.
"""

from __future__ import annotations

import os
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.parsers import wfp_state
from fleetaudit.parsers._wfp_conditions import ConditionCutter
from fleetaudit.records.evidence import EvidenceContext, Issue, split

_REPOSITORY = Path(__file__).parents[2]
_SAMPLES = Path(
    os.environ.get("FLEETAUDIT_SAMPLES", _REPOSITORY.parent / "shared" / "samples"), "wfp"
)
_CONTEXT = EvidenceContext(name="wfpstate.xml")
_WHOLE = (_REPOSITORY / "tests" / "cases" / "wfp-state" / "two-roots.xml").read_bytes()
_STATE = _WHOLE[_WHOLE.index(b"<wfpstate>") :]
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
    """Compare; libxml2 words what follows an unknown entity by where its blocks end."""
    rows, issues = _parse(data, length=length)
    others, expected = _parse(b"<!---->" + data, length=length)
    assert rows == others
    if _UNKNOWN_ENTITY.search(data):
        assert [issue.lost for issue in issues] == [issue.lost for issue in expected]
    else:
        assert issues == expected


def _cut(data: bytes) -> tuple[bytes, list[str]]:
    cutter = ConditionCutter(("layer",))
    text = cutter.cut(data) + cutter.rest()
    return text, list(cutter.found.values())


def test_conditions_are_taken_out_and_lines_keep_their_numbers() -> None:
    text, found = _cut(b"<a>" + _SET + b"\n" + _SET + b"</a>")
    assert b"FWPM" not in text
    assert text.count(b"\n") == 2 * _SET.count(b"\n") + 1
    said = '"field":"FWPM_CONDITION_IP_PROTOCOL","match":"FWP_MATCH_EQUAL"'
    assert found == [f'[{{{said},"type":"FWP_UINT8","value":6}}]']


@pytest.mark.parametrize(
    "data",
    [
        b"<a>" + _SET.replace(b"</uint8>", b"</uint9>") + b"</a>",
        b"<a>" + _SET.replace(b"6", b"&amp;") + b"</a>",
        b"<a>" + _SET.replace(b"uint8", b"layer") + b"</a>",
        b"<a>" + _SET.replace(b"<uint8>", b"<item></item><uint8>") + b"</a>",
        b"<a>" + _SET.replace(b"\t<item>", b"x<item>") + b"</a>",
        b"<a>" + _SET.replace(b"numItems", b"new") + b"</a>",
        b"<a>" + _SET.replace(b"6", b"<!---->") + b"</a>",
        b"<a>" + _SET.replace(b"6", b"<b>" * 200 + b"</b>" * 200) + b"</a>",
        b"<dynamicKeywordAddresses>" + _SET + b"</dynamicKeywordAddresses>",
        _BEGIN + _ITEM + b"x" * (1 << 20) + _END,
        _BEGIN + _ITEM,
        _BEGIN + _END,
    ],
)
def test_what_is_not_written_in_the_usual_way_stays(data: bytes) -> None:
    assert _cut(data) == (data, [])


def test_conditions_without_their_marks_cannot_be_had() -> None:
    data = _STATE.replace(
        b"<filterCondition/>", b'<filterCondition cut="0"><item/></filterCondition>'
    )
    assert data != _STATE
    rows, _ = _parse(data)
    assert rows[-1]["conditions"] == '[{"field":null,"match":null,"type":null,"value":null}]'


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
    _assert_same(data[data.index(b"<wfp") :])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(_STATE)), st.integers(0, 40), st.sampled_from(_JUNK)),
        min_size=1,
        max_size=4,
    )
)
def test_any_damage_gives_the_same(changes: list[tuple[int, int, bytes]]) -> None:
    data = _STATE
    for at, cut, junk in changes:
        data = data[:at] + junk + data[at + cut :]
    _assert_same(data)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_JUNK), max_size=12), st.sampled_from([b"", _BEGIN]))
def test_any_parts_of_a_filter_give_the_same(parts: list[bytes], begin: bytes) -> None:
    item = b"<filterKey>{1}</filterKey>%s<filterId>1</filterId>"
    inner = begin + b"".join(parts) + (_END if begin else b"")
    filters = b"<filters><item>" + item % inner + b"</item></filters>"
    _assert_same(b"<wfpdiag>\n" + filters + b"\n" + filters + b"</wfpdiag>")
