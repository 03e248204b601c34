r"""The layout of an event's XML text as cells that ``>`` ends; a sample is in ``_event_cells``.

Every pattern here refuses what it does not know, so that what it takes is what an XML parser reads:
no markup, no references, no character that becomes another one, names in the usual order.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from fleetaudit.parsers import _event_cells as cells
from fleetaudit.parsers._event_cells import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.parsers._event_cells import CellLayout
    from fleetaudit.parsers._event_record import Event, EventHead

__all__ = ["FORBIDDEN", "learn"]

FORBIDDEN: Final = r"\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff"
"""Characters that XML forbids, and the one that it makes a line end of."""
_SEPARATOR: Final = ">"
_END: Final = "</EventData></Event>"
_MOST_FIELDS: Final = 64
_OWN: Final = ("record", "time", "computer", "process")
_TEXTS: Final = frozenset({"record", "time", "computer"})
_PATTERNS: Final = MappingProxyType(
    {
        "time": r"[\w.:+-]*+",
        "record": r"[0-9]{1,20}",
        "correlation": r"(?: ActivityID=Q[\w{}-]*+Q)?(?: RelatedActivityID=Q[\w{}-]*+Q)? ?",
        "process": r"[0-9]{1,10}Q ThreadID=Q[0-9]{1,10}",
        "channel": r"[\w /.-]*+",
        "computer": r"[\w.-]*+",
        "security": r"(?: UserID=Q[\w-]*+Q)? ?",
    }
)
"""What stands where the next one has its name, Q for a quote."""
_SYSTEM: Final = (
    "SystemTime=Q<time>Q ?/><EventRecordID><record></EventRecordID><Correlation<correlation>/>"
    "<Execution ProcessID=Q<process>Q ?/><Channel><channel></Channel>"
    "<Computer><computer></Computer><Security<security>/></System><EventData>"
)
_NAME: Final = r"[\w .-]{1,64}"
_TEXT: Final = re.compile(rf"[^<>&{FORBIDDEN}]*+")


class _Patterns(NamedTuple):
    """Patterns for texts with one kind of quotes."""

    system: re.Pattern[str]
    values: Mapping[str, re.Pattern[str]]
    field: re.Pattern[str]


def learn(head: EventHead, event: Event, rest: str) -> CellLayout | None:
    """Return the layout of a text, or None if it has none.

    Args:
        head: What it begins with.
        event: What it says, read by an XML parser.
        rest: What follows the beginning.
    """
    patterns = _patterns("'" if "='" in head.beginning else '"')
    system = patterns.system.match(rest)
    if not system:
        return None
    places = {name: place for place, name in enumerate(patterns.values)}
    values = [
        Value(*system.span(name), partial(_own, pattern), name in _TEXTS)
        for name, pattern in patterns.values.items()
    ]
    fields: dict[str, int | None] = {}
    at = system.end()
    while field := patterns.field.match(rest, at):
        if field["name"] in fields or len(fields) == _MOST_FIELDS:
            return None
        fields[field["name"]] = None if field["text"] is None else len(values)
        if field["text"] is not None:
            values.append(Value(*field.span("text"), _text, is_text=True))
        at = field.end()
    if rest[at:] != _END:
        return None
    own = [places[name] for name in _OWN]
    return cells.learn(
        head, event, rest, separator=_SEPARATOR, values=values, own=own, fields=fields
    )


@lru_cache
def _patterns(quote: str) -> _Patterns:
    values = {name: pattern.replace("Q", quote) for name, pattern in _PATTERNS.items()}
    system = _SYSTEM.replace("Q", quote)
    for name, pattern in values.items():
        system = system.replace(f"<{name}>", f"(?P<{name}>{pattern})", 1)
    field = f"<Data Name={quote}(?P<name>{_NAME}){quote}(?:>(?P<text>{_TEXT.pattern})</Data>| ?/>)"
    return _Patterns(
        re.compile(system, re.ASCII),
        {name: re.compile(pattern, re.ASCII) for name, pattern in values.items()},
        re.compile(field, re.ASCII),
    )


def _own(pattern: re.Pattern[str], text: str) -> str:
    """Return a value of System; of two in one element the first."""
    if not pattern.fullmatch(text):
        raise ValueError(text)
    return text.partition("'")[0].partition('"')[0]


def _text(text: str) -> str:
    """Return the text of a field, which is itself."""
    if not _TEXT.fullmatch(text):
        raise ValueError(text)
    return text
