r"""The JSON documents of a file, however they are laid out.

One on a line is the rule; one over many lines, several on a line, an array of them with or without
line ends, and lines that are no JSON between them (``evtx_dump`` writes ``Record 7`` above each)
are known too. A document that is damaged costs no more than itself: what follows is looked for at
the next line that begins as far to the left as the damaged one did.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from fleetaudit.parsers._json import tidy
from fleetaudit.parsers._text import excerpt, segments

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from fleetaudit.parsers._text import Line

__all__ = ["LONGEST_DOCUMENT", "Document", "documents"]

LONGEST_DOCUMENT: Final = 1 << 24
"""Characters. Longer ones are read as the list that they wrap, or not at all."""

_AROUND: Final = " \t\r\ufeff\0"
_SEPARATORS: Final = re.compile("(?:[\\s,\\[\\]\ufeff\0]|(?<![^\n])Record [0-9]{1,20}(?=\\s|\\Z))*")
_BEGINS: Final = re.compile(r"(?:^|(?<=\n))([ \t]*)(?=[\[{])")
_LIST: Final = re.compile(
    r'"(?:hits|value|events|event|records|results|rows|items|logs|data)"\s*:\s*\[\s*(?=\{)',
    re.IGNORECASE,
)
_NO_JSON: Final = re.compile(r"Record \d+", re.ASCII)
_LIST_WITHIN: Final = 1 << 16
_EAGER_TRIES: Final = 16
"""So often a document is tried because a line may end it; after that, at each doubled length."""
_LONGEST_LITERAL: Final = 12
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
"""What may be half of a surrogate pair: JSON can hold one alone, and UTF-8 cannot."""
_BITS: Final = 64


def _integer(text: str) -> int | str:
    """Return a number; one that 64 bits do not hold stays a text."""
    number = int(text) if len(text) <= len(str(2**_BITS)) else 2**_BITS
    return number if -(2 ** (_BITS - 1)) <= number < 2**_BITS else text


_strict: Final = json.JSONDecoder(parse_int=_integer, parse_constant=str).raw_decode
_lenient: Final = json.JSONDecoder(strict=False, parse_int=_integer, parse_constant=str).raw_decode


class Document(NamedTuple):
    """A document, or what stands in place of one.

    Attributes:
        number: The line that it begins in, from 1.
        value: What it holds; None where there is a problem.
        problem: What is wrong, as a clause; empty where nothing is.
    """

    number: int
    value: Any
    problem: str = ""


def documents(stream: BinaryIO) -> Iterator[Document]:
    """Yield the documents of a file in their order, in bounded memory; never raises for content."""
    open_one = _OpenDocument()
    for line in segments(stream):
        if open_one.is_open or line.is_cut:
            yield from open_one.add(line)
            continue
        text = line.text.strip(_AROUND).removesuffix(",")
        if text in ("", "[", "]") or open_one.is_skipped(line.text):
            continue
        try:
            yield Document(line.number, orjson.loads(text))
        except ValueError:
            yield from _no_plain_line(line, text, open_one)
    yield from open_one.finish()


def _no_plain_line(line: Line, text: str, open_one: _OpenDocument) -> Iterator[Document]:
    """Yield what a line holds that is not exactly one document."""
    at = text.find("{")
    if text[0] not in "{[" and at < 0:
        if not _NO_JSON.fullmatch(text):
            yield Document(line.number, None, f"is no JSON: {excerpt(text)}")
        return
    try:
        # Numbers beyond 64 bits, NaN, halves of surrogates, control characters in texts; a line
        # that a log's own words begin.
        value, end = _lenient(text, max(at, 0) if text[0] not in "{[" else 0)
    except (ValueError, RecursionError):
        end = -1
    if end == len(text):
        yield Document(line.number, _whole(value) if _HALF.search(text) else value)
    elif text[0] in "{[":
        yield from open_one.add(line)
    else:
        yield Document(line.number, None, f"is no JSON: {excerpt(text)}")


class _OpenDocument:
    """Text whose documents do not end where its lines do."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._text = ""
        self._number = 0
        self._is_line_open = False
        self._try_at = 0
        self._tries = 0
        self._indent = 0
        self._skip_indent: int | None = None
        self._is_list_wrapped = False

    @property
    def is_open(self) -> bool:
        """Return whether the next line belongs to what came before."""
        return bool(self._parts) or self._is_line_open

    def is_skipped(self, line: str) -> bool:
        """Return whether a line belongs to a document that is damaged before it."""
        if self._skip_indent is None:
            return False
        begins = _BEGINS.match(line)
        if begins and len(begins[1]) <= self._skip_indent:
            self._skip_indent = None
            return False
        return True

    def add(self, line: Line) -> Iterator[Document]:
        """Take a line, or a part of a long one; yield what ends with it."""
        was_open, self._is_line_open = self._is_line_open, line.is_cut
        if not self._parts:
            # Behind a document that is damaged, the rest of its line is skipped too.
            is_rest = was_open and self._skip_indent is not None
            if is_rest or (not was_open and self.is_skipped(line.text)):
                return
            self._number, self._try_at, self._tries = line.number, 0, 0
            self._indent = _indent(line.text)
        self._parts.append(line.text if line.is_cut else f"{line.text}\n")
        self._length += len(self._parts[-1])
        has_come = self._length >= self._try_at or self._length > LONGEST_DOCUMENT
        if self._may_end(line.text) or has_come:
            yield from self._take(is_last=False)
            self._try_at = 2 * self._length

    def _may_end(self, line: str) -> bool:
        """Return whether a line looks like the end of the document, or the beginning of another."""
        if line.lstrip(_AROUND)[:1] not in ("}", "]", "{", "[") or _indent(line) > self._indent:
            return False
        self._tries += 1
        return self._tries <= _EAGER_TRIES

    def finish(self) -> Iterator[Document]:
        """Yield what is left at the end of the file."""
        if self._parts:
            self._is_line_open = False
            yield from self._take(is_last=True)

    def _take(self, *, is_last: bool) -> Iterator[Document]:
        """Yield the whole documents in the text and keep the rest of it."""
        self._text = "".join(self._parts)
        at, number = 0, self._number
        while True:
            start = self._after_separators(at)
            number += self._text.count("\n", at, start)
            at = start
            if at == len(self._text):
                break
            try:
                value, end = _strict(self._text, at)
            except (ValueError, RecursionError) as error:
                if not is_last and self._may_go_on(error, at):
                    break
                found = self._list_in(at)
                if found < 0:
                    yield Document(number, None, self._problem(error, at))
                    found = self._begins_again(error, at)
                end = found
            else:
                is_halved = _HALF.search(self._text, at, end)
                yield Document(number, _whole(value) if is_halved else value)
                self._tries = 0
            number += self._text.count("\n", at, end)
            at = end
        if at < len(self._text):
            at -= self._indent_at(at)
        rest, self._text = self._text[at:], ""
        self._parts, self._length, self._number = [rest] if rest else [], len(rest), number

    def _after_separators(self, at: int) -> int:
        found = _SEPARATORS.match(self._text, at)
        end = found.end() if found else at
        if self._is_list_wrapped and "]" in self._text[at:end]:
            # The list has ended; what its wrapper says behind it is no event.
            self._is_list_wrapped = False
            return self._next_beginning(end, indent=0)
        return end

    def _may_go_on(self, error: Exception, at: int) -> bool:
        """Return whether the document only lacks its end, as far as can be told."""
        if not isinstance(error, json.JSONDecodeError) or len(self._text) - at > LONGEST_DOCUMENT:
            return False
        if error.msg.startswith("Unterminated string"):
            return self._is_line_open
        slack = _LONGEST_LITERAL if self._is_line_open else 0
        return error.pos >= len(self._text.rstrip()) - slack

    def _list_in(self, at: int) -> int:
        """Return where the list begins that a document too long to be read wraps, or -1."""
        if len(self._text) - at <= LONGEST_DOCUMENT:
            return -1
        found = _LIST.search(self._text, at, at + _LIST_WITHIN)
        self._is_list_wrapped = found is not None
        return found.end() if found else -1

    def _begins_again(self, error: Exception, at: int) -> int:
        """Return where the next document may begin behind a damaged one; else skip to it.

        Of one that is nested too deep every beginning would be too deep as well.
        """
        indent = self._indent_at(at)
        after = self._text.find("\n", at) + 1 or len(self._text)
        if isinstance(error, RecursionError):
            after = len(self._text)
        return self._next_beginning(after, indent=indent)

    def _indent_at(self, at: int) -> int:
        """Return how far to the right the document at ``at`` begins, if its line begins with it."""
        line_start = self._text.rfind("\n", 0, at) + 1
        return 0 if self._text[line_start:at].strip(" \t") else at - line_start

    def _next_beginning(self, after: int, *, indent: int) -> int:
        """Return where a line begins as a document does, not further right than ``indent``."""
        for begins in _BEGINS.finditer(self._text, after):
            if len(begins[1]) <= indent:
                return begins.start()
        self._skip_indent = indent
        return len(self._text)

    def _problem(self, error: Exception, at: int) -> str:
        if len(self._text) - at > LONGEST_DOCUMENT:
            return f"is longer than {LONGEST_DOCUMENT} characters"
        reason = "nested too deep"
        if isinstance(error, json.JSONDecodeError):
            reason = error.msg.removesuffix(" at")
        shown = self._text[at : at + 100]
        first = shown.partition("\n")[0]
        # Of a document of many lines the first is a brace.
        return f"is no JSON ({reason}): {excerpt(first if first.strip('[{ ') else shown)}"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _whole(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON holds
    """Return the value with U+FFFD in place of halves of surrogates."""
    if isinstance(value, str):
        return tidy(value)
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if isinstance(value, dict):
        return {tidy(name): _whole(one) for name, one in value.items()}
    return value
