r"""Many event texts of one layout as columns, without taking any one of them apart.

The texts of one kind of event differ in their values alone, so Arrow's CSV reader can split some
thousand of them at once, JSON at its commas and XML at its ``>``::

    "TimeCreated":{"#attributes":{"SystemTime":"2026-11-21T08:00:01.512340Z"}} , "EventRecordID":7 ,
    ... , "Computer":"WEB01" , "Security":null} , "EventData":{"ProcessID":820 , "DestPort":"445"}}}

    <TimeCreated SystemTime='2026-11-21T08:00:01.512340000Z'/ > <EventRecordID > 7</EventRecordID >
    ... > <Data Name='ProcessID' > 820</Data > <Data Name='DestPort' > 445</Data > </EventData >

Every cell of a column must be the same beginning, one plain value and the same end as in the text
that the layout was learned from, and that text was read thoroughly. Texts for which this holds
have that layout, by construction. Those with another cell, or a value that is not what its column
holds, are named, to be read one by one: this way decides about speed and never about the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
from pyarrow import compute as pc
from pyarrow import csv

from fleetaudit.parsers._dns_results import read_results
from fleetaudit.parsers._event_sheet import Cell, Column, Sheet, combined
from fleetaudit.parsers._security_fields import Layout, layout_of
from fleetaudit.records.tables import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fleetaudit.parsers._event_record import Event, EventHead

__all__ = ["CellLayout", "Value", "learn"]

_MOST_CELLS: Final = 200
_FEW: Final = pa.dictionary(pa.int32(), pa.string())
_FEW_OF: Final = 8
"""One different cell in so many rows is few."""


class Value(NamedTuple):
    """A value in the text that a layout is learned from.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        read: Gives the value for its text; raises ValueError if that is not one plain value.
        is_text: Whether the value is its text, where that has no characters but plain ones.
    """

    start: int
    end: int
    read: Callable[[str], Any]
    is_text: bool


@dataclass(frozen=True, slots=True)
class CellLayout:
    """What the cells of one kind of event begin and end with, and which columns they become.

    Attributes:
        head: What the texts have in common.
        separator: The character between cells.
        cells: How they are written.
        own: What is the record id, the time, the computer and the process id of Execution: a
            cell's number, or a value that all have.
        data: What are the fields.
        fields: How they become columns.
        various: Which cells differ from row to row, so that to tell them apart gains nothing.
    """

    head: EventHead
    separator: str
    cells: tuple[Cell, ...]
    own: tuple[int | Column, ...]
    data: tuple[int | Column, ...]
    fields: Layout
    various: set[int] = field(default_factory=set)

    def arrays(self, lines: bytes, count: int) -> tuple[list[pa.Array], list[int]]:
        """Return the columns of the table, and which lines have other cells and are not in them.

        A line is a text without the beginning that all of its kind have; there are ``count``.
        """
        split, others = self._split(lines)
        if not split or len(split[0]) + len(others) != count:
            return [], list(range(count))
        sheet = Sheet(self.cells, split)
        schema = SCHEMAS[self.head.table]
        sources = zip(schema, self._sources(sheet), strict=True)
        arrays = [sheet.typed(column, source) for column, source in sources]
        sheet.check_rest()
        if sheet.odd is None:
            return arrays, others
        left_out = set(others)
        rows = [index for index in range(count) if index not in left_out]
        others += [index for index, odd in zip(rows, sheet.odd.to_pylist(), strict=True) if odd]
        is_usual = pc.invert(sheet.odd)
        return [array.filter(is_usual) for array in arrays], sorted(others)

    def _sources(self, sheet: Sheet) -> list[int | Column]:
        """Return what each column of the table comes from."""
        head, nothing = self.head, Column([None])
        code, version, keywords, provider = (
            Column([one]) for one in (head.code, head.version, head.keywords, head.provider)
        )
        record_id, time, computer, process_id = self.own
        own = (record_id, time, code, version, computer, keywords, process_id, provider)
        every = (*own, *self.data, nothing)
        sources = list(self.fields.pick(every))
        if self.fields.has_results:
            results = sheet.column(sources[-1])
            answers = zip(*map(read_results, results.values), strict=True)
            sources += [Column(list(texts), results.indices) for texts in answers]
        return [*sources, self._others(sheet, every)]

    def _others(self, sheet: Sheet, every: tuple[int | Column, ...]) -> Column:
        """Return the JSON texts of the fields without a column."""
        layout = self.fields
        if layout.pick_others is None:
            return Column([layout.no_others])
        rows = combined([sheet.column(one) for one in layout.pick_others(every)])
        return Column([layout.text(row) for row in rows.values], rows.indices)

    def _split(self, lines: bytes) -> tuple[list[pa.Array], list[int]]:
        """Return the cells of the lines, and which lines have more or fewer of them."""
        types = {
            str(number): pa.string() if cell.read is None or number in self.various else _FEW
            for number, cell in enumerate(self.cells)
        }
        others: list[int] = []

        def skip(row: csv.InvalidRow) -> str:
            others.append(row.number - 1)
            return "skip"

        try:
            table = csv.read_csv(
                pa.BufferReader(lines),
                read_options=csv.ReadOptions(
                    column_names=list(types), use_threads=False, block_size=len(lines) + 1
                ),
                parse_options=csv.ParseOptions(
                    delimiter=self.separator,
                    quote_char=False,
                    double_quote=False,
                    ignore_empty_lines=False,
                    invalid_row_handler=skip,
                ),
                convert_options=csv.ConvertOptions(
                    check_utf8=False, null_values=[], column_types=types
                ),
            )
        except pa.ArrowInvalid:
            return [], []
        batches = table.to_batches()
        if len(batches) != 1:
            return [], []
        split = batches[0].columns
        for number, cells in enumerate(split):
            if pa.types.is_dictionary(cells.type) and _FEW_OF * len(cells.dictionary) > len(cells):
                self.various.add(number)
                split[number] = cells.dictionary_decode()
        return split, others


def learn(
    head: EventHead,
    event: Event,
    rest: str,
    *,
    separator: str,
    values: Sequence[Value],
    own: Sequence[int | None],
    fields: Mapping[str, int | None],
) -> CellLayout | None:
    """Return the layout of a text that begins with ``head`` and goes on with ``rest``.

    None where two values share a cell, or are not those of the event.

    Args:
        head: What the texts have in common.
        event: What the text says, read thoroughly.
        rest: The text behind the beginning.
        separator: The character between cells.
        values: The values in ``rest``, in their order.
        own: Which of them are the record id, the time, the computer and the process id, if any.
        fields: Which of them is each field; None for an empty text.
    """
    read = [value.read(rest[value.start : value.end]) for value in values]
    said = [None if one is None else str(read[one]) for one in own]
    thorough = [event.head[number] for number in (0, 1, 4, 6)]
    if said != [None if one is None else str(one) for one in thorough]:
        return None
    data = ["" if one is None else read[one] for one in fields.values()]
    if (tuple(fields), tuple(data)) != (event.names, event.values):
        return None
    cells, places = _cells(rest, separator, values)
    if len(places) < len(values) or len(cells) > _MOST_CELLS:
        return None
    return CellLayout(
        head=head,
        separator=separator,
        cells=tuple(cells),
        own=tuple(Column([None]) if one is None else places[one] for one in own),
        data=tuple(Column([""]) if one is None else places[one] for one in fields.values()),
        fields=layout_of(head.table, head.code, event.names),
    )


def _cells(rest: str, separator: str, values: Sequence[Value]) -> tuple[list[Cell], dict[int, int]]:
    """Return how the cells are written, and in which of them each value stands alone."""
    cells: list[Cell] = []
    places: dict[int, int] = {}
    begin = 0
    for number, text in enumerate(rest.split(separator)):
        end = begin + len(text)
        inside = [
            one for one, value in enumerate(values) if begin <= value.start <= value.end <= end
        ]
        cell = Cell(text)
        if len(inside) == 1:
            places[inside[0]] = number
            start, stop, read, is_text = values[inside[0]]
            cell = Cell(rest[begin:start], rest[stop:end], read, is_text)
        cells.append(cell)
        begin = end + len(separator)
    return cells, places
