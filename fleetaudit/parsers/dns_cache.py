r"""The DNS client's cache, as ``Get-DnsClientCache`` shows it.

Either the JSON that the collector's script makes of it (windows-facts 9)::

    [{"Entry":"www.example.org","Name":"www.example.org","Type":1,"Status":0,"Section":1,
      "TimeToLive":4462,"DataLength":4,"Data":"192.0.2.7"}]

or what somebody redirected to a file (UTF-16 from Windows PowerShell): a list, a CSV, the output of
ipconfig (:mod:`fleetaudit.parsers._dns_cache_text`), or the table, whose columns are where the row
of dashes says, in any language; a name that was too long ends in ``...``::

    Entry                     RecordName                Record Status    Section TimeTo Data   Data
                                                        Type                     Live   Length
    -----                     ----------                ------ ------    ------- ------ ------ ----
    www.example.org           a-very-long-name.examp... A      Success   Answer    93      4 1.2.3.4

``TimeToLive`` is what remains of an entry's time: it says when the entry dies. When it was asked
for could be computed only from its full time to live, which the cache does not keep, so
``resolved_at`` is null and ``resolved_at_basis`` says why.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import pyarrow as pa

from fleetaudit.parsers._dns_cache_text import read_entries
from fleetaudit.parsers._json import tidy
from fleetaudit.parsers._json_documents import documents
from fleetaudit.parsers._text import capped, encoding_of, excerpt, lines
from fleetaudit.records.evidence import WHOLE_FILE, EvidenceContext, Issue, Rows
from fleetaudit.records.tables import DNS_CACHE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

__all__ = ["UNKNOWN_FULL_TTL", "parse"]

UNKNOWN_FULL_TTL: Final = "unknown: the full time to live is not recorded"
_TABLE: Final = "dns_cache"
_START: Final = 4096
_LONGEST: Final = 4096
_MOST_SECONDS: Final = 2**32 - 1
_BATCH_ROWS: Final = 10_000
_ELLIPSES: Final = ("...", "\u2026")


def parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield the entries as rows, and an issue for each that is none.

    ``snapshot_time`` is when the evidence was taken.
    """
    items = _entries(stream, context.name)
    yield from capped(_rows(items, context.taken_at), source=context.name)


def _entries(stream: BinaryIO, source: str) -> Iterator[dict[str, Any] | Issue]:
    first = stream.read(1 << 16)
    whole = cast("BinaryIO", _Rejoined(first, stream))
    encoding, mark = encoding_of(first[:_START])
    start = first[mark:_START].decode(encoding, "replace").lstrip()
    if start[:1] in ("[", "{") or start.strip() == "null":
        yield from _json(whole, source)
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


def _json(stream: BinaryIO, source: str) -> Iterator[dict[str, Any] | Issue]:
    """Yield the entries of one list, of several, or of one a line."""
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
        # Windows PowerShell writes a list of one as the one, and an empty one as nothing.
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


def _listed(value: object) -> list[Any]:
    if isinstance(value, dict) and isinstance(inner := value.get("value"), list):
        return inner
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
