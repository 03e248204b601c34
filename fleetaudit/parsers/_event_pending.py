"""Event texts that wait to be read together, and how they become rows of their table.

A thousand texts of one kind cost less together than apart. Those that differ from the rest of
their kind are read by themselves, and come to stand where they belong.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, Protocol

import pyarrow as pa

from fleetaudit.parsers._event_sorting import BATCH_ROWS, READ_TOGETHER, EventSorter
from fleetaudit.records.evidence import Issue, Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fleetaudit.parsers._event_cells import CellLayout
    from fleetaudit.parsers._event_record import Event, EventHead

__all__ = ["EventForm", "PendingEvents"]

_Part = tuple[list[int], list[pa.Array]]
"""Places in the order of the file, and the rows that stand there as columns."""

_FEWEST: Final = 64
"""Texts that are worth being read together."""
_PIECE_TEXTS: Final = 12_288
_PIECE_CHARACTERS: Final = 1 << 24
"""A hostile file's events may be far longer than real ones, of a thousand characters."""
_MOST_LAYOUTS: Final = 4
_MOST_FIRST: Final = 4


class EventForm(Protocol):
    """How events are written: as JSON or as XML."""

    def kind(self, text: str) -> EventHead | None:
        """Return what the text begins with as others do; None if only reading it can tell."""

    def read(self, text: str) -> Event:
        """Return the event that a text is.

        Raises:
            ValueError: It is none; says why.
        """

    def learn(self, head: EventHead, rest: str) -> CellLayout | None:
        """Return the layout of a text that begins with ``head``; None if it has none.

        Raises:
            ValueError: It is no event.
        """


class _Kind:
    """Texts that begin alike, and their places among all."""

    def __init__(self, head: EventHead) -> None:
        self.head = head
        self.length = len(head.beginning)
        self.is_kept = bool(head.table)
        self.layouts: list[CellLayout] = []
        self.places: list[int] = []
        self.texts: list[str] = []
        self._lines: list[bytes] = []

    def gather(self) -> list[tuple[int, str]]:
        """Put the texts, which lack their beginning, to those before them, as lines.

        Soon after they came, because that costs a third of what it does later. Return the places
        and texts of those that cannot be, because there is a line end in one.
        """
        if not self.texts:
            return []
        texts, self.texts = self.texts, []
        whole = "".join(texts)
        if "\n" not in whole and "\r" not in whole:
            self._lines.append("\n".join(texts).encode())
            return []
        places = self.places[-len(texts) :]
        del self.places[-len(texts) :]
        return list(zip(places, texts, strict=True))

    def lines(self) -> tuple[list[int], bytes]:
        """Return all places and the line of each, and forget them."""
        places, lines = self.places, b"\n".join(self._lines)
        self.places, self._lines = [], []
        return places, lines


class PendingEvents:
    """Takes the texts of events, and gives rows and issues."""

    def __init__(self, source: str, form: EventForm, where: str) -> None:
        """Start; ``where`` says where the event of some number is, such as ``event {}``."""
        self._source = source
        self._form = form
        self._where = where
        self._sorter = EventSorter(source)
        self._kinds: dict[EventHead, _Kind] = {}
        self._first: list[tuple[str, _Kind]] = []
        self._kept: list[_Kind] = []
        self._numbers: list[int] = []
        self._characters = 0
        self._alone: defaultdict[str, list[tuple[int, tuple[Any, ...]]]] = defaultdict(list)

    def take(self, texts: Sequence[str], numbers: Sequence[int]) -> Iterator[Rows | Issue]:
        """Take texts, and the number of each; yield what has come of those before them.

        They are no more than some thousand at a time.
        """
        count = len(self._numbers) + len(texts)
        if count > _PIECE_TEXTS or self._characters > _PIECE_CHARACTERS:
            yield from self._settle()
            yield from self._sorter.flush(BATCH_ROWS - _PIECE_TEXTS)
        start = len(self._numbers)
        self._numbers += numbers
        self._characters += sum(map(len, texts))
        first = self._first
        for place, text in enumerate(texts, start):
            for beginning, kind in first:  # noqa: B007 -- the last one is the text's
                if text.startswith(beginning):
                    break
            else:
                head = self._form.kind(text)
                if head is None or (head.table and head.table not in READ_TOGETHER):
                    yield from self._read(place, text)
                    continue
                kind = self._kind(head)
            kind.places.append(place)
            if kind.is_kept:
                kind.texts.append(text[kind.length :])
        for kind in self._kept:
            for place, rest in kind.gather():
                yield from self._read(place, kind.head.beginning + rest)

    def finish(self) -> Iterator[Rows | Issue]:
        """Yield what is left, and the issue that counts the records of no interest."""
        yield from self._settle()
        yield from self._sorter.finish()

    def _kind(self, head: EventHead) -> _Kind:
        kind = self._kinds.get(head)
        if kind is None:
            kind = self._kinds[head] = _Kind(head)
            if len(self._first) < _MOST_FIRST:
                self._first.append((head.beginning, kind))
            if kind.is_kept:
                self._kept.append(kind)
        return kind

    def _read(self, place: int, text: str) -> Iterator[Issue]:
        """Read one event by itself."""
        try:
            event = self._form.read(text)
        except ValueError as error:
            yield self._issue(place, str(error))
            return
        if not event.table:
            self._sorter.leave_out(event.code)
            return
        try:
            row = self._sorter.row(event)
        except TypeError:
            problem = f"event {event.code} is not shaped like an event of its log"
            yield self._issue(place, problem)
            return
        if row is not None:
            self._alone[event.table].append((place, row))

    def _issue(self, place: int, problem: str) -> Issue:
        where = self._where.format(self._numbers[place])
        return Issue(source=self._source, where=where, problem=problem)

    def _settle(self) -> Iterator[Issue]:
        """Make columns of all texts that wait."""
        parts: defaultdict[str, list[_Part]] = defaultdict(list)
        for kind in self._kinds.values():
            places, lines = kind.lines()
            if not kind.is_kept and places:
                self._sorter.leave_out(kind.head.code, len(places))
            elif places:
                found, alone = self._together(kind, places, lines)
                parts[kind.head.table] += found
                for place, line in alone:
                    yield from self._read(place, kind.head.beginning + line.decode())
        for table, rows in self._alone.items():
            rows.sort()
            arrays = self._sorter.table(table).arrays([row for _, row in rows])
            parts[table].append(([place for place, _ in rows], arrays))
        for table, found in parts.items():
            if found:
                self._sorter.table(table).add(_in_order(found))
        self._alone.clear()
        self._numbers, self._characters = [], 0

    def _together(
        self, kind: _Kind, places: list[int], lines: bytes
    ) -> tuple[list[_Part], Iterable[tuple[int, bytes]]]:
        """Return the columns of lines that have one layout, and those that have none."""
        found: list[_Part] = []
        tried = 0
        for _ in range(_MOST_LAYOUTS):
            if len(places) < _FEWEST or (
                tried == len(kind.layouts) and not self._learn(kind, lines)
            ):
                break
            arrays, others = kind.layouts[tried].arrays(lines, len(places))
            if len(places) - len(others) < _FEWEST:
                del kind.layouts[tried]
            else:
                tried += 1
            if not others:
                return [*found, (places, arrays)], ()
            if arrays:
                left = set(others)
                kept = [place for one, place in enumerate(places) if one not in left]
                found.append((kept, arrays))
            split = lines.split(b"\n")
            places = [places[one] for one in others]
            lines = b"\n".join([split[one] for one in others])
        return found, zip(places, lines.split(b"\n"), strict=True)

    def _learn(self, kind: _Kind, lines: bytes) -> bool:
        """Learn a layout for the lines; say if there is one. A comma in a value can hide it."""
        split = lines.split(b"\n")
        for line in (split[0], split[len(split) // 2], split[-1]):
            try:
                layout = self._form.learn(kind.head, line.decode())
            except ValueError:
                continue
            if layout is not None:
                kind.layouts.append(layout)
                return True
        return False


def _in_order(parts: list[_Part]) -> list[pa.Array]:
    """Return the columns of all parts with their rows in the order of their places."""
    if len(parts) == 1:
        return parts[0][1]
    places = [place for places, _ in parts for place in places]
    back = pa.array(sorted(range(len(places)), key=places.__getitem__))
    columns = zip(*(arrays for _, arrays in parts), strict=True)
    return [pa.concat_arrays(column).take(back) for column in columns]
