"""The shapes in which shippers write an event as JSON, and what each calls the same thing.

Four are known: fields in ``winlog.event_data`` (Winlogbeat 7 and later), in ``event_data``
(Winlogbeat 6), in ``EventData`` as XML text or object (Azure Monitor and Sentinel), and beside
everything else (NXLog, and what flattens like it). Names are compared without case.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from lxml import etree

from fleetaudit.parsers._json import moment

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["JsonEvent", "read_event"]

_CODE: Final = ("eventid", "event_id", "event.code")
_PROVIDER: Final = (
    "sourcename",
    "source_name",
    "provider_name",
    "eventsourcename",
    "provider",
    "providername",
    "source",
)
_CHANNEL: Final = ("channel", "log_name", "eventlog")
_COMPUTER: Final = ("computer", "computer_name", "hostname", "computername", "machinename")
_RECORD: Final = ("recordnumber", "record_number", "record_id", "eventrecordid", "recordid")
_PROCESS: Final = ("executionprocessid", "process_id", "systemprocessid")
_TIMES: Final = ("timecreated", "eventtime", "timegenerated", "utctime", "@timestamp")
_NOISE: Final = frozenset(
    (
        "@timestamp",
        "@version",
        "@metadata",
        "providerguid",
        "provider_guid",
        "level",
        "task",
        "opcode",
        "opcodevalue",
        "timecreated",
        "timegenerated",
        "eventreceivedtime",
        "sourcemoduletype",
        "sourcemodulename",
        "severity",
        "severityvalue",
        "eventtype",
        "category",
        "message",
        "host",
        "port",
        "tags",
        "threadid",
        "executionthreadid",
        "activityid",
        "relatedactivityid",
        "accounttype",
        "version",
        "keywords",
    )
)
"""What flat shippers write beside the fields of the event, and is no evidence of its own."""
_PROVIDER_OF: Final = MappingProxyType(
    {
        "security": "Microsoft-Windows-Security-Auditing",
        "microsoft-windows-dns-client/operational": "Microsoft-Windows-DNS-Client",
        "microsoft-windows-sysmon/operational": "Microsoft-Windows-Sysmon",
    }
)
_OUTCOMES: Final = MappingProxyType(
    {
        "failure": "0x8010000000000000",
        "audit failure": "0x8010000000000000",
        "audit_failure": "0x8010000000000000",
        "success": "0x8020000000000000",
        "audit success": "0x8020000000000000",
        "audit_success": "0x8020000000000000",
    }
)
_NEGATIVE: Final = re.compile(r"-[0-9]{1,19}")
_ZONED: Final = re.compile(r"(?:[zZ]|[+-][0-9]{2}:?[0-9]{2})\Z")
_MOST_DIGITS: Final = 9


class JsonEvent(NamedTuple):
    """What a shipper says of an event.

    Attributes:
        is_arrival: Whether the time is the shipper's, because the event's own has no zone.
    """

    code: int
    provider: str
    time: Any
    record_id: Any
    version: Any
    computer: Any
    keywords: Any
    process_id: Any
    fields: dict[str, Any]
    is_arrival: bool


def read_event(document: object) -> JsonEvent:
    """Return the event that ``document`` holds.

    Raises:
        ValueError: It holds none; says why.
    """
    if not isinstance(document, dict):
        raise ValueError("is no object")  # noqa: TRY004 -- wrong content, not a wrong argument
    outer = _folded(document)
    if isinstance(winlog := outer.get("winlog"), dict):
        outer |= _folded(winlog)
    used: set[str] = set()
    code = _code(_first(outer, _CODE, used))
    provider = _provider(outer, used)
    record_id = _first(outer, _RECORD, used)
    computer = _first(outer, _COMPUTER, used)
    process_id = _process_id(outer, used)
    fields = _nested_fields(outer)
    if fields is None:
        used |= _NOISE
        fields = {name: value for name, value in document.items() if name.casefold() not in used}
    time, is_arrival = _time(outer, fields)
    return JsonEvent(
        code=code,
        provider=provider,
        time=time,
        record_id=record_id,
        version=outer.get("version"),
        computer=computer if isinstance(computer, str) else None,
        keywords=_keywords(outer),
        process_id=process_id,
        fields=fields,
        is_arrival=is_arrival,
    )


def _provider(outer: Mapping[str, Any], used: set[str]) -> str:
    channel = _first(outer, _CHANNEL, used)
    provider = _first(outer, _PROVIDER, used)
    if isinstance(provider, str):
        return provider
    return _PROVIDER_OF.get(str(channel).casefold(), "")


def _process_id(outer: Mapping[str, Any], used: set[str]) -> Any:  # noqa: ANN401 -- whatever JSON holds
    process_id = _first(outer, _PROCESS, used)
    process = outer.get("process")
    if process_id is None and isinstance(process, dict):
        return process.get("pid")
    return process_id


def _folded(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members by their names without case; the first of equal names counts."""
    folded: dict[str, Any] = {}
    for name, value in document.items():
        folded.setdefault(name.casefold(), value)
    return folded


def _first(members: Mapping[str, Any], names: tuple[str, ...], used: set[str]) -> Any:  # noqa: ANN401 -- whatever JSON holds
    """Return the first member there is of ``names``, and note its name as used."""
    for name in names:
        value = members.get(name)
        if value is not None:
            used.add(name)
            return value
    return None


def _code(value: object) -> int:
    if isinstance(value, dict):
        value = value.get("#text", value.get("Value"))
    digits = str(value)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS):
        raise ValueError("has no event id")
    return int(digits)


def _nested_fields(outer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the fields of the event where they stand apart from the rest, else None."""
    for name in ("event_data", "eventdata", "user_data", "userdata"):
        value = outer.get(name)
        if isinstance(value, dict):
            data = value.get("Data")
            # Fields without a name are numbered by some shippers and listed by others.
            return dict(data) if len(value) == 1 and isinstance(data, dict) else dict(value)
        if isinstance(value, str) and value.lstrip().startswith("<"):
            return _xml_fields(value)
    # Winlogbeat leaves event_data out where an event has no fields.
    return {} if isinstance(outer.get("winlog"), dict) else None


def _xml_fields(text: str) -> dict[str, Any]:
    """Return the fields of ``<EventData><Data Name="...">...</Data></EventData>`` in a text."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ValueError(
            f"holds an EventData that is no well-formed XML ({error})"[:200]
        ) from error
    fields: dict[str, Any] = {}
    for item in root.iter():
        if not isinstance(item.tag, str) or item.tag.rpartition("}")[2] != "Data":
            continue
        name, value = item.get("Name") or "Data", item.text or ""
        if name in fields:
            earlier = fields[name]
            fields[name] = [*(earlier if isinstance(earlier, list) else [earlier]), value]
        else:
            fields[name] = value
    return fields


def _time(outer: Mapping[str, Any], fields: Mapping[str, Any]) -> tuple[Any, bool]:
    """Return the event's time, and whether it is the one of its arrival at the shipper.

    NXLog writes ``EventTime`` in the local time of the collecting host and without a zone.
    """
    without_zone = None
    for name in _TIMES:
        value = outer.get(name)
        if not isinstance(value, str) or not value:
            continue
        if value.startswith("/Date("):
            return _date(value), False
        if _ZONED.search(value):
            return value, name == "@timestamp" and without_zone is not None
        if name != "utctime":
            without_zone = value
    return without_zone or fields.get("UtcTime"), False


def _date(value: str) -> str:
    try:
        return moment(value).isoformat()
    except ValueError:
        return value


def _keywords(outer: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- whatever JSON holds
    """Return Keywords as a number or its text; words in other languages stay unknown."""
    value = outer.get("keywords")
    if isinstance(value, str) and _NEGATIVE.fullmatch(value):
        return int(value)
    if isinstance(value, int) or (isinstance(value, str) and value[:2] in ("0x", "0X")):
        return value
    words = value if isinstance(value, list) else [value]
    words = [*words, outer.get("outcome"), outer.get("eventtype")]
    event = outer.get("event")
    if isinstance(event, dict):
        words.append(event.get("outcome"))
    known = (_OUTCOMES.get(word.casefold()) for word in words if isinstance(word, str))
    return next((outcome for outcome in known if outcome), None)
