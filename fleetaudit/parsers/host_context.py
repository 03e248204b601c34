r"""What surrounds the drops on a host: services, processes, addresses, listeners, volumes.

All but ``volumes.txt`` are JSON arrays; Windows PowerShell 5.1 writes an array of one as the bare
object, a byte-order mark, and times as milliseconds::

    [{"ProcessId":1044,"Name":"svchost.exe","ExecutablePath":"C:\\Windows\\System32\\svchost.exe",
      "CreationDate":"\/Date(1763712000000)\/"}]

``volumes.txt`` is the table of ``fltmc volumes``, its head in the host's language::

    Dos Name                          Volume Name                   FileSystem   Status
    ------------------------------    --------------------------    ----------   --------
                                      \Device\Mup                   Remote       Attached
    C:                                \Device\HarddiskVolume3       NTFS         Attached

``listeners.json`` has protocol numbers (6 TCP, 17 UDP), ``interfaces.json`` the category of each
network as a number (learn.microsoft.com: MSFT_NetConnectionProfile). ``unsupported.json`` names the
files that the host could not make; Windows 7 has no cmdlets for them, and gives subnet masks
instead of prefix lengths (learn.microsoft.com: Win32_NetworkAdapterConfiguration).

Paths in the Security log begin with such a device, whose number may change with every boot
(windows-facts 1.3); so every row says when its list was taken.

Memory is bounded by 40 times the file; of JSON the first 16 MiB are read, where a busy server's
lists take less than one.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa

from fleetaudit.parsers._json import JsonProblem, moment, read_json, tidy
from fleetaudit.parsers._text import capped, excerpt, lines
from fleetaudit.records.evidence import WHOLE_FILE, EvidenceContext, Issue, Rows
from fleetaudit.records.tables import (
    ADDRESSES,
    INTERFACES,
    LISTENERS,
    PROCESSES,
    SERVICES,
    VOLUMES,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import BinaryIO

__all__ = [
    "parse_addresses",
    "parse_interfaces",
    "parse_listeners",
    "parse_processes",
    "parse_services",
    "parse_unsupported",
    "parse_volumes",
    "service_sid",
]

_LONGEST: Final = 16 * 1024 * 1024
_LONGEST_SERVICE: Final = 256
"""Characters of a service's name (learn.microsoft.com: CreateService)."""
_BATCH_ROWS: Final = 5_000
_LONGEST_HEAD: Final = 100
_EARLIEST_YEAR: Final = 1980
_LATEST_YEAR: Final = 2261
_PROFILES: Final = {0: "public", 1: "private", 2: "domain"}
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


def parse_listeners(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield one batch of ``listeners``."""
    return capped(_objects(stream, context, "listeners", LISTENERS), source=context.name)


def parse_interfaces(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield one batch of ``interfaces``."""
    return capped(_objects(stream, context, "interfaces", INTERFACES), source=context.name)


def parse_unsupported(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield an issue for each file that the host has no means to make; never rows."""
    return capped(_unsupported(stream, context.name), source=context.name)


def service_sid(name: str) -> str:
    """Return the SID of a service, which is its name's hash.

    S-1-5-80 and the SHA-1 of the upper-case name in UTF-16, as five numbers (learn.microsoft.com:
    [MS-DTYP] 2.4.2.4, NT_SERVICE). As Windows does, one character becomes one.
    """
    upper = "".join(c.upper() if len(c.upper()) == 1 else c for c in name)
    digest = hashlib.sha1(upper.encode("utf-16-le"), usedforsecurity=False).digest()
    parts = (digest[at : at + 4] for at in range(0, len(digest), 4))
    return "-".join(["S-1-5-80", *(str(int.from_bytes(part, "little")) for part in parts)])


def parse_volumes(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield one batch of ``volumes``; ``mount_point`` is null where a volume has none."""
    return capped(_volumes(stream, context), source=context.name)


def _objects(
    stream: BinaryIO,
    context: EvidenceContext,
    table: str,
    schema: Any,  # noqa: ANN401 - pyarrow has no type information
) -> Iterator[Rows | Issue]:
    try:
        items = _read_items(stream)
    except JsonProblem as error:
        yield Issue(source=context.name, where=WHOLE_FILE, problem=str(error))
        return
    rows: list[dict[str, Any]] = []
    for number, item in enumerate(items, start=1):
        row, problems, is_lost = _row(item, _COLUMNS[table])
        where = f"entry {number}"
        for problem in problems:
            yield Issue(source=context.name, where=where, problem=problem, lost=int(is_lost))
        if not is_lost:
            rows.append({"snapshot_time": context.taken_at, **row})
        if len(rows) == _BATCH_ROWS:
            yield Rows(table=table, batch=pa.RecordBatch.from_pylist(rows, schema=schema))
            rows = []
    if rows:
        yield Rows(table=table, batch=pa.RecordBatch.from_pylist(rows, schema=schema))


def _read_items(stream: BinaryIO) -> list[object]:
    found = read_json(_whole(stream))
    return found if isinstance(found, list) else [] if found is None else [found]


def _unsupported(stream: BinaryIO, source: str) -> Iterator[Issue]:
    try:
        items = _read_items(stream)
    except JsonProblem as error:
        yield Issue(source=source, where=WHOLE_FILE, problem=str(error))
        return
    for number, item in enumerate(items, start=1):
        row, problems, is_lost = _row(item, _COLUMNS["unsupported"])
        where, lost = f"entry {number}", int(is_lost)
        if not is_lost:
            missing = excerpt(row["missing"] or "what it is made of")
            problems = [f"unsupported: {excerpt(row['name'])} needs {missing}, which is not there"]
        yield from (Issue(source=source, where=where, problem=p, lost=lost) for p in problems[:1])


def _row(item: object, columns: tuple[_Column, ...]) -> tuple[dict[str, Any], list[str], bool]:
    """Return the row, what is wrong with it, and whether it is lost: its first column must be."""
    if not isinstance(item, dict):
        return {}, [f"no object but {excerpt(item)}"], True
    row: dict[str, Any] = {}
    problems: list[str] = []
    for column in columns:
        value = item.get(column.member)
        try:
            known = row.get(column.name)
            row[column.name] = known if value is None or value == "" else column.read(value)
        except ValueError:
            row[column.name] = None
            problems.append(f"{column.member} cannot be {excerpt(value)}")
        if column is columns[0] and row[column.name] is None:
            return {}, problems or [f"no {column.member}"], True
    return row, problems, False


def _volumes(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Lines above the ruler are the head; a table without one has its head told by no device."""
    source, taken_at = context.name, context.taken_at
    head: list[Issue] | None = []
    rows: list[dict[str, object]] = []
    for line in lines(stream):
        text = line.text.replace("\0", "").strip()
        if found := _DEVICE.search(text):
            at = found.start()
            device, mount_point = text[at:].split()[0], text[:at].strip() or None
            rows.append({"snapshot_time": taken_at, "device": device, "mount_point": mount_point})
            if len(rows) == _BATCH_ROWS:
                yield _volume_rows(rows)
                rows = []
            continue
        if head is not None and _RULER.fullmatch(text):
            head = None
        elif text:
            problem = Issue(
                source=source, where=f"line {line.number}", problem=f"no volume: {excerpt(text)}"
            )
            if head is None:
                yield problem
            else:
                head.append(problem)
        if head is not None and len(head) > _LONGEST_HEAD:
            yield from head
            head = []
    yield from head or ()
    if rows:
        yield _volume_rows(rows)


def _volume_rows(rows: list[dict[str, object]]) -> Rows:
    return Rows(table="volumes", batch=pa.RecordBatch.from_pylist(rows, schema=VOLUMES))


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


def _prefix_length(mask: object) -> int:
    """Return the prefix length of ``255.255.255.0`` or ``64``."""
    text = _text(mask)
    network = ipaddress.IPv4Network if "." in text else ipaddress.IPv6Network
    return network((0, text)).prefixlen


def _profile(value: object) -> str:
    number = _number(32)(value)
    return _PROFILES.get(number, str(number))


def _sid(value: object) -> str:
    name = _text(value)
    if len(name) > _LONGEST_SERVICE:
        raise ValueError("no name of a service")
    return service_sid(name)


def _start(value: object) -> object:
    start = moment(value)
    if not _EARLIEST_YEAR <= start.year <= _LATEST_YEAR:
        raise ValueError("no start of a process")
    return start


_COLUMNS: Final[Mapping[str, tuple[_Column, ...]]] = {
    "services": (
        _Column("Name", "service_name", _text),
        _Column("Name", "service_sid", _sid),
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
        _Column("IPSubnet", "prefix_length", _prefix_length),
        _Column("InterfaceIndex", "interface_index", _number(32)),
        _Column("InterfaceAlias", "interface_alias", _text),
    ),
    "listeners": (
        _Column("LocalPort", "local_port", _number(16)),
        _Column("Protocol", "network_iana_number", _number(16)),
        _Column("LocalAddress", "local_ip", _address),
        _Column("OwningProcess", "process_pid", _number(32)),
    ),
    "interfaces": (
        _Column("InterfaceIndex", "interface_index", _number(32)),
        _Column("InterfaceAlias", "interface_alias", _text),
        _Column("Name", "network_name", _text),
        _Column("NetworkCategory", "firewall_profile", _profile),
    ),
    "unsupported": (
        _Column("Name", "name", _text),
        _Column("Missing", "missing", _text),
    ),
}
