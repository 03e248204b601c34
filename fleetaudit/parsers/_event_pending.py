"""Event texts that wait to be read together, and how they become rows of their table.

A thousand texts of one kind cost less together than apart. Where that way has no answer, each is
read by itself, and the rows, their order and the issues are the same.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from pyarrow import compute as pc

from fleetaudit.parsers._event_cells import learn
from fleetaudit.parsers._event_sorting import READ_TOGETHER, EventSorter, table_of
from fleetaudit.parsers._event_text import EventReader
from fleetaudit.records.evidence import Issue, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.parsers._event_cells import CellLayout
    from fleetaudit.parsers._event_columns import EventTable
    from fleetaudit.parsers._event_text import EventHead
    from fleetaudit.parsers._evtx_chunks import TextRecord

__all__ = ["PendingEvents"]

_FEWEST: Final = 64
"""Texts that are worth being read together."""
_PIECE_ROWS: Final = 8192
_PIECE_TEXT: Final = 1 << 24
"""Characters; a hostile file's events may be far longer than real ones of a thousand."""
_MOST_LAYOUTS: Final = 64

_STEP: Final = 2048
"""Rows that share their issues where they are read one by one."""


class _Waiting:
    """Events of one table in their order, and which of them are of one kind."""

    def __init__(self) -> None:
        self.records: list[TextRecord] = []
        self.kinds: defaultdict[EventHead, list[int]] = defaultdict(list)
        self.steps = [0]
        self.seen = 0
        self.characters = 0


class PendingEvents:
    """Takes the texts of events, and gives rows and issues."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._reader = EventReader(table_of)
        self._sorter = EventSorter(source)
        self._waiting = {table: _Waiting() for table in READ_TOGETHER}
        self._layouts: dict[EventHead, CellLayout] = {}

    def take(self, records: list[TextRecord]) -> Iterator[Issue]:
        """Keep or count some records; yield what is wrong with those that are neither."""
        head_of, waiting_of, first = self._reader.head, self._waiting.get, self._reader.first
        for record in records:
            text, number = record
            for start, known in first:
                if text.startswith(start):
                    head = known
                    break
            else:
                try:
                    head = head_of(text)
                except ValueError:
                    yield self._issue(number, "has no event id")
                    continue
            waiting = waiting_of(head.table)
            if waiting is not None:
                waiting.kinds[head].append(len(waiting.records))
                waiting.records.append(record)
            elif not head.table:
                self._sorter.leave_out(head.code)
            elif problem := self._read(text, head):
                yield self._issue(number, problem)

    def _issue(self, number: int, problem: str) -> Issue:
        return Issue(source=self._source, where=f"record {number} of the file", problem=problem)

    def _read(self, text: str, head: EventHead) -> str:
        """Keep one event; return what is wrong with it."""
        code = head.code
        try:
            time, record_id, process_id, computer, fields = self._reader.tail(text, head)
            own = (record_id, time, code, head.version, computer, head.keywords, process_id)
            values = tuple(fields.values())
            self._sorter.keep(head.table, (*own, head.provider), tuple(fields), values)
        except (TypeError, ValueError):
            return f"event {code} is not shaped like an event of its log"
        return ""

    def flush(self, at_least: int) -> Iterator[Rows | Issue]:
        """Yield the batches that have come to ``at_least`` rows, and the issues of texts."""
        for table, waiting in self._waiting.items():
            height = len(waiting.records)
            waiting.characters += sum([len(text) for text, _ in waiting.records[waiting.seen :]])
            waiting.seen = height
            if height - waiting.steps[-1] >= _STEP:
                waiting.steps.append(height)
            if height >= _PIECE_ROWS or waiting.characters > _PIECE_TEXT:
                yield from self._settle(table)
        yield from self._sorter.flush(at_least)

    def finish(self) -> Iterator[Rows | Issue]:
        """Yield what is left, and the issue that counts the records of no interest."""
        for table in self._waiting:
            yield from self._settle(table)
        yield from self._sorter.finish()

    def _settle(self, table: str) -> Iterator[Issue]:
        """Make columns of the texts of one table."""
        waiting, self._waiting[table] = self._waiting[table], _Waiting()
        if not waiting.records:
            return
        events = self._sorter.table(table)
        arrays = self._together(waiting, events)
        if arrays is not None:
            events.add(arrays, len(waiting.records))
            return
        for position, (text, number) in enumerate(waiting.records, start=1):
            if problem := self._read(text, self._reader.head(text)):
                yield self._issue(number, problem)
            if position in waiting.steps:
                events.settle(1)
        events.settle(1)

    def _together(self, waiting: _Waiting, events: EventTable) -> list[pa.Array] | None:
        """Return the columns of all texts in their order, or None if one needs an issue."""
        parts: list[list[pa.Array]] = []
        order: list[int] = []
        alone: list[int] = []
        for head, positions in waiting.kinds.items():
            texts = [waiting.records[position][0] for position in positions]
            layout = self._layout(head, texts)
            answer = layout.arrays(texts) if layout else None
            if answer is None:
                alone += positions
                continue
            arrays, others = answer
            if others:
                alone += (positions[index] for index in others)
                left_out = set(others)
                kept = (one for index, one in enumerate(positions) if index not in left_out)
                order += kept
            else:
                order += positions
            parts.append(arrays)
            if 2 * len(others) > len(texts):
                # The layout of a few: another one is learned next time.
                del self._layouts[head]
        if not parts:
            return None
        if alone:
            rows = self._alone(waiting, alone, events)
            if rows is None:
                return None
            parts.append(rows)
            order += alone
        if len(parts) == 1:
            return parts[0]
        back = pc.sort_indices(pa.array(order, pa.int64()))
        return [pa.concat_arrays(column).take(back) for column in zip(*parts, strict=True)]

    def _alone(
        self, waiting: _Waiting, positions: list[int], events: EventTable
    ) -> list[pa.Array] | None:
        """Return the columns of texts that are read one by one, or None if one has an issue."""
        texts = [waiting.records[position][0] for position in positions]
        problems = [self._read(text, self._reader.head(text)) for text in texts]
        rows: list[tuple[Any, ...]] = events.rows[:]
        events.rows.clear()
        return None if any(problems) else events.converted(rows)

    def _layout(self, head: EventHead, texts: list[str]) -> CellLayout | None:
        """Return the layout of some texts of one kind, if they are worth it and have one."""
        if len(texts) < _FEWEST:
            return None
        if len(self._layouts) >= _MOST_LAYOUTS:
            self._layouts.clear()
        # Commas in a value hide the layout, so more than one text is asked.
        for text in (texts[0], texts[len(texts) // 2], texts[-1]):
            if head not in self._layouts and (layout := self._learned(text, head)):
                self._layouts[head] = layout
        return self._layouts.get(head)

    def _learned(self, text: str, head: EventHead) -> CellLayout | None:
        try:
            return learn(text, head, self._reader.tail(text, head))
        except ValueError:
            return None
