r"""Events as XML: ``wevtutil qe``, ``Get-WinEvent ... ToXml()``, and Event Viewer's export.

With or without a root element around them, whatever its name, with or without the rendered text,
one a line or not (windows-facts 7)::

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
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from fleetaudit.parsers._event_sorting import BATCH_ROWS, EventSorter, table_of
from fleetaudit.parsers._event_xml_text import EventXml
from fleetaudit.parsers._text import capped, encoding_of, excerpt
from fleetaudit.records.evidence import WHOLE_FILE, EvidenceContext, Issue, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LONGEST_EVENT", "parse"]

LONGEST_EVENT: Final = 1 << 21
"""Characters; Windows limits an event to 64 KiB, and XML can make some ten of a character."""

_STEP: Final = 2048
_BLOCK: Final = 1 << 18
_BEGINNINGS: Final = ("<Event ", "<Event>")
_START: Final = re.compile(r"<Event(?=[\s>])")
_END: Final = "</Event>"
_TRACES: Final = re.compile(r"</?(?:Event|System|EventData|EventID|Data|Computer|Channel)[\s>]")
"""What tells the rest of an event from a stray text."""
_PREFIXED: Final = re.compile(r"\A[^<]{0,100}(?:<\?[^<>]{0,200}>\s{0,10})?<(\w{1,20}):Events?[\s>]")
_REPLACED: Final = "\ufffd".encode()
_BETWEEN: Final = re.compile(
    r"(?:\s++|<\?xml[^<>]*+>|</?(?!Event[\s/>])[^\W\d][\w.-]{0,100}+(?:\s[^<>]*+)?>"
    r"|<!--[^<>]{0,1000}-->|\ufeff)*"
)
"""What may stand around events: a root element has any name (``wevtutil qe /e:root``)."""


def parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield the kept events as batches of at most some 50,000 rows, and issues.

    An event that is no XML, has no id, is cut or is longer than :data:`LONGEST_EVENT` is an issue
    that says which event of the file it is. Text around events, as a syslog server writes before
    each, is counted in one issue without a loss. Memory does not grow with the file.
    """
    yield from capped(_parse(stream, context), source=context.name)


def _parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    reader = EventXml(table_of)
    sorter = EventSorter(context.name)
    text = _EventText(stream)
    number = 0
    for number, piece in enumerate(text.pieces(), start=1):
        problem = piece.problem or _take(piece.text, reader, sorter)
        if problem:
            yield Issue(source=context.name, where=f"event {number}", problem=problem)
        if not number % _STEP:
            yield from sorter.flush(BATCH_ROWS - _STEP)
    yield from sorter.finish()
    for problem in text.remarks(has_events=number > 0):
        lost = 0 if number else 1
        yield Issue(source=context.name, where=WHOLE_FILE, problem=problem, lost=lost)


def _take(text: str, reader: EventXml, sorter: EventSorter) -> str:
    """Keep or count one event; return what is wrong with it, if it is neither."""
    try:
        event = reader.read(text)
        if event.table:
            sorter.keep(event.table, event.head, event.names, event.values)
        else:
            sorter.leave_out(event.code)
    except (TypeError, ValueError) as error:
        return str(error)
    return ""


class _Piece(NamedTuple):
    """An event's text, or what is wrong with what was found in place of an event."""

    text: str
    problem: str = ""


class _EventText:
    """The text of a file, cut into events."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._prefix = ""
        self._strays = 0
        self._stray = ""
        self._replaced = 0
        self._is_overlong = False

    def pieces(self) -> Iterator[_Piece]:
        """Yield the events and what is damaged between them, in their order."""
        held = ""
        for block in self._blocks():
            held = self._plain(held + block)
            at = 0
            while True:
                end = held.find(_END, at)
                if end < 0:
                    break
                end += len(_END)
                # Nearly always an event and its line end, which need no pattern.
                start = at + 1 if held.startswith("\n", at) else at
                if held.startswith(_BEGINNINGS, start) and not _begins_again(held, start, end):
                    yield _Piece(held[start:end])
                else:
                    yield from self._between(held[at:end])
                at = end
            held = held[at:]
            if len(held) > LONGEST_EVENT:
                if not self._is_overlong:
                    problem = f"no event ends within {LONGEST_EVENT} characters: {excerpt(held)}"
                    yield _Piece("", problem)
                # What is left of it cannot be told from the next one's beginning.
                start = held.rfind("<Event ", len(held) - _BLOCK)
                self._is_overlong = start <= 0
                held = held[start:] if start > 0 else held[-len(_END) :]
        for piece in self._between(held):
            yield piece if piece.problem else _Piece("", f"is cut: {excerpt(piece.text)}")

    def remarks(self, *, has_events: bool) -> Iterator[str]:
        """Yield what was passed over, at the end."""
        if self._strays and not has_events:
            yield f"holds no event: {excerpt(self._stray)}"
            return
        if self._strays:
            yield f"{self._strays} stretches of text are no events: {excerpt(self._stray)}"
        if self._replaced:
            yield f"{self._replaced} characters are no valid text; U+FFFD stands in their place"

    def _between(self, piece: str) -> Iterator[_Piece]:
        """Yield the event that ends ``piece``, after whatever stands before it."""
        gap = _BETWEEN.match(piece)
        at = gap.end() if gap else 0
        starts = [found.start() for found in _START.finditer(piece, at)]
        before = piece[at : starts[0] if starts else len(piece)]
        if self._is_overlong:
            # The rest of an event that was told already.
            self._is_overlong = False
        elif _TRACES.search(before):
            yield _Piece("", f"has no beginning: {excerpt(before)}")
        elif before.strip():
            self._strays += 1
            self._stray = self._stray or before
        for start in starts[:-1]:
            # Another event begins before this one's end.
            yield _Piece("", f"is cut: {excerpt(piece[start : start + 100])}")
        if starts:
            yield _Piece(piece[starts[-1] :])

    def _blocks(self) -> Iterator[str]:
        """Yield the file as text; bytes that its encoding does not explain become U+FFFD."""
        block = self._stream.read(_BLOCK)
        encoding, mark = encoding_of(block[:4096])
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        block, is_first = block[mark:], True
        while block or is_first:
            text = decoder.decode(block)
            self._replaced += text.count("\ufffd") - block.count(_REPLACED)
            if is_first and (prefixed := _PREFIXED.search(text)):
                self._prefix = prefixed[1]
            yield text
            block, is_first = self._stream.read(_BLOCK), False
        yield decoder.decode(b"", final=True)

    def _plain(self, text: str) -> str:
        """Return the text with its elements' names as Windows writes them, without a prefix."""
        if not self._prefix:
            return text
        for begin in ("<", "</"):
            text = text.replace(f"{begin}{self._prefix}:", begin)
        return text.replace(f" xmlns:{self._prefix}=", " xmlns=")


def _begins_again(text: str, start: int, end: int) -> bool:
    """Return whether another event begins after the one that begins at ``start``."""
    one, other = _BEGINNINGS
    return text.find(one, start + 1, end) >= 0 or text.find(other, start + 1, end) >= 0
