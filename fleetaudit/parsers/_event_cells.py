r"""Many event texts of one layout as columns, without taking any one of them apart.

The texts of one kind of event differ in their values alone, so Arrow's CSV reader can split a
thousand of them at their commas at once::

    "TimeCreated":{"#attributes":{"SystemTime":"2026-11-21T08:00:01.512340Z"}} , "EventRecordID":7 ,
    ... , "Computer":"WEB01" , "Security":null} , "EventData":{"ProcessID":820 , "DestPort":"445"}}}

Each column then has a few different cells, and every one must be the same beginning, one JSON
value and the same end as in the first text, whose layout was learned from its decoded form. Where
all are, the texts have that layout, by construction; where one is not, or a value is not what its
column holds, there is no answer and the texts are read one by one: this way decides about speed
and never about the answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa
from pyarrow import compute as pc
from pyarrow import csv

from fleetaudit.parsers._event_columns import typed
from fleetaudit.parsers._security_fields import Layout, layout_of
from fleetaudit.records.tables import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetaudit.parsers._event_text import EventHead, EventTail

__all__ = ["CellLayout", "learn"]

# No possessive groups: before Python 3.11.5 they match wrongly (python/cpython issue 106052).
_CELL: Final = re.compile(
    r'(?P<prefix>(?:"[^"\\]*":\{?)+)'
    r'(?P<value>"(?:[^"\\]|\\.)*"|-?[0-9]+|null)'
    r"(?P<suffix>\}*+)"
)
_TIME: Final = '"TimeCreated":{"#attributes":{"SystemTime":'
_RECORD_ID: Final = '"EventRecordID":'
_COMPUTER: Final = '"Computer":'
_DATA: Final = '"EventData":{'
_LINE_END: Final = "\n"
_MOST_CELLS: Final = 100
_PLAIN: Final = frozenset({str, int, type(None)})
_INDEX: Final = pa.int32()


@dataclass(frozen=True, slots=True)
class _Column:
    """Values of a column, and which of them each row has.

    Without indices, a single value is every row's, and several are one row's each.
    """

    values: list[Any]
    indices: pa.Int32Array | None = None


@dataclass(frozen=True, slots=True)
class CellLayout:
    """What the cells of one kind of event begin and end with, and which columns they become.

    Attributes:
        head: What the texts have in common.
        ends: Beginning and end of each cell.
        own: Which cells are the record id, the time and the computer.
        data: Where the cells of the fields begin.
        fields: How the fields become columns.
        various: Which cells differ from row to row and are not worth being told apart.
    """

    head: EventHead
    ends: tuple[tuple[str, str], ...]
    own: tuple[int, int, int]
    data: int
    fields: Layout
    various: set[str]

    def arrays(self, texts: Sequence[str]) -> tuple[list[pa.Array], list[int]] | None:
        """Return the columns of the table, and which texts have other cells and are not in them.

        None where the texts have to be read one by one. Texts in columns are not
        dictionary-encoded yet.
        """
        split, others = self._cells(texts)
        columns: list[_Column] = []
        for index, (cells, ends) in enumerate(zip(split, self.ends, strict=False)):
            column = _column(cells, *ends)
            if column is None:
                return None
            columns.append(column)
            if 2 * len(column.values) > len(texts):
                self.various.add(str(index))
        if len(columns) < len(self.ends):
            return None
        arrays = self._arrays(columns, len(texts) - len(others))
        return None if arrays is None else (arrays, others)

    def _arrays(self, columns: list[_Column], count: int) -> list[pa.Array] | None:
        record_id, time, computer = (columns[index] for index in self.own)
        head = self.head
        constants = (_Column([one]) for one in (head.code, head.version, head.keywords))
        code, version, keywords = constants
        nothing, provider = _Column([None]), _Column([head.provider])
        own = (record_id, time, code, version, computer, keywords, nothing, provider)
        every = (*own, *columns[self.data :], nothing)
        picked = [*self.fields.pick(every), self._others(every, count)]
        return _typed_columns(SCHEMAS[head.table], picked, count)

    def _cells(self, texts: Sequence[str]) -> tuple[list[pa.Array], list[int]]:
        """Return the cells of the texts, and which texts have more or fewer of them."""
        start = self.head.length
        data = "\n".join([text[start:] for text in texts]).encode()
        names = [str(index) for index in range(len(self.ends))]
        types = dict.fromkeys(names, pa.dictionary(_INDEX, pa.string()))
        types |= dict.fromkeys(self.various, pa.string())
        others: list[int] = []

        def skip(row: csv.InvalidRow) -> str:
            others.append(row.number - 1)
            return "skip"

        try:
            table = csv.read_csv(
                pa.BufferReader(data),
                read_options=csv.ReadOptions(
                    column_names=names, use_threads=False, block_size=len(data) + 1
                ),
                parse_options=csv.ParseOptions(
                    quote_char=False,
                    double_quote=False,
                    ignore_empty_lines=False,
                    invalid_row_handler=skip,
                ),
                convert_options=csv.ConvertOptions(
                    check_utf8=False,
                    null_values=[],
                    column_types=types,
                ),
            )
        except pa.ArrowInvalid:
            return [], []
        # A line end within a text, which JSON allows between its parts, would make a row of it.
        if table.num_rows + len(others) != len(texts) or table.column(0).num_chunks != 1:
            return [], []
        return [column.chunk(0) for column in table.columns], others

    def _others(self, every: tuple[_Column, ...], count: int) -> _Column:
        """Return the JSON texts of the fields without a column."""
        layout = self.fields
        if layout.pick_others is None:
            return _Column([layout.no_others])
        picked = layout.pick_others(every)
        columns = list(picked) if len(layout.others) > 1 else [picked]
        combined = _combined(columns, count)
        return _Column([layout.text(row) for row in combined.values], combined.indices)


def learn(text: str, head: EventHead, tail: EventTail) -> CellLayout | None:
    """Return the layout of a text that was read as ``tail``, or None if it has none."""
    cells = text[head.length :].split(",")
    found = [_CELL.fullmatch(cell) for cell in cells[:_MOST_CELLS]]
    matches = [match for match in found if match]
    if len(matches) < len(cells):
        return None
    prefixes = [match["prefix"] for match in matches]
    data = next((at for at, prefix in enumerate(prefixes) if prefix.startswith(_DATA)), 0)
    time, record_id, _, computer, fields = tail
    names = tuple(fields)
    # The text is known to be JSON, so names of the same number in the same order are these.
    if not data or [*map(_field_prefix, names)] != [
        prefixes[data].removeprefix(_DATA),
        *prefixes[data + 1 :],
    ]:
        return None
    places = _places(prefixes[:data])
    if places is None:
        return None
    own = [orjson.loads(matches[place]["value"]) for place in places]
    if [str(one) for one in own] != [str(record_id), time, computer]:
        return None
    return CellLayout(
        head=head,
        ends=tuple((match["prefix"], match["suffix"]) for match in matches),
        own=places,
        data=data,
        fields=layout_of(head.table, head.code, names),
        various=set(),
    )


def _field_prefix(name: str) -> str:
    return f'"{name}":'


def _places(prefixes: Sequence[str]) -> tuple[int, int, int] | None:
    """Return which cells of System are the record id, the time and the computer."""
    try:
        record_id, time, computer = map(prefixes.index, (_RECORD_ID, _TIME, _COMPUTER))
    except ValueError:
        return None
    return record_id, time, computer


def _column(cells: pa.Array, prefix: str, suffix: str) -> _Column | None:
    """Return the values between ``prefix`` and ``suffix``, or None if a cell is different.

    A cell has no comma, so as many values as cells means that each cell holds one whole value.
    """
    is_told_apart = pa.types.is_dictionary(cells.type)
    different = cells.dictionary if is_told_apart else cells
    count = len(different)
    one = pa.ListArray.from_arrays(pa.array([0, count], _INDEX), different)
    text = f"{suffix}\n{pc.binary_join(one, _LINE_END)[0].as_py()}\n{prefix}"
    between = f"{suffix}\n{prefix}"
    # There is a line end before, between and behind the cells, and none within one.
    if text.count(between) != count + 1:
        return None
    try:
        values = orjson.loads(f"[{text.replace(between, ',')[1:-1]}]")
    except ValueError:
        return None
    if len(values) != count or not _PLAIN.issuperset(map(type, values)):
        return None
    return _Column(values, cells.indices if is_told_apart and count > 1 else None)


def _combined(columns: list[_Column], count: int) -> _Column:
    """Return the different rows of some columns, as tuples, and which of them each row is."""
    rows: list[tuple[Any, ...]] = [()]
    key: Any = None
    for column in columns:
        values = column.values
        if len(values) == 1:
            rows = [(*row, values[0]) for row in rows]
            continue
        indices = pa.array(range(count)) if column.indices is None else column.indices
        indices = indices.cast(pa.int64())
        whole = indices if key is None else pc.add(pc.multiply(key, len(values)), indices)
        encoded = whole.dictionary_encode()
        key = encoded.indices.cast(pa.int64())
        rows = [
            (*rows[number // len(values)], values[number % len(values)])
            for number in encoded.dictionary.to_pylist()
        ]
    return _Column(rows, key)


def _typed_columns(
    schema: pa.Schema, columns: Sequence[_Column], count: int
) -> list[pa.Array] | None:
    """Return the columns in the types of their table, or None if one refuses a value."""
    arrays = []
    zeros = pa.repeat(pa.scalar(0, _INDEX), count)
    for field, column in zip(schema, columns, strict=True):
        values, bad = typed(field, column.values)
        if bad:
            return None
        indices = zeros if len(values) == 1 else column.indices
        arrays.append(values if indices is None else values.take(indices))
    return arrays
