r"""The text of one event element to its values, by an XML parser.

The beginning, up to the time, is the same in every event of a kind and is remembered. A strict
pattern refuses whatever it does not know; then the XML parser decides: the pattern decides about
speed and never about the answer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from fleetaudit.parsers._event_record import Event, EventHead, add_field
from fleetaudit.parsers._event_xml_cells import FORBIDDEN, learn

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleetaudit.parsers._event_cells import CellLayout

__all__ = ["EventXml", "without_rendering"]

_Element = etree._Element  # noqa: SLF001 -- the class has no other name
_NAMESPACE: Final = r"http://schemas\.microsoft\.com/win/2004/08/events/event"
_WORD: Final = r"[\w .:/{}()-]*+"
_HEAD: Final = re.compile(
    rf"""<Event xmlns=(?P<q>['"]){_NAMESPACE}(?P=q)><System>"""
    rf"""<Provider Name=(?P=q)(?P<provider>{_WORD})(?P=q)"""
    rf"""(?: (?:Guid|EventSourceName)=(?P=q){_WORD}(?P=q)){{0,2}} ?/>"""
    r"""<EventID>(?P<code>[0-9]{1,9})</EventID>(?:<Version>(?P<version>[0-9]{0,9})</Version>)?"""
    r"""(?:<Level>[0-9]*+</Level>)?(?:<Task>[0-9]*+</Task>)?(?:<Opcode>[0-9]*+</Opcode>)?"""
    r"""(?:<Keywords>(?P<keywords>\w*+)</Keywords>)?<TimeCreated """,
    re.ASCII,
)
_HEAD_ENDS: Final = "<TimeCreated "
_END: Final = "</EventData></Event>"
_RENDERED: Final = ("<RenderingInfo", "</RenderingInfo>")
_CONTROLS: Final = re.compile(f"[{FORBIDDEN}]")
_CHARACTER: Final = re.compile(r"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,8}));")
_MOST_HEADS: Final = 1024
_MOST_DIGITS: Final = 9


class EventXml:
    """Reads events; remembers what they begin with.

    ``table_of`` tells the table for an event id and its provider in lower case.
    """

    def __init__(self, table_of: Callable[[int, str], str]) -> None:
        self._table_of = table_of
        self._heads: dict[str, EventHead] = {}

    def kind(self, text: str) -> EventHead | None:
        """Return what the text shares with others, None if it does not begin as usual."""
        beginning = text[: text.find(_HEAD_ENDS) + len(_HEAD_ENDS)]
        head = self._heads.get(beginning)
        if head is not None or len(self._heads) >= _MOST_HEADS:
            return head
        found = _HEAD.fullmatch(beginning)
        if not found:
            return None
        code, provider = int(found["code"]), found["provider"]
        head = self._heads[beginning] = EventHead(
            table=self._table_of(code, provider.casefold()),
            beginning=beginning,
            code=code,
            provider=provider,
            version=found["version"],
            keywords=found["keywords"],
        )
        return head

    def read(self, text: str) -> Event:
        """Return the event that ``text`` is, from ``<Event`` to ``</Event>``.

        Characters that XML forbids become U+FFFD: third parties write such (windows-facts 4.2).

        Raises:
            ValueError: It is no XML, or no event; says why.
        """
        event = _tree(without_rendering(text))
        system = _child(event, "System")
        if system is None:
            raise ValueError("has no System")
        digits = (_text(system, "EventID") or "").strip()
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
            raise ValueError("has no event id")
        code, provider = int(digits), _attribute(system, "Provider", "Name") or ""
        table = self._table_of(code, provider.casefold())
        if not table:
            return Event("", code)
        fields = _fields(event)
        head = (
            _text(system, "EventRecordID"),
            _attribute(system, "TimeCreated", "SystemTime"),
            code,
            _text(system, "Version"),
            _text(system, "Computer"),
            _text(system, "Keywords"),
            _attribute(system, "Execution", "ProcessID"),
            provider,
        )
        return Event(table, code, head, tuple(fields), tuple(fields.values()))

    def learn(self, head: EventHead, rest: str) -> CellLayout | None:
        """Return the layout of a text that begins with ``head``, None if it has none.

        Raises:
            ValueError: It is no event.
        """
        return learn(head, self.read(head.beginning + rest), rest)


def without_rendering(text: str) -> str:
    """Return ``text`` without what was rendered in the language of whoever exported it."""
    if text.endswith(_END):
        return text
    start = text.rfind(_RENDERED[0])
    if start < 0 or text.rfind("</EventData>", start) >= 0:
        return text
    end = text.find(_RENDERED[1], start)
    return text if end < 0 else text[:start] + text[end + len(_RENDERED[1]) :]


def _tree(text: str) -> _Element:
    # One parser an event: a parser that is used again keeps the names of all that it has seen.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    clean = _CONTROLS.sub("\ufffd", text)
    if "&#" in clean:
        clean = _CHARACTER.sub(_allowed, clean)
    try:
        return etree.fromstring(clean.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"is no well-formed XML ({error.msg})"[:200]) from error


def _allowed(reference: re.Match[str]) -> str:
    number = int(reference[1], 16) if reference[1] else int(reference[2])
    is_character = number < 0x110000 and not _CONTROLS.match(chr(number))  # noqa: PLR2004 -- Unicode's end
    return reference[0] if is_character else "\ufffd"


def _name(element: _Element) -> str:
    # The tag of a comment or of an instruction is a function.
    tag: object = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _child(element: _Element, name: str) -> _Element | None:
    return next((child for child in element if _name(child) == name), None)


def _text(element: _Element, name: str) -> str | None:
    child = _child(element, name)
    return None if child is None else child.text


def _attribute(element: _Element, name: str, attribute: str) -> str | None:
    child = _child(element, name)
    value = None if child is None else child.get(attribute)
    return value if isinstance(value, str) else None


def _fields(event: _Element) -> dict[str, Any]:
    """Return all fields, from EventData or from the one element in UserData."""
    fields: dict[str, Any] = {}
    data = _child(event, "EventData")
    if data is None:
        user_data = _child(event, "UserData")
        inner = [] if user_data is None else [one for one in user_data if _name(one)]
        data = inner[0] if inner else None
    for item in data if data is not None else ():
        # A comment or an instruction has no name.
        name = (item.get("Name") or _name(item)) if _name(item) else ""
        if not name:
            continue
        value = "".join(str(part) for part in item.itertext())
        add_field(fields, name, value)
    return fields
