"""One line of ``pfirewall.log`` at a time: what the fast reader could not take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from fleetaudit.parsers._firewall_log_layout import DATE, PATHS, REQUIRED, TIME
from fleetaudit.parsers._text import excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fleetaudit.parsers._firewall_log_layout import Layout

__all__ = ["EARLIEST", "LATEST", "LineReader", "Record", "table_of"]

EARLIEST: Final = date(1970, 1, 1)
LATEST: Final = date(2261, 12, 31)
"""Dates beyond these cannot be told in nanoseconds, and no Windows Firewall wrote them."""

_LONGEST_LINE = 65_536
_NULLS = ("-", "")
_BLANKS = " \t"
_NUMBER = re.compile(r"[0-9]{1,40}|0[xX][0-9a-fA-F]{1,16}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?")


@dataclass(frozen=True, slots=True)
class Record:
    """A line that could be read.

    Attributes:
        values: One for each column of the layout, converted; None where the log has ``-``.
        extra: The texts beyond the layout's last column.
        missing: How many columns at the end were not there.
    """

    values: tuple[Any, ...]
    extra: tuple[str, ...] = ()
    missing: int = 0


class LineReader:
    """Reads one line at a time by one layout."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._count = len(layout.fields)
        types = layout.types
        self._readers = [(column, _reader(column, types[column])) for column in layout.columns]
        columns = layout.columns
        self._path = columns.index("path") if "path" in columns else 0
        self._required = [(name, columns.index(name)) for name in REQUIRED if name in columns]

    def read(self, line: bytes) -> Record | str:
        """Return what ``line`` says, or why it says nothing, as a clause."""
        if self._layout.problem:
            return self._layout.problem
        if len(line) > _LONGEST_LINE:
            return f"the line is {len(line)} bytes long"
        parts = _split(line.decode("utf-8", "replace"), self._count)
        if len(parts) < self._layout.fewest:
            return f"{len(parts)} columns of {self._count}: {excerpt(line)}"
        missing = max(0, self._count - len(parts))
        parts = self._aligned(parts)
        values: list[Any] = []
        for text, (column, read) in zip(parts, self._readers, strict=False):
            try:
                values.append(None if text in _NULLS else read(text))
            except ValueError:
                return f"{column.replace('_', ' ')} cannot be {excerpt(text)}"
        values += [None] * (self._count - len(values))
        for name, position in self._required:
            if values[position] is None:
                return f"no {name.replace('_', ' ')}: {excerpt(line)}"
        return Record(tuple(values), extra=tuple(parts[self._count :]), missing=missing)

    def _aligned(self, parts: list[str]) -> list[str]:
        """Return the columns with a path that ends a line too early in its own column."""
        lacking = self._path + 1 - len(parts)
        if lacking <= 0 or parts[-1] not in PATHS:
            return parts
        return [*parts[:-1], *["-"] * lacking, parts[-1]]


def table_of(records: Sequence[Record], layout: Layout) -> Any:  # noqa: ANN401 - pyarrow has no type information
    """Return the records as the table that the fast reader would have made of their lines."""
    types = layout.types
    rows = [record.values for record in records]
    columns = zip(*rows, strict=True)
    arrays = {
        name: pa.array(values, type=types[name])
        for name, values in zip(layout.columns, columns, strict=True)
    }
    return pa.table(arrays)


def _split(text: str, count: int) -> list[str]:
    """Split as the fast reader does; where that does not give ``count``, at any run of spaces."""
    exact = text.split(" ")
    return exact if len(exact) == count else text.split()


def _reader(column: str, kind: Any) -> Callable[[str], Any]:  # noqa: ANN401 - pyarrow has no type information
    """Return what makes a value of a text, by the rules of Arrow's own conversion."""
    if column in (DATE, TIME):
        return _date if column == DATE else _time
    return partial(_number, limit=2**kind.bit_width) if pa.types.is_integer(kind) else str


def _number(text: str, *, limit: int) -> int:
    text = text.strip(_BLANKS)
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    number = int(text, 16 if text[:2] in ("0x", "0X") else 10)
    if number >= limit:
        raise ValueError(text)
    return number


def _date(text: str) -> date:
    text = text.strip(_BLANKS)
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    day = date.fromisoformat(text)
    if not EARLIEST <= day <= LATEST:
        raise ValueError(text)
    return day


def _time(text: str) -> time:
    text = text.strip(_BLANKS)
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    return time.fromisoformat(text)
