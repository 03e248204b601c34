"""The cells of many events: as columns of their table, and which rows are not as they should be.

A column of cells either has a few different ones, which are read one by one, or is taken as a whole
by Arrow, without a Python object for any.
"""

from __future__ import annotations

import string
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
from pyarrow import compute as pc

from fleetaudit.parsers._event_columns import typed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Cell", "Column", "Sheet", "combined"]

_INDEX: Final = pa.int32()
_LONGEST_REMEMBERED: Final = 256
_PLAIN: Final = (string.ascii_letters + string.digits + " !#$%()*+,-./:;=?@[]^_`{|}~").encode()
"""Characters that stand for themselves in XML and in JSON, whatever is around them."""
_ABSENT: Final = pa.array(["", "-"])


class Cell(NamedTuple):
    """How the cells of a column are written; where nothing reads them, all are ``prefix``."""

    prefix: str
    suffix: str = ""
    read: Callable[[str], Any] | None = None
    is_text: bool = False

    def value(self, text: str) -> Any:  # noqa: ANN401 -- whatever an event holds
        """Return the value of a cell.

        Raises:
            ValueError: It is written otherwise.
        """
        start, end = len(self.prefix), len(text) - len(self.suffix)
        is_alike = text.startswith(self.prefix) and text.endswith(self.suffix)
        if self.read is None or start > end or not is_alike:
            raise ValueError(text)
        return self.read(text[start:end])


class Column(NamedTuple):
    """The different values of a column, and which of them each row has; None for a single one."""

    values: list[Any]
    indices: pa.Int32Array | None = None


class Sheet:
    """The cells of some rows.

    Attributes:
        height: How many rows there are.
        odd: Which rows have a cell that is written otherwise, or a value that is not what its
            column holds; None where no row has.
    """

    def __init__(self, cells: Sequence[Cell], split: Sequence[pa.Array]) -> None:
        self.height = len(split[0])
        self.odd: pa.BooleanArray | None = None
        self._cells = cells
        self._split = split
        self._unread = set(range(len(cells)))
        self._zeros = pa.repeat(pa.scalar(0, _INDEX), self.height)

    def typed(self, column: pa.Field, source: int | Column) -> pa.Array:
        """Return a column in the type that it has in its table."""
        if isinstance(source, int) and pa.types.is_string(self._split[source].type):
            array = _plain(self._split[source], self._cells[source], column.type)
            if array is not None:
                self._unread.discard(source)
                return array
        few = self.column(source)
        indices = self._zeros if few.indices is None else few.indices
        values, bad = _typed(column, few.values)
        if bad:
            self._mark(pc.is_in(indices, pa.array(bad, _INDEX)))
        return values.take(indices)

    def column(self, source: int | Column) -> Column:
        """Return a column as its different values."""
        if isinstance(source, Column):
            return source
        self._unread.discard(source)
        cell, cells = self._cells[source], self._split[source]
        if not pa.types.is_dictionary(cells.type):
            cells = cells.dictionary_encode()
        values: list[Any] = []
        odd: list[int] = []
        for number, text in enumerate(cells.dictionary.to_pylist()):
            try:
                values.append(cell.value(text))
            except ValueError:
                values.append(None)
                odd.append(number)
        if odd:
            self._mark(pc.is_in(cells.indices, pa.array(odd, _INDEX)))
        return Column(values, cells.indices if len(values) > 1 else None)

    def check_rest(self) -> None:
        """Read the cells that became no column, to know that they are as they should be."""
        for number in sorted(self._unread):
            cell = self._cells[number]
            if cell.read is not None:
                self.column(number)
                continue
            is_alike = pc.equal(self._split[number], pa.scalar(cell.prefix))
            if not pc.all(is_alike).as_py():
                self._mark(pc.invert(is_alike))

    def _mark(self, odd: pa.BooleanArray) -> None:
        self.odd = odd if self.odd is None else pc.or_(self.odd, odd)


def _typed(column: pa.Field, values: list[Any]) -> tuple[pa.Array, list[int]]:
    if len(values) == 1 and len(str(values[0])) <= _LONGEST_REMEMBERED:
        return _typed_one(column, values[0])
    return typed(column, values)


@lru_cache(maxsize=1024)
def _typed_one(column: pa.Field, value: str | int | None) -> tuple[pa.Array, list[int]]:
    """Return what :func:`typed` does; most columns of few values have one, and the same again."""
    return typed(column, [value])


def _plain(cells: pa.StringArray, cell: Cell, kind: pa.DataType) -> pa.Array | None:
    """Return what the cells hold, without a Python object for any; None if one is not plain."""
    is_number = pa.types.is_integer(kind)
    if pa.types.is_boolean(kind) or not (cell.is_text or is_number):
        return None
    start, end = len(cell.prefix.encode()), len(cell.suffix.encode())
    lengths = pc.min_max(pc.binary_length(cells))
    shortest, longest = lengths["min"].as_py(), lengths["max"].as_py()
    is_alike = pc.and_(pc.starts_with(cells, cell.prefix), pc.ends_with(cells, cell.suffix))
    if shortest < start + end or not pc.all(is_alike).as_py():
        return None
    values = pc.binary_slice(cells.cast(pa.binary()), start, -end or longest)
    texts = values.cast(pa.string())
    if not is_number:
        if b"".join(values.buffers()[2:]).translate(None, _PLAIN):
            return None
        if shortest <= start + end + 1:
            texts = pc.if_else(pc.is_in(texts, _ABSENT), None, texts)
    try:
        return texts.dictionary_encode() if pa.types.is_dictionary(kind) else texts.cast(kind)
    except pa.ArrowInvalid:
        return None


def combined(columns: list[Column]) -> Column:
    """Return the different rows of some columns, as tuples, and which of them each row is."""
    rows: list[tuple[Any, ...]] = [()]
    key: Any = None
    for column in columns:
        values = column.values
        if column.indices is None:
            rows = [(*row, values[0]) for row in rows]
            continue
        indices = column.indices.cast(pa.int64())
        whole = indices if key is None else pc.add(pc.multiply(key, len(values)), indices)
        encoded = whole.dictionary_encode()
        key = encoded.indices.cast(pa.int64())
        rows = [
            (*rows[number // len(values)], values[number % len(values)])
            for number in encoded.dictionary.to_pylist()
        ]
    return Column(rows, key)
