"""The audit policy as ``auditpol`` writes it, to rows of ``audit_policy``.

A sample of ``auditpol /backup`` (windows-facts 5)::

    Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,...,Setting Value
    WEB01,System,Filtering Platform Packet Drop,{0CCE9225-69AE-11D9-BED3-505054503030},...,,0
    WEB01,,Option:CrashOnAuditFail,,Disabled,,0
    ,,FileGlobalSacl,,,,S:(AU;FA;CC;;;WD)

Only GUIDs and numbers are read, because names and settings are in the host's language. Options,
global SACLs and policies of single users are no part of the system policy: they are skipped
without an issue. ``auditpol /get /r`` is read too; where it lacks the seventh column it has no
number, only a text in the host's language, which is never guessed: the rows have no inclusion then,
and one issue says so.

The ``audit.csv`` of a group policy looks the same and means something else: 0 leaves a
subcategory unchanged and 4 is none. :func:`parse_group_policy` and :func:`read_gpo_policy` read
that dialect, into a table of its own.

Memory is bounded by 16 times the file, of which the first 16 MiB are read.
"""

from __future__ import annotations

import csv
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

import pyarrow as pa

from fleetaudit.errors import EvidenceError
from fleetaudit.parsers._text import capped, decode, excerpt
from fleetaudit.records.audit_policy import AuditPolicy, Inclusion
from fleetaudit.records.evidence import WHOLE_FILE, EvidenceContext, Issue, Rows
from fleetaudit.records.tables import AUDIT_POLICY, GROUP_AUDIT_POLICY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import BinaryIO

__all__ = [
    "GPO_NONE",
    "GPO_UNCHANGED",
    "parse",
    "parse_group_policy",
    "read_gpo_policy",
    "read_policy",
]

GPO_UNCHANGED: Final = 0
GPO_NONE: Final = 4

_HIGHEST: Final = int(Inclusion.SUCCESS | Inclusion.FAILURE)
_AFTER_GUID: Final = 3
"""Columns after the GUID where there is a number: inclusion, exclusion and setting value."""
_LONGEST: Final = 16 * 1024 * 1024
_GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")
_DELIMITED = re.compile(r"([,;\t])\"?\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DELIMITERS: Final = re.compile(r"[,;\t]")
_FEWEST: Final = 4
"""Delimiters of a header; one without policies below it is an empty policy."""
_HEAD: Final = 4096
_TYPE_LINE: Final = "#TYPE"
_USER = re.compile(r"S-1-[0-9-]+|.*\\.*")
_NO_GUID = re.compile(r"Option:.*|.*GlobalSacl", re.IGNORECASE)
_SCHEMAS: Final = MappingProxyType(
    {"audit_policy": AUDIT_POLICY, "group_audit_policy": GROUP_AUDIT_POLICY}
)
_READ_AGAIN = "Ask the host again; where it says the same, look at its auditpol /backup yourself"


class _Setting(NamedTuple):
    """One subcategory of the system policy."""

    line: int
    guid: UUID
    name: str
    value: int | None


class _Flaw(NamedTuple):
    """A line that should be a setting and cannot be read."""

    line: int
    problem: str


def parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield the system policy as one batch, and an issue for each line that cannot be read."""
    items = _items(stream, context, table="audit_policy", highest=_HIGHEST)
    return capped(items, source=context.name)


def parse_group_policy(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield a group policy's ``audit.csv`` as one batch of ``group_audit_policy``, and issues."""
    items = _items(stream, context, table="group_audit_policy", highest=GPO_NONE)
    return capped(items, source=context.name)


def read_policy(data: bytes, *, name: str = "policy.csv") -> AuditPolicy:
    """Return the system policy of a whole ``auditpol /backup``; nothing is guessed.

    Raises:
        EvidenceError: A line cannot be read, a subcategory has two settings, no subcategory is
            named, or the numbers are those of a group policy.
    """
    settings = _settings(data, name=name, highest=_HIGHEST)
    return AuditPolicy(
        settings=MappingProxyType({guid: Inclusion(value) for guid, value in settings.items()})
    )


def read_gpo_policy(data: bytes, *, name: str = "gpo-audit.csv") -> Mapping[UUID, int]:
    """Return what a group policy's ``audit.csv`` sets: 0 unchanged, 1, 2, 3, and 4 for none.

    The two dialects cannot always be told apart: a file without a 4 may be either. A file
    without the column of numbers is refused. An empty policy is an empty mapping.

    Raises:
        EvidenceError: A line cannot be read, or a subcategory has two settings.
    """
    return MappingProxyType(_settings(data, name=name, highest=GPO_NONE, may_be_empty=True))


def _settings(
    data: bytes, *, name: str, highest: int, may_be_empty: bool = False
) -> dict[UUID, int]:
    found: dict[UUID, int] = {}
    for item in _read(decode(data), highest=highest):
        if isinstance(item, _Flaw):
            happened = f"line {item.line}: {item.problem}"
            raise EvidenceError(happened, file=name, remedy=_READ_AGAIN)
        if item.value is None:
            happened = f"line {item.line}: {{{item.guid}}} has no number, only a text"
            raise EvidenceError(happened, file=name, remedy=_READ_AGAIN)
        if found.setdefault(item.guid, item.value) != item.value:
            happened = f"line {item.line}: {{{item.guid}}} has a second setting"
            raise EvidenceError(happened, file=name, remedy=_READ_AGAIN)
    if not found and not may_be_empty:
        raise EvidenceError("it names no audit subcategory", file=name, remedy=_READ_AGAIN)
    return found


def _items(
    stream: BinaryIO, context: EvidenceContext, *, table: str, highest: int
) -> Iterator[Rows | Issue]:
    data = stream.read(_LONGEST + 1)
    if len(data) > _LONGEST:
        problem = f"only the first {_LONGEST} bytes were read; no policy is that long"
        yield Issue(source=context.name, where="the whole file", problem=problem)
    settings: list[_Setting] = []
    text = decode(data[:_LONGEST])
    has_flaws = False
    for item in _read(text, highest=highest):
        if isinstance(item, _Flaw):
            has_flaws = True
            yield Issue(source=context.name, where=f"line {item.line}", problem=item.problem)
        else:
            settings.append(item)
    head = text[:_HEAD].strip("\0 \t\r\n").partition("\n")[0]
    if head and not settings and not has_flaws and len(_DELIMITERS.findall(head)) < _FEWEST:
        problem = "names no audit subcategory and no columns of auditpol"
        yield Issue(source=context.name, where=WHOLE_FILE, problem=problem)
    silent = [one for one in settings if one.value is None]
    if silent:
        problem = f"{len(silent)} subcategories have no number, only a text in the host's language"
        remedy = "auditpol /backup writes numbers"
        where = f"line {silent[0].line}"
        yield Issue(source=context.name, where=where, problem=f"{problem}; {remedy}", lost=0)
    if settings:
        schema = _SCHEMAS[table]
        columns = [
            [f"{{{str(one.guid).upper()}}}" for one in settings],
            [one.name for one in settings],
            [one.value for one in settings],
        ]
        arrays = [
            pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)
        ]
        yield Rows(table=table, batch=pa.RecordBatch.from_arrays(arrays, schema=schema))


def _read(text: str, *, highest: int) -> Iterator[_Setting | _Flaw]:
    """Yield every subcategory of the system policy; the first line that is not blank is a header.

    A target that is neither "System" nor an account could be "System" in another language: it
    counts as the system as long as it is the only one.
    """
    system = ""
    is_first, header = True, list[str]()
    # A spreadsheet in another language writes semicolons; what stands before a GUID tells.
    delimited = _DELIMITED.search(text)
    delimiter = delimited[1] if delimited else ","
    for number, line in _numbered(text):
        row = _row(line, delimiter)
        if not row or row[0].startswith(_TYPE_LINE):
            continue
        at = next((i for i, field in enumerate(row) if _GUID.fullmatch(field)), None)
        if is_first and at is None:
            header = row
        is_header, is_first = row == header, False
        if at is None:
            # The header comes again where one file was written behind another.
            if not is_header and not _is_known_without_guid(row):
                yield _Flaw(number, f"no subcategory GUID: {excerpt(line)}")
            continue
        target = row[1] if at > 1 else ""
        if _USER.fullmatch(target):
            continue
        system = system or target
        if target not in (system, "System"):
            yield _Flaw(number, f"the policy of {excerpt(target)} beside that of {excerpt(system)}")
            continue
        yield _setting(number, row, at, highest=highest)


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines one by one: a list of millions would take many times their bytes."""
    start, number = 0, 1
    while (end := text.find("\n", start)) >= 0:
        yield number, text[start:end]
        start, number = end + 1, number + 1
    yield number, text[start:]


def _row(line: str, delimiter: str) -> list[str]:
    blanks = "\0 " if delimiter == "\t" else "\0 \t"
    try:
        fields = next(
            csv.reader(
                [line.replace("\r", "").strip(blanks).lstrip("\ufeff")], delimiter=delimiter
            ),
            [],
        )
    except csv.Error:
        return [line]
    return [field.strip() for field in fields]


def _is_known_without_guid(row: list[str]) -> bool:
    return any(_NO_GUID.fullmatch(field) for field in row[:4])


def _setting(number: int, row: list[str], at: int, *, highest: int) -> _Setting | _Flaw:
    """Return the setting of a row whose GUID stands at ``at``; names may hold commas."""
    guid = UUID(row[at].strip("{}"))
    name = ",".join(row[2:at])
    if len(row) - at <= _AFTER_GUID:
        return _Setting(number, guid, name, None)
    text = row[-1]
    if not (text.isascii() and text.isdigit() and len(text) == 1):
        return _Flaw(number, f"{{{guid}}} has the setting {excerpt(text)}, which is no number")
    value = int(text)
    if value > highest:
        group = " (4 is what a group policy's audit.csv says)" if value == GPO_NONE else ""
        return _Flaw(number, f"{{{guid}}} has the setting {value}, which means nothing here{group}")
    return _Setting(number, guid, name, value)
