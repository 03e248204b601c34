r"""Filters of a WFP dump, taken out of its text before it becomes elements.

They are nearly all of a dump (windows-facts 4.3), and ``netsh`` writes all of them in one way.
Those that follow one another in a list::

    <filters numItems="2">
        <item>
            <filterKey>{c5ff0d42-1664-4d2f-98dd-a31c42eecea7}</filterKey>
            ...
        </item>
        <item>...</item>
    </filters>

become one element, with as many line ends as before, so that lines keep their numbers::

    <filters numItems="2"><item cut="5f0c1e:17"><filterKey/></item>


    </filters>

What is not written in exactly this way stays in its place and is read there, with all that follows
in its list. So where this saves nothing, it changes nothing either.
"""

from __future__ import annotations

import re
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson
from lxml import etree

from fleetaudit.parsers._wfp_item import LARGEST, WfpFilter, condition, flag_names, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ["CUT", "FilterCutter"]

CUT: Final = "cut"
"""The attribute of an element that stands for filters."""
_BEFORE: Final = r"""
    <item>
        <filterKey>KEY</filterKey>
        <displayData>
            <name>TEXT</name>
            <description>TEXT</description>
        </displayData>
        (?:<flags\x20numItems="[0-9]++">((?: <item>[^<]*+</item>)*) </flags>|<flags/>)
        <providerKey>TEXT</providerKey>
        (?:<providerData> <data>ANY</data> <asString>ANY</asString> </providerData>|<providerData/>)
        <layerKey>TEXT</layerKey>
        <subLayerKey>TEXT</subLayerKey>
        <weight> <type>ANY</type> (?:<uint8>ANY</uint8>|<uint64>ANY</uint64>)? </weight>
        <filterCondition(?:\x20numItems="[0-9]++">|/>)"""
_AFTER: Final = r"""
        <action>
            <type>TEXT</type>
            <filterType>TEXT</filterType>
        </action>
        (?:<rawContext>ANY</rawContext>|<providerContextKey>TEXT</providerContextKey>)
        <reserved/>
        <filterId>NUMBER</filterId>
        <effectiveWeight> <type>FWP_UINT64</type> <uint64>NUMBER</uint64> </effectiveWeight>
    </item>(?=\s)"""
"""A filter before and after its conditions; where white space is, any may be."""
_PARTS: Final = (
    ("KEY", r"([\w{}-]++)"),
    ("NUMBER", r"([0-9]{1,20})"),
    ("ANY", r"(?:[^<&\]]++|\](?!\]>)|&(?:amp|lt|gt|quot|apos);)*"),
)
_LIST: Final = re.compile(rb'<filters(?: numItems="[0-9]++")?>')
_LIST_ENDS: Final = re.compile(rb"\s*+</filters>")
_ITEM_ENDS: Final = re.compile(rb"</effectiveWeight>\s*+</item>\s")
_CONDITIONS_END: Final = b"</filterCondition>"
_ITEM: Final = b"<item>"
_ITEM_END: Final = b"</item>"
_FLAG: Final = re.compile(rb"<item>([^<]*+)</item>")
_SPACE: Final = b" \t\r\n"
_KEYWORDS: Final = b"dynamicKeyword"
"""Of these all parts are kept, whatever they are called; nothing is taken out of them."""
_MOST_HELD: Final = 1 << 20
_MOST_TAGS: Final = 200
"""So an item is never nested so deep that it alone is read and within its document is not."""


def _pattern(shape: str) -> re.Pattern[bytes]:
    """Return the pattern of a shape; a group for each text."""
    text = re.sub(r"<(\w+)>TEXT</\1>", r"(?:<\1>([^<]*+)</\1>|<\1/>)", shape)
    text = re.sub(r"\s+", r"\\s*+", text)
    for name, part in _PARTS:
        text = text.replace(name, part)
    return re.compile(text.encode())


_BEFORE_CONDITIONS: Final = _pattern(_BEFORE)
_AFTER_CONDITIONS: Final = _pattern(_AFTER + r"(?=\s)")


class _Made(dict[bytes | None, str | None]):
    """What was made of bytes; most come again and again."""

    def __init__(self, make: Callable[[Any], str | None]) -> None:
        self._make = make

    def __missing__(self, text: bytes | None) -> str | None:
        made = self[text] = self._make(text)
        return made


class FilterCutter:
    """Takes filters out of one document's text.

    Attributes:
        found: Filters by what stands in the attribute ``cut`` in their place.
    """

    def __init__(self, tags: Collection[str]) -> None:
        """Start; ``tags`` are of elements that are looked for wherever they stand."""
        self.found: dict[str, list[WfpFilter]] = {}
        # A host cannot write what it cannot guess.
        self._secret = secrets.token_hex(8)
        self._runs = 0
        self._texts = _Made(_text)
        self._keys = _Made(lambda text: key_of(_text(text)))
        self._flags = _Made(_flags)
        self._items = _Made(partial(_json, tags=frozenset(tags)))
        self._lists: dict[str, str] = {}
        self._held = b""
        self._is_in_list = False
        self._is_off = False

    def cut(self, text: bytes) -> bytes:
        """Return the text that follows without its filters, up to the last whole one."""
        text = self.rest() + text
        if self._is_off or _has_other_markup(text):
            self._is_off = True
            return text
        done: list[bytes] = []
        at = 0 if self._is_in_list else self._next_list(text, 0, done)
        while self._is_in_list:
            filters, end = self._run(text, at)
            if filters:
                done.append(self._mark(filters, lines=text.count(b"\n", at, end)))
            if _may_go_on(text, end):
                self._held = text[end:]
                return b"".join(done)
            at = self._next_list(text, end, done)
        # A tag may go on in the next block.
        whole = max(at, text.rfind(b">") + 1)
        done.append(text[at:whole])
        self._held = text[whole:]
        if len(self._held) > _MOST_HELD:
            self._is_off = True
            done.append(self.rest())
        return b"".join(done)

    def _next_list(self, text: bytes, at: int, done: list[bytes]) -> int:
        """Go on to where the next list of filters begins, if there is one."""
        begin = _LIST.search(text, at)
        self._is_off = text.find(_KEYWORDS, at, begin.start() if begin else len(text)) >= 0
        self._is_in_list = begin is not None and not self._is_off
        if begin is None or self._is_off:
            return at
        done.append(text[at : begin.end()])
        return begin.end()

    def rest(self) -> bytes:
        """Return what was held back."""
        held, self._held = self._held, b""
        return held

    def _mark(self, filters: list[WfpFilter], *, lines: int) -> bytes:
        self._runs += 1
        mark = f"{self._secret}:{self._runs}"
        self.found[mark] = filters
        return f'<item {CUT}="{mark}"><filterKey/></item>'.encode() + b"\n" * lines

    def _run(self, text: bytes, at: int) -> tuple[list[WfpFilter], int]:
        """Return the filters that follow one another from ``at`` on, and where they end."""
        filters: list[WfpFilter] = []
        while found := self._filter(text, at):
            one, at = found
            filters.append(one)
        return filters, at

    def _filter(self, text: bytes, at: int) -> tuple[WfpFilter, int] | None:
        """Return the filter at ``at`` and where it ends; None if it is to stay."""
        before = _BEFORE_CONDITIONS.match(text, at)
        conditions, end = self._conditions(text, before.end()) if before else (None, at)
        after = _AFTER_CONDITIONS.match(text, end) if conditions else None
        if not (before and conditions and after):
            return None
        key, name, description, flags, provider, layer, sublayer = before.groups()
        action, callout, context, *numbers = after.groups()
        filter_id, weight = map(int, numbers)
        if max(filter_id, weight) > LARGEST:
            return None
        texts, keys = self._texts, self._keys
        try:
            read = WfpFilter(
                filter_id=filter_id,
                filter_key=key_of(key.decode()),
                name=_text(name),
                description=texts[description],
                flags=self._flags[flags],
                provider_key=keys[provider],
                provider_context_key=keys[context],
                layer_key=keys[layer],
                sublayer_key=keys[sublayer],
                action=texts[action],
                callout_key=keys[callout],
                effective_weight=weight,
                conditions=conditions,
                problems=(),
            )
        except etree.XMLSyntaxError:
            return None
        return read, after.end()

    def _conditions(self, text: bytes, begin: int) -> tuple[str | None, int]:
        """Return all conditions as JSON and where they end; None if they are to stay."""
        if text[begin - 2 : begin] == b"/>":
            return "[]", begin
        end = text.find(_CONDITIONS_END, begin)
        *items, last = text[begin : max(begin, end)].split(_ITEM_END)
        found = [self._items[item] for item in items]
        whole = [one for one in found if one is not None]
        if not whole or len(whole) < len(found) or last.strip(_SPACE):
            return None, begin
        conditions = f"[{','.join(whole)}]"
        # Half of real filters repeat another's.
        return self._lists.setdefault(conditions, conditions), end + len(_CONDITIONS_END)


def _json(item: bytes, *, tags: frozenset[str]) -> str | None:
    """Return an item of conditions, which lacks its end, as JSON; None if it is to stay."""
    space, begin, _ = item.partition(_ITEM)
    if not begin or space.strip(_SPACE) or b"&" in item or item.count(b"<") > _MOST_TAGS:
        return None
    try:
        element = etree.fromstring(item + _ITEM_END, _parser())
    except etree.XMLSyntaxError:
        return None
    if any(part.tag in tags for part in element.iter()):
        return None
    return orjson.dumps(condition(element)).decode()


def _has_other_markup(text: bytes) -> bool:
    """Tell whether a ``<`` may begin something else than a tag; no ``<`` is apart from its sign."""
    return (b"!" in text and b"<!" in text) or (b"?" in text and b"<?" in text)


def _may_go_on(text: bytes, at: int) -> bool:
    """Tell whether a filter begins at ``at`` that ends in the next block."""
    is_whole = _LIST_ENDS.match(text, at) or _ITEM_ENDS.search(text, at)
    return not is_whole and len(text) - at <= _MOST_HELD


def _text(text: bytes | None) -> str | None:
    """Return what an XML parser makes of a text.

    Raises:
        etree.XMLSyntaxError: It is none.
    """
    if text and (b"&" in text or b"\r" in text or b"]]>" in text):
        return etree.fromstring(b"<text>%b</text>" % text, _parser()).text
    return text.decode() if text else None


def _flags(items: bytes | None) -> str | None:
    return flag_names(map(_text, _FLAG.findall(items or b""))) or None


def _parser() -> etree.XMLParser:
    # One parser a text: a parser that is used again keeps the names of all that it has seen.
    return etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
