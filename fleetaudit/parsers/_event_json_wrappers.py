"""What shippers and databases wrap around events: lists of hits, results, tables of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["events_in", "is_plain"]

_LISTS: Final = (
    "hits",
    "value",
    "events",
    "Events",
    "records",
    "Records",
    "results",
    "rows",
    "Event",
)
"""Members that hold the events of a whole answer."""
_ONES: Final = ("_source", "result", "columns", "document")
"""Members that hold an event beside what was found out about it: of Elasticsearch, Splunk, osquery,
Chainsaw."""
_DATA: Final = "data"
_TABLES: Final = "tables"
_INDEX: Final = "_index"
_WRAPPERS: Final = frozenset((*_LISTS, *_ONES, _TABLES, _INDEX, _DATA))
_CODES: Final = frozenset(("EventID", "event_id", "EventId", "winlog", "System"))
"""What has one of these is an event, whatever its other members are called."""
_DEEPEST: Final = 4


def is_plain(document: object) -> bool:
    """Return whether nothing can stand around the event that a document is."""
    return isinstance(document, dict) and _WRAPPERS.isdisjoint(document)


def events_in(document: Any, depth: int = 0) -> Iterator[Any]:  # noqa: ANN401 -- whatever JSON holds
    """Yield the events of a document: itself, unless it is known as something around events."""
    if depth > _DEEPEST:
        yield document
    elif isinstance(document, list):
        for item in document:
            yield from events_in(item, depth + 1)
    elif isinstance(document, dict) and not _WRAPPERS.isdisjoint(document):
        yield from _unwrapped(document, depth + 1)
    else:
        yield document


def _unwrapped(document: dict[str, Any], depth: int) -> Iterator[Any]:
    for name in _ONES:
        if isinstance(inner := document.get(name), dict):
            yield from events_in(inner, depth)
            return
    if not _CODES.isdisjoint(document):
        yield document
        return
    if isinstance(data := document.get(_DATA), dict) and "Event" in data:
        yield data
        return
    if _INDEX in document and isinstance(fields := document.get("fields"), dict):
        yield {name: _only(values) for name, values in fields.items()}
        return
    tables = document.get(_TABLES)
    if isinstance(tables, list) and all(map(_is_table, tables)):
        for table in tables:
            yield from _rows(table)
        return
    for name in _LISTS:
        inner = document.get(name)
        is_list = isinstance(inner, list) and all(isinstance(item, dict) for item in inner)
        if is_list or (isinstance(inner, dict) and not _WRAPPERS.isdisjoint(inner)):
            yield from events_in(inner, depth)
            return
    yield document


def _only(values: object) -> object:
    """Return the only one of some values: Elasticsearch lists even those."""
    return values[0] if isinstance(values, list) and len(values) == 1 else values


def _is_table(table: object) -> bool:
    return (
        isinstance(table, dict)
        and isinstance(table.get("columns"), list)
        and isinstance(table.get("rows"), list)
    )


def _rows(table: dict[str, Any]) -> Iterator[Any]:
    """Yield the rows of a table of Azure Monitor as objects; one of another length as it is."""
    names = [
        str(column.get("name")) if isinstance(column, dict) else str(column)
        for column in table["columns"]
    ]
    for row in table["rows"]:
        is_whole = isinstance(row, list) and len(row) == len(names)
        yield dict(zip(names, row, strict=True)) if is_whole else row
