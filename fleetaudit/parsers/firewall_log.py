"""``pfirewall.log``, the Windows Firewall's own log, to rows of ``firewall_log``.

A sample (windows-facts 6)::

    #Version: 1.5
    #Software: Microsoft Windows Firewall
    #Time Format: Local
    #Fields: date time action protocol src-ip dst-ip src-port dst-port size tcpflags tcpsyn ...

    2021-06-22 12:19:41 DROP UDP 192.168.178.25 224.0.0.251 5353 5353 73 - - - - - - - RECEIVE
    2021-06-22 12:48:21 INFO-EVENTS-LOST - - - - - - - - - - - - 7 -

The ``#Fields`` line decides what a column is, each one until the next. ``-`` is null. Columns that
no table column fits stand in ``other_fields``. The time is the host's local time; it becomes UTC by
the rules of the context's time zone, line by line, else by its offset, else ``time`` is null.
Quotes are data.

Every line that is not blank and no comment becomes one row or is counted by one issue. Lines that
have another number of columns than their header come after the other rows of their stretch.
Memory is bounded by 13 windows of 16 MiB, whatever the file says; an ASCII log needs 7 (measured).
"""

from __future__ import annotations

import codecs
import io
from collections import Counter
from typing import TYPE_CHECKING

from fleetaudit.parsers._firewall_log_layout import PATHS, assume_layout, is_dated, read_layout
from fleetaudit.parsers._firewall_log_lines import LineReader, Record, table_of
from fleetaudit.parsers._firewall_log_rows import batches_of, read_run
from fleetaudit.parsers._firewall_log_windows import WINDOW_BYTES, windows
from fleetaudit.parsers._text import capped, excerpt
from fleetaudit.parsers.time_zone import LocalClock
from fleetaudit.records.evidence import EvidenceContext, Issue, Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

    from fleetaudit.parsers._firewall_log_layout import Layout
    from fleetaudit.parsers._firewall_log_rows import Run
    from fleetaudit.parsers._firewall_log_windows import Window

__all__ = ["parse"]

_SLOW_LINES = 10_000
_MANY_LINES = 1_000
_SMALL_RUN = 1_024


def parse(
    stream: BinaryIO, context: EvidenceContext, *, window_bytes: int = WINDOW_BYTES
) -> Iterator[Rows | Issue]:
    """Yield the rows of a log and the issues found in it; never raises for what the log says.

    ``window_bytes`` is how much is read at a time; a longer line is one issue.
    """
    reading = _Reading(context)
    return capped(reading.items(stream, window_bytes), source=context.name)


class _Reading:
    """One reading of one log: the layout in force and what is only counted."""

    def __init__(self, context: EvidenceContext) -> None:
        self._context = context
        self._clock = _clock_of(context)
        self._layout: Layout | None = None
        self._reader: LineReader | None = None
        self._zeros = 0
        self._at = (0, 0, 1)  # the window's first line, a position in it, and the line there
        self._counted: dict[str, list[int]] = {}

    def items(self, stream: BinaryIO, window_bytes: int) -> Iterator[Rows | Issue]:
        """Yield everything that the log says, and at the end what was counted on the way."""
        for window in windows(stream, size=window_bytes):
            self._zeros += window.zeros
            for number in window.overlong:
                yield self._issue(number, f"the line is longer than {window_bytes} bytes")
            yield from self._window(window)
        if self._zeros:
            yield self._issue(None, f"{self._zeros} zero bytes of padding were left out", lost=0)
        for problem, (first, count) in self._counted.items():
            more = f", and {count - 1} more lines like it" if count > 1 else ""
            yield self._issue(first, f"{problem}{more}", lost=0)

    def _window(self, window: Window) -> Iterator[Rows | Issue]:
        """Cut the window at every ``#Fields`` line that changes the layout."""
        data, start = window.data, 0
        end, tail = _whole_lines(window)
        hash_at = data.find(b"#", 0, end)
        while hash_at >= 0:
            stop = data.find(b"\n", hash_at, end)
            stop = end if stop < 0 else stop + 1
            if hash_at == 0 or data[hash_at - 1] in b"\r\n":
                layout = _layout_of(bytes(data[hash_at : min(stop, hash_at + 4096)]))
                if layout and layout != self._layout:
                    yield from self._run(window, start, hash_at)
                    yield from self._take(layout, self._line(window, hash_at))
                    start = stop
                hash_at = data.find(b"#", stop, end)
            else:
                hash_at = data.find(b"#", hash_at + 1, end)
        yield from self._run(window, start, end)
        yield from self._tail(tail, window, end)

    def _take(self, layout: Layout, number: int) -> Iterator[Issue]:
        self._layout, self._reader = layout, None
        if layout.others and not layout.problem:
            names = excerpt(" ".join(field for _, field in layout.others))
            kept = f"the #Fields line names columns that are not known: {names}"
            yield self._issue(number, f"{kept}; they are in other_fields", lost=0)

    def _run(self, window: Window, start: int, stop: int) -> Iterator[Rows | Issue]:
        """Yield the lines between two headers, all at once where every value converts."""
        if self._layout is None:
            yield from self._assume(window, start, stop)
        layout = self._layout
        if layout is None or start == stop:
            return
        while start < stop and window.data[start] in b"\r\n":
            start += 1
        view = memoryview(window.data)[start:stop]
        is_worth = stop - start > _SMALL_RUN and not layout.problem
        is_all = start < _SMALL_RUN and stop == window.end and not window.is_last
        run = read_run(view, layout, is_counted=is_all) if is_worth else None
        if run and run.lines:
            window.lines = self._line(window, start) - window.first_line + run.lines
        if run is None:
            numbered = _numbered(view, self._line(window, start))
            yield from self._slowly((number, line) for number, _, line in numbered)
            return
        yield from self._rows(run.table, layout)
        if run.odd:
            yield from self._odd(run, view, layout, first=self._line(window, start))

    def _odd(
        self, run: Run, view: memoryview, layout: Layout, *, first: int
    ) -> Iterator[Rows | Issue]:
        """Yield the lines with another number of columns; at once where many end early alike."""
        left = dict(run.odd)
        for count, lines in Counter(left.values()).items():
            if lines < _MANY_LINES or not layout.fewest <= count < len(layout.fields):
                continue
            shorter = layout.first(count)
            at = next(place for place, columns in left.items() if columns == count)
            number, line = next(
                (n, line) for n, place, line in _numbered(view, first) if place == at
            )
            is_shifted = shorter.columns[-1] != "path" and _ends_in_path(line)
            again = None if is_shifted else read_run(view, shorter)
            if again is None:
                continue
            yield from self._rows(again.table, shorter)
            self._count(number, missing=len(layout.fields) - count, lines=lines)
            left = {place: columns for place, columns in left.items() if columns != count}
        if left:
            numbered = _numbered(view, first)
            yield from self._slowly((number, line) for number, at, line in numbered if at in left)

    def _assume(self, window: Window, start: int, stop: int) -> Iterator[Issue]:
        said: tuple[int, bytes] | None = None
        for number, _, line in _numbered(memoryview(window.data)[start:stop], 0):
            if line.strip() and not line.startswith(b"#"):
                said = said or (number, line)
                if is_dated(line):
                    said = number, line
                    break
        if said is None:
            return
        self._layout, self._reader = assume_layout(said[1]), None
        fields = len(self._layout.fields)
        problem = f"no #Fields line before the first record; {fields} columns are assumed"
        yield self._issue(said[0] + self._line(window, start), problem, lost=0)

    def _slowly(self, lines: Iterable[tuple[int, bytes]]) -> Iterator[Rows | Issue]:
        """Yield lines one by one: a row where it can be read, else an issue with its number."""
        records: list[Record] = []
        for number, line in lines:
            if not line.strip() or line.removeprefix(codecs.BOM_UTF8).startswith(b"#"):
                continue
            record = self._read(line)
            if isinstance(record, str):
                yield self._issue(number, record)
                continue
            self._count(number, missing=record.missing, extra=len(record.extra))
            records.append(record)
            if len(records) == _SLOW_LINES:
                yield from self._records(records)
                records = []
        yield from self._records(records)

    def _read(self, line: bytes) -> Record | str:
        if self._reader is None:
            if self._layout is None:
                return "no #Fields line says what its columns are"
            self._reader = LineReader(self._layout)
        return self._reader.read(line)

    def _tail(self, tail: bytes, window: Window, end: int) -> Iterator[Rows | Issue]:
        """Yield the last line of a file that does not end with a line's end."""
        if not tail.strip() or tail.startswith(b"#"):
            return
        number = self._line(window, end)
        if self._layout is None:
            yield from self._assume(window, end, window.end)
        record = self._read(tail)
        if isinstance(record, str):
            yield self._issue(number, f"the last line has no end; {record}")
        elif record.missing:
            yield self._issue(number, f"the last line is cut: {excerpt(tail)}")
        else:
            if record.values[-1] not in PATHS:
                problem = "the last line has no end, so its last column may be cut"
                yield self._issue(number, problem, lost=0)
            self._count(number, missing=0, extra=len(record.extra))
            yield from self._records([record])

    def _records(self, records: list[Record]) -> Iterator[Rows]:
        if records and self._layout is not None:
            extras = [record.extra for record in records]
            yield from self._rows(table_of(records, self._layout), self._layout, extras)

    def _rows(
        self, table: object, layout: Layout, extras: Sequence[tuple[str, ...]] = ()
    ) -> Iterator[Rows]:
        for batch in batches_of(table, layout, clock=self._clock, extras=extras):
            if batch.num_rows:
                yield Rows(table="firewall_log", batch=batch)

    def _count(self, number: int, *, missing: int, extra: int = 0, lines: int = 1) -> None:
        """Note rows that were kept although their columns are not as many as their header says."""
        if missing:
            problem = f"{missing} columns fewer than the #Fields line names, left empty"
        elif extra:
            problem = f"{extra} columns more than the #Fields line names, kept"
        else:
            return
        self._counted.setdefault(problem, [number, 0])[1] += lines

    def _line(self, window: Window, position: int) -> int:
        """Return the number of the line at ``position``, counting on from where it last did."""
        first, at, number = self._at
        if first != window.first_line or at > position:
            first, at, number = window.first_line, 0, window.first_line
        number += window.data.count(b"\n", at, position)
        self._at = (first, position, number)
        return number

    def _issue(self, number: int | None, problem: str, *, lost: int = 1) -> Issue:
        where = f"line {number}" if number is not None else "the whole file"
        return Issue(source=self._context.name, where=where, problem=problem, lost=lost)


def _clock_of(context: EvidenceContext) -> LocalClock | None:
    if context.time_zone is not None:
        return LocalClock.of_zone(context.time_zone)
    if context.utc_offset_minutes is not None:
        return LocalClock.of_offset(context.utc_offset_minutes)
    return None


def _ends_in_path(line: bytes) -> bool:
    words = line.decode("utf-8", "replace").split()
    return bool(words) and words[-1] in PATHS


def _layout_of(line: bytes) -> Layout | None:
    if not line[:8].lower().startswith(b"#fields:"):
        return None
    return read_layout(line.decode("utf-8", "replace"))


def _whole_lines(window: Window) -> tuple[int, bytes]:
    """Return where the last whole line ends, and what comes after it."""
    data, end = window.data, window.end
    if not window.is_last or not end or data[end - 1] in b"\r\n":
        return end, b""
    cut = max(data.rfind(b"\n", 0, end), data.rfind(b"\r", 0, end)) + 1
    return cut, bytes(data[cut:end])


def _numbered(view: memoryview, first: int) -> Iterator[tuple[int, int, bytes]]:
    """Yield each line with its number in the file and its place among the lines not empty."""
    number, place = first, 0
    for lines in io.BytesIO(view):
        for line in lines.splitlines():
            place += 1 if line else 0
            yield number, place, line
            number += 1
