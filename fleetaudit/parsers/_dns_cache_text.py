r"""The DNS client's cache as text, in each form in which people save it.

``Get-DnsClientCache > file`` is a table whose columns are where the row of dashes says; where
``Select-Object`` chose some of them, the names above the dashes say which. ``| Format-List`` is one
``Name : value`` a line, ``| Export-Csv`` a list with commas, semicolons or tabs between. ``ipconfig
/displaydns`` has labels in the host's language and the values in one order::

    www.example.org
    ----------------------------------------
    Record Name . . . . . : www.example.org
    Record Type . . . . . : 1
    Time To Live  . . . . : 93
    Data Length . . . . . : 4
    Section . . . . . . . : Answer
    A (Host) Record . . . : 192.0.2.80

Characters of double width take two of a table's places where the console has a font for them.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.parsers._text import Line

__all__ = ["TextEntry", "read_entries"]

_COLUMNS: Final = ("Entry", "Name", "Type", "Status", "Section", "TimeToLive", "Length", "Data")
_SHOWN: Final = ("Name", "Type", "TimeToLive", "Length", "Section", "Data")
"""What ipconfig shows of a record, in its order."""
_KNOWN: Final = {
    "entry": "Entry",
    "recordname": "Name",
    "name": "Name",
    "recordtype": "Type",
    "type": "Type",
    "status": "Status",
    "section": "Section",
    "timetolive": "TimeToLive",
    "datalength": "Length",
    "data": "Data",
}
_DASHES: Final = re.compile(r"-{2,}(?: +-{2,})+ *")
_RULE: Final = re.compile(r"\s+-{20,}\s*")
_PAIR: Final = re.compile(r"(\w[\w ]{0,40}?)\s*:(?: (.*))?")
_DOTTED: Final = re.compile(r"\s+\S.{0,60}?[ .]:(?: (.*))?")
_DELIMITERS: Final = ",;\t"
_WIDE: Final = ("W", "F")
_FEWEST: Final = 2
_MOST_ABOVE: Final = 4
_MOST_VALUES: Final = 16


class TextEntry(NamedTuple):
    """An entry, or what is wrong with a line that should be one.

    Attributes:
        number: The line.
        entry: Values by the names that the JSON has; None where there is a problem.
        problem: What is wrong, as a clause; empty where nothing is.
        is_doubtful: Whether the entry is there all the same.
    """

    number: int
    entry: dict[str, Any]
    problem: str = ""


def read_entries(found: Iterator[Line]) -> Iterator[TextEntry]:
    """Yield the entries of a text; nothing where it is in none of the forms."""
    above: list[str] = []
    for line in found:
        text = _bare(line)
        if not text.strip():
            continue
        if _DASHES.fullmatch(text):
            yield from _table(text, above, found)
            return
        if _RULE.fullmatch(text):
            yield from _displayed(above[-1:], found)
            return
        if names := _csv_names(text):
            yield from _csv(text, names, found)
            return
        if (pair := _PAIR.fullmatch(text)) and _known(pair[1]):
            yield from _listed(line, found)
            return
        above = [*above, text][-_MOST_ABOVE:]


def _bare(line: Line) -> str:
    """Return a line without what may stand around it; a mark does where files were joined."""
    return line.text.lstrip("\ufeff").rstrip("\r\0 \ufeff")


def _known(name: str) -> str:
    return _KNOWN.get(name.replace(" ", "").strip('"').casefold(), "")


def _table(dashes: str, above: list[str], found: Iterator[Line]) -> Iterator[TextEntry]:
    """Yield the lines below a row of dashes; another row of dashes begins a table anew."""
    columns = _columns(dashes, above)
    held: list[Line] | None = None
    for line in found:
        text = _bare(line)
        if not text.strip():
            yield from _rows(held, columns)
            held = []
        elif _DASHES.fullmatch(text):
            # What stood above it since the last empty line were its names.
            columns = _columns(text, [one.text for one in held or ()])
            held = None
        elif held is None:
            yield from _rows([line], columns)
        else:
            held.append(line)
            if len(held) > _MOST_ABOVE:
                yield from _rows(held, columns)
                held = None
    yield from _rows(held, columns)


def _rows(
    held: list[Line] | None, columns: tuple[list[int], tuple[str, ...] | None]
) -> Iterator[TextEntry]:
    starts, names = columns
    for line in held or ():
        if names is None:
            problem = "is in a table that does not say which column is which"
            yield TextEntry(line.number, {}, problem)
            continue
        cells, problem = _cells(_bare(line), starts)
        entry = {name: cell for name, cell in zip(names, cells, strict=True) if name}
        yield TextEntry(line.number, entry, problem)


def _columns(dashes: str, above: list[str]) -> tuple[list[int], tuple[str, ...] | None]:
    """Return where the columns begin, and their names: eight are those of the cmdlet."""
    starts = [dash.start() for dash in re.finditer(r"-+", dashes)]
    if len(starts) == len(_COLUMNS):
        return starts, _COLUMNS
    ends = [*starts[1:], None]
    names = tuple(
        _known("".join(line[start:end].strip() for line in above))
        for start, end in zip(starts, ends, strict=True)
    )
    return starts, names if "Entry" in names else None


def _cells(text: str, starts: list[int]) -> tuple[list[str], str]:
    """Return the cells of a line, and a doubt where they do not stand below the dashes."""
    places = starts
    if not text.isascii():
        by_width = _by_width(text, starts)
        if _is_aligned(text, by_width) and not _is_aligned(text, starts):
            places = by_width
    if not _is_aligned(text, places):
        words = text.split()
        if len(words) == len(starts):
            return words, ""
    ends = [*(later for _, later in pairwise(places)), None]
    cells = [text[start:end].strip() for start, end in zip(places, ends, strict=True)]
    return cells, "" if _is_aligned(text, places) else "does not stand below the dashes"


def _is_aligned(text: str, starts: list[int]) -> bool:
    """Return whether no word stands on both sides of a column's beginning."""
    return not any(text[start - 1 : start].strip() for start in starts[1:])


def _by_width(text: str, starts: list[int]) -> list[int]:
    """Return the places of columns that begin at places of the screen."""
    places, width = [], 0
    wanted = iter(starts)
    start = next(wanted)
    for at, character in enumerate(text):
        while width >= start:
            places.append(at)
            start = next(wanted, 1 << 30)
        width += 1 + (unicodedata.east_asian_width(character) in _WIDE)
    return [*places, *[len(text)] * (len(starts) - len(places))]


def _csv_names(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the delimiter and the names of a list's columns, if ``text`` begins such a list."""
    for delimiter in _DELIMITERS:
        names = tuple(_known(name) for name in text.split(delimiter))
        if "Entry" in names and len(names) >= _FEWEST:
            return delimiter, names
    return None


def _csv(
    head: str, columns: tuple[str, tuple[str, ...]], found: Iterator[Line]
) -> Iterator[TextEntry]:
    delimiter, names = columns
    for line in found:
        text = _bare(line)
        if not text.strip() or text == head:
            continue
        try:
            cells = next(csv.reader([text], delimiter=delimiter), [])
        except csv.Error:
            cells = []
        # The class has a property Name and another one below it: the first that says something.
        entry: dict[str, Any] = {}
        for name, cell in zip(names, cells, strict=False):
            if name and cell:
                entry.setdefault(name, cell)
        yield TextEntry(line.number, entry)


def _listed(first: Line, found: Iterator[Line]) -> Iterator[TextEntry]:
    """Yield entries whose values stand one a line; an empty line or ``Entry`` begins the next."""
    entry: dict[str, Any] = {}
    number, last = first.number, ""
    for line in _with(first, found):
        text = _bare(line)
        pair = _PAIR.fullmatch(text)
        name = _known(pair[1]) if pair else ""
        if entry and (not text.strip() or name == "Entry"):
            yield TextEntry(number, entry)
            entry, last = {}, ""
        if not text.strip():
            continue
        if pair:
            number = number if entry else line.number
            last = name
            if name and (pair[2] or "").strip():
                entry[name] = pair[2].strip()
        elif text.startswith(" ") and last in entry:
            # A value that was too long goes on below itself.
            entry[last] += text.strip()
        else:
            yield TextEntry(line.number, {}, "is no value of an entry")
    if entry:
        yield TextEntry(number, entry)


def _with(first: Line, found: Iterator[Line]) -> Iterator[Line]:
    yield first
    yield from found


def _displayed(head: list[str], found: Iterator[Line]) -> Iterator[TextEntry]:
    """Yield what ``ipconfig /displaydns`` shows: a name, a rule, and its records below."""
    name, awaits_record = head[0].strip() if head else "", True
    previous, values, number = "", list[str](), 0
    for line in found:
        text = _bare(line)
        value = _DOTTED.fullmatch(text)
        if value and len(values) >= _MOST_VALUES:
            yield TextEntry(line.number, {}, "is beyond the values of a record")
            continue
        if value:
            number = number if values else line.number
            values.append((value[1] or "").strip())
            awaits_record = False
            continue
        if values:
            yield TextEntry(number, _shown(name, values))
            values = []
        if _RULE.fullmatch(text):
            name, awaits_record = previous, True
        elif text.strip() and awaits_record:
            # The name does not exist, or has no record of the type; said in any language.
            yield TextEntry(line.number, {"Entry": name})
            awaits_record = False
        elif text.strip():
            previous = text.strip()
    if values:
        yield TextEntry(number, _shown(name, values))


def _shown(name: str, values: list[str]) -> dict[str, Any]:
    return {"Entry": name} | dict(zip(_SHOWN, values, strict=False))
