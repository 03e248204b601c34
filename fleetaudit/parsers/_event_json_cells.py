r"""The layout of an event's JSON text as cells that commas end; a sample is in ``_event_cells``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import orjson

from fleetaudit.parsers import _event_cells as cells
from fleetaudit.parsers._event_cells import Value

if TYPE_CHECKING:
    from fleetaudit.parsers._event_cells import CellLayout
    from fleetaudit.parsers._event_record import Event, EventHead

__all__ = ["learn"]

_SEPARATOR: Final = ","
_CELL: Final = re.compile(
    r'(?P<prefix>\{?(?:"[^"\\]*":\{?)+)(?:"(?P<text>(?:[^"\\]|\\.)*)"|(?P<number>-?[0-9]+|null))\}*+'
)
_OWN: Final = (
    '"EventRecordID":',
    '{"#attributes":{"SystemTime":',
    '"Computer":',
    '"Execution":{"#attributes":{"ProcessID":',
)
_DATA: Final = '"EventData":{'


def learn(head: EventHead, event: Event, rest: str) -> CellLayout | None:
    """Return the layout of a text, or None if it has none.

    Args:
        head: What it begins with.
        event: What it says, read thoroughly; so it is known to be JSON.
        rest: What follows the beginning.
    """
    values: list[Value] = []
    prefixes: list[str] = []
    begin = 0
    for text in rest.split(_SEPARATOR):
        cell = _CELL.fullmatch(text)
        if not cell:
            return None
        is_text = cell["number"] is None
        start, end = cell.span("text" if is_text else "number")
        values.append(Value(begin + start, begin + end, _text if is_text else _number, is_text))
        prefixes.append(cell["prefix"])
        begin += len(text) + len(_SEPARATOR)
    data = next((at for at, prefix in enumerate(prefixes) if prefix.startswith(_DATA)), None)
    if data is None:
        return None
    names = [prefixes[data].removeprefix(_DATA), *prefixes[data + 1 :]]
    if names != [f'"{name}":' for name in event.names]:
        return None
    places = {prefix: at for at, prefix in enumerate(prefixes[:data])}
    own = [places.get(prefix) for prefix in _OWN]
    fields = dict(zip(event.names, range(data, len(prefixes)), strict=True))
    return cells.learn(
        head, event, rest, separator=_SEPARATOR, values=values, own=own, fields=fields
    )


def _text(text: str) -> str:
    """Return the text between quotes."""
    value = orjson.loads(f'"{text}"')
    if not isinstance(value, str):
        raise ValueError(text)  # noqa: TRY004 -- wrong content, not a wrong argument
    return value


def _number(text: str) -> int | None:
    """Return a whole number or null."""
    value = orjson.loads(text)
    if value is not None and type(value) is not int:
        raise ValueError(text)
    return value
