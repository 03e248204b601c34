"""Text as Windows tools write it: byte-order marks, UTF-16, UTF-8, and code pages of old."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fleetaudit.records.evidence import Issue, Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

__all__ = [
    "LONGEST_LINE",
    "Line",
    "capped",
    "decode",
    "decode_8bit",
    "encoding_of",
    "excerpt",
    "lines",
    "segments",
]

LONGEST_LINE: Final = 1_048_576
"""Characters of a line that are kept; registry exports hold the longest, some 100,000."""

MOST_ISSUES: Final = 1_000
"""Issues of one file that are listed one by one."""

_PIECE = 65_536
_STRETCH = 8_192
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line without its end.

    Attributes:
        number: From 1.
        text: At most :data:`LONGEST_LINE` characters of it.
        is_cut: Whether it was longer.
    """

    number: int
    text: str
    is_cut: bool = False


def decode(data: bytes) -> str:
    """Return ``data`` as text; bytes that no encoding explains become U+FFFD, never an error.

    A byte-order mark decides. Without one, zero bytes in every other place mean UTF-16, valid
    UTF-8 means UTF-8, and the rest is read line by line as Windows-1252: the host's own code page
    is not in the file.
    """
    encoding, mark = encoding_of(data[:4096])
    body = data[mark:]
    if encoding != "utf-8":
        return body.decode(encoding, "replace")
    return decode_8bit(body)


def decode_8bit(data: bytes) -> str:
    """Return ``data`` as UTF-8 text, or line by line as Windows-1252 where a line is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(map(_decode_lines, _stretches(data)))


def lines(stream: BinaryIO) -> Iterator[Line]:
    r"""Yield the lines of ``stream`` in bounded memory; ``\n`` and ``\r\n`` end a line."""
    first = stream.read(_PIECE)
    encoding, mark = encoding_of(first[:4096])
    whole = _split(_pieces(first[mark:], stream, encoding))
    for number, (text, is_cut) in enumerate(whole, start=1):
        yield Line(number=number, text=text.removesuffix("\r"), is_cut=is_cut)


def segments(stream: BinaryIO) -> Iterator[Line]:
    r"""Yield the lines of ``stream``; one longer than :data:`LONGEST_LINE` comes in parts.

    ``is_cut`` says that more of the line follows; all parts have its number.
    """
    first = stream.read(_PIECE)
    encoding, mark = encoding_of(first[:4096])
    number, held = 1, ""
    for piece in _pieces(first[mark:], stream, encoding):
        *whole, last = piece.split("\n")
        for text in whole:
            yield Line(number=number, text=(held + text).removesuffix("\r"))
            number, held = number + 1, ""
        held += last
        if len(held) > LONGEST_LINE:
            yield Line(number=number, text=held, is_cut=True)
            held = ""
    if held:
        yield Line(number=number, text=held.removesuffix("\r"))


def excerpt(value: object, *, length: int = 60) -> str:
    """Return ``value`` as printable ASCII in quotes, cut to ``length``, for an issue or error."""
    if isinstance(value, bytes):
        value = value[: length + 1].decode("utf-8", "replace")
    if not isinstance(value, str):
        value = type(value).__name__ if isinstance(value, dict | list) else str(value)
    shown = ascii(value[: length + 1])
    return f"{shown[:length]}..." if len(shown) > length + 2 else shown


def capped(items: Iterable[Rows | Issue], *, source: str) -> Iterator[Rows | Issue]:
    """Yield ``items``; what comes after the thousandth issue is summed up in a last one."""
    seen = further = lost = 0
    for item in items:
        if isinstance(item, Issue):
            seen += 1
            if seen > MOST_ISSUES:
                further, lost = further + 1, lost + item.lost
                continue
        yield item
    if further:
        problem = f"{further} further issues are not listed one by one"
        yield Issue(source=source, where="the rest of the file", problem=problem, lost=lost)


def encoding_of(start: bytes) -> tuple[str, int]:
    """Return the encoding of a text that begins so, and how long its byte-order mark is.

    A text without a mark is UTF-16 where it begins with a ``<`` of two bytes, or where zeros stand
    in every other place; else UTF-8, until a line of it is none.
    """
    for bom, encoding in _BOMS:
        if start.startswith(bom):
            return encoding, len(bom)
    odd, even = start[1::2], start[::2]
    if (start[:2] == b"<\0" and start[3:4] == b"\0") or _are_zeros(odd, not_in=even):
        return "utf-16-le", 0
    if start[:3] == b"\0<\0" or _are_zeros(even, not_in=odd):
        return "utf-16-be", 0
    return "utf-8", 0


def _are_zeros(some: bytes, *, not_in: bytes) -> bool:
    is_mostly = bool(some) and some.count(0) > len(some) * 0.8
    return is_mostly and not_in.count(0) < len(not_in) * 0.2


def _stretches(data: bytes) -> Iterator[bytes]:
    """Yield whole lines, some at a time: one object for each of millions would take too much."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + _STRETCH) + 1 or len(data)
        yield data[start:end]
        start = end


def _decode_lines(data: bytes) -> str:
    return "".join(_decode_line(line) for line in data.splitlines(keepends=True))


def _decode_line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _pieces(first: bytes, stream: BinaryIO, encoding: str) -> Iterator[str]:
    """Yield decoded text; of 8-bit text whole lines, so that a line has one encoding."""
    if encoding != "utf-8":
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        piece = first
        while piece:
            yield decoder.decode(piece)
            piece = stream.read(_PIECE)
        yield decoder.decode(b"", final=True)
        return
    held = first
    while piece := stream.read(_PIECE):
        cut = piece.rfind(b"\n") + 1
        if cut:
            yield decode_8bit(held + piece[:cut])
            held = piece[cut:]
        elif len(held) > LONGEST_LINE:
            _, end = codecs.utf_8_decode(held, "replace", False)  # noqa: FBT003 -- not the last
            yield decode_8bit(held[:end])
            held = held[end:] + piece
        else:
            held += piece
    yield decode_8bit(held)


def _split(pieces: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Yield each line and whether it was cut to :data:`LONGEST_LINE`."""
    held: list[str] = []
    length = 0
    for piece in pieces:
        first, *rest = piece.split("\n")
        for part in (first, *rest[:-1]) if rest else ():
            held.append(part[: max(0, LONGEST_LINE - length)])
            length += len(part)
            yield "".join(held), length > LONGEST_LINE
            held, length = [], 0
        open_part = rest[-1] if rest else first
        held.append(open_part[: max(0, LONGEST_LINE - length)])
        length += len(open_part)
    if length:
        yield "".join(held), length > LONGEST_LINE
