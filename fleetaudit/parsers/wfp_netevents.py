r"""Drops that WFP remembers by itself, from ``netsh wfp show netevents`` or ``netsh wfp capture``.

The shape (windows-facts 4.6); in a capture the list is ``events`` and an item ``netEvent``::

    <netEvents numItems="412">
        <item>
            <header>
                <timeStamp>2026-11-21T08:03:56.281Z</timeStamp>
                <flags numItems="2"><item>FWPM_NET_EVENT_FLAG_IP_PROTOCOL_SET</item>...</flags>
                <ipVersion>FWP_IP_VERSION_V4</ipVersion>
                <ipProtocol>17</ipProtocol>
                <localAddrV4>10.0.0.5</localAddrV4>     (localAddrV6.byteArray16 where it is one)
                <remoteAddrV4>10.0.0.9</remoteAddrV4>
                <localPort>5353</localPort>
                <remotePort>5353</remotePort>
                <appId><data>5c0064006500...0000</data><asString>\.d.e...</asString></appId>
                <userId>S-1-5-20</userId>
            </header>
            <type>FWPM_NET_EVENT_TYPE_PUBLIC_CLASSIFY_DROP</type>
            <classifyDrop><filterId>67229</filterId><layerId>44</layerId>...</classifyDrop>
            <internalFields>
                <terminatingFiltersInfo numItems="1"><item>...</item></terminatingFiltersInfo>
                <filterOrigin>Query User Default</filterOrigin>
            </internalFields>
        </item>
    </netEvents>

Rows are the events whose type ends in ``CLASSIFY_DROP``. Events of other types are counted, by
type, in one issue with ``lost=0``: they are no drops of packets. An event's fields mean something
only where its flags say so.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import pyarrow as pa

from fleetaudit.parsers._net_event_item import DROP, NetEvent, type_of
from fleetaudit.parsers._text import capped, excerpt
from fleetaudit.parsers._wfp_item import unsigned
from fleetaudit.parsers._xml import XmlFeed
from fleetaudit.records.evidence import EvidenceContext, Issue, Rows
from fleetaudit.records.tables import NET_EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

__all__ = ["parse"]

_LISTS: Final = frozenset({"netEvents", "events"})
_TAGS: Final = ("item", "netEvent", *sorted(_LISTS))
_INSIDE: Final = frozenset({"header", "internalFields", "netEvent", *_LISTS})
"""What an item is read with, if it stands inside of one."""
_BATCH_ROWS: Final = 10_000
_MOST_TYPES: Final = 20


def parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield the drops as batches of at most 10,000 rows, and issues.

    A document that is damaged gives the events before the damage, and an issue with its line.
    """
    return capped(_Reading(context.name).items(stream), source=context.name)


class _Reading:
    """One reading of one document."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._feed = XmlFeed(_TAGS)
        self._rows: list[dict[str, Any]] = []
        self._issues: list[Issue] = []
        self._types: Counter[str] = Counter()
        self._is_ours = False
        self._seen = 0
        self._promised = 0

    def items(self, stream: BinaryIO) -> Iterator[Rows | Issue]:
        """Yield rows and issues as they come, and at the end what was counted."""
        for elements in self._feed.elements(stream):
            for element in elements:
                self._take(element)
                if len(self._rows) >= _BATCH_ROWS:
                    yield self._batch()
            yield from self._issues
            self._issues.clear()
        if self._rows:
            yield self._batch()
        yield from self._closing()

    def _take(self, element: etree._Element) -> None:
        tag = str(element.tag)
        if tag in ("item", "netEvent"):
            self._item(element, tag)
            return
        self._is_ours = True
        promised = element.get("numItems")
        # A capture's list counts what is not about packets too: changes of filters, IKE.
        is_of_drops = tag != "events"
        if is_of_drops and promised is not None and unsigned(promised) != self._seen:
            problem = f"a list says {excerpt(promised)} events and has {self._seen}"
            self._issue(f"line {element.sourceline}", problem, lost=0)
        self._seen = self._promised = 0

    def _item(self, element: etree._Element, tag: str) -> None:
        parent = element.getparent()
        is_listed = parent is not None and parent.tag in _LISTS
        if is_listed or tag == "netEvent" or any(child.tag == "header" for child in element):
            self._is_ours = True
            if is_listed and not self._seen and parent is not None:
                self._promised = unsigned(parent.get("numItems")) or 0
            self._seen += is_listed
            self._event(element)
            self._feed.drop(element)
        elif not any(above.tag in _INSIDE for above in element.iterancestors()):
            self._feed.drop(element)

    def _event(self, element: etree._Element) -> None:
        if not type_of(element).endswith(DROP):
            name = type_of(element)[:120] or "no type"
            known = name in self._types or len(self._types) < _MOST_TYPES
            self._types[name if known else "further types"] += 1
            return
        event = NetEvent(element)
        self._rows.append(event.row)
        for problem in event.problems:
            self._issue(f"event at line {element.sourceline}", problem, lost=0)

    def _batch(self) -> Rows:
        batch = pa.RecordBatch.from_pylist(self._rows, schema=NET_EVENTS)
        self._rows.clear()
        return Rows(table="net_events", batch=batch)

    def _closing(self) -> Iterator[Issue]:
        """Yield what can be said of the document as a whole."""
        feed = self._feed
        if feed.damage:
            where = f"line {feed.line}" if feed.line else "file"
            problem = f"the XML is damaged, all from here is missing: {feed.damage}"
            self._issue(where, problem, lost=max(1, self._promised - self._seen))
        elif not self._is_ours:
            self._issue("file", "is no list of net events", lost=1)
        if feed.replaced:
            problem = f"{feed.replaced} characters that XML forbids were replaced by U+FFFD"
            self._issue("file", problem, lost=0)
        if self._types:
            named = sorted(self._types.items(), key=lambda item: (-item[1], item[0]))
            counts = ", ".join(f"{name} x{count}" for name, count in named)
            problem = f"{self._types.total()} events of other types were left out: {counts}"
            self._issue("file", problem, lost=0)
        yield from self._issues

    def _issue(self, where: str, problem: str, *, lost: int) -> None:
        self._issues.append(Issue(source=self._source, where=where, problem=problem, lost=lost))
