"""Evidence as it came, and what could not be read of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pyarrow as pa

    from fleetaudit.records.host import TimeZone

__all__ = ["WHOLE_FILE", "Evidence", "EvidenceContext", "Issue", "Phase", "Rows", "split"]


WHOLE_FILE: Final = "file"
"""Where an issue is when nothing of a file could be read: its tables are unknown, not empty."""


class Phase(StrEnum):
    """When evidence was taken, seen from the window."""

    BEFORE = "before"
    DURING = "during"
    """May be taken several times; the others once, and the last answer counts."""
    AFTER = "after"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One stored file of evidence, gzip-compressed, never rewritten.

    Attributes:
        source: The collector's name.
        phase: When it was taken.
        name: The file's own name, such as ``wfpstate.xml``.
        file: The path below the host's folder in the run directory.
        length: Bytes before compression.
        sha256: Of the bytes before compression, lower-case hex.
        taken_at: When it arrived, by the controller's clock.
    """

    source: str
    phase: Phase
    name: str
    file: str
    length: int
    sha256: str
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceContext:
    """What a parser may know beside the bytes.

    Attributes:
        name: The evidence's own name, such as ``pfirewall.log.old``.
        taken_at: When it was taken, by the host's own clock, as the times in the bytes are; None
            if unknown, as it is of evidence that was gathered by hand.
        utc_offset_minutes: Local time minus UTC on the host at that time; None if unknown.
        time_zone: The host's time zone, whose rules tell the offset of every time; None if unknown.
    """

    name: str
    taken_at: datetime | None = None
    utc_offset_minutes: int | None = None
    time_zone: TimeZone | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Something in a file of evidence that did not become a row, or became one with a doubt.

    Attributes:
        source: The evidence's name.
        where: Where in it: ``line 12``, ``record 4711``, ``chunk 3``, ``filter 67229``.
        problem: What is wrong, as a clause.
        lost: How many rows did not come of it; 0 where the row was kept.
    """

    source: str
    where: str
    problem: str
    lost: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A batch of rows for one table of :mod:`fleetaudit.records.tables`."""

    table: str
    batch: pa.RecordBatch


def split(parsed: Iterator[Rows | Issue]) -> tuple[list[Rows], list[Issue]]:
    """Return a parser's whole answer as two lists; for small evidence and for tests."""
    rows: list[Rows] = []
    issues: list[Issue] = []
    for item in parsed:
        if isinstance(item, Rows):
            rows.append(item)
        else:
            issues.append(item)
    return rows, issues
