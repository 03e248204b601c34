r"""The DNS client's cache, as ``Get-DnsClientCache`` shows it.

Either the JSON that the collector's script makes of it (windows-facts 9), with the time of reading
by the host's clock, or the bare list of entries::

    {"HostTime":"2026-11-21T08:00:00.0000000Z",
     "Entries":[{"Entry":"www.example.org","Name":"www.example.org","Type":1,"Status":0,
                 "Section":1,"TimeToLive":4462,"DataLength":4,"Data":"192.0.2.7"}]}

or what somebody redirected to a file (UTF-16 from Windows PowerShell): a list, a CSV, the output of
ipconfig (:mod:`fleetaudit.parsers._dns_cache_text`), or the table, whose columns are where the row
of dashes says, in any language; a name that was too long ends in ``...``::

    Entry                     RecordName                Record Status    Section TimeTo Data   Data
                                                        Type                     Live   Length
    -----                     ----------                ------ ------    ------- ------ ------ ----
    www.example.org           a-very-long-name.examp... A      Success   Answer    93      4 1.2.3.4

``TimeToLive`` is what remains of an entry's time: it says when the entry dies. When it was asked
for can be computed only from its full time to live, which no cmdlet of Windows tells, so
``resolved_at`` is null and ``resolved_how`` says ``unknown`` here; what a second reading or another
log tell is joined later, when all of a host's evidence was read. Where somebody else's JSON has the
full time, as ``FullTimeToLive`` of an entry, it counts.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import pyarrow as pa

from fleetaudit.parsers._dns_cache_text import read_entries
from fleetaudit.parsers._json import moment, tidy
from fleetaudit.parsers._json_documents import documents
from fleetaudit.parsers._text import capped, encoding_of, excerpt, lines
from fleetaudit.records.evidence import WHOLE_FILE, EvidenceContext, Issue, Rows
from fleetaudit.records.names import ResolvedHow
from fleetaudit.records.tables import DNS_CACHE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

__all__ = ["parse"]

_TABLE: Final = "dns_cache"
_START: Final = 4096
_LONGEST: Final = 4096
_MOST_SECONDS: Final = 2**32 - 1
_BATCH_ROWS: Final = 10_000
_EARLIEST_YEAR: Final = 1980
_LATEST_YEAR: Final = 2100
"""An entry may live 136 years, and Arrow's nanoseconds end in 2262."""
_ELLIPSES: Final = ("...", "\u2026")


def parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield the entries as rows, and an issue for each that is none.

    ``snapshot_time`` is what the evidence itself says, else when it was taken.
    """
    reading = _Reading(context)
    yield from capped(reading.rows(_entries(stream, reading)), source=context.name)


class _Reading:
    """One reading of one cache: where it is from, and when that was."""

    def __init__(self, context: EvidenceContext) -> None:
        self.source = context.name
        self.taken_at = context.taken_at

    def rows(self, items: Iterator[dict[str, Any] | Issue]) -> Iterator[Rows | Issue]:
        """Yield the entries with their times as batches, and the issues."""
        held: list[dict[str, Any]] = []
        for item in items:
            if isinstance(item, Issue):
                yield item
                continue
            held.append(item | _times(item, self.taken_at))
            if len(held) >= _BATCH_ROWS:
                yield _batch(held)
                held = []
        if held:
            yield _batch(held)


def _times(entry: dict[str, Any], taken_at: datetime | None) -> dict[str, Any]:
    """Return when the entry dies, and what its full time to live tells of when it was made."""
    left, full = entry["remaining_seconds"], entry["full_seconds"]
    times: dict[str, Any] = {
        "snapshot_time": taken_at,
        "resolved_how": ResolvedHow.UNKNOWN.value,
        "resolved_latest": taken_at,
    }
    if taken_at is not None and left is not None:
        times["expires_at"] = taken_at + timedelta(seconds=left)
        if full is not None:
            resolved_at = times["expires_at"] - timedelta(seconds=full)
            times["resolved_how"] = ResolvedHow.FULL_TTL.value
            for column in ("resolved_at", "resolved_earliest", "resolved_latest"):
                times[column] = resolved_at
    return times


def _entries(stream: BinaryIO, reading: _Reading) -> Iterator[dict[str, Any] | Issue]:
    source = reading.source
    first = stream.read(1 << 16)
    whole = cast("BinaryIO", _Rejoined(first, stream))
    encoding, mark = encoding_of(first[:_START])
    start = first[mark:_START].decode(encoding, "replace").lstrip()
    if start[:1] in ("[", "{") or start.strip() == "null":
        yield from _json(whole, reading)
    else:
        yield from _text_entries(whole, source)


class _Rejoined:
    """A stream whose beginning was already read."""

    def __init__(self, first: bytes, rest: BinaryIO) -> None:
        self._first = first
        self._rest = rest

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes; fewer only at the end."""
        held, self._first = self._first[:size], self._first[size:]
        parts = [held]
        left = size - len(held)
        while left > 0 and (more := self._rest.read(left)):
            parts.append(more)
            left -= len(more)
        return b"".join(parts)


def _json(stream: BinaryIO, reading: _Reading) -> Iterator[dict[str, Any] | Issue]:
    """Yield the entries of one list, of several, or of one a line."""
    source = reading.source
    number = 0
    has_said = has_entry = is_empty = False
    for document in documents(stream):
        if document.problem:
            has_said = True
            where = (
                WHOLE_FILE if document.number == 1 and not has_entry else f"line {document.number}"
            )
            yield Issue(source=source, where=where, problem=document.problem)
            continue
        yield from _time_of_reading(document.value, reading)
        for entry in _listed(document.value):
            number += 1
            has_entry = True
            where = f"entry {number}"
            if isinstance(entry, dict):
                yield from _checked(entry, source, where)
            else:
                yield Issue(source=source, where=where, problem=f"is no object: {excerpt(entry)}")
        is_empty = True
    if not (has_said or has_entry or is_empty):
        yield Issue(source=source, where=WHOLE_FILE, problem="holds no entry and no empty list")


def _time_of_reading(value: object, reading: _Reading) -> Iterator[Issue]:
    """Take over what a document says of when the cache was read; an issue where that is no time."""
    if not isinstance(value, dict) or "Entries" not in value:
        return
    try:
        reading.taken_at = _moment(value.get("HostTime"))
    except ValueError:
        problem = f"HostTime cannot be {excerpt(value.get('HostTime'))}"
        yield Issue(source=reading.source, where="file", problem=problem, lost=0)


def _moment(value: object) -> datetime:
    time = moment(value)
    if not _EARLIEST_YEAR <= time.year <= _LATEST_YEAR:
        raise ValueError("no time of a reading")
    return time


def _listed(value: object) -> list[Any]:
    if isinstance(value, dict) and "Entries" in value:
        value = value["Entries"]
    elif isinstance(value, dict) and isinstance(value.get("value"), list):
        value = value["value"]
    # Windows PowerShell writes a list of one as the one, and an empty one as nothing.
    return value if isinstance(value, list) else [] if value is None else [value]


def _text_entries(stream: BinaryIO, source: str) -> Iterator[dict[str, Any] | Issue]:
    has_entries = False
    seen = _Counted(stream)
    for found in read_entries(lines(cast("BinaryIO", seen))):
        has_entries = True
        where = f"line {found.number}"
        if found.entry:
            yield from _checked(found.entry, source, where)
        if found.problem:
            lost = 0 if found.entry else 1
            yield Issue(source=source, where=where, problem=found.problem, lost=lost)
    if seen.has_text and not has_entries:
        problem = "is in none of the forms of the DNS client's cache"
        yield Issue(source=source, where=WHOLE_FILE, problem=problem)


class _Counted:
    """A stream that remembers whether it held anything but white space."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.has_text = False

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes."""
        data = self._stream.read(size)
        self.has_text = self.has_text or bool(data.strip(b"\xef\xbb\xff\xfe\0 \t\r\n"))
        return data


def _checked(entry: dict[str, Any], source: str, where: str) -> Iterator[dict[str, Any] | Issue]:
    """Yield the entry as a row, or an issue."""
    folded = {name.casefold(): value for name, value in entry.items()}
    name = folded.get("name") or folded.get("recordname")
    seconds = folded.get("timetolive")
    texts = {
        "dns_entry": folded.get("entry"),
        "dns_name": name,
        "dns_type": folded.get("type", folded.get("recordtype")),
        "dns_status": folded.get("status"),
        "dns_section": folded.get("section"),
        "dns_data": folded.get("data"),
    }
    if not isinstance(texts["dns_entry"], str) or not texts["dns_entry"]:
        yield Issue(source=source, where=where, problem=f"has no entry's name: {excerpt(entry)}")
        return
    row: dict[str, Any] = {column: _text(value) for column, value in texts.items()}
    row["remaining_seconds"] = left = _seconds(seconds)
    full = _seconds(folded.get("fulltimetolive"))
    row["full_seconds"] = full if full is not None and left is not None and left <= full else None
    row["is_cut"] = any(
        value.endswith(_ELLIPSES) for value in row.values() if isinstance(value, str)
    )
    yield row
    for member, column in (("TimeToLive", "remaining_seconds"), ("FullTimeToLive", "full_seconds")):
        value = folded.get(member.casefold())
        if row[column] is None and value not in (None, ""):
            problem = f"{member} cannot be {excerpt(value)}"
            yield Issue(source=source, where=where, problem=problem, lost=0)


def _text(value: object) -> str | None:
    if value is None or value == "" or isinstance(value, dict | list):
        return None
    return tidy(str(value))[:_LONGEST]


def _seconds(value: object) -> int | None:
    if (
        isinstance(value, str)
        and value.isascii()
        and value.isdigit()
        and len(value) <= len("4294967295")
    ):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST_SECONDS:
        return None
    return value


def _batch(rows: list[dict[str, Any]]) -> Rows:
    return Rows(table=_TABLE, batch=pa.RecordBatch.from_pylist(rows, schema=DNS_CACHE))
