"""The Security log of a simulated host: numbered records, a size limit, the oldest go first."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation.formats.evtx import EventRecord

__all__ = ["SecurityLog"]

_OTHER_RECORD_BYTES = 900
_RECORD_BYTES = 560


@dataclass(slots=True)
class _Run:
    """Consecutive records; other people's events are only counted."""

    first: int
    count: int
    size: int
    record: EventRecord | None = None


class SecurityLog:
    """Records in order; a record's number is never used again."""

    def __init__(self, *, maximum_bytes: int, first_record: int, old_records: int) -> None:
        self.maximum_bytes = maximum_bytes
        self._runs: deque[_Run] = deque()
        self._bytes = 0
        self._next = first_record
        self.write_others(old_records)

    @property
    def next_record(self) -> int:
        """Return the number that the next record will have."""
        return self._next

    @property
    def oldest_record(self) -> int:
        """Return the number of the oldest record that is still there."""
        return self._runs[0].first if self._runs else self._next

    @property
    def record_count(self) -> int:
        """Return how many records are there."""
        return self._next - self.oldest_record

    @property
    def file_bytes(self) -> int:
        """Return the file's length: a header of 4 KiB and whole chunks of 64 KiB."""
        return min(self.maximum_bytes, 4_096 + -(-self._bytes // 65_536) * 65_536)

    def write(self, record: EventRecord) -> None:
        """Append a record, whose number is the next one.

        Raises:
            ValueError: It has another number.
        """
        if record.record_id != self._next:
            raise ValueError(f"record {record.record_id} is not the next one, {self._next}")
        length = sum(2 * len(value) for value in record.values if isinstance(value, str))
        self._append(_Run(record.record_id, 1, _RECORD_BYTES + length, record))

    def write_others(self, count: int) -> None:
        """Append records of other events, of which only numbers and size matter."""
        if count > 0:
            self._append(_Run(self._next, count, _OTHER_RECORD_BYTES))

    def _append(self, run: _Run) -> None:
        self._runs.append(run)
        self._next += run.count
        self._bytes += run.count * run.size
        while self._bytes > self.maximum_bytes:
            oldest = self._runs[0]
            oldest.first += 1
            oldest.count -= 1
            self._bytes -= oldest.size
            if not oldest.count:
                self._runs.popleft()

    def records(self, *, after: int) -> Iterator[EventRecord]:
        """Yield what is still there with a number above ``after``."""
        for run in self._runs:
            if run.record is not None and run.first > after:
                yield run.record
