"""Events sorted into their tables, whatever they came as.

Which events are kept, and from whom: 5031 and 5148 to 5160 become ``security_events``; 1100 to
1105, 4612, 4719, 4944 to 4958 and 5440 to 5450 ``audit_events``; the DNS client's 3006, 3008,
3010, 3011, 3016 and 3018 to 3020 ``dns_events``; Sysmon's 3 and 22 ``sysmon_events``. Each counts
only from its own provider (windows-facts 1 and 9).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from fleetaudit.parsers._dns_results import read_results
from fleetaudit.parsers._event_columns import EventTable
from fleetaudit.parsers._security_fields import Layout, layout_of
from fleetaudit.records.evidence import Issue, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AUDIT_CODES", "BATCH_ROWS", "TRAFFIC_CODES", "EventSorter", "table_of"]

TRAFFIC_CODES: Final = frozenset({5031, *range(5148, 5161)})
"""Events that become rows of ``security_events``."""
_LOG_CODES: Final = frozenset(range(1100, 1106))
AUDIT_CODES: Final = _LOG_CODES | {4612, 4719, *range(4944, 4959), *range(5440, 5451)}
"""Events that become rows of ``audit_events``."""
_DNS_CODES: Final = frozenset({3006, 3008, 3010, 3011, 3016, 3018, 3019, 3020})
_SYSMON_CODES: Final = frozenset({3, 22})

_AUDITING: Final = "microsoft-windows-security-auditing"
_EVENTLOG: Final = "microsoft-windows-eventlog"
_TABLES: Final = (
    (_AUDITING, TRAFFIC_CODES, "security_events"),
    (_AUDITING, AUDIT_CODES - _LOG_CODES, "audit_events"),
    (_EVENTLOG, _LOG_CODES, "audit_events"),
    ("microsoft-windows-dns-client", _DNS_CODES, "dns_events"),
    ("microsoft-windows-sysmon", _SYSMON_CODES, "sysmon_events"),
)
_TABLE_OF: Final = {(provider, code): table for provider, codes, table in _TABLES for code in codes}
BATCH_ROWS: Final = 50_000
_MOST_LAYOUTS: Final = 64
_MOST_COUNTED: Final = 4096
_MOST_NAMED: Final = 20
_RESULTS_FROM_END: Final = -2


def table_of(code: int, provider: str) -> str:
    """Return the table for an event id, from its own provider (lower case); empty for others."""
    return _TABLE_OF.get((provider, code), "")


class EventSorter:
    """Gathers events in their tables and counts those that belong to none."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._left_out: Counter[int] = Counter()
        self._uncounted = 0
        self._tables: dict[str, EventTable] = {}
        self._layouts: dict[tuple[str, int, tuple[str, ...]], Layout] = {}

    def leave_out(self, code: int, count: int = 1) -> None:
        """Count events of no interest."""
        if code in self._left_out or len(self._left_out) < _MOST_COUNTED:
            self._left_out[code] += count
        else:
            self._uncounted += count

    def keep(
        self, table: str, head: tuple[Any, ...], names: tuple[str, ...], values: tuple[Any, ...]
    ) -> None:
        """Keep an event; ``head`` is what HEAD_VALUES of the mapping names, in that order.

        Raises:
            TypeError: A value cannot be kept as JSON.
        """
        self.table(table).rows.append(self.row(table, head, names, values))

    def row(
        self, table: str, head: tuple[Any, ...], names: tuple[str, ...], values: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        """Return an event's raw values in the order of the columns of its table.

        Raises:
            TypeError: A value cannot be kept as JSON.
        """
        key = (table, head[2], names)
        layout = self._layouts.get(key)
        if layout is None:
            if len(self._layouts) >= _MOST_LAYOUTS:
                self._layouts.clear()
            layout = self._layouts[key] = layout_of(*key)
        row = layout.row((*head, *values, None))
        if layout.has_results:
            return (*row[:-1], *read_results(row[_RESULTS_FROM_END]), row[-1])
        return row

    def table(self, table: str) -> EventTable:
        """Return what gathers the rows of one table."""
        events = self._tables.get(table)
        if events is None:
            events = self._tables[table] = EventTable(table, self._source)
        return events

    def flush(self, at_least: int) -> Iterator[Rows | Issue]:
        """Yield the batches that have come to ``at_least`` rows."""
        for table in self._tables.values():
            if table.settle() >= at_least:
                yield from table.flush()

    def finish(self) -> Iterator[Rows | Issue]:
        """Yield what is left, and the issue that counts the records of no interest."""
        yield from self.flush(1)
        counts = self._left_out
        if not counts:
            return
        named = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        parts = [f"{code} x{count}" for code, count in named[:_MOST_NAMED]]
        if len(named) > _MOST_NAMED:
            parts.append(f"{len(named) - _MOST_NAMED} other ids")
        total = counts.total() + self._uncounted
        problem = f"{total} records of other events were left out: {', '.join(parts)}"
        yield Issue(source=self._source, where="file", problem=problem, lost=0)
