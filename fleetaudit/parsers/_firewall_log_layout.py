"""Which columns a stretch of ``pfirewall.log`` has: what its ``#Fields`` line says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from fleetaudit.records.tables import FIREWALL_LOG

__all__ = ["DATE", "OPTIONAL", "REQUIRED", "TIME", "Layout", "assume_layout", "read_layout"]

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
_MOST_FIELDS = 64
_ASSUMABLE = (16, 17, 18)


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
        return max(fewest, _ASSUMABLE[0]) if self.is_assumed else fewest

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


def assume_layout(line: bytes) -> Layout:
    """Return the layout of a file without ``#Fields``, going by how many columns ``line`` has.

    16, 17 and 18 columns are the beginning of today's list; for any other number 17 are assumed,
    and a line that does not fit becomes an issue.
    """
    count = len(line.split())
    return Layout(tuple(_COLUMNS)[: count if count in _ASSUMABLE else 17], is_assumed=True)


def _type(column: str) -> Any:  # noqa: ANN401 - pyarrow has no type information
    if column == DATE:
        return pa.date32()
    if column == TIME:
        return pa.time32("s")
    return FIREWALL_LOG.field(column).type if column in FIREWALL_LOG.names else pa.string()
