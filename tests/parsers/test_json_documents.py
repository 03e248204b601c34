"""Documents of a file are found whatever stands between them, and damage costs what is damaged."""

from __future__ import annotations

import io
import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from fleetaudit.parsers._json_documents import LONGEST_DOCUMENT, documents

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
_OBJECTS = st.lists(st.dictionaries(st.text(max_size=5), _VALUES, max_size=4), max_size=5)


def _read(data: bytes) -> tuple[list[Any], list[str]]:
    found = list(documents(io.BytesIO(data)))
    values: list[Any] = []
    for one in found:
        if one.problem:
            continue
        values.extend(one.value if isinstance(one.value, list) else [one.value])
    return values, [one.problem for one in found if one.problem]


@settings(max_examples=200, deadline=None)
@example(
    objects=[{"a": [[[None]] * 9]}, {}],
    indent=0,
    between="\nRecord 7\n",
    is_array=False,
    is_ascii=True,
    encoding="utf-8",
)
@given(
    objects=_OBJECTS,
    indent=st.sampled_from([None, 0, 1, 2, 4]),
    between=st.sampled_from(["", "\n", "\r\n", ",\n", " ", "\n\n", "\nRecord 7\n"]),
    is_array=st.booleans(),
    is_ascii=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_every_layout_gives_the_same_documents(
    *,
    objects: list[Any],
    indent: int | None,
    between: str,
    is_array: bool,
    is_ascii: bool,
    encoding: str,
) -> None:
    if is_array:
        text = json.dumps(objects, indent=indent, ensure_ascii=is_ascii)
    else:
        parts = [json.dumps(one, indent=indent, ensure_ascii=is_ascii) for one in objects]
        text = between.join(parts)
    assert _read(text.encode(encoding)) == (objects, [])


@settings(max_examples=200, deadline=None)
@given(objects=_OBJECTS, indent=st.sampled_from([None, 2]), cut=st.integers(0, 10_000))
def test_what_follows_a_document_without_its_end_is_found(
    *, objects: list[Any], indent: int | None, cut: int
) -> None:
    whole = json.dumps({"a": 1, "b": [True, {"c": "d"}]}, indent=indent)
    text = "\n".join([whole[: 1 + cut % (len(whole) - 1)], *(json.dumps(one) for one in objects)])
    values, problems = _read(text.encode())
    assert values == objects
    assert len(problems) == 1


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='{}[]",:\n \\a1é', max_size=60) | st.binary(max_size=60).map(repr))
def test_any_text_comes_to_its_end(text: str) -> None:
    _read(text.encode())


def test_numbers_that_64_bits_do_not_hold_stay_texts() -> None:
    values, problems = _read(b'{"a": 18446744073709551615, "b": 18446744073709551616,\n"c": NaN}')
    assert problems == []
    assert values == [{"a": 2**64 - 1, "b": "18446744073709551616", "c": "NaN"}]


def test_a_character_at_the_end_of_a_block_stays_whole() -> None:
    objects = [{"a": "é" * 999, "n": number} for number in range(2_500)]
    for shift in range(4):
        data = b" " * shift + json.dumps(objects, ensure_ascii=False).encode()
        assert _read(data) == (objects, [])


def test_a_document_longer_than_any_event_is_one_problem() -> None:
    data = b'{"a":"' + b"x" * (LONGEST_DOCUMENT + (1 << 22)) + b'"}\n{"b":1}\n'
    values, problems = _read(data)
    assert values == [{"b": 1}]
    assert [problem[:12] for problem in problems] == ["is longer th"]
