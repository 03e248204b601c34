r"""Take an event's JSON text apart, without decoding what is the same in every record.

All records of one event and version begin with the same text, up to the time; it is decoded once
and remembered. What follows, up to the fields, is matched by a strict pattern; a text that does
not match is decoded whole, so the pattern decides about speed and never about the answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import orjson

from fleetaudit.parsers._event_json_cells import learn
from fleetaudit.parsers._event_record import Event, EventHead

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleetaudit.parsers._event_cells import CellLayout

__all__ = ["EventReader", "EventTail"]

_HEAD_ENDS: Final = '"TimeCreated":'
_FLAT: Final = r"\{[^{}]*+\}"
_ATTRIBUTES: Final = r"(?:null|\{\"#attributes\":" + _FLAT + r"\})"
_HEAD: Final = re.compile(
    r'\{"Event":\{"#attributes":'
    + _FLAT
    + r',"System":\{"Provider":'
    + _ATTRIBUTES
    + r',"EventID":"?\d++"?,(?:"[A-Za-z]++":"?\w*+"?,)*"TimeCreated":'
)
_TAIL: Final = re.compile(
    r'\{"#attributes":\{"SystemTime":"([^"\\{}]*+)"\}\}'
    r',"EventRecordID":"?(\d{1,20})"?,"Correlation":'
    + _ATTRIBUTES
    + r',"Execution":(?:null|\{"#attributes":\{(?:"ProcessID":"?(\d{1,10})"?)?[^{}]*+\}\})'
    + r',"Channel":"[^"\\]*+","Computer":"([^"\\]*+)","Security":'
    + _ATTRIBUTES
    + r'\},"EventData":(?=\{)'
)
_MOST_REMEMBERED: Final = 1024
_MOST_DIGITS: Final = 9


EventTail = tuple[str | None, Any, Any, Any, dict[str, Any]]
"""SystemTime, EventRecordID, the process id of Execution, Computer, and the data fields."""


class EventReader:
    """Reads the texts of events; remembers what they begin with.

    ``table_of`` tells the table for an event id and its provider in lower case.
    """

    def __init__(self, table_of: Callable[[int, str], str]) -> None:
        self._table_of = table_of
        self._heads: dict[str, EventHead] = {}

    def kind(self, text: str) -> EventHead | None:
        """Return what the text shares with others, None if it does not begin as usual."""
        beginning = text[: text.find(_HEAD_ENDS) + len(_HEAD_ENDS)]
        head = self._heads.get(beginning)
        if head is None and _HEAD.fullmatch(beginning) and len(self._heads) < _MOST_REMEMBERED:
            try:
                head = self._new_head(beginning, _system(_event(text)))
            except ValueError:
                return None
            self._heads[beginning] = head
        return head

    def read(self, text: str) -> Event:
        """Return the event that a text is.

        Raises:
            ValueError: It is none; says why.
        """
        try:
            head = self.head(text)
        except ValueError as error:
            raise ValueError("has no event id") from error
        if not head.table:
            return Event("", head.code)
        try:
            time, record_id, process_id, computer, fields = self.tail(text, head)
        except ValueError as error:
            raise ValueError(f"event {head.code} is not shaped like an event of its log") from error
        own = (record_id, time, head.code, head.version, computer, head.keywords, process_id)
        names, values = tuple(fields), tuple(fields.values())
        return Event(head.table, head.code, (*own, head.provider), names, values)

    def learn(self, head: EventHead, rest: str) -> CellLayout | None:
        """Return the layout of a text that begins with ``head``, None if it has none."""
        return learn(head, self.read(head.beginning + rest), rest)

    def head(self, text: str) -> EventHead:
        """Return what the text's record shares with others of its kind.

        Raises:
            ValueError: The text is no event, or has no event id.
        """
        return self.kind(text) or self._new_head("", _system(_event(text)))

    def tail(self, text: str, head: EventHead) -> EventTail:
        """Return what is the record's own.

        Raises:
            ValueError: The text is no event.
        """
        found = _TAIL.match(text, len(head.beginning))
        if not found:
            return _tail(_event(text))
        time, record_id, process_id, computer = found.groups()
        # Two braces are left behind the fields: of the object itself and of "Event".
        fields = orjson.loads(text[found.end() : -2])
        return time, int(record_id), process_id, computer, fields

    def _new_head(self, beginning: str, system: dict[str, Any]) -> EventHead:
        event_id = system.get("EventID")
        if isinstance(event_id, dict):
            # An id with qualifiers is an element with attributes and a text.
            event_id = event_id.get("#text")
        digits = str(event_id)
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
            raise ValueError("no event id")
        provider = _attribute(system.get("Provider"), "Name") or ""
        return EventHead(
            table=self._table_of(int(digits), provider.casefold()),
            beginning=beginning,
            code=int(digits),
            provider=provider,
            version=system.get("Version"),
            keywords=system.get("Keywords"),
        )


def _event(text: str) -> dict[str, Any]:
    document = orjson.loads(text)
    event = document.get("Event") if isinstance(document, dict) else None
    if not isinstance(event, dict):
        raise ValueError("no event")  # noqa: TRY004 -- wrong content, not a wrong argument
    return event


def _system(event: dict[str, Any]) -> dict[str, Any]:
    system = event.get("System")
    return system if isinstance(system, dict) else {}


def _attribute(element: Any, name: str) -> str | None:  # noqa: ANN401 -- whatever JSON holds
    attributes = element.get("#attributes") if isinstance(element, dict) else None
    value = attributes.get(name) if isinstance(attributes, dict) else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def _tail(event: dict[str, Any]) -> EventTail:
    system = _system(event)
    time = _attribute(system.get("TimeCreated"), "SystemTime")
    process_id = _attribute(system.get("Execution"), "ProcessID")
    return time, system.get("EventRecordID"), process_id, system.get("Computer"), _fields(event)


def _fields(event: dict[str, Any]) -> dict[str, Any]:
    """Return all data fields, from EventData or from the one element in UserData."""
    data = event.get("EventData")
    if isinstance(data, dict):
        return data
    fields: dict[str, Any] = {} if data is None else {"EventData": data}
    user_data = event.get("UserData")
    for element, content in user_data.items() if isinstance(user_data, dict) else ():
        if isinstance(content, dict):
            fields |= {name: value for name, value in content.items() if name != "#attributes"}
        elif element != "#attributes":
            fields[element] = content
    return fields
