"""Conditions of WFP filters, taken out of the text of a document before it becomes elements.

They are half of a state (windows-facts 4.3), and few of them differ::

    <filterCondition numItems="2">
        <item><fieldKey>FWPM_CONDITION_IP_PROTOCOL</fieldKey>...</item>
        <item><fieldKey>FWPM_CONDITION_IP_LOCAL_PORT</fieldKey>...</item>
    </filterCondition>

becomes, with as many line ends as before, so that lines keep their numbers::

    <filterCondition cut="5f0c1e:17"><item></item></filterCondition>

Each distinct item is read once, as a document of its own. What is not written in exactly this way
stays in its place and is read there: an item that is no element by itself, references, elements
that mean something elsewhere. So where this saves nothing, it changes nothing either.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import orjson
from lxml import etree

from fleetaudit.parsers._wfp_item import CUT, condition

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["ConditionCutter"]

_BEGIN: Final = b"<filterCondition"
_EMPTY: Final = b"<filterCondition/>"
_NUMBER: Final = b' numItems="'
_END: Final = b"</filterCondition>"
_ITEM: Final = b"<item>"
_ITEM_END: Final = b"</item>"
_SPACE: Final = b" \t\r\n"
_KEYWORDS: Final = b"dynamicKeyword"
"""Of these all parts are kept, whatever they are called; nothing is taken out of them."""
_MOST_HELD: Final = 1 << 20
_MOST_TAGS: Final = 200
"""So an item is never nested so deep that it alone is read and within its document is not."""


class ConditionCutter:
    """Takes conditions out of one document's text.

    Attributes:
        found: The conditions as JSON, by what stands in the attribute ``cut`` in their place.
    """

    def __init__(self, tags: Collection[str]) -> None:
        """Start; ``tags`` are of elements that are looked for wherever they stand."""
        self.found: dict[str, str] = {}
        self._tags = frozenset(tags)
        # A host cannot write what it cannot guess.
        self._secret = secrets.token_hex(8)
        self._marks: dict[str, bytes] = {}
        self._items: dict[bytes, str | None] = {}
        self._head = b""
        self._held = b""
        self._is_off = False
        self._parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )

    def cut(self, text: bytes) -> bytes:
        """Return the text that follows without its conditions, up to the last whole one."""
        text = self._held + text
        self._held = b""
        if self._is_off or _has_other_markup(text):
            self._is_off = True
            return text
        at = text.rfind(b">") + 1
        last = text.rfind(_BEGIN)
        if last >= 0 and text.find(_END, last) < 0 and not text.startswith(_EMPTY, last):
            at = min(at, last)
        self._held = text[at:]
        if len(self._held) > _MOST_HELD:
            self._is_off = True
            return text[:at] + self.rest()
        return self._without(text[:at])

    def rest(self) -> bytes:
        """Return what was held back."""
        held, self._held = self._held, b""
        return held

    def _without(self, text: bytes) -> bytes:
        parts = text.split(_BEGIN)
        for number in range(1, len(parts)):
            parts[number] = self._replaced(parts[number])
        return b"".join(parts)

    def _replaced(self, part: bytes) -> bytes:
        """Return what follows the beginning of a tag, with all that stands in its place."""
        tag, _, following = part.partition(b">")
        body, end, after = following.partition(_END)
        conditions = self._conditions(body) if end and _is_usual(tag) else None
        if conditions is None:
            return _BEGIN + part
        lines = b"\n" * (body.count(b"\n") - self._head.count(b"\n"))
        mark = self._mark(conditions)
        return b"".join((_BEGIN, mark, self._head, _ITEM_END, _END, lines, after))

    def _conditions(self, body: bytes) -> str | None:
        """Return all items as JSON; None if they are to stay."""
        *items, last = body.split(_ITEM_END)
        if not items or last.strip(_SPACE):
            return None
        known = self._items
        found = []
        for item in items:
            one = known[item] if item in known else self._read(item)
            if one is None:
                return None
            found.append(one)
        return ",".join(found)

    def _read(self, item: bytes) -> str | None:
        self._items[item] = read = self._json(item)
        return read

    def _json(self, item: bytes) -> str | None:
        """Return an item, which lacks its end, as JSON; None if it is to stay.

        What stands before its first part has to be the same everywhere: it remains.
        """
        space, begin, inner = item.partition(_ITEM)
        if not begin or space.strip(_SPACE) or b"&" in item or item.count(b"<") > _MOST_TAGS:
            return None
        first = inner.partition(b"<")[0]
        self._head = self._head or b"".join((b">", space, _ITEM, first))
        if first.strip(_SPACE) or self._head != b"".join((b">", space, _ITEM, first)):
            return None
        try:
            element = etree.fromstring(item + _ITEM_END, self._parser)
        except etree.XMLSyntaxError:
            return None
        if any(part.tag in self._tags for part in element.iter()):
            return None
        return orjson.dumps(condition(element)).decode()

    def _mark(self, conditions: str) -> bytes:
        mark = self._marks.get(conditions)
        if mark is None:
            text = f"{self._secret}:{len(self._marks)}"
            self.found[text] = f"[{conditions}]"
            mark = self._marks[conditions] = f' {CUT}="{text}"'.encode()
        return mark


def _has_other_markup(text: bytes) -> bool:
    """Tell whether a ``<`` may begin something else than a tag; no ``<`` is apart from its sign."""
    return (b"!" in text and b"<!" in text) or (b"?" in text and b"<?" in text) or _KEYWORDS in text


def _is_usual(tag: bytes) -> bool:
    number = tag.removeprefix(_NUMBER).removesuffix(b'"')
    return number.isdigit() and len(tag) == len(number) + len(_NUMBER) + 1
