r"""Records of the Security log, from an EVTX file as ``wevtutil epl`` writes it.

The reader gives each record as JSON text, and this is all of it that is looked at::

    {"Event":{"System":{
       "Provider":{"#attributes":{"Name":"Microsoft-Windows-Security-Auditing"}},
       "EventID":5157,"Version":1,"Keywords":"0x8010000000000000",
       "TimeCreated":{"#attributes":{"SystemTime":"2026-11-21T08:00:01.512340Z"}},
       "EventRecordID":227694,"Computer":"WEB01.example.org"},
     "EventData":{"ProcessID":820,
       "Application":"\\device\\harddiskvolume3\\windows\\system32\\svchost.exe",
       "Direction":"%%14592","SourceAddress":"10.0.0.7","SourcePort":"50100",
       "DestAddress":"10.0.0.5","DestPort":"445","Protocol":6,"FilterRTID":67229,
       "LayerName":"%%14610","LayerRTID":44,
       "RemoteUserID":"S-1-0-0","RemoteMachineID":"S-1-0-0"}}}

Forwarded records have every number as a text. Events 1100 to 1105 have ``UserData`` with one
element of fields instead of ``EventData``. What the fields mean: windows-facts 1.2 to 1.4.

Kept are 5031 and 5148 to 5160 in ``security_events`` and 1100 to 1105, 4612, 4719, 4944 to 4958
and 5440 to 5450 in ``audit_events``, each from its own provider. Other records are counted in one
issue with ``lost=0``: they are no evidence of drops.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from fleetaudit.parsers._event_columns import EventTable
from fleetaudit.parsers._event_text import EventReader
from fleetaudit.parsers._evtx_chunks import MOST_RECORDS, read_records
from fleetaudit.parsers._security_fields import Layout, layout_of
from fleetaudit.records.evidence import EvidenceContext, Issue, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AUDIT_CODES", "TRAFFIC_CODES", "parse"]

TRAFFIC_CODES: Final = frozenset({5031, *range(5148, 5161)})
"""Events that become rows of ``security_events``."""
_LOG_CODES: Final = frozenset(range(1100, 1106))
AUDIT_CODES: Final = _LOG_CODES | {4612, 4719, *range(4944, 4959), *range(5440, 5451)}
"""Events that become rows of ``audit_events``."""

_AUDITING: Final = "microsoft-windows-security-auditing"
_EVENTLOG: Final = "microsoft-windows-eventlog"
_TRAFFIC: Final = "security_events"
_AUDIT: Final = "audit_events"
_BATCH_ROWS: Final = 50_000
_MOST_LAYOUTS: Final = 256
_MOST_NAMED: Final = 20


def parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield the kept records as batches of at most 50,000 rows, and issues.

    Values that read ``-`` are null. Damaged chunks and records become issues that name them; the
    rest of the file is read. Memory does not grow with the file.
    """
    sorter = _Sorter(context.name)
    for item in read_records(stream, context.name):
        if isinstance(item, Issue):
            yield item
            continue
        for text, number in item:
            if problem := sorter.take(text):
                where = f"record {number} of the file"
                yield Issue(source=context.name, where=where, problem=problem)
        yield from sorter.flush(_BATCH_ROWS - MOST_RECORDS)
    yield from sorter.flush(1)
    if sorter.left_out:
        yield _left_out(sorter.left_out, context.name)


class _Sorter:
    """Sorts records into the two tables and counts those that belong to neither."""

    def __init__(self, source: str) -> None:
        self.left_out: Counter[int] = Counter()
        self._reader = EventReader(_table_of)
        self._traffic = EventTable(_TRAFFIC, source)
        self._audit = EventTable(_AUDIT, source)
        self._layouts: dict[tuple[int, tuple[str, ...]], Layout] = {}

    def flush(self, at_least: int) -> Iterator[Rows | Issue]:
        """Yield the batches that have come to ``at_least`` rows."""
        for table in (self._traffic, self._audit):
            if table.settle() >= at_least:
                yield from table.flush()

    def take(self, text: str) -> str:
        """Keep or count one record; return what is wrong with it, if it is neither."""
        try:
            head = self._reader.head(text)
        except ValueError:
            return "has no event id"
        code = head.code
        if not head.table:
            self.left_out[code] += 1
            return ""
        try:
            time, record_id, computer, fields = self._reader.tail(text, head)
            if head.table == _TRAFFIC:
                own = (record_id, time, code, head.version, computer, head.keywords)
                row = self._layout(code, fields).row((*own, *fields.values(), None))
                self._traffic.rows.append(row)
            else:
                row = (
                    record_id,
                    time,
                    code,
                    head.provider,
                    computer,
                    orjson.dumps(fields).decode(),
                )
                self._audit.rows.append(row)
        except (TypeError, ValueError):
            return f"event {code} is not shaped like an event of the Security log"
        return ""

    def _layout(self, code: int, fields: dict[str, Any]) -> Layout:
        names = tuple(fields)
        layout = self._layouts.get((code, names))
        if layout is None:
            if len(self._layouts) >= _MOST_LAYOUTS:
                self._layouts.clear()
            layout = self._layouts[code, names] = layout_of(code, names)
        return layout


def _table_of(code: int, provider: str) -> str:
    """Return the table for an event id, from its own provider only; empty for others."""
    if provider != (_EVENTLOG if code in _LOG_CODES else _AUDITING):
        return ""
    if code in TRAFFIC_CODES:
        return _TRAFFIC
    return _AUDIT if code in AUDIT_CODES else ""


def _left_out(counts: Counter[int], source: str) -> Issue:
    """Return the issue that counts the records of no interest."""
    named = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    parts = [f"{code} x{count}" for code, count in named[:_MOST_NAMED]]
    if len(named) > _MOST_NAMED:
        parts.append(f"{len(named) - _MOST_NAMED} other ids")
    problem = f"{counts.total()} records of other events were left out: {', '.join(parts)}"
    return Issue(source=source, where="file", problem=problem, lost=0)
