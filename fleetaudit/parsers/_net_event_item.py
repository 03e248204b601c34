"""What one net event says, from its element in ``netsh wfp show netevents`` or a capture.

Shape and meaning: windows-facts 4.6; what ``flags`` mean: FWPM_NET_EVENT_HEADER3 (fwpmtypes.h).
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

import orjson

from fleetaudit.parsers._text import excerpt
from fleetaudit.parsers._wfp_item import decoded_text, unsigned
from fleetaudit.parsers._wfp_rows import moment_of
from fleetaudit.parsers._xml import tree_of
from fleetaudit.records.tables import NET_EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

    from fleetaudit.parsers._xml import XmlValue

__all__ = ["DROP", "NetEvent", "type_of"]

DROP: Final = "CLASSIFY_DROP"
"""How the type of a drop ends; builds differ in what comes before it."""
_FLAG: Final = "FWPM_NET_EVENT_FLAG_"
_ICMP: Final = frozenset({1, 58})
_BITS: Final = {"uint16": 16, "uint32": 32, "uint64": 64}
_NUMBERS: Final = {
    field.name: 1 << _BITS[str(field.type)] for field in NET_EVENTS if str(field.type) in _BITS
}
"""Columns of numbers, and the first number that is too large for each."""
_TRUTH: Final = {"true": True, "false": False}

_HEADER: Final = {
    "ipProtocol": ("network_iana_number", "IP_PROTOCOL_SET"),
    "localPort": ("local_port", "LOCAL_PORT_SET"),
    "remotePort": ("remote_port", "REMOTE_PORT_SET"),
    "userId": ("user_sid", "USER_ID_SET"),
    "packageSid": ("package_sid", "PACKAGE_ID_SET"),
}
"""Parts of the header: the column, and the flag without which the value means nothing."""
_ADDRESSES: Final = {
    "localAddr": ("local_ip", "LOCAL_ADDR_SET"),
    "remoteAddr": ("remote_ip", "REMOTE_ADDR_SET"),
}
_TOLD_OTHERWISE: Final = frozenset({"timeStamp", "flags", "ipVersion", "addressFamily", "appId"})
_DROP: Final = {
    "filterId": "filter_rtid",
    "layerId": "layer_rtid",
    "reauthReason": "reauth_reason_code",
    "originalProfile": "original_profile_code",
    "currentProfile": "current_profile_code",
    "msFwpDirection": "direction",
    "isLoopback": "is_loopback",
}
_INTERNAL: Final = {
    "filterOrigin": "filter_origin",
    "interfaceIndex": "interface_index",
    "processId": "process_pid",
}


def type_of(item: etree._Element) -> str:
    """Return the type of a net event; empty where it has none."""
    for child in item:
        if child.tag == "type":
            return (child.text or "").strip()
    return ""


class NetEvent:
    """One drop.

    Attributes:
        row: A value for every column of ``net_events``.
        problems: What did not become a value.
    """

    def __init__(self, item: etree._Element) -> None:
        self.row: dict[str, Any] = dict.fromkeys(NET_EVENTS.names)
        self.problems: list[str] = []
        self._others: dict[str, XmlValue] = {}
        self.row["event_type"] = type_of(item) or None
        for part in item:
            tag = str(part.tag)
            if tag == "header":
                self._header(part)
            elif tag.casefold().endswith("classifydrop"):
                self._parts(part, _DROP)
            elif tag == "internalFields":
                self._parts(part, _INTERNAL)
            elif tag != "type":
                self._keep(tag, tree_of(part))
        self._tell_icmp()
        if self._others:
            self.row["other_fields"] = orjson.dumps(self._others).decode()

    def _header(self, header: etree._Element) -> None:
        flags: set[str] | None = None
        for part in header:
            if part.tag == "flags":
                flags = {(flag.text or "").removeprefix(_FLAG) for flag in part}
        for part in header:
            tag = str(part.tag)
            if tag == "timeStamp":
                self._time(part.text)
            elif tag == "appId":
                self._application(part)
            else:
                self._header_part(part, tag, flags)

    def _header_part(self, part: etree._Element, tag: str, flags: set[str] | None) -> None:
        """Take an address, number or SID, if the event's flags say that it is set."""
        column, flag = _HEADER.get(tag) or _ADDRESSES.get(tag.partition("V")[0]) or ("", "")
        if not column:
            if tag not in _TOLD_OTHERWISE:
                self._keep(tag, tree_of(part))
        elif flags is None or flag in flags:
            # An address may stand in an element of its own type below.
            self._put(column, tag, "".join(str(text) for text in part.itertext()).strip())

    def _parts(self, element: etree._Element, columns: dict[str, str]) -> None:
        for part in element:
            tag = str(part.tag)
            if tag in columns:
                self._put(columns[tag], tag, (part.text or "").strip())
            elif tag == "terminatingFiltersInfo":
                self._terminating(part)
            else:
                self._keep(tag, tree_of(part))

    def _put(self, column: str, tag: str, text: str) -> None:
        """Set a column, or keep what is no value for it as a field of its own."""
        if not text:
            return
        value: object = text
        if column in _NUMBERS:
            number = unsigned(text)
            value = number if number is not None and number < _NUMBERS[column] else None
        elif column == "is_loopback":
            value = _TRUTH.get(text)
        elif column in ("local_ip", "remote_ip"):
            value = _address(text)
        self.row[column] = value
        if value is None:
            self._keep(tag, text)
            self.problems.append(f"has no usable {tag}: {excerpt(text)}")

    def _time(self, text: str | None) -> None:
        self.row["time"] = moment_of(text)
        if self.row["time"] is None:
            self._keep("timeStamp", text)
            self.problems.append(f"has no usable timeStamp: {excerpt(text)}")

    def _application(self, element: etree._Element) -> None:
        """Take the program's path from its bytes; the text beside them may be dotted (4.3)."""
        parts = {str(part.tag): (part.text or "").strip() for part in element}
        data = parts.get("data", "")
        path = decoded_text(data) if data else parts.get("asString")
        self.row["process_executable"] = path or None
        if path is None and data:
            self._keep("appId", data)
            self.problems.append(f"has no usable appId: {excerpt(data)}")

    def _terminating(self, element: etree._Element) -> None:
        winners = [dict(_winner(item)) for item in element]
        if winners:
            self.row["terminating_filters"] = orjson.dumps(winners).decode()

    def _keep(self, name: str, value: XmlValue) -> None:
        """Keep what has no column; a second field of the same name under a name of its own."""
        if value is None or value == {}:
            return
        while name in self._others:
            name += "_"
        self._others[name] = value

    def _tell_icmp(self) -> None:
        """Put type and code, which stand where ports do, into columns of their own."""
        if self.row["network_iana_number"] in _ICMP:
            for port, column in (("local_port", "icmp_type"), ("remote_port", "icmp_code")):
                self.row[column], self.row[port] = self.row[port], None


_WINNER: Final = {"filterId": "filter", "subLayer": "sublayer", "actionType": "action"}


def _winner(item: etree._Element) -> Iterator[tuple[str, object]]:
    for part in item:
        tag = str(part.tag)
        text = (part.text or "").strip()
        number = unsigned(text) if tag == "filterId" else None
        yield _WINNER.get(tag, tag), text if number is None else number


def _address(text: str) -> str | None:
    """Return an address in its usual form."""
    try:
        return str(ip_address(text))
    except ValueError:
        return None
