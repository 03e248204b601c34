"""What one WFP filter says, from its element in ``netsh wfp show state`` or ``show filters``.

Shape and meaning: windows-facts 4.3 and 4.4.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "LARGEST",
    "FilterReader",
    "WfpFilter",
    "child_text",
    "condition",
    "decoded_text",
    "display_name",
    "flag_names",
    "key_of",
    "unsigned",
]

_PROVIDERS: Final = MappingProxyType(
    {
        "{decc16ca-3f33-4346-be1e-8fb4ae0f3d62}": "FWPM_PROVIDER_MPSSVC_WF",
        "{4b153735-1049-4480-aab4-d1b9bdc03710}": "FWPM_PROVIDER_MPSSVC_WSH",
        "{3cc2631f-2d5d-43a0-b174-614837d863a1}": "FWPM_PROVIDER_MPSSVC_APP_ISOLATION",
        "{a90296f7-46b8-4457-8f84-b05e05d3c622}": "FWPM_PROVIDER_MPSSVC_EDP",
    }
)
"""Older builds print the GUID of a provider that newer ones name (windows-facts 4.3, 4.4)."""
_FLAG_PREFIX: Final = "FWPM_FILTER_FLAG_"
LARGEST: Final = (1 << 64) - 1
"""The largest number in a dump."""
_COMPOUND: Final = frozenset(
    {"action", "displayData", "effectiveWeight", "filterCondition", "flags"}
)
"""Parts of a filter that have parts of their own and are read."""
_TEXTS: Final = frozenset(
    {"filterId", "filterKey", "layerKey", "providerContextKey", "providerKey", "subLayerKey"}
)
"""Parts of a filter that are a text and are read."""
_MOST_DIGITS: Final = 20


class WfpFilter(NamedTuple):
    """One filter, its keys not yet resolved; empty texts are None."""

    filter_id: int | None
    filter_key: str | None
    name: str | None
    description: str | None
    flags: str | None
    provider_key: str | None
    provider_context_key: str | None
    layer_key: str | None
    sublayer_key: str | None
    action: str | None
    callout_key: str | None
    effective_weight: int | None
    conditions: str
    problems: tuple[str, ...]


def key_of(text: str | None) -> str | None:
    """Return a key as the name that we know it by, or its GUID in lower case."""
    if not text:
        return None
    if text[0] != "{":
        return text
    folded = text.lower()
    return _PROVIDERS.get(folded, folded)


def display_name(item: etree._Element) -> str | None:
    """Return an item's name for people; localised, duplicated, editable."""
    for child in item:
        if child.tag == "displayData":
            return child_text(child, "name")
    return None


def decoded_text(data: str) -> str | None:
    """Return the text that hexadecimal digits hold as UTF-16LE, without its final NUL."""
    try:
        text = bytes.fromhex(data).decode("utf-16-le")
    except ValueError:
        return None
    return text.rstrip("\0")


def child_text(element: etree._Element | None, tag: str) -> str | None:
    """Return the text of the first child with that tag; None if it is empty or missing.

    ``findtext`` does the same at five times the cost, which is most of the cost of a filter.
    """
    if element is None:
        return None
    for child in element:
        if child.tag == tag:
            return child.text or None
    return None


def _texts(element: etree._Element | None) -> dict[str, str | None]:
    """Return the texts of all children by tag."""
    return {} if element is None else {child.tag: child.text for child in element}


class FilterReader:
    """Reads filters; equal texts and equal conditions of one document are made once."""

    def __init__(self) -> None:
        self._texts: dict[str | None, str | None] = {}
        self._keys: dict[str | None, str | None] = {}
        self._conditions: dict[bytes, str] = {}

    def read(self, item: etree._Element) -> WfpFilter:
        """Return what an item of ``filters`` says; nothing is assumed of the order in it."""
        parts: dict[str, etree._Element] = {}
        texts: dict[str, str | None] = {}
        for child in item:
            tag = child.tag
            if tag in _TEXTS:
                texts[tag] = child.text
            elif tag in _COMPOUND:
                parts[tag] = child
        once, key = self._once, self._key
        display = _texts(parts.get("displayData"))
        action = _texts(parts.get("action"))
        filter_id = unsigned(texts.get("filterId"))
        weight = child_text(parts.get("effectiveWeight"), "uint64")
        effective_weight = unsigned(weight)
        problems: tuple[str, ...] = ()
        if filter_id is None:
            problems = (f"has no usable filterId: {texts.get('filterId')!r}"[:120],)
        if weight and effective_weight is None:
            problems += (f"has an effectiveWeight beyond 64 bits: {weight!r}"[:120],)
        return WfpFilter(
            filter_id=filter_id,
            filter_key=key_of(texts.get("filterKey")),
            name=once(display.get("name")),
            description=once(display.get("description")),
            flags=once(flag_names(flag.text for flag in parts.get("flags", ()))),
            provider_key=key(texts.get("providerKey")),
            provider_context_key=key(texts.get("providerContextKey")),
            layer_key=key(texts.get("layerKey")),
            sublayer_key=key(texts.get("subLayerKey")),
            action=once(action.get("type")),
            callout_key=key(action.get("filterType")),
            effective_weight=effective_weight,
            conditions=self._conditions_of(parts.get("filterCondition")),
            problems=problems,
        )

    def _once(self, text: str | None) -> str | None:
        return self._texts.setdefault(text, text) if text else None

    def _key(self, text: str | None) -> str | None:
        if text not in self._keys:
            self._keys[text] = key_of(text)
        return self._keys[text]

    def _conditions_of(self, element: etree._Element | None) -> str:
        """Return the conditions as JSON. Half of real filters repeat another's."""
        if element is None or not len(element):
            return "[]"
        text = etree.tostring(element, with_tail=False)
        conditions = self._conditions.get(text)
        if conditions is None:
            conditions = self._conditions[text] = _conditions(element)
        return conditions


def unsigned(text: str | None) -> int | None:
    """Return an unsigned 64-bit number, or None."""
    if not text or len(text) > _MOST_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    number = int(text)
    return number if number <= LARGEST else None


def flag_names(flags: Iterable[str | None]) -> str:
    """Return flags as a filter's row has them."""
    return " ".join((flag or "").removeprefix(_FLAG_PREFIX) for flag in flags)


def _conditions(element: etree._Element) -> str:
    """Return the conditions as a JSON list of ``{"field", "match", "type", "value"}``.

    Equal fields are alternatives, different ones must all hold.
    """
    return orjson.dumps([condition(item) for item in element]).decode()


def condition(item: etree._Element) -> dict[str, Any]:
    """Return an item of ``filterCondition`` as ``{"field", "match", "type", "value"}``.

    The type is what FWP_VALUE calls it: ``FWP_UINT16`` and ``FWP_UINT8`` are both numbers in JSON,
    ``FWP_SID`` and ``FWP_SECURITY_DESCRIPTOR_TYPE`` both texts.
    """
    field = match = kind = value = None
    for child in item:
        tag = child.tag
        if tag == "conditionValue":
            kind, value = child_text(child, "type"), _value(child)
        elif tag == "fieldKey":
            field = child.text
        elif tag == "matchType":
            match = child.text
    return {"field": field, "match": match, "type": kind, "value": value}


def _value(element: etree._Element) -> Any:  # noqa: ANN401 -- any JSON value
    """Return the value beside ``type``: a number, a text, a range, or an object of the parts."""
    for child in element:
        tag = child.tag
        if tag == "type":
            continue
        if tag == "byteBlob":
            return _blob(child)
        if tag == "rangeValue":
            ends = {str(end.tag): _value(end) for end in child}
            return {"low": ends.get("valueLow"), "high": ends.get("valueHigh")}
        if not len(child):
            return _scalar(child)
        return {str(part.tag): _scalar(part) for part in child}
    return None


def _scalar(element: etree._Element) -> int | str | None:
    text = element.text
    if text and str(element.tag).startswith("uint"):
        # A 32-bit address is printed with dots in an element of the same name.
        number = unsigned(text)
        return text if number is None else number
    return text


def _blob(element: etree._Element) -> Any:  # noqa: ANN401 -- any JSON value
    """Return a blob that holds a text as that text, any other as ``{"data": hex digits}``.

    ``asString`` is not used beside it: older builds put a dot between all characters
    (windows-facts 4.3).
    """
    data = child_text(element, "data") or ""
    if not data and (shown := child_text(element, "asString")):
        return shown
    if data.endswith("0000"):
        text = decoded_text(data)
        if text and text.isprintable():
            return text
    return {"data": data}
