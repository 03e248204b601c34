"""WFP filters and dynamic keywords, from ``netsh wfp show state`` or ``netsh wfp show filters``.

The shape (windows-facts 4.2 to 4.4); the second root element is how newer systems write it::

    <?xml version="1.0" encoding="UTF-8" standalone="yes"?>
    <wfpstate>
        <timeStamp>2026-11-21T08:00:01.295Z</timeStamp>
        <layers numItems="99"><item>
            <layer><layerKey>FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V4</layerKey><layerId>44</layerId></layer>
            <filters numItems="1"><item>
                <filterKey>{c5ff0d42-1664-4d2f-98dd-a31c42eecea7}</filterKey>
                <displayData><name>Query User</name><description/></displayData>
                <flags numItems="1"><item>FWPM_FILTER_FLAG_HAS_FILTER_ORIGIN</item></flags>
                <providerKey>FWPM_PROVIDER_MPSSVC_WF</providerKey>
                <layerKey>FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V4</layerKey>
                <subLayerKey>FWPM_SUBLAYER_MPSSVC_WF</subLayerKey>
                <filterCondition numItems="1"><item>...</item></filterCondition>
                <action><type>FWP_ACTION_BLOCK</type><filterType/></action>
                <providerContextKey>{8f55a5d1-d2f5-4736-bce7-e6f4a44d1c3e}</providerContextKey>
                <filterId>67229</filterId>
                <effectiveWeight><type>FWP_UINT64</type><uint64>0</uint64></effectiveWeight>
            </item></filters>
        </item></layers>
        <providers numItems="12">...</providers>
        <providerContexts numItems="354">...</providerContexts>
        <subLayers numItems="20">...</subLayers>
    </wfpstate>
    <firewallState><dynamicKeywordAddresses/></firewallState>

Dynamic keywords become rows of their own. No file with one was at hand: their elements are taken
for the members of FW_DYNAMIC_KEYWORD_ADDRESS0 (netfw.h), and what is named otherwise is kept.

``show filters`` is ``<wfpdiag><filters/><providers/></wfpdiag>``: no time, no layer numbers, no
origins and no names of sublayers, which are null then. ``netsh wfp capture`` writes the state at
its start and each filter that changed meanwhile: ``<wfpdiag><initialState>...</initialState>
<events><filterChange><filter>...</filter></filterChange></events></wfpdiag>``. All are rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

import orjson
import pyarrow as pa

from fleetaudit.parsers._text import capped
from fleetaudit.parsers._wfp_cutter import CUT, FilterCutter
from fleetaudit.parsers._wfp_item import (
    FilterReader,
    WfpFilter,
    child_text,
    decoded_text,
    display_name,
    key_of,
    unsigned,
)
from fleetaudit.parsers._wfp_rows import FilterSurroundings, has_origin, moment_of
from fleetaudit.parsers._xml import XmlFeed, tree_of
from fleetaudit.records.evidence import EvidenceContext, Issue, Rows
from fleetaudit.records.tables import DYNAMIC_KEYWORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml import etree

__all__ = ["parse"]

_FIRST: Final = "filterKey"
"""Each filter has one; a list of filters without a time before it is first seen by it."""
_SOME: Final = 2
"""Fewer items than this are no list whose complete ones could be dropped."""
_KEYWORDS: Final = "dynamicKeywordAddresses"
_LISTS: Final = ("filters", "providers", "subLayers", "providerContexts", _KEYWORDS)
_CHANGED: Final = "filter"
_TAGS: Final = (_FIRST, _CHANGED, "layer", "timeStamp", "wfpstate", "wfpdiag", *_LISTS)
_FILTERS: Final = "wfp_filters"
_ROOTS: Final = frozenset({"wfpstate", "wfpdiag", "firewallState", "initialState"})
_LARGEST_LAYER: Final = (1 << 32) - 1
_KEYWORD_PARTS: Final = ("id", "keyword", "flags", "addresses")
_GENERAL: Final = "FWPM_GENERAL_CONTEXT"


def parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield all filters as batches, and issues.

    A document that is damaged gives the filters before the damage, and an issue with its line.
    Providers, contexts and sublayers stand behind the filters, so rows come when all is read.
    """
    yield from capped(_items(stream, context), source=context.name)


def _items(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    cutter = FilterCutter(_TAGS)
    feed = XmlFeed(_TAGS, cutter=cutter)
    state = _State(feed, context.name, cutter.found)
    for elements in feed.elements(stream, relieve=state.sweep):
        for element in elements:
            state.take(element)
        state.sweep()
        yield from state.issues
        state.issues.clear()
    state.finish()
    yield from state.issues
    yield from state.closing_issues()
    yield from state.rows()


class _State:
    """What has been read of a document so far."""

    def __init__(self, feed: XmlFeed, source: str, cut: dict[str, list[WfpFilter]]) -> None:
        self.issues: list[Issue] = []
        self._feed = feed
        self._source = source
        self._filter_reader = FilterReader()
        self._cut = cut
        self._filters: list[WfpFilter] = []
        self._around = FilterSurroundings()
        self._keywords: list[tuple[str | None, ...]] = []
        self._root = ""
        self._list_length = 0
        self._list_promised = 0
        self._top: etree._Element | None = None

    def take(self, element: etree._Element) -> None:
        """Read an element that has ended, and drop what is done with."""
        if self._top is None:
            self._top = element.getroottree().getroot()
        tag = str(element.tag)
        if tag in _LISTS:
            self._list_ends(element, tag)
        elif tag == "layer":
            self._layer(element)
        elif tag == _CHANGED:
            self._changed(element)
        elif tag == "timeStamp":
            self._time_stamp(element)
        elif tag != _FIRST:
            self._root = tag

    def _list_ends(self, element: etree._Element, tag: str) -> None:
        self._read_before(element)
        self._read_items(tag, element.iterchildren("item"))
        if tag == "filters":
            self._filters_end(element)
        self._feed.drop(element)

    def _read_before(self, element: etree._Element) -> None:
        """Read the items before an element of the same list; they are dropped with what follows."""
        parent = element.getparent()
        if parent is not None and parent.tag in _LISTS:
            self._read_items(str(parent.tag), reversed([*element.itersiblings(preceding=True)]))

    def sweep(self) -> bool:
        """Read and drop all items but the last of what has not ended; say if there were any."""
        part = self._open_part()
        if part is None or len(part) < _SOME:
            return False
        self._read_before(part[-1])
        self._feed.drop_before(part[-1])
        return True

    def _read_items(self, tag: str, items: Iterable[etree._Element]) -> None:
        for item in items:
            if item.tag == "item":
                self._read_item(tag, item)

    def _read_item(self, tag: str, item: etree._Element) -> None:
        match tag:
            case "filters":
                self._filter(item)
            case "providers":
                self._provider(item)
            case "subLayers":
                self._sublayer(item)
            case "providerContexts":
                self._context(item)
            case "dynamicKeywordAddresses":
                self._keyword(item)

    def _open_part(self) -> etree._Element | None:
        """Return the list that has not ended, or else the part of the document."""
        at, section = self._top, None
        while at is not None and len(at):
            at = at[-1]
            if at.tag in _LISTS:
                return at
            parent = at.getparent()
            if parent is not None and parent.tag in _ROOTS:
                section = at
        return section

    def finish(self) -> None:
        """Read what is complete in a document that is damaged behind it.

        An item that goes on has no text behind it yet; one that has ended is followed by some.
        """
        part = self._open_part() if self._feed.damage else None
        if part is not None:
            items = list(part)
            is_whole = items and items[-1].tail
            self._read_items(str(part.tag), items if is_whole else items[:-1])

    def _changed(self, element: etree._Element) -> None:
        """Take a filter that a capture saw coming or going."""
        parent = element.getparent()
        if parent is not None and parent.tag == "filterChange":
            self._keep(self._filter_reader.read(element))
            self._feed.drop(element)

    def _filter(self, element: etree._Element) -> None:
        """Take a filter, or those that the element stands for."""
        read = self._cut.pop(element.get(CUT, ""), None)
        if read is None:
            read = [self._filter_reader.read(element)]
        if not self._list_length:
            parent = element.getparent()
            promised = parent.get("numItems") if parent is not None else None
            self._list_promised = unsigned(promised) or 0
        self._list_length += len(read)
        for one in read:
            self._keep(one)

    def _keep(self, read: WfpFilter) -> None:
        self._filters.append(read)
        for problem in read.problems:
            self.issues.append(self._issue(f"filter {read.filter_id or read.filter_key}", problem))

    def _filters_end(self, element: etree._Element) -> None:
        promised = element.get("numItems")
        if promised is not None and unsigned(promised) != self._list_length:
            problem = f"a list of filters says {promised[:20]} items and has {self._list_length}"
            self.issues.append(self._issue(f"line {element.sourceline}", problem))
        self._list_length = self._list_promised = 0

    def _layer(self, element: etree._Element) -> None:
        number = unsigned(child_text(element, "layerId"))
        if number is not None and number <= _LARGEST_LAYER:
            self._around.layer_ids[key_of(child_text(element, "layerKey"))] = number

    def _provider(self, element: etree._Element) -> None:
        key = key_of(child_text(element, "providerKey"))
        self._around.names["provider", key] = display_name(element)

    def _sublayer(self, element: etree._Element) -> None:
        key = key_of(child_text(element, "subLayerKey"))
        self._around.names["sublayer", key] = display_name(element)

    def _context(self, element: etree._Element) -> None:
        if child_text(element, "type") != _GENERAL:
            return
        key = key_of(child_text(element, "providerContextKey"))
        text = decoded_text(element.findtext("dataBuffer/data") or "")
        if text is None:
            self.issues.append(self._issue(f"provider context {key}", "holds no UTF-16 text"))
        else:
            self._around.origins[key] = text

    def _keyword(self, element: etree._Element) -> None:
        """Take a dynamic keyword by the members of FW_DYNAMIC_KEYWORD_ADDRESS0, in any case.

        They may stand in an element of their own, as they do in FW_DYNAMIC_KEYWORD_ADDRESS_DATA0.
        """
        found: dict[str, object] = {}
        for child in element:
            inner = tree_of(child)
            found |= inner if isinstance(inner, dict) else {str(child.tag): inner}
        others = {name: value for name, value in found.items() if value is not None}
        known = {name.casefold(): name for name in others}
        row = [_text(others.pop(known.get(part, ""), None)) for part in _KEYWORD_PARTS]
        if row[0] is None and row[1] is None:
            where = f"line {element.sourceline}"
            self.issues.append(self._issue(where, "a dynamic keyword has no id and no keyword"))
        self._keywords.append((*row, orjson.dumps(others).decode() if others else None))

    def _time_stamp(self, element: etree._Element) -> None:
        parent = element.getparent()
        if parent is None or parent.tag not in _ROOTS:
            return
        moment = moment_of(element.text)
        if moment is None:
            problem = f"timeStamp is no time in UTC: {element.text!r}"[:120]
            self.issues.append(self._issue(f"line {element.sourceline}", problem))
        else:
            self._around.time = moment

    def closing_issues(self) -> Iterator[Issue]:
        """Yield what can be said of the document as a whole."""
        feed = self._feed
        if feed.damage:
            lost = max(1, self._list_promised - self._list_length)
            problem = f"the XML is damaged, all from here is missing: {feed.damage}"
            where = f"line {feed.line}" if feed.line else "file"
            yield self._issue(where, problem, lost=lost)
        elif not self._root and not self._filters:
            yield self._issue("file", "is neither a WFP state nor a list of WFP filters", lost=1)
        if feed.replaced:
            problem = f"{feed.replaced} characters that XML forbids were replaced by U+FFFD"
            yield self._issue("file", problem)
        if self._root == "wfpstate":
            lacking = sum(1 for item in self._filters if self._lacks_origin(item))
            if lacking:
                problem = f"{lacking} filters have an origin that the file does not hold"
                yield self._issue("file", problem)

    def _lacks_origin(self, item: WfpFilter) -> bool:
        return has_origin(item) and item.provider_context_key not in self._around.origins

    def rows(self) -> Iterator[Rows]:
        """Yield the filters, with origins and names resolved, and the dynamic keywords."""
        yield from self._around.rows(self._filters, _FILTERS)
        if self._keywords:
            rows = [(self._around.time, *keyword) for keyword in self._keywords]
            columns = [list(column) for column in zip(*rows, strict=True)]
            batch = pa.RecordBatch.from_pydict(
                dict(zip(DYNAMIC_KEYWORDS.names, columns, strict=True)), schema=DYNAMIC_KEYWORDS
            )
            yield Rows(table="dynamic_keywords", batch=batch)

    def _issue(self, where: str, problem: str, *, lost: int = 0) -> Issue:
        return Issue(source=self._source, where=where, problem=problem, lost=lost)


def _text(value: object) -> str | None:
    """Return a text as it is, a list as texts with commas between them."""
    if isinstance(value, list):
        return ",".join(str(one) for one in value if one is not None)
    return None if value is None else str(value)
