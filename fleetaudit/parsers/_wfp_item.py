"""What one WFP filter says, from its element in ``netsh wfp show state`` or ``show filters``.

Shape and meaning: windows-facts 4.3 and 4.4.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["WfpFilter", "decoded_text", "display_name", "key_of", "read_filter", "unsigned"]

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
_LARGEST: Final = (1 << 64) - 1
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
    return item.findtext("displayData/name") or None


def decoded_text(data: str) -> str | None:
    """Return the text that hexadecimal digits hold as UTF-16LE, without its final NUL."""
    try:
        text = bytes.fromhex(data).decode("utf-16-le")
    except ValueError:
        return None
    return text.rstrip("\0")


def read_filter(item: etree._Element) -> WfpFilter:
    """Return what an item of ``filters`` says; nothing is assumed of the order of its elements."""
    parts = {str(child.tag): child for child in item}
    texts = {tag: child.text for tag, child in parts.items()}
    problems: list[str] = []
    display = parts.get("displayData")
    action = parts.get("action")
    weight = parts.get("effectiveWeight")
    filter_id = unsigned(texts.get("filterId"))
    if filter_id is None:
        problems.append(f"has no usable filterId: {texts.get('filterId')!r}"[:120])
    weight_text = weight.findtext("uint64") if weight is not None else None
    effective_weight = unsigned(weight_text)
    if weight_text and effective_weight is None:
        problems.append(f"has an effectiveWeight that is no 64-bit number: {weight_text!r}"[:120])
    return WfpFilter(
        filter_id=filter_id,
        filter_key=key_of(texts.get("filterKey")),
        name=(display.findtext("name") if display is not None else None) or None,
        description=(display.findtext("description") if display is not None else None) or None,
        flags=_flags(parts.get("flags")),
        provider_key=key_of(texts.get("providerKey")),
        provider_context_key=key_of(texts.get("providerContextKey")),
        layer_key=key_of(texts.get("layerKey")),
        sublayer_key=key_of(texts.get("subLayerKey")),
        action=(action.findtext("type") if action is not None else None) or None,
        callout_key=key_of(action.findtext("filterType") if action is not None else None),
        effective_weight=effective_weight,
        conditions=_conditions(parts.get("filterCondition")),
        problems=tuple(problems),
    )


def unsigned(text: str | None) -> int | None:
    """Return an unsigned 64-bit number, or None."""
    if not text or len(text) > _MOST_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    number = int(text)
    return number if number <= _LARGEST else None


def _flags(element: etree._Element | None) -> str | None:
    if element is None or not len(element):
        return None
    return " ".join((flag.text or "").removeprefix(_FLAG_PREFIX) for flag in element)


def _conditions(element: etree._Element | None) -> str:
    """Return the conditions as a JSON list of ``{"field", "match", "value"}``.

    Equal fields are alternatives, different ones must all hold.
    """
    if element is None or not len(element):
        return "[]"
    return orjson.dumps([_condition(item) for item in element]).decode()


def _condition(item: etree._Element) -> dict[str, Any]:
    field = match = value = None
    for child in item:
        tag = child.tag
        if tag == "conditionValue":
            value = _value(child)
        elif tag == "fieldKey":
            field = child.text
        elif tag == "matchType":
            match = child.text
    return {"field": field, "match": match, "value": value}


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

    ``asString`` is not used: older builds put a dot between all characters (windows-facts 4.3).
    """
    data = element.findtext("data") or ""
    if data.endswith("0000"):
        text = decoded_text(data)
        if text and text.isprintable():
            return text
    return {"data": data}
