"""A run of log lines under one layout, from bytes to columns without an object per row."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from fleetaudit.parsers._firewall_log_layout import DATE, REQUIRED, TIME
from fleetaudit.parsers._firewall_log_lines import EARLIEST, LATEST
from fleetaudit.records.tables import FIREWALL_LOG

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fleetaudit.parsers._firewall_log_layout import Layout
    from fleetaudit.parsers.time_zone import LocalClock

__all__ = ["Run", "batches_of", "read_run"]

_BLOCK_BYTES = 2 * 1024 * 1024
_MOST_ODD = 300_000
_DAY_S = 86_400
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Run:
    """What the fast reader made of a run of lines.

    Attributes:
        table: The lines that have as many columns as the layout.
        odd: The other lines: their place in the run, from 1, blank lines left out; and how many
            columns they have. Comments are none of them.
        lines: How many lines there are in all; 0 if that is not known.
    """

    table: Any
    odd: tuple[tuple[int, int], ...]
    lines: int = 0


def read_run(run: memoryview, layout: Layout, *, is_counted: bool = False) -> Run | None:
    """Return the columns of ``run``, valid UTF-8; None where every line has to be looked at.

    That is where some value does not convert, or where nearly nothing is a record. To know how
    many lines there are costs nothing where none is empty, and reading twice where one is.
    """
    odd: list[tuple[int, int]] = []
    skipped = 0

    def keep(row: Any) -> str:  # noqa: ANN401 - pyarrow has no type information
        nonlocal skipped
        skipped += 1
        if not row.text.startswith("#"):
            odd.append((row.number, row.actual_columns))
        return "skip" if len(odd) <= _MOST_ODD else "error"

    try:
        table = csv.read_csv(
            pa.BufferReader(pa.py_buffer(run)),
            read_options=csv.ReadOptions(
                column_names=layout.columns, use_threads=False, block_size=_BLOCK_BYTES
            ),
            parse_options=csv.ParseOptions(
                delimiter=" ",
                quote_char=False,
                escape_char=False,
                ignore_empty_lines=not is_counted,
                invalid_row_handler=keep,
            ),
            convert_options=csv.ConvertOptions(
                column_types=layout.types,
                null_values=["-", ""],
                strings_can_be_null=True,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    if is_counted and table.column(DATE).null_count:
        # An empty line is a row of nulls.
        return read_run(run, layout)
    lines = table.num_rows + skipped if is_counted else 0
    return Run(table, tuple(odd), lines) if _is_sound(table) else None


def batches_of(
    table: Any,  # noqa: ANN401 - pyarrow has no type information
    layout: Layout,
    *,
    clock: LocalClock | None,
    extras: Sequence[tuple[str, ...]] = (),
) -> Iterator[Any]:
    """Yield record batches of the table ``firewall_log``.

    Args:
        table: Columns named and typed as ``layout`` says.
        layout: The columns.
        clock: Turns local time into UTC; None leaves ``time`` null.
        extras: Texts beyond the last column, one tuple for each row, or nothing at all.
    """
    for batch in table.combine_chunks().to_batches() if extras else table.to_batches():
        columns = {name: batch.column(name) for name in layout.columns}
        local = pc.add(
            pc.multiply(pc.cast(columns[DATE].view(pa.int32()), pa.int64()), _DAY_S),
            columns[TIME].view(pa.int32()),
        )
        columns["local_time"] = local.view(pa.timestamp("s"))
        if clock is not None:
            utc, columns["is_time_ambiguous"] = clock.utc(local)
            columns["time"] = utc.view(pa.timestamp("s", tz="UTC"))
        if layout.others or extras:
            columns["other_fields"] = _others(columns, layout, extras or [()] * batch.num_rows)
        arrays = [
            columns[field.name] if field.name in columns else pa.nulls(batch.num_rows, field.type)
            for field in FIREWALL_LOG
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=FIREWALL_LOG)


def _is_sound(table: Any) -> bool:  # noqa: ANN401 - pyarrow has no type information
    if any(table.column(name).null_count for name in REQUIRED):
        return False
    days = pc.min_max(pc.cast(table.column(DATE), pa.int32()))
    first, last = days["min"].as_py(), days["max"].as_py()
    return first is None or (first >= _days(EARLIEST) and last <= _days(LATEST))


def _days(day: date) -> int:
    return (day - _EPOCH).days


def _others(columns: dict[str, Any], layout: Layout, extras: Sequence[tuple[str, ...]]) -> Any:  # noqa: ANN401 - pyarrow has no type information
    """Return, for each row, its unknown columns as a JSON object; null where it has none."""
    named = [(field, columns[column].to_pylist()) for column, field in layout.others]
    first = len(layout.fields) + 1
    texts: list[str | None] = []
    for row, extra in enumerate(extras):
        found = {name: values[row] for name, values in named if values[row] is not None}
        found |= {f"column {number}": text for number, text in enumerate(extra, start=first)}
        texts.append(json.dumps(found, ensure_ascii=False) if found else None)
    return pa.array(texts, type=pa.string())
