from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.transport._complaints import Complaints
from fleetaudit.transport._text import visible
from fleetaudit.transport.framing import FramingError, Limits


class Record:
    def __init__(self, message: str, fq_error: str | None = "E") -> None:
        self._message = message
        self.fq_error = fq_error

    def __str__(self) -> str:
        return self._message


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_what_is_shown_is_one_short_printable_line(text: str) -> None:
    shown = visible(text, 50)
    assert len(shown) <= 50
    assert shown.isprintable()
    shown.encode()


def test_ordinary_text_is_shown_as_it_is() -> None:
    assert visible("Zugriff\r\nverweigert: C:\\Temp") == "Zugriff verweigert: C:\\Temp"


def test_controls_directions_and_surrogates_are_escaped() -> None:
    assert visible("\x1b[2J\u202e\ud800") == "\\x1b[2J\\u202e\\ud800"


def test_the_last_error_is_what_ended_the_script() -> None:
    complaints = Complaints(Limits())
    complaints.add([Record("first", "A"), Record("last", "B")])
    assert complaints.last_message == "last"
    assert complaints.identifiers == ["A", "B"]
    assert complaints.lines == ("first", "last")


def test_an_error_without_text_or_identifier_is_still_counted() -> None:
    complaints = Complaints(Limits())
    complaints.add([Record("", None)])
    assert complaints.lines == ("an error without a text",)
    assert not complaints.unsupported


def test_a_flood_of_errors_is_refused() -> None:
    complaints = Complaints(Limits(errors=5))
    with pytest.raises(FramingError, match="more than 5 errors"):
        complaints.add([Record("x")] * 6)
