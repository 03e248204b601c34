r"""What surrounds the drops on a host: services, processes, own addresses, volumes.

``services.json``, ``processes.json`` and ``addresses.json`` are JSON arrays; Windows PowerShell
5.1 writes an array of one as the bare object, a byte-order mark, and times as milliseconds::

    [{"ProcessId":1044,"Name":"svchost.exe","ExecutablePath":"C:\\Windows\\System32\\svchost.exe",
      "CreationDate":"\/Date(1763712000000)\/"}]

``volumes.txt`` is the table of ``fltmc volumes``, its head in the host's language::

    Dos Name                          Volume Name                   FileSystem   Status
    ------------------------------    --------------------------    ----------   --------
                                      \Device\Mup                   Remote       Attached
    C:                                \Device\HarddiskVolume3       NTFS         Attached

Paths in the Security log begin with such a device, whose number may change with every boot
(windows-facts 1.3).
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa

from fleetaudit.parsers._json import JsonProblem, moment, read_json, tidy
from fleetaudit.parsers._text import capped, decode, excerpt
from fleetaudit.records.evidence import EvidenceContext, Issue, Rows
from fleetaudit.records.tables import ADDRESSES, PROCESSES, SERVICES, VOLUMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import BinaryIO

__all__ = ["parse_addresses", "parse_processes", "parse_services", "parse_volumes"]

_LONGEST: Final = 64 * 1024 * 1024
_EARLIEST_YEAR: Final = 1980
_LATEST_YEAR: Final = 2261
_DEVICE = re.compile(r"\\Device\\", re.IGNORECASE)
_RULER = re.compile(r"--[-\s]*")


class _Column(NamedTuple):
    """Where a column comes from: a member of the JSON object, and how it is read."""

    member: str
    name: str
    read: Callable[[Any], Any]


def parse_services(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield one batch of ``services``; a service without a name is an issue."""
    return capped(_objects(stream, context, "services", SERVICES), source=context.name)


def parse_processes(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield one batch of ``processes``; a process without a number is an issue."""
    return capped(_objects(stream, context, "processes", PROCESSES), source=context.name)


def parse_addresses(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield one batch of ``addresses``, without the zone that IPv6 addresses may carry."""
    return capped(_objects(stream, context, "addresses", ADDRESSES), source=context.name)


def parse_volumes(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield one batch of ``volumes``; ``mount_point`` is null where a volume has none."""
    return capped(_volumes(stream, context.name), source=context.name)


def _objects(
    stream: BinaryIO,
    context: EvidenceContext,
    table: str,
    schema: Any,  # noqa: ANN401 - pyarrow has no type information
) -> Iterator[Rows | Issue]:
    try:
        found = read_json(_whole(stream))
    except JsonProblem as error:
        yield Issue(source=context.name, where="the whole file", problem=str(error))
        return
    items = found if isinstance(found, list) else [] if found is None else [found]
    rows: list[dict[str, Any]] = []
    for number, item in enumerate(items, start=1):
        row, problems, is_lost = _row(item, _COLUMNS[table])
        where = f"entry {number}"
        for problem in problems:
            yield Issue(source=context.name, where=where, problem=problem, lost=int(is_lost))
        if not is_lost:
            rows.append(row)
    if rows:
        yield Rows(table=table, batch=pa.RecordBatch.from_pylist(rows, schema=schema))


def _row(item: object, columns: tuple[_Column, ...]) -> tuple[dict[str, Any], list[str], bool]:
    """Return the row, what is wrong with it, and whether it is lost: its first column must be."""
    if not isinstance(item, dict):
        return {}, [f"no object but {excerpt(item)}"], True
    row: dict[str, Any] = {}
    problems: list[str] = []
    for column in columns:
        value = item.get(column.member)
        try:
            row[column.name] = None if value is None or value == "" else column.read(value)
        except ValueError:
            row[column.name] = None
            problems.append(f"{column.member} cannot be {excerpt(value)}")
        if column is columns[0] and row[column.name] is None:
            return {}, problems or [f"no {column.member}"], True
    return row, problems, False


def _volumes(stream: BinaryIO, source: str) -> Iterator[Rows | Issue]:
    """Lines above the ruler are the head; a table without one has its head told by no device."""
    text = decode(_whole(stream)).replace("\0", "").splitlines()
    ruler = next((at for at, line in enumerate(text) if _RULER.fullmatch(line.strip())), -1)
    rows: list[dict[str, str | None]] = []
    for number, line in enumerate(text, start=1):
        if device := _DEVICE.search(line):
            at = device.start()
            mount_point = line[:at].strip() or None
            rows.append({"device": line[at:].split()[0], "mount_point": mount_point})
        elif line.strip() and number > ruler + 1:
            problem = f"no volume: {excerpt(line.strip())}"
            yield Issue(source=source, where=f"line {number}", problem=problem)
    if rows:
        yield Rows(table="volumes", batch=pa.RecordBatch.from_pylist(rows, schema=VOLUMES))


def _whole(stream: BinaryIO) -> bytes:
    """Return the file; one longer than any host's is cut, which makes it no JSON."""
    return stream.read(_LONGEST)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004 - one kind of error for whatever does not fit
    return tidy(value)


def _number(bits: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**bits:
            raise ValueError("no number")
        return value

    return read


def _address(value: object) -> str:
    return str(ipaddress.ip_address(_text(value).partition("%")[0]))


def _start(value: object) -> object:
    start = moment(value)
    if not _EARLIEST_YEAR <= start.year <= _LATEST_YEAR:
        raise ValueError("no start of a process")
    return start


_COLUMNS: Final[Mapping[str, tuple[_Column, ...]]] = {
    "services": (
        _Column("Name", "service_name", _text),
        _Column("DisplayName", "display_name", _text),
        _Column("ProcessId", "process_pid", _number(32)),
        _Column("State", "state", _text),
        _Column("StartMode", "start_mode", _text),
        _Column("StartName", "account", _text),
        _Column("PathName", "command_line", _text),
    ),
    "processes": (
        _Column("ProcessId", "process_pid", _number(32)),
        _Column("Name", "process_name", _text),
        _Column("ExecutablePath", "process_executable", _text),
        _Column("CreationDate", "process_start", _start),
    ),
    "addresses": (
        _Column("IPAddress", "ip", _address),
        _Column("PrefixLength", "prefix_length", _number(8)),
        _Column("InterfaceIndex", "interface_index", _number(32)),
        _Column("InterfaceAlias", "interface_alias", _text),
    ),
}
