r"""Registry exports (``reg export``), value by value; and what ``reg query`` prints.

A sample; strings double ``\`` and escape ``"``, and may go on over a line's end::

    Windows Registry Editor Version 5.00

    [HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\WindowsFirewall\DomainProfile]
    "EnableFirewall"=dword:00000001
    "LogFilePath"=hex(2):25,00,53,00,79,00,73,00,\
      74,00,00,00
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fleetaudit.parsers._registry_query import is_query_key, query_value
from fleetaudit.parsers._text import excerpt, lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from fleetaudit.parsers._text import Line

__all__ = ["Flaw", "Key", "Value", "read_export"]

_LONGEST_KEY: Final = 16_384
_LONGEST_VALUE: Final = 1_048_576
_WIDE: Final = "windows registry editor version 5.00"
_HEADERS: Final = (_WIDE, "regedit4")
_NAMED = re.compile(r'(?:@|"((?:[^"\\]++|\\.)*)")\s*=\s*(.*)', re.DOTALL)
_STRING_PART = re.compile(r'(?:[^"\\]++|\\.|\\$)*')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_DWORD = re.compile(r"dword:([0-9a-fA-F]{1,8})", re.IGNORECASE)
_HEX = re.compile(r"hex(?:\(([0-9a-fA-F]{1,8})\))?:([0-9a-fA-F,\s]*)", re.IGNORECASE)
_TEXT_TYPES: Final = (1, 2, 7)


@dataclass(frozen=True, slots=True)
class Key:
    """A key that the values after it stand in."""

    line: int
    path: str


@dataclass(frozen=True, slots=True)
class Value:
    """One value.

    Attributes:
        line: Where it begins.
        key: The path of its key.
        name: Its name; empty for the default value.
        data: A text (REG_SZ, REG_EXPAND_SZ; REG_MULTI_SZ with one line for each), a number
            (REG_DWORD), or bytes.
    """

    line: int
    key: str
    name: str
    data: str | int | bytes


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that is no key and no value.

    Attributes:
        line: Where it begins.
        problem: What is wrong, as a clause.
        lost: How many values did not come of it.
    """

    line: int
    problem: str
    lost: int = 1


def read_export(stream: BinaryIO) -> Iterator[Key | Value | Flaw]:
    """Yield the keys, values and flaws of an export in the order of the file."""
    source = lines(stream)
    wide, is_query, key = True, False, ""
    for line in source:
        text = line.text.strip("\0 \t\ufeff")
        if not text or text.startswith(";"):
            continue
        if text.casefold() in _HEADERS:
            # It comes again where one export was written behind another.
            wide = text.casefold() == _WIDE
        elif is_query_key(line.text):
            is_query, key = True, text
            yield Key(line.number, key)
        elif value := query_value(line.text):
            yield Value(line.number, key, *value)
        elif text.startswith("[") and text.endswith("]"):
            is_key = len(text) <= _LONGEST_KEY and not text.startswith("[-")
            key = text[1:-1] if is_key else ""
            no_key = f"no key of an export: {excerpt(text)}"
            yield Key(line.number, key) if is_key else Flaw(line.number, no_key, lost=0)
        elif is_query and not line.text[:1].isspace():
            # How many it found, in the host's language.
            yield Flaw(line.number, f"no key and no value: {excerpt(text)}", lost=0)
        else:
            yield _value(line, source, key=key, wide=wide)


def _value(line: Line, source: Iterator[Line], *, key: str, wide: bool) -> Value | Flaw:
    named = _NAMED.fullmatch(line.text.lstrip("\0 \t"))
    if line.is_cut or not named:
        return Flaw(line.number, f"no key and no value: {excerpt(line.text)}")
    name, data = _unescape(named[1] or ""), named[2]
    if data.startswith('"'):
        whole = _string(data[1:], source)
        if isinstance(whole, int):
            return Flaw(line.number, "a string does not end", lost=whole)
        return Value(line.number, key, name, _unescape(whole))
    data = data.strip("\0 \t")
    if data.endswith("\\"):
        data = _continued(data, source)
    read = _number_or_bytes(data, wide=wide)
    if read is None:
        return Flaw(line.number, f"{excerpt(name)} has no readable value: {excerpt(data)}")
    return Value(line.number, key, name, read)


def _string(text: str, source: Iterator[Line]) -> str | int:
    """Return what stands before the closing quote, reading on over lines.

    Where none comes, return how many values that swallowed, the one that began it included.
    """
    parts: list[str] = []
    length = swallowed = 0
    while length <= _LONGEST_VALUE:
        inside = _STRING_PART.match(text)
        end = inside.end() if inside else 0
        parts.append(text[:end])
        if end < len(text):
            return "\n".join(parts) if not text[end + 1 :].strip() else swallowed + 1
        length += end + 1
        line = next(source, None)
        if line is None or line.is_cut:
            break
        text = line.text
        swallowed += 1 if _NAMED.fullmatch(text) else 0
    return swallowed + 1


def _continued(data: str, source: Iterator[Line]) -> str:
    parts, length = [data[:-1]], len(data)
    while length <= _LONGEST_VALUE:
        line = next(source, None)
        if line is None:
            break
        text = line.text.strip()
        length += len(text) + 1
        parts.append(text.removesuffix("\\"))
        if not text.endswith("\\"):
            break
    return "".join(parts)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(r"\1", text)


def _number_or_bytes(data: str, *, wide: bool) -> str | int | bytes | None:
    if number := _DWORD.fullmatch(data.strip()):
        return int(number[1], 16)
    binary = _HEX.fullmatch(data.strip())
    if not binary:
        return None
    try:
        content = bytes.fromhex(binary[2].replace(",", " "))
    except ValueError:
        return None
    if binary[1] is None or int(binary[1], 16) not in _TEXT_TYPES:
        return content
    text = content.decode("utf-16-le" if wide else "cp1252", "replace")
    return text.rstrip("\0").replace("\0", "\n")
