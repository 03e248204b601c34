r"""Events as JSON lines, as shippers and exports write them.

One object a line; shortened samples of the shapes::

    {"@timestamp":"2026-11-21T08:00:01.512Z","winlog":{"event_id":"5157","record_id":227694,
     "provider_name":"Microsoft-Windows-Security-Auditing","computer_name":"WEB01",
     "keywords":["Audit Failure"],"event_data":{"DestPort":"445","FilterRTID":"67229"}}}
    {"@timestamp":"...","event_id":5157,"record_number":"7","event_data":{"DestPort":"445"}}
    {"EventID":5157,"SourceName":"Microsoft-Windows-Security-Auditing","RecordNumber":7,
     "EventTime":"2026-11-21 09:00:01","Keywords":-9218868437227405312,"DestPort":"445"}
    {"EventID":5157,"EventSourceName":"Microsoft-Windows-Security-Auditing","Computer":"WEB01",
     "TimeGenerated":"...Z","EventData":"<EventData><Data Name=\"DestPort\">445</Data></EventData>"}
    {"Event":{"System":{"EventID":5157,...},"EventData":{"DestPort":"445"}}}

They are of Winlogbeat 7 and 6, NXLog, Azure, and ``evtx_dump``. A line may also hold an array of
such objects, or end in the comma of one. Which events are kept, and in which table:
:mod:`fleetaudit.parsers._event_sorting`. Fields of the event that have no column stand in
``other_fields``; what the shipper adds, the rendered text among it, does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from fleetaudit.parsers._event_json_shapes import read_event
from fleetaudit.parsers._event_sorting import BATCH_ROWS, EventSorter, table_of
from fleetaudit.parsers._event_text import EventReader
from fleetaudit.parsers._text import capped, excerpt, lines
from fleetaudit.records.evidence import EvidenceContext, Issue, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["parse"]

_STEP: Final = 2048


def parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield the kept events as batches, and issues.

    A line that is no JSON, is longer than a mebibyte or holds no event id is an issue with its
    number. Events of no interest are counted in one issue. Memory does not grow with the file.
    """
    yield from capped(_parse(stream, context.name), source=context.name)


def _parse(stream: BinaryIO, source: str) -> Iterator[Rows | Issue]:
    taker = _Taker(source)
    for line in lines(stream):
        text = line.text.strip(" \t\r\ufeff\0").removesuffix(",")
        if text in ("", "[", "]"):
            continue
        where = f"line {line.number}"
        if line.is_cut:
            yield Issue(source=source, where=where, problem="is too long for an event")
            continue
        for problem in taker.take(text):
            yield Issue(source=source, where=where, problem=problem)
        yield from taker.sorter.flush(BATCH_ROWS - _STEP)
    yield from taker.sorter.finish()
    if taker.arrivals:
        problem = (
            f"{taker.arrivals} events have a time without a zone; the time is the one of their"
            " arrival at the shipper (@timestamp)"
        )
        yield Issue(source=source, where="file", problem=problem, lost=0)


class _Taker:
    """Takes lines; ``arrivals`` counts the events whose time is the shipper's."""

    def __init__(self, source: str) -> None:
        self.sorter = EventSorter(source)
        self.arrivals = 0
        self._reader = EventReader(table_of)

    def take(self, text: str) -> Iterator[str]:
        """Keep or count the events of a line; yield what is wrong with each that is neither."""
        try:
            document = orjson.loads(text)
        except ValueError:
            yield f"is no JSON: {excerpt(text)}"
            return
        for item in document if isinstance(document, list) else [document]:
            try:
                self._take(item)
            except (TypeError, ValueError) as error:
                yield f"{error}: {excerpt(text)}"

    def _take(self, document: Any) -> None:  # noqa: ANN401 -- whatever JSON holds
        if isinstance(document, dict) and isinstance(document.get("Event"), dict):
            self._take_dumped(orjson.dumps(document).decode())
            return
        event = read_event(document)
        table = table_of(event.code, event.provider.casefold())
        if not table:
            self.sorter.leave_out(event.code)
            return
        head = (
            event.record_id,
            event.time,
            event.code,
            event.version,
            event.computer,
            event.keywords,
            event.process_id,
            event.provider,
        )
        self.sorter.keep(table, head, tuple(event.fields), tuple(event.fields.values()))
        self.arrivals += event.is_arrival

    def _take_dumped(self, text: str) -> None:
        head = self._reader.head(text)
        if not head.table:
            self.sorter.leave_out(head.code)
            return
        time, record_id, process_id, computer, fields = self._reader.tail(text, head)
        own = (record_id, time, head.code, head.version, computer, head.keywords, process_id)
        self.sorter.keep(head.table, (*own, head.provider), tuple(fields), tuple(fields.values()))
