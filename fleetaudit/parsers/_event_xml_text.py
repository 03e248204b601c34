r"""The text of one event element to its values: a strict pattern, and an XML parser for the rest.

The beginning, up to the time, is the same in every event of a kind and is remembered. What
follows is matched by a pattern that is made of the names of an earlier event's fields, so a name
never meets another one's value. Both refuse whatever they do not know, and then lxml decides: the
patterns decide about speed and never about the answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EventXml", "XmlEvent", "read_with_lxml"]

_Element = etree._Element  # noqa: SLF001 -- the class has no other name
_NAMESPACE: Final = r"http://schemas\.microsoft\.com/win/2004/08/events/event"
_WORD: Final = r"[\w .:/{}()-]*+"
_HEAD: Final = re.compile(
    rf"""<Event xmlns=(?P<q>['"]){_NAMESPACE}(?P=q)><System>"""
    rf"""<Provider Name=(?P=q)(?P<provider>{_WORD})(?P=q)"""
    rf"""(?: (?:Guid|EventSourceName)=(?P=q){_WORD}(?P=q)){{0,2}} ?/>"""
    r"""<EventID>(?P<code>[0-9]{1,9})</EventID>(?:<Version>(?P<version>[0-9]{0,9})</Version>)?"""
    r"""(?:<Level>[0-9]*+</Level>)?(?:<Task>[0-9]*+</Task>)?(?:<Opcode>[0-9]*+</Opcode>)?"""
    r"""(?:<Keywords>(?P<keywords>\w*+)</Keywords>)?""",
    re.ASCII,
)
_HEAD_ENDS: Final = "<TimeCreated "
_FORBIDDEN: Final = r"\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff"
_VALUE: Final = rf"([^<&{_FORBIDDEN}]*+)"
_OWN: Final = (
    r"<TimeCreated SystemTime={q}([\w.:+-]*+){q} ?/>"
    r"<EventRecordID>([0-9]{{1,20}})</EventRecordID>"
    r"<Correlation(?: \w++={q}[\w{{}}-]*+{q}){{0,2}} ?/>"
    r"<Execution ProcessID={q}([0-9]{{1,10}}){q} ThreadID={q}[0-9]{{1,10}}{q} ?/>"
    r"<Channel>[\w /-]*+</Channel><Computer>([\w.-]*+)</Computer>"
    r"<Security(?: UserID={q}[\w-]*+{q})? ?/></System><EventData>"
)
_FIELD: Final = re.compile(r"<Data Name=(['\"])([\w .-]{1,64})\1(?:>[^<]*+</Data>| ?/>)", re.ASCII)
_END: Final = "</EventData></Event>"
_RENDERED: Final = ("<RenderingInfo", "</RenderingInfo>")
_CONTROLS: Final = re.compile(f"[{_FORBIDDEN}]")
_CHARACTER: Final = re.compile(r"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,8}));")
_MOST_HEADS: Final = 1024
_MOST_PATTERNS: Final = 4
_MOST_FIELDS: Final = 64
_MOST_DIGITS: Final = 9


class XmlEvent(NamedTuple):
    """An event; of one that belongs to no table only the head is read.

    Attributes:
        table: Where it belongs; empty for nowhere.
        code: The event id.
        head: Its values as the sorter wants them.
        names: Of the fields, in their order.
        values: Theirs: texts, or a list of them for fields without a name.
    """

    table: str
    code: int
    head: tuple[Any, ...]
    names: tuple[str, ...]
    values: tuple[Any, ...]


@dataclass(slots=True)
class _Kind:
    """What events share that begin with the same text."""

    table: str
    length: int
    code: int
    version: str | None
    keywords: str | None
    provider: str
    quote: str
    patterns: list[tuple[re.Pattern[str], tuple[str, ...]]] = field(default_factory=list)


class EventXml:
    """Reads events; learns the layouts of their fields.

    Attributes:
        slow: How many needed the XML parser.
    """

    def __init__(self, table_of: Callable[[int, str], str]) -> None:
        self.slow = 0
        self._table_of = table_of
        self._kinds: dict[str, _Kind] = {}

    def read(self, text: str) -> XmlEvent:
        """Return the event that ``text`` is, from ``<Event`` to ``</Event>``.

        Raises:
            ValueError: It is none; says why.
        """
        event = self.read_quickly(text)
        if event is None:
            self.slow += 1
            event = read_with_lxml(text, self._table_of)
        return event

    def read_quickly(self, text: str) -> XmlEvent | None:
        """Return the event, or None if only the XML parser can tell what it is."""
        beginning = text[: text.find(_HEAD_ENDS)]
        kind = self._kinds.get(beginning)
        if kind is None:
            kind = self._new_kind(beginning)
            if kind is None:
                return None
        if not kind.table:
            return XmlEvent("", kind.code, (), (), ())
        text = _without_rendering(text)
        for pattern, names in kind.patterns:
            if found := pattern.fullmatch(text, kind.length):
                return _matched(kind, names, found.groups(""), text)
        return self._learn(kind, text)

    def _learn(self, kind: _Kind, text: str) -> XmlEvent | None:
        """Return the event by a new pattern for its layout, if one can be made and matches."""
        names = tuple(match[2] for match in _FIELD.finditer(text, kind.length))
        if len(kind.patterns) >= _MOST_PATTERNS or not 0 < len(names) <= _MOST_FIELDS:
            return None
        if len(set(names)) != len(names):
            return None
        pattern = _pattern(kind.quote, names)
        found = pattern.fullmatch(text, kind.length)
        if not found:
            return None
        kind.patterns.append((pattern, names))
        return _matched(kind, names, found.groups(""), text)

    def _new_kind(self, beginning: str) -> _Kind | None:
        found = _HEAD.fullmatch(beginning)
        if not found or len(self._kinds) >= _MOST_HEADS:
            return None
        code, provider = int(found["code"]), found["provider"]
        kind = self._kinds[beginning] = _Kind(
            table=self._table_of(code, provider.casefold()),
            length=len(beginning),
            code=code,
            version=found["version"],
            keywords=found["keywords"],
            provider=provider,
            quote=found["q"],
        )
        return kind


def _pattern(quote: str, names: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of what follows the head, for fields of these names in this order."""
    fields = "".join(
        f"<Data Name={quote}{re.escape(name)}{quote}(?:>{_VALUE}</Data>| ?/>)" for name in names
    )
    return re.compile(_OWN.format(q=quote) + fields + _END, re.ASCII)


def _matched(
    kind: _Kind, names: tuple[str, ...], groups: tuple[str, ...], text: str
) -> XmlEvent | None:
    if "]" in text and "]]>" in text:
        # Which XML does not allow in a text, and the pattern does. One character is found fast.
        return None
    time, record_id, process_id, computer, *_ = groups
    own = (record_id, time, kind.code, kind.version, computer, kind.keywords, process_id)
    return XmlEvent(kind.table, kind.code, (*own, kind.provider), names, groups[4:])


def _without_rendering(text: str) -> str:
    """Return ``text`` without what was rendered in the language of whoever exported it."""
    if text.endswith(_END):
        return text
    start = text.rfind(_RENDERED[0])
    if start < 0 or text.rfind("</EventData>", start) >= 0:
        return text
    end = text.find(_RENDERED[1], start)
    return text if end < 0 else text[:start] + text[end + len(_RENDERED[1]) :]


def read_with_lxml(text: str, table_of: Callable[[int, str], str]) -> XmlEvent:
    """Return the event by an XML parser.

    Characters that XML forbids become U+FFFD: third parties write such (windows-facts 4.2).

    Raises:
        ValueError: It is no XML, or no event.
    """
    event = _tree(_without_rendering(text))
    system = _child(event, "System")
    if system is None:
        raise ValueError("has no System")
    digits = (_text(system, "EventID") or "").strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        raise ValueError("has no event id")
    code, provider = int(digits), _attribute(system, "Provider", "Name") or ""
    table = table_of(code, provider.casefold())
    if not table:
        return XmlEvent("", code, (), (), ())
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
    return XmlEvent(table, code, head, tuple(fields), tuple(fields.values()))


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
        if name in fields:
            earlier = fields[name]
            fields[name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            fields[name] = value
    return fields
