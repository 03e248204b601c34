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

from fleetaudit.parsers._event_pending import PendingEvents
from fleetaudit.parsers._event_sorting import table_of
from fleetaudit.parsers._event_xml_text import EventXml, without_rendering
from fleetaudit.parsers._text import capped, encoding_of, excerpt
from fleetaudit.records.evidence import WHOLE_FILE, EvidenceContext, Issue, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LONGEST_EVENT", "parse"]

LONGEST_EVENT: Final = 1 << 21
"""Characters; Windows limits an event to 64 KiB, and XML can make some ten of a character."""

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
    pending = PendingEvents(context.name, EventXml(table_of), "event {}")
    text = _EventText(stream)
    seen = 0
    for pieces in text.pieces():
        texts: list[str] = []
        numbers: list[int] = []
        for number, piece in enumerate(pieces, seen + 1):
            if isinstance(piece, _Damage):
                where = f"event {number}"
                yield Issue(source=context.name, where=where, problem=piece.problem)
            else:
                texts.append(without_rendering(piece))
                numbers.append(number)
        seen += len(pieces)
        yield from pending.take(texts, numbers)
    yield from pending.finish()
    for problem in text.remarks(has_events=seen > 0):
        lost = 0 if seen else 1
        yield Issue(source=context.name, where=WHOLE_FILE, problem=problem, lost=lost)


class _Damage(NamedTuple):
    """What is wrong with what was found in place of an event."""

    problem: str


class _EventText:
    """The text of a file, cut into events."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._prefix = ""
        self._strays = 0
        self._stray = ""
        self._replaced = 0
        self._is_overlong = False

    def pieces(self) -> Iterator[list[str | _Damage]]:
        """Yield the events and what is damaged between them, in their order, some at a time."""
        held = ""
        for block in self._blocks():
            before, end, held = self._plain(held + block).rpartition(_END)
            pieces = self._split(before) if end else []
            if len(held) > LONGEST_EVENT:
                if not self._is_overlong:
                    problem = f"no event ends within {LONGEST_EVENT} characters: {excerpt(held)}"
                    pieces.append(_Damage(problem))
                # What is left of it cannot be told from the next one's beginning.
                start = held.rfind("<Event ", len(held) - _BLOCK)
                self._is_overlong = start <= 0
                held = held[start:] if start > 0 else held[-len(_END) :]
            yield pieces
        yield [
            piece if isinstance(piece, _Damage) else _Damage(f"is cut: {excerpt(piece)}")
            for piece in self._between(held)
        ]

    def _split(self, before: str) -> list[str | _Damage]:
        """Return each event that ends in what stands before the last end of one."""
        # Nearly always events and their line ends, which need no pattern.
        pieces = before.split(_END)
        texts = [piece.lstrip() + _END for piece in pieces]
        begins = not self._is_overlong and all(text.startswith(_BEGINNINGS) for text in texts)
        if begins and len(_START.findall(before)) == len(texts):
            return [*texts]
        return [one for piece in pieces for one in self._between(piece + _END)]

    def remarks(self, *, has_events: bool) -> Iterator[str]:
        """Yield what was passed over, at the end."""
        if self._strays and not has_events:
            yield f"holds no event: {excerpt(self._stray)}"
            return
        if self._strays:
            yield f"{self._strays} stretches of text are no events: {excerpt(self._stray)}"
        if self._replaced:
            yield f"{self._replaced} characters are no valid text; U+FFFD stands in their place"

    def _between(self, piece: str) -> Iterator[str | _Damage]:
        """Yield the event that ends ``piece``, after whatever stands before it."""
        gap = _BETWEEN.match(piece)
        at = gap.end() if gap else 0
        starts = [found.start() for found in _START.finditer(piece, at)]
        before = piece[at : starts[0] if starts else len(piece)]
        if self._is_overlong:
            # The rest of an event that was told already.
            self._is_overlong = False
        elif _TRACES.search(before):
            yield _Damage(f"has no beginning: {excerpt(before)}")
        elif before.strip():
            self._strays += 1
            self._stray = self._stray or before
        for start in starts[:-1]:
            # Another event begins before this one's end.
            yield _Damage(f"is cut: {excerpt(piece[start : start + 100])}")
        if starts:
            yield piece[starts[-1] :]

    def _blocks(self) -> Iterator[str]:
        """Yield the file as text; bytes that its encoding does not explain become U+FFFD."""
        block = self._stream.read(_BLOCK)
        encoding, mark = encoding_of(block[:4096])
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        block, is_first = block[mark:], True
        while block or is_first:
            text = decoder.decode(block)
            if found := text.count("\ufffd"):
                # The bytes are searched only then: that takes longer than all else here.
                self._replaced += found - block.count(_REPLACED)
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
