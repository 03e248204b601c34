r"""The DNS client's cache, as ``Get-DnsClientCache`` shows it.

Either the JSON that the collector's script makes of it (windows-facts 9)::

    [{"Entry":"www.example.org","Name":"www.example.org","Type":1,"Status":0,"Section":1,
      "TimeToLive":4462,"DataLength":4,"Data":"192.0.2.7"}]

or the table that somebody redirected to a file (UTF-16 from Windows PowerShell), whose columns
are where the row of dashes says, in any language; a name that was too long ends in ``...``::

    Entry                     RecordName                Record Status    Section TimeTo Data   Data
                                                        Type                     Live   Length
    -----                     ----------                ------ ------    ------- ------ ------ ----
    www.example.org           a-very-long-name.examp... A      Success   Answer    93      4 1.2.3.4

``TimeToLive`` is what remains of an entry's time: it says when the entry dies. When it was asked
for could be computed only from its full time to live, which the cache does not keep, so
``resolved_at`` is null and ``resolved_at_basis`` says why.
"""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import pyarrow as pa

from fleetaudit.parsers._json import JsonProblem, read_json, tidy
from fleetaudit.parsers._text import capped, excerpt, lines
from fleetaudit.records.evidence import WHOLE_FILE, EvidenceContext, Issue, Rows
from fleetaudit.records.tables import DNS_CACHE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fleetaudit.parsers._text import Line

__all__ = ["UNKNOWN_FULL_TTL", "parse"]

UNKNOWN_FULL_TTL: Final = "unknown: the full time to live is not recorded"
_TABLE: Final = "dns_cache"
_MOST_JSON: Final = 1 << 24
_LONGEST: Final = 4096
_MOST_SECONDS: Final = 2**32 - 1
_BATCH_ROWS: Final = 10_000
_DASHES: Final = re.compile(r"-{2,}(?: +-{2,}){7} *")
_COLUMNS: Final = ("Entry", "Name", "Type", "Status", "Section", "TimeToLive", "Length", "Data")
_ELLIPSES: Final = ("...", "\u2026")


def parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield the entries as rows, and an issue for each that is none.

    A JSON beyond 16 MiB is refused as a whole. ``snapshot_time`` is when the evidence was taken.
    """
    items = _entries(stream, context.name)
    yield from capped(_rows(items, context.taken_at), source=context.name)


def _entries(stream: BinaryIO, source: str) -> Iterator[dict[str, Any] | Issue]:
    first = stream.read(1 << 16)
    whole = _Rejoined(first, stream)
    start = first.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start not in (b"[", b"{", b"n"):
        yield from _table(lines(whole), source)  # type: ignore[arg-type] # only read() is used
        return
    data = whole.read(_MOST_JSON + 1)
    if len(data) > _MOST_JSON:
        problem = f"is longer than {_MOST_JSON} bytes"
        yield Issue(source=source, where=WHOLE_FILE, problem=problem)
        return
    yield from _json(data, source)


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


def _json(data: bytes, source: str) -> Iterator[dict[str, Any] | Issue]:
    try:
        found = read_json(data)
    except JsonProblem as error:
        yield Issue(source=source, where=WHOLE_FILE, problem=str(error))
        return
    # Windows PowerShell writes a list of one as the one, and an empty one as nothing.
    entries = found if isinstance(found, list) else [] if found is None else [found]
    for number, entry in enumerate(entries, start=1):
        where = f"entry {number}"
        if not isinstance(entry, dict):
            yield Issue(source=source, where=where, problem=f"is no object: {excerpt(entry)}")
            continue
        yield from _checked(entry, source, where)


def _table(found: Iterator[Line], source: str) -> Iterator[dict[str, Any] | Issue]:
    starts: list[int] = []
    has_lines = False
    for line in found:
        text = line.text.rstrip()
        has_lines = has_lines or bool(text)
        if _DASHES.fullmatch(text):
            starts = [dash.start() for dash in re.finditer(r"-+", text)]
            continue
        if not text or not starts:
            # What stands before the dashes names the columns, in the host's language.
            continue
        ends = [*(later for _, later in pairwise(starts)), None]
        cells = (text[start:end].strip() for start, end in zip(starts, ends, strict=True))
        yield from _checked(dict(zip(_COLUMNS, cells, strict=True)), source, f"line {line.number}")
    if has_lines and not starts:
        problem = "is neither JSON nor a table with a row of dashes"
        yield Issue(source=source, where=WHOLE_FILE, problem=problem)


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
    row["remaining_seconds"] = _seconds(seconds)
    row["is_cut"] = any(
        value.endswith(_ELLIPSES) for value in row.values() if isinstance(value, str)
    )
    yield row
    if row["remaining_seconds"] is None and seconds not in (None, ""):
        problem = f"TimeToLive cannot be {excerpt(seconds)}"
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


def _rows(
    items: Iterator[dict[str, Any] | Issue], taken_at: datetime | None
) -> Iterator[Rows | Issue]:
    held: list[dict[str, Any]] = []
    for item in items:
        if isinstance(item, Issue):
            yield item
            continue
        seconds = item["remaining_seconds"]
        item["snapshot_time"] = taken_at
        item["resolved_at_basis"] = UNKNOWN_FULL_TTL
        if taken_at is not None and seconds is not None:
            item["expires_at"] = taken_at + timedelta(seconds=seconds)
        held.append(item)
        if len(held) >= _BATCH_ROWS:
            yield _batch(held)
            held = []
    if held:
        yield _batch(held)


def _batch(rows: list[dict[str, Any]]) -> Rows:
    return Rows(table=_TABLE, batch=pa.RecordBatch.from_pylist(rows, schema=DNS_CACHE))
