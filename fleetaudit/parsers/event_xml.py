r"""Events as XML: ``wevtutil qe``, ``Get-WinEvent ... ToXml()``, and Event Viewer's export.

With or without a root element around them, with or without the rendered text, one a line or not
(windows-facts 7)::

    <Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>
    <Provider Name='Microsoft-Windows-Security-Auditing' Guid='{54849625-5478-...}'/>
    <EventID>5157</EventID><Version>1</Version><Level>0</Level><Task>12810</Task>
    <Opcode>0</Opcode><Keywords>0x8010000000000000</Keywords>
    <TimeCreated SystemTime='2026-11-21T08:00:01.512340000Z'/>
    <EventRecordID>227694</EventRecordID><Correlation/>
    <Execution ProcessID='4' ThreadID='284'/><Channel>Security</Channel>
    <Computer>WEB01.example.org</Computer><Security/></System>
    <EventData><Data Name='ProcessID'>820</Data>...</EventData>
    <RenderingInfo Culture='de-DE'>...</RenderingInfo></Event>

In the file there are no line ends between the elements of one event. Which events are kept, and
where: :mod:`fleetaudit.parsers._event_sorting`. The rendered text is not looked at.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, BinaryIO, Final

from fleetaudit.parsers._event_pending import PendingEvents
from fleetaudit.parsers._event_sorting import table_of
from fleetaudit.parsers._event_xml_text import EventXml, without_rendering
from fleetaudit.parsers._text import capped, excerpt
from fleetaudit.records.evidence import EvidenceContext, Issue, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LONGEST_EVENT", "parse"]

LONGEST_EVENT: Final = 1 << 21
"""Characters; Windows limits an event to 64 KiB, and XML can make some ten of a character."""

_STEP: Final = 256
_BLOCK: Final = 1 << 18
_BEGINNINGS: Final = ("<Event ", "<Event>")
_START: Final = re.compile(r"<Event(?=[\s>])")
_END: Final = "</Event>"
_BETWEEN: Final = re.compile(
    r"(?:\s++|<\?xml[^<>]*+>|</?Events(?:\s[^<>]*+)?>|<!--[^<>]{0,1000}-->|\ufeff)*"
)
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield the kept events as batches of at most some 50,000 rows, and issues.

    An event that is no XML, has no id, is cut or is longer than :data:`LONGEST_EVENT` is an issue
    that says which event of the file it is. Memory does not grow with the file.
    """
    yield from capped(_parse(stream, context), source=context.name)


def _parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    pending = PendingEvents(context.name, EventXml(table_of), "event {}")
    texts: list[str] = []
    numbers: list[int] = []
    for number, (text, damage) in enumerate(_elements(stream), start=1):
        if damage:
            yield Issue(source=context.name, where=f"event {number}", problem=damage)
            continue
        texts.append(without_rendering(text))
        numbers.append(number)
        if len(texts) == _STEP:
            yield from pending.take(texts, numbers)
            texts, numbers = [], []
    yield from pending.take(texts, numbers)
    yield from pending.finish()


def _elements(stream: BinaryIO) -> Iterator[tuple[str, str]]:
    """Yield each event's text, or what was found in place of one and what is wrong with it."""
    held = ""
    for block in _blocks(stream):
        held += block
        at = 0
        while True:
            end = held.find(_END, at)
            if end < 0:
                break
            end += len(_END)
            # Nearly always an event and its line end, which need no pattern.
            start = at + 1 if held.startswith("\n", at) else at
            if held.startswith(_BEGINNINGS, start) and not _begins_again(held, start, end):
                yield held[start:end], ""
            else:
                yield from _between(held[at:end])
            at = end
        held = held[at:]
        if len(held) > LONGEST_EVENT:
            yield "", f"no event ends within {LONGEST_EVENT} characters: {excerpt(held)}"
            # What is left of it cannot be told from the next one's beginning.
            start = held.rfind("<Event ", len(held) - _BLOCK)
            held = held[start:] if start > 0 else held[-len(_END) :]
    if not _BETWEEN.fullmatch(held):
        yield "", f"is cut, or no event: {excerpt(held)}"


def _begins_again(text: str, start: int, end: int) -> bool:
    """Return whether another event begins after the one that begins at ``start``."""
    one, other = _BEGINNINGS
    return text.find(one, start + 1, end) >= 0 or text.find(other, start + 1, end) >= 0


def _between(piece: str) -> Iterator[tuple[str, str]]:
    """Yield the event that ends ``piece``, after whatever stands before it."""
    gap = _BETWEEN.match(piece)
    start = gap.end() if gap else 0
    if _START.match(piece, start):
        if not _begins_again(piece, start, len(piece)):
            yield piece[start:], ""
            return
        # A second beginning before the end: the first event was cut.
        later = [found.start() for found in _START.finditer(piece, start + 1)]
        if later:
            yield "", f"is cut: {excerpt(piece[start:])}"
            start = later[-1]
        yield piece[start:], ""
        return
    starts = [found.start() for found in _START.finditer(piece, start)]
    yield "", f"is no event: {excerpt(piece[start:])}"
    if starts:
        yield piece[starts[-1] :], ""


def _blocks(stream: BinaryIO) -> Iterator[str]:
    """Yield the file as text; bytes that its encoding does not explain become U+FFFD."""
    first = stream.read(_BLOCK)
    encoding, mark = _encoding(first)
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    block = first[mark:]
    while block:
        yield decoder.decode(block)
        block = stream.read(_BLOCK)
    yield decoder.decode(b"", final=True)


def _encoding(start: bytes) -> tuple[str, int]:
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding, len(mark)
    return ("utf-16-le", 0) if start[:2] == b"<\0" else ("utf-8", 0)
