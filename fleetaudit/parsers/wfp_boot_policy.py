"""Filters that stand while Windows starts, from ``netsh wfp show boottimepolicy``.

Microsoft documents that the file holds "the boot-time policy and filters" (netsh wfp), and not
its shape; no file of a real host was at hand. So nothing is assumed but what all of WFP's dumps
share (windows-facts 4.2, 4.3): wherever it stands, an element with a ``filterKey`` and a layer or
an action is a filter::

    <item>
        <filterKey>{935b7f9b-2f52-4a76-9ac4-4d4e4f7b0c2d}</filterKey>
        <displayData><name>Boot Time Filter</name><description/></displayData>
        <flags numItems="1"><item>FWPM_FILTER_FLAG_BOOTTIME</item></flags>
        <layerKey>FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V4</layerKey>
        <action><type>FWP_ACTION_BLOCK</type><filterType/></action>
    </item>

A stored filter need not have a number, so ``filter_id`` may be null without an issue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from fleetaudit.parsers._text import capped
from fleetaudit.parsers._wfp_item import (
    FilterReader,
    WfpFilter,
    child_text,
    decoded_text,
    display_name,
    key_of,
)
from fleetaudit.parsers._wfp_rows import FilterSurroundings, moment_of
from fleetaudit.parsers._xml import XmlFeed
from fleetaudit.records.evidence import EvidenceContext, Issue, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

__all__ = ["parse"]

_TAGS: Final = ("item", "timeStamp")
_FILTER_PARTS: Final = frozenset({"layerKey", "layerId", "action"})
_WITHIN: Final = frozenset({"flags", "filterCondition", "field"})
"""Lists inside of what becomes one row; their items are read with it."""


def parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield all filters as batches, and issues.

    A document that is damaged gives the filters before the damage, and an issue with its line.
    """
    return capped(_items(stream, context.name), source=context.name)


def _items(stream: BinaryIO, source: str) -> Iterator[Rows | Issue]:
    feed = XmlFeed(_TAGS)
    policy = _Policy()
    for elements in feed.elements(stream):
        for element in elements:
            if policy.take(element):
                feed.drop(element)
        for where, problem in policy.problems:
            yield Issue(source=source, where=where, problem=problem, lost=0)
        policy.problems.clear()
    if feed.damage:
        problem = f"the XML is damaged, all from here is missing: {feed.damage}"
        yield Issue(
            source=source, where=f"line {feed.line}" if feed.line else "file", problem=problem
        )
    elif not policy.filters:
        yield Issue(source=source, where="file", problem="holds no filter", lost=0)
    if feed.replaced:
        problem = f"{feed.replaced} characters that XML forbids were replaced by U+FFFD"
        yield Issue(source=source, where="file", problem=problem, lost=0)
    yield from policy.around.rows(policy.filters, "boot_filters")


class _Policy:
    """What has been read so far."""

    def __init__(self) -> None:
        self.around = FilterSurroundings()
        self.filters: list[WfpFilter] = []
        self.problems: list[tuple[str, str]] = []
        self._reader = FilterReader()

    def take(self, element: etree._Element) -> bool:
        """Read an element that has ended; return whether it is done with."""
        parent = element.getparent()
        if parent is None or parent.tag in _WITHIN:
            return False
        if element.tag == "timeStamp":
            self.around.time = self.around.time or moment_of(element.text)
            return False
        tags = {str(child.tag) for child in element}
        if "filterKey" in tags and tags & _FILTER_PARTS:
            self._filter(element)
        elif "providerContextKey" in tags:
            text = decoded_text(element.findtext("dataBuffer/data") or "")
            self.around.origins[key_of(child_text(element, "providerContextKey"))] = text or ""
        elif "subLayerKey" in tags:
            key = key_of(child_text(element, "subLayerKey"))
            self.around.names["sublayer", key] = display_name(element)
        elif [tag for tag in tags if tag.endswith("Key")] == ["providerKey"]:
            key = key_of(child_text(element, "providerKey"))
            self.around.names["provider", key] = display_name(element)
        else:
            return bool(len(element))
        return True

    def _filter(self, element: etree._Element) -> None:
        read = self._reader.read(element)
        self.filters.append(read)
        unnumbered = not (child_text(element, "filterId") or "").strip()
        for problem in read.problems:
            if not (unnumbered and "filterId" in problem):
                self.problems.append((f"filter {read.filter_id or read.filter_key}", problem))
