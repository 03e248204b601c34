"""Which columns a stretch of ``pfirewall.log`` has: what its ``#Fields`` line says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from fleetaudit.records.tables import FIREWALL_LOG

__all__ = [
    "DATE",
    "OPTIONAL",
    "PATHS",
    "REQUIRED",
    "TIME",
    "Layout",
    "assume_layout",
    "is_dated",
    "read_layout",
]

DATE: Final = "date"
TIME: Final = "time_of_day"
REQUIRED: Final = (DATE, TIME, "action")
"""Columns without which a line is no record."""

OPTIONAL: Final = frozenset({"info", "path", "process_pid"})
"""Columns that may be missing at the end of a line (windows-facts 6: ``pid`` can be missing)."""

_COLUMNS: Final = MappingProxyType(
    {
        "date": DATE,
        "time": TIME,
        "action": "action",
        "protocol": "network_transport",
        "src-ip": "source_ip",
        "dst-ip": "destination_ip",
        "src-port": "source_port",
        "dst-port": "destination_port",
        "size": "network_bytes",
        "tcpflags": "tcp_flags",
        "tcpsyn": "tcp_syn",
        "tcpack": "tcp_ack",
        "tcpwin": "tcp_window",
        "icmptype": "icmp_type",
        "icmpcode": "icmp_code",
        "info": "info",
        "path": "path",
        "pid": "process_pid",
    }
)
PATHS: Final = frozenset({"SEND", "RECEIVE", "FORWARD", "UNKNOWN"})
"""What the path says (windows-facts 6); no other column holds one of these."""
_MOST_FIELDS = 64
_ASSUMABLE = (16, 17, 18)
_SURE: Final = 8
"""Columns that every version has in one order: up to the port of the destination."""
_DATED: Final = re.compile(rb"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\s+[0-9]{2}:[0-9]{2}")


@dataclass(frozen=True)
class Layout:
    """The columns of a stretch of the log.

    Attributes:
        fields: As the ``#Fields`` line has them, in lower case.
        is_assumed: Whether no line said so.
    """

    fields: tuple[str, ...]
    is_assumed: bool = False

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Return a name for each field: the table's, or ``field N`` where the table has none."""
        names: list[str] = []
        for position, field in enumerate(self.fields, start=1):
            known = _COLUMNS.get(field)
            names.append(known if known and known not in names else f"field {position}")
        return tuple(names)

    @property
    def others(self) -> tuple[tuple[str, str], ...]:
        """Return ``(column, field)`` of every field that the table has no column for."""
        pairs = zip(self.columns, self.fields, strict=True)
        return tuple((column, field) for column, field in pairs if column.startswith("field "))

    @cached_property
    def problem(self) -> str:
        """Return why no line can be read by this layout; empty where it can."""
        missing = [name for name in REQUIRED if name not in self.columns]
        if missing:
            wanted = {column: field for field, column in _COLUMNS.items()}
            return f"the #Fields line names no {wanted[missing[0]]}"
        return "the #Fields line names too many columns" if len(self.fields) > _MOST_FIELDS else ""

    @cached_property
    def fewest(self) -> int:
        """Return with how many columns a line may end: only optional ones may be missing."""
        columns = self.columns
        fewest = len(columns)
        while fewest and columns[fewest - 1] in OPTIONAL:
            fewest -= 1
        return max(fewest, min(len(columns), _ASSUMABLE[0])) if self.is_assumed else fewest

    def first(self, count: int) -> Layout:
        """Return the layout of lines that end after ``count`` columns."""
        return Layout(self.fields[:count], is_assumed=self.is_assumed)

    @cached_property
    def types(self) -> dict[str, Any]:
        """Return the Arrow type of each column as it is read."""
        return {column: _type(column) for column in self.columns}


@lru_cache(maxsize=16)
def read_layout(line: str) -> Layout:
    """Return the layout that a ``#Fields: date time ...`` line gives."""
    return Layout(tuple(line.partition(":")[2].lower().split()[: _MOST_FIELDS + 1]))


def is_dated(line: bytes) -> bool:
    """Return whether ``line`` begins as a record does."""
    return bool(_DATED.match(line))


def assume_layout(line: bytes) -> Layout:
    """Return the layout of a file without ``#Fields``, going by how many columns ``line`` has.

    16, 17 and 18 columns are the beginning of today's list. Of fewer, the columns were cut (a
    public log has 11): what comes after the ports is kept without a name, except a path at the
    end. For any other number 17 are assumed, and a line that does not fit becomes an issue.
    """
    known = tuple(_COLUMNS)
    parts = line.split()
    count = len(parts)
    if count in _ASSUMABLE or not (is_dated(line) and _SURE <= count < _ASSUMABLE[0]):
        return Layout(known[: count if count in _ASSUMABLE else 17], is_assumed=True)
    fields = [*known[:_SURE], *(f"column {number}" for number in range(_SURE + 1, count + 1))]
    if count > _SURE and parts[-1].decode("utf-8", "replace") in PATHS:
        fields[-1] = "path"
    return Layout(tuple(fields), is_assumed=True)


def _type(column: str) -> Any:  # noqa: ANN401 - pyarrow has no type information
    if column == DATE:
        return pa.date32()
    if column == TIME:
        return pa.time32("s")
    return FIREWALL_LOG.field(column).type if column in FIREWALL_LOG.names else pa.string()
