"""What an event says, whatever it came as: EVTX, XML or JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["Event", "EventHead", "add_field"]


@dataclass(frozen=True, slots=True, eq=False)
class EventHead:
    """What the texts of events share that begin alike.

    Attributes:
        table: Where they belong; empty where they are of no interest.
        beginning: What they begin with.
        code: The event id.
        provider: As the event names it.
        version: As it stands there.
        keywords: As they stand there.
    """

    table: str
    beginning: str
    code: int
    provider: str
    version: Any
    keywords: Any


class Event(NamedTuple):
    """An event; of one that belongs to no table only its id is told.

    Attributes:
        table: Where it belongs; empty for nowhere.
        code: The event id.
        head: Its own values, as HEAD_VALUES says.
        names: Of the fields, in their order.
        values: Theirs.
    """

    table: str
    code: int
    head: tuple[Any, ...] = ()
    names: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()


def add_field(fields: dict[str, Any], name: str, value: object) -> None:
    """Add a field; one whose name repeats becomes a list of its values."""
    if name in fields:
        earlier = fields[name]
        fields[name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
    else:
        fields[name] = value
