"""Rows of raw event values as typed Arrow columns, a batch at a time.

A value that is not what its column holds becomes null, is kept in ``other_fields`` under the
column's name, and is told in an issue: one an affected column and batch.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa

from fleetaudit.records.evidence import Issue, Rows
from fleetaudit.records.tables import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["EventTable", "typed"]

_ABSENT: Final = frozenset({"", "-"})
_PIECE_ROWS: Final = 2048
_MOST_DIGITS: Final = 20
_LONGEST_REPR: Final = 4096
_FAILURE: Final = 0x10000000000000
_MOST_REMEMBERED: Final = 1 << 17
_FLAGS: Final = MappingProxyType({"%%1825": True, "%%1826": False, "true": True, "false": False})

_PLAIN: Final = frozenset({str, int, type(None)})
_ARROW_REFUSES: Final = (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, TypeError, ValueError)


class EventTable:
    """Gathers rows of one table and gives them as batches.

    A row holds one raw value a column; the times are texts, ``is_failure`` is Keywords.
    """

    def __init__(self, table: str, source: str) -> None:
        self._table = table
        self._schema = SCHEMAS[table]
        self._source = source
        self._pieces: list[list[Any]] = []
        self._issues: list[Issue] = []
        self._settled = 0
        self.rows: list[tuple[Any, ...]] = []

    def settle(self, at_least: int = _PIECE_ROWS) -> int:
        """Turn the rows into arrays if they are ``at_least`` so many; return the height so far.

        Done in small pieces, because objects that stay in the processor's cache cost half.
        """
        if len(self.rows) >= at_least:
            self._settled += len(self.rows)
            self._pieces.append(self.arrays(self.rows))
            self.rows.clear()
        return self._settled + len(self.rows)

    def add(self, arrays: list[Any]) -> None:
        """Append rows that are columns already."""
        self._pieces.append(arrays)
        self._settled += len(arrays[0])

    def flush(self) -> Iterator[Rows | Issue]:
        """Yield the rows gathered so far as one batch, after the issues of their values."""
        if not self.settle(1):
            return
        pieces, self._pieces, self._settled = self._pieces, [], 0
        issues, self._issues = self._issues, []
        yield from issues
        arrays = [
            # Pieces of a dictionary-encoded column become one with one dictionary.
            pa.concat_arrays(parts)
            for parts in zip(*pieces, strict=True)
        ]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        yield Rows(table=self._table, batch=batch)

    def arrays(self, rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Return rows as columns; what is wrong with their values is told with the next batch."""
        columns = [list(column) for column in zip(*rows, strict=True)]
        arrays: list[Any] = []
        refused: list[tuple[str, list[int]]] = []
        for field, values in zip(self._schema, columns, strict=True):
            if field.name == "other_fields":
                _keep_refused(values, columns, refused, self._schema.names)
            array, bad = typed(field, values)
            arrays.append(array)
            if bad:
                refused.append((field.name, bad))
        self._issues += (
            _refusal(name, bad, columns, self._schema.names, self._source) for name, bad in refused
        )
        return arrays


def _keep_refused(
    others: list[Any],
    columns: list[list[Any]],
    refused: list[tuple[str, list[int]]],
    names: Sequence[str],
) -> None:
    """Write every refused value into the JSON text of its row."""
    for name, bad in refused:
        values = columns[names.index(name)]
        for index in bad:
            kept = orjson.loads(others[index] or "{}")
            kept[name] = values[index]
            try:
                others[index] = orjson.dumps(kept).decode()
            except TypeError:
                # Nested deeper than JSON is written.
                kept[name] = repr(values[index])[:_LONGEST_REPR]
                others[index] = orjson.dumps(kept).decode()


def _refusal(
    name: str, bad: list[int], columns: list[list[Any]], names: Sequence[str], source: str
) -> Issue:
    """Return the issue for the refused values of one column."""
    first = bad[0]
    value = columns[names.index(name)][first]
    shown = repr(value)[:80]
    more = f", and {len(bad) - 1} more in this column" if len(bad) > 1 else ""
    return Issue(
        source=source,
        where=f"record {columns[0][first]}",
        problem=f"{name} cannot be {shown}{more}; kept in other_fields",
        lost=0,
    )


def typed(field: pa.Field, values: list[Any]) -> tuple[pa.Array, list[int]]:
    """Return the column, and the rows whose value it refuses (null there)."""
    if field.name == "time":
        return _times(values, field.type)
    if field.name == "is_failure":
        return _converted(values, _is_failure, field.type)
    if pa.types.is_boolean(field.type):
        return _converted(values, _flag, field.type)
    if pa.types.is_integer(field.type):
        return _numbers(values, field.type)
    texts = _texts(values)
    return texts.dictionary_encode() if pa.types.is_dictionary(field.type) else texts, []


def _numbers(values: list[Any], kind: pa.DataType) -> tuple[pa.Array, list[int]]:
    types = set(map(type, values)) - {type(None)}
    try:
        if types <= {int}:
            return pa.array(values, kind), []
        if types <= {str}:
            return pa.array(values, pa.string()).cast(kind), []
    except _ARROW_REFUSES:
        pass
    limit = 1 << kind.bit_width

    def number(value: Any) -> int | None:  # noqa: ANN401 -- whatever JSON holds
        parsed = _number(value)
        return parsed if parsed is not None and 0 <= parsed < limit else None

    return _converted(values, number, kind)


def _number(value: Any) -> int | None:  # noqa: ANN401 -- whatever JSON holds
    """Return an integer written as a number, decimal, ``0x1f4`` or ``%%14592``, else None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str) or len(value) > _MOST_DIGITS or not value.isascii():
        return None
    digits = value.removeprefix("%%")
    if digits.isdigit():
        return int(digits)
    try:
        return int(digits, 16) if digits[:2] in {"0x", "0X"} else None
    except ValueError:
        return None


def _is_failure(value: Any) -> bool | None:  # noqa: ANN401 -- whatever JSON holds
    number = _number(value)
    return None if number is None else bool(number & _FAILURE)


def _flag(value: Any) -> bool | None:  # noqa: ANN401 -- whatever JSON holds
    if isinstance(value, bool):
        return value
    return _FLAGS.get(value.casefold()) if isinstance(value, str) else None


class _Remembering(dict[Any, Any]):
    """Answers of a function by argument; refused arguments are in ``bad``."""

    def __init__(self, convert: Callable[[Any], Any]) -> None:
        self._convert = convert
        self.bad: set[Any] = set()
        super().__init__({None: None} | dict.fromkeys(_ABSENT))

    def __missing__(self, value: Any) -> Any:  # noqa: ANN401 -- any JSON value to any cell
        converted = self._convert(value)
        if converted is None:
            self.bad.add(value)
        elif len(self) < _MOST_REMEMBERED:
            self[value] = converted
        return converted


def _converted(
    values: list[Any], convert: Callable[[Any], Any], kind: pa.DataType
) -> tuple[pa.Array, list[int]]:
    """Convert value by value, the same value once; absent ones are null and not refused."""
    if not _PLAIN.issuperset(map(type, values)):
        # What is no key of a dictionary, or is equal to another value: True to 1.
        cells = [_cell(value, convert) for value in values]
        bad = [
            index
            for index, value in enumerate(values)
            if cells[index] is None and not _is_absent(value)
        ]
        return pa.array(cells, kind), bad
    remembering = _Remembering(convert)
    cells = [remembering[value] for value in values]
    bad = []
    if remembering.bad:
        bad = [index for index, value in enumerate(values) if value in remembering.bad]
    return pa.array(cells, kind), bad


def _is_absent(value: Any) -> bool:  # noqa: ANN401 -- whatever JSON holds
    return value is None or (isinstance(value, str) and value in _ABSENT)


def _cell(value: Any, convert: Callable[[Any], Any]) -> Any:  # noqa: ANN401 -- likewise
    return None if _is_absent(value) else convert(value)


def _times(values: list[Any], kind: pa.DataType) -> tuple[pa.Array, list[int]]:
    try:
        return pa.array(values, pa.string()).cast(kind), []
    except _ARROW_REFUSES:
        return _converted(values, lambda text: _time(text, kind), kind)


def _time(text: Any, kind: pa.DataType) -> Any:  # noqa: ANN401 -- an Arrow scalar
    try:
        return pa.scalar(text, pa.string()).cast(kind)
    except _ARROW_REFUSES:
        return None


def _texts(values: list[Any]) -> pa.Array:
    """Return texts; ``-`` and empty ones are null, numbers and objects are their JSON text."""
    if "-" in values or "" in values:
        values = [None if _is_absent(value) else value for value in values]
    try:
        return pa.array(values, pa.string())
    except _ARROW_REFUSES:
        texts = [
            value if value is None or isinstance(value, str) else orjson.dumps(value).decode()
            for value in values
        ]
        return pa.array(texts, pa.string())
