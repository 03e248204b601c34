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

They are of Winlogbeat 7 and 6, NXLog, Azure, and ``evtx_dump``; more are named in
:mod:`fleetaudit.parsers._event_json_shapes`, and what may stand around them in
:mod:`fleetaudit.parsers._event_json_wrappers`. An object may also go on over lines, or stand in an
array (:mod:`fleetaudit.parsers._json_documents`), or hold the event's XML as a text. Which events
are kept, and in which table: :mod:`fleetaudit.parsers._event_sorting`. Fields of the event that
have no column stand in ``other_fields``; what the shipper adds, the rendered text among it, does
not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Final

from fleetaudit.parsers._event_json_shapes import read_event
from fleetaudit.parsers._event_json_wrappers import events_in, is_plain
from fleetaudit.parsers._event_record import Event
from fleetaudit.parsers._event_sorting import BATCH_ROWS, EventSorter, table_of
from fleetaudit.parsers._event_xml_text import EventXml
from fleetaudit.parsers._json_documents import documents
from fleetaudit.parsers._text import capped, excerpt
from fleetaudit.records.evidence import EvidenceContext, Issue, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["parse"]

_STEP: Final = 2048
_WITHOUT_FILTER: Final = (5148, 5149)
_RAW: Final = "_raw"
_XML: Final = (_RAW, "event", "Event", "EventXml", "xml", "XML", "message", "Message")
"""Members that may hold the whole event as XML."""


def parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield the kept events as batches, and issues.

    What is no JSON, is longer than 16 Mi characters or holds no event id is an issue with its line.
    Events of no interest are counted in one issue. Memory does not grow with the file.
    """
    yield from capped(_parse(stream, context.name), source=context.name)


def _parse(stream: BinaryIO, source: str) -> Iterator[Rows | Issue]:
    taker = _Taker(source)
    for document in documents(stream):
        where = f"line {document.number}"
        if document.problem:
            yield Issue(source=source, where=where, problem=document.problem)
            continue
        for problem in taker.take(document.value):
            yield Issue(source=source, where=where, problem=problem)
        yield from taker.sorter.flush(BATCH_ROWS - _STEP)
    yield from taker.sorter.finish()
    for problem in taker.remarks():
        yield Issue(source=source, where="file", problem=problem, lost=0)


class _Taker:
    """Takes documents.

    Attributes:
        sorter: What keeps their events.
        arrivals: How many have the shipper's time.
        by_position: How many have fields whose names follow from their order.
        bare: How many of filtering say nothing of it by a name that is known.
    """

    def __init__(self, source: str) -> None:
        self.sorter = EventSorter(source)
        self.arrivals = 0
        self.by_position = 0
        self.bare = 0
        self._xml = EventXml(table_of)

    def take(self, document: Any) -> Iterator[str]:  # noqa: ANN401 -- whatever JSON holds
        """Keep or count the events of a document; yield what is wrong with what is neither."""
        for item in (document,) if is_plain(document) else events_in(document):
            try:
                self._take(item)
            except (TypeError, ValueError) as error:
                yield f"{error}: {excerpt(_shown(item))}"

    def remarks(self) -> Iterator[str]:
        """Yield what is to be said of events that were kept."""
        if self.arrivals:
            yield (
                f"{self.arrivals} events have a time without a zone; the time is the one of their"
                " arrival at the shipper (@timestamp)"
            )
        if self.by_position:
            yield (
                f"{self.by_position} events have values without names; they were named by the"
                " order of their template"
            )

        if self.bare:
            yield (
                f"{self.bare} events of filtering name neither a program nor a filter; what else"
                " they say is in other_fields"
            )

    def _take(self, document: Any) -> None:  # noqa: ANN401 -- whatever JSON holds
        may_wrap = isinstance(document, dict) and (_RAW in document or "event" in document)
        if may_wrap and (text := _xml_of(document)):
            self._take_xml(text)
            return
        try:
            event = read_event(document)
        except ValueError:
            text = _xml_of(document)
            if not text:
                raise
            self._take_xml(text)
            return
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
        names, values = tuple(event.fields), tuple(event.fields.values())
        self.sorter.keep(Event(table, event.code, head, names, values))
        self.arrivals += event.is_arrival
        self.by_position += event.is_by_position
        self.bare += table == "security_events" and _is_bare(event.code, event.fields)

    def _take_xml(self, text: str) -> None:
        event = self._xml.read(text)
        if event.table:
            self.sorter.keep(event)
        else:
            self.sorter.leave_out(event.code)


def _is_bare(code: int, fields: Mapping[str, Any]) -> bool:
    """Return whether an event that has a program or a filter by its template has none here."""
    if "Application" in fields or "FilterRTID" in fields or code in _WITHOUT_FILTER:
        return False
    return {"application", "filterrtid"}.isdisjoint(name.casefold() for name in fields)


def _xml_of(document: object) -> str:
    """Return the event's XML where a document only wraps that; else nothing."""
    if not isinstance(document, dict):
        return ""
    inner = document.get("event")
    texts = [document.get(name) for name in _XML]
    texts += [inner.get("original")] if isinstance(inner, dict) and "winlog" not in document else []
    for text in texts:
        if isinstance(text, str) and text.lstrip().startswith(("<Event ", "<Event>")):
            return text.strip()
    return ""


def _shown(item: object) -> object:
    """Return what names an object in an issue: some of its members."""
    return str(item)[:200] if isinstance(item, dict) else item
