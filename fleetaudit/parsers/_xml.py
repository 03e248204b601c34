"""Elements of an XML document from a host, as they end, in bounded memory.

``netsh`` writes UTF-8 with a byte-order mark, lets characters through that XML 1.0 forbids, and on
newer systems a second root element after the first (windows-facts 4.2). So the text is cleaned
block by block and read inside a root of our own. That also makes a document type impossible, and
with it entities and everything that can be done with them.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from lxml import etree

from fleetaudit.parsers._text import encoding_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

__all__ = ["TextCutter", "XmlFeed", "XmlValue", "tree_of"]

XmlValue = str | list["XmlValue"] | dict[str, "XmlValue"] | None
"""An element without its name: a text, a list of items, or an object of named parts."""

_Element = etree._Element  # noqa: SLF001 -- the class has no other name
_BLOCK: Final = 1 << 16
_MOST_HELD: Final = 1 << 22
"""Bytes that may pass without an element being dropped; the largest real item is a few KiB."""
_DEEPEST: Final = 8
"""Levels of an element that become objects; what is deeper becomes its text."""
_LONGEST_REFERENCE: Final = len("&#x10FFFF;")
_ROOT: Final = b"<fleetaudit>"
_ROOT_END: Final = b"</fleetaudit>"
_DECLARATION: Final = re.compile(rb"<\?xml\s[^<>]{0,200}\?>")
"""It may come again where one file was written after another."""
_LONGEST_DECLARATION: Final = 256
_CONTROLS: Final = bytes(set(range(32)) - {9, 10, 13})
_REPLACED: Final = "\ufffd".encode()
_FORBIDDEN: Final = re.compile(b"[" + re.escape(_CONTROLS) + rb"]|\xef\xbf[\xbe\xbf]")
_CHARACTERS: Final = (
    (9, 10, 13),
    range(0x20, 0xD800),
    range(0xE000, 0xFFFE),
    range(0x10000, 0x110000),
)
"""What XML 1.0 allows (its production 2)."""
_PLACE: Final = re.compile(r", line \d+, column \d+\Z")
_REFERENCE: Final = re.compile(rb"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,8}));")


class TextCutter(Protocol):
    """Takes parts out of a text that it is given piece by piece, as clean UTF-8."""

    def cut(self, text: bytes) -> bytes:
        """Return what can be read of all that came so far and was not returned."""

    def rest(self) -> bytes:
        """Return what was held back, at the end."""


class XmlFeed:
    """Reads one document once.

    Attributes:
        replaced: Characters that XML forbids or that were no valid text; they became U+FFFD.
        line: Where reading stopped, if it did.
        damage: Why reading stopped before the end; empty if it did not.
    """

    def __init__(self, tags: Collection[str], *, cutter: TextCutter | None = None) -> None:
        """Start; ``cutter`` may take text out before it becomes elements."""
        self.replaced = 0
        self.line = 0
        self.damage = ""
        self._fed_since_drop = 0
        self._cutter = cutter
        # huge_tree stays off: no text beyond 10 MB, no nesting beyond 256.
        self._parser = etree.XMLPullParser(
            events=("end",),
            tag=tuple(tags),
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )

    def elements(
        self, stream: BinaryIO, *, relieve: Callable[[], bool] | None = None
    ) -> Iterator[list[etree._Element]]:
        """Yield elements of the wanted tags as they end, some at a time, up to the damage if any.

        The caller calls :meth:`drop` on what it has read, or memory grows. ``relieve`` is asked to
        drop what is complete before too much is held; it says whether it did.
        """
        try:
            for block in self._cut(self._blocks(stream)):
                self._parser.feed(block)
                yield self._ended()
                self._fed_since_drop += len(block)
                if self._fed_since_drop > _MOST_HELD and not (relieve and relieve()):
                    self.damage = f"an item is larger than {_MOST_HELD} bytes"
                    return
            self._parser.feed(_ROOT_END)
            self._parser.close()
        except etree.XMLSyntaxError as error:
            # What ended before the damage is still to be had.
            yield self._ended()
            self.line = error.lineno or 0
            self.damage = _PLACE.sub("", error.msg or "it is not XML")[:200]
            return
        yield self._ended()

    def _cut(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        if self._cutter is None:
            yield from blocks
        else:
            for block in blocks:
                yield self._cutter.cut(block)
            yield self._cutter.rest()

    def _ended(self) -> list[etree._Element]:
        events = self._parser.read_events()
        return [element for _, element in events if isinstance(element, _Element)]

    def drop(self, element: etree._Element) -> None:
        """Forget what is in an element, and the elements before it in its parent."""
        self._fed_since_drop = 0
        parent = element.getparent()
        element.clear()
        if parent is not None:
            while element.getprevious() is not None:
                del parent[0]

    def drop_before(self, element: etree._Element) -> None:
        """Forget the elements before an element in its parent."""
        self._fed_since_drop = 0
        parent = element.getparent()
        if parent is not None:
            while parent[0] is not element:
                del parent[0]

    def _blocks(self, stream: BinaryIO) -> Iterator[bytes]:
        """Yield the document as clean UTF-8 without its declaration, in a root of our own."""
        yield _ROOT
        held = b""
        for text in self._valid(stream):
            whole, held = _split(held + text)
            yield self._clean(whole)
        yield self._clean(held)

    def _valid(self, stream: BinaryIO) -> Iterator[bytes]:
        """Yield the document as valid UTF-8 without its byte-order mark."""
        block = stream.read(_BLOCK)
        encoding, mark = encoding_of(block[:4096])
        block = block[mark:]
        if encoding == "utf-8":
            yield from self._valid_utf8(block, stream)
            return
        decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        while block:
            text = decoder.decode(block)
            self.replaced += text.count("\ufffd")
            yield text.encode()
            block = stream.read(_BLOCK)

    def _valid_utf8(self, block: bytes, stream: BinaryIO) -> Iterator[bytes]:
        """Yield UTF-8 as it is where it is valid; that spares encoding it again."""
        while block:
            following = stream.read(_BLOCK)
            is_last = not following
            if block.isascii():
                yield block
                block = following
                continue
            try:
                _, used = codecs.utf_8_decode(block, "strict", is_last)
                yield block[:used]
            except UnicodeDecodeError:
                text, used = codecs.utf_8_decode(block, "replace", is_last)
                self.replaced += max(0, text.count("\ufffd") - block.count(_REPLACED))
                yield text.encode()
            block = block[used:] + following

    def _clean(self, text: bytes) -> bytes:
        """Return the text with a replacement for every character that XML 1.0 forbids."""
        has_odd = not text.isascii() and b"\xef\xbf" in text
        if has_odd or len(text.translate(None, _CONTROLS)) != len(text):
            text, count = _FORBIDDEN.subn(_REPLACED, text)
            self.replaced += count
        if b"?" in text and b"<?xml" in text:
            text = _DECLARATION.sub(b"", text)
        if b"&" in text and b"&#" in text:
            return _REFERENCE.sub(self._reference, text)
        return text

    def _reference(self, found: re.Match[bytes]) -> bytes:
        """Return a character reference as it is, or a replacement if XML forbids its character."""
        code = int(found[1], 16) if found[1] else int(found[2])
        if any(code in allowed for allowed in _CHARACTERS):
            return found[0]
        self.replaced += 1
        return _REPLACED


def tree_of(element: etree._Element, depth: int = 0) -> XmlValue:
    """Return what an element holds; None if it is empty. Parts of one name become a list."""
    if not len(element):
        return (element.text or "").strip() or None
    if depth >= _DEEPEST:
        return " ".join(" ".join(str(text) for text in element.itertext()).split()) or None
    parts: dict[str, list[XmlValue]] = {}
    for child in element:
        parts.setdefault(str(child.tag), []).append(tree_of(child, depth + 1))
    if parts.keys() == {"item"}:
        return parts["item"]
    found = {name: values if len(values) > 1 else values[0] for name, values in parts.items()}
    return {name: value for name, value in found.items() if value is not None}


def _split(text: bytes) -> tuple[bytes, bytes]:
    """Return the text up to what may go on in the next block, and the rest.

    That is a reference, or a declaration.
    """
    at = text.rfind(b"&", max(0, len(text) - _LONGEST_REFERENCE))
    begin = text.rfind(b"<", max(0, len(text) - _LONGEST_DECLARATION))
    if begin >= 0 and text[begin + 1 : begin + 2] in (b"?", b"") and text.find(b">", begin) < 0:
        at = begin if at < 0 else min(at, begin)
    return (text, b"") if at < 0 else (text[:at], text[at:])
