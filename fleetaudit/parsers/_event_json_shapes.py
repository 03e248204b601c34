"""The shapes in which shippers write an event as JSON, and what each calls the same thing.

Fields of the event stand in ``winlog.event_data`` (Winlogbeat 7 and later), in ``event_data``
(Winlogbeat 6), in ``EventData`` as XML text or object (Azure Monitor and Sentinel), in ``Payload``
(EvtxECmd), in ``data.win.eventdata`` (Wazuh), without names in ``Properties``
(``Get-WinEvent | ConvertTo-Json``), or beside everything else (NXLog, and what flattens like it).
Whoever turns the XML of an event into JSON writes ``System`` and ``EventData``, and attributes in
one of several ways. Names are compared without case.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fleetaudit.parsers._event_json_ecs import moved_fields
from fleetaudit.parsers._event_json_fields import UNNAMED, fields_of
from fleetaudit.parsers._event_json_times import time_text
from fleetaudit.parsers._event_positions import named
from fleetaudit.parsers._event_sorting import PROVIDERS, table_of

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
_CHANNEL: Final = ("channel", "log_name", "eventlog", "logname")
_COMPUTER: Final = ("computer", "computer_name", "hostname", "computername", "machinename")
_RECORD: Final = ("eventrecordid", "record_id", "recordid", "recordnumber", "record_number")
_PROCESS: Final = ("executionprocessid", "process_id", "systemprocessid")
_TIMES: Final = ("systemtime", "timecreated", "eventtime", "timegenerated", "utctime", "datetime")
_ARRIVALS: Final = ("@timestamp", "timestamp", "_time")
"""When the shipper or the database got the event, unless nothing else tells a time."""
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
        "timewritten",
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
_NESTED: Final = ("event_data", "eventdata", "user_data", "userdata", "payload")
_UNNAMED: Final = ("properties", "stringinserts", "replacementstrings")
_SECURITY: Final = "Microsoft-Windows-Security-Auditing"
_EVENTLOG: Final = "Microsoft-Windows-Eventlog"
_PROVIDER_OF: Final = MappingProxyType(
    {
        "security": _SECURITY,
        "microsoft windows security auditing.": _SECURITY,
        "{54849625-5478-4994-a5ba-3e3b0328c30d}": _SECURITY,
        "microsoft-windows-dns-client/operational": "Microsoft-Windows-DNS-Client",
        "microsoft-windows-sysmon/operational": "Microsoft-Windows-Sysmon",
    }
)
"""Providers by their channel, by their name for people, or by their GUID."""
_OUTCOMES: Final = MappingProxyType(
    {
        "failure": "0x8010000000000000",
        "audit failure": "0x8010000000000000",
        "audit_failure": "0x8010000000000000",
        "failureaudit": "0x8010000000000000",
        "success": "0x8020000000000000",
        "audit success": "0x8020000000000000",
        "audit_success": "0x8020000000000000",
        "successaudit": "0x8020000000000000",
    }
)
_NEGATIVE: Final = re.compile(r"-[0-9]{1,19}")
_WHOLE: Final = re.compile(r"0[xX][0-9a-fA-F]{1,8}|[0-9]{1,9}(?:\.0{1,9})?", re.ASCII)
_TEXTS: Final = ("#text", "Value", "$t", "_", "text")
_ATTRIBUTES: Final = ("#attributes", "@attributes", "$")
_SYSTEM_PARTS: Final = (
    ("provider", "Name"),
    ("timecreated", "SystemTime"),
    ("execution", "ProcessID"),
)


class JsonEvent(NamedTuple):
    """What a shipper says of an event.

    Attributes:
        is_arrival: Whether the time is the shipper's, because the event's own has no zone.
        is_by_position: Whether the names of its fields follow from their order.
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
    is_by_position: bool = False


def read_event(document: object) -> JsonEvent:
    """Return the event that ``document`` holds.

    Raises:
        ValueError: It holds none; says why.
    """
    if not isinstance(document, dict):
        raise ValueError("is no object")  # noqa: TRY004 -- wrong content, not a wrong argument
    outer = _outer(document)
    used: set[str] = set()
    code = _code(outer, used)
    provider = _provider(outer, code, used)
    record_id = _first(outer, _RECORD, used)
    computer = _first(outer, _COMPUTER, used)
    process_id = _process_id(outer, used)
    fields, is_by_position = _fields(outer, code)
    if fields is None:
        used |= _NOISE
        if "_eventid" in outer:
            document = {name.removeprefix("_"): value for name, value in document.items()}
        fields = {name: value for name, value in document.items() if name.casefold() not in used}
    elif "winlog" in outer:
        fields |= moved_fields(document, fields, table_of(code, provider.casefold()))
    time, is_arrival = _time(outer, fields)
    return JsonEvent(
        code=code,
        provider=provider,
        time=time,
        record_id=record_id,
        version=_text(outer.get("version")),
        computer=computer if isinstance(computer, str) else None,
        keywords=_keywords(outer),
        process_id=process_id,
        fields=fields,
        is_arrival=is_arrival,
        is_by_position=is_by_position,
    )


def _outer(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of the event, by names without case, from where the shape has it."""
    if isinstance(event := document.get("Event"), dict):
        document = event
    if isinstance(system := document.get("System"), dict):
        return _of_tree(system, document)
    outer = _folded(document)
    if "winlog.event_id" in outer or "winlog.channel" in outer:
        outer |= _undotted(document)
    if isinstance(winlog := outer.get("winlog"), dict):
        return outer | _folded(winlog)
    data = outer.get("data")
    if isinstance(data, dict) and isinstance(win := data.get("win"), dict):
        return _of_wazuh(win)
    if "datetime" in outer and isinstance(data, str):
        # osquery's windows_events has the fields as JSON in a text.
        outer["eventdata"] = data
    if "_eventid" in outer:
        # GELF puts a line before the names that are not its own, and has a version of its own.
        outer.pop("version", None)
        return outer | {name.removeprefix("_"): value for name, value in outer.items()}
    return outer


def _of_tree(system: Mapping[str, Any], event: Mapping[str, Any]) -> dict[str, Any]:
    outer = _system(system) | {
        name.casefold(): value for name, value in event.items() if name != "System"
    }
    if not outer.get("eventdata"):
        # An empty element, which some write as null, has no fields; so has none at all.
        outer["eventdata"] = None if outer.get("userdata") else {}
    return outer


def _system(system: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of ``System`` with the one attribute that is wanted in place of each."""
    outer = {name: _text(value) for name, value in _folded(system).items()}
    folded = _folded(system)
    for part, attribute in _SYSTEM_PARTS:
        places = [folded.get(part), folded.get(f"{part}_attributes")]
        outer[part] = next(
            (found for place in places if (found := _attribute(place, attribute)) is not None),
            outer.get(part) if part == "timecreated" else None,
        )
    outer["executionprocessid"] = outer.pop("execution")
    return outer


def _text(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON holds
    """Return the text of an element that may have attributes beside it."""
    if not isinstance(value, dict):
        return value
    return next((value[name] for name in _TEXTS if name in value), None)


def _attribute(element: Any, name: str) -> Any:  # noqa: ANN401 -- whatever JSON holds
    """Return an attribute, in whichever way it became a member; text in place of ``Name`` too."""
    if not isinstance(element, dict):
        return element if name == "Name" and isinstance(element, str) else None
    for attributes in _ATTRIBUTES:
        if isinstance(inner := element.get(attributes), dict):
            element = inner
            break
    return next((element[key] for key in (name, f"@{name}", f"-{name}") if key in element), None)


def _undotted(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of ``winlog.event_data.DestPort`` and its like as they were nested."""
    winlog: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for name, value in document.items():
        if name.startswith("winlog.event_data."):
            data[name.removeprefix("winlog.event_data.")] = value
        elif name.startswith("winlog."):
            winlog[name.removeprefix("winlog.")] = value
    return {"winlog": winlog | {"event_data": data}}


def _of_wazuh(win: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Wazuh keeps of an event; it doubles the backslashes of its fields."""
    system, data = win.get("system"), win.get("eventdata")
    outer = _folded(system) if isinstance(system, dict) else {}
    outer["executionprocessid"] = outer.pop("processid", None)
    outer["eventtype"] = outer.get("severityvalue")
    fields = data if isinstance(data, dict) else {}
    outer["eventdata"] = {
        name: value.replace("\\\\", "\\") if isinstance(value, str) else value
        for name, value in fields.items()
    }
    return outer


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


def _code(outer: Mapping[str, Any], used: set[str]) -> int:
    value = _first(outer, _CODE, used)
    if value is None and "providername" in outer and "logname" in outer:
        value = _first(outer, ("id",), used)
    if value is None and isinstance(event := outer.get("event"), dict):
        value = event.get("code")
    digits = str(_text(value))
    if not _WHOLE.fullmatch(digits):
        raise ValueError("has no event id")
    return int(digits, 16) if digits[:2] in {"0x", "0X"} else int(digits.partition(".")[0])


def _provider(outer: Mapping[str, Any], code: int, used: set[str]) -> str:
    """Return the provider's name; by the channel where none of ours is named."""
    channel = _first(outer, _CHANNEL, used)
    names = []
    for key in _PROVIDER:
        name = outer.get(key)
        if not isinstance(name, str):
            continue
        if name.casefold() in PROVIDERS:
            used.add(key)
            return name
        names.append((key, name))
    used.update(key for key, _ in names[:1])
    event = outer.get("event")
    common = event.get("provider") if isinstance(event, dict) else None
    if str(common).casefold() in PROVIDERS:
        return str(common)
    told = [name for _, name in names]
    told += [str(one) for one in (channel, outer.get("providerguid"), outer.get("provider_guid"))]
    by_other = (_PROVIDER_OF.get(name.strip().casefold(), "") for name in told)
    provider = next((name for name in by_other if name), "")
    if provider == _SECURITY and table_of(code, _EVENTLOG.casefold()):
        return _EVENTLOG
    return provider or next((name for _, name in names), "")


def _process_id(outer: dict[str, Any], used: set[str]) -> Any:  # noqa: ANN401 -- whatever JSON holds
    process_id = _first(outer, _PROCESS, used)
    process = outer.get("process")
    if process_id is None and isinstance(process, dict):
        return process.get("pid")
    return process_id


def _fields(outer: Mapping[str, Any], code: int) -> tuple[dict[str, Any] | None, bool]:
    """Return the fields of the event, and whether their order gave them their names.

    They are None where they stand beside everything else.
    """
    for name in _NESTED:
        fields = fields_of(outer.get(name))
        if fields is not None:
            values = fields.get(UNNAMED) if len(fields) == 1 else None
            found = named(code, values) if isinstance(values, list) else None
            return (fields, False) if found is None else (found, True)
    for name in _UNNAMED:
        values = outer.get(name)
        if isinstance(values, list):
            plain = [_text(value) for value in values]
            found = named(code, plain)
            return ({name: plain}, False) if found is None else (found, True)
    # Winlogbeat leaves event_data out where an event has no fields.
    return ({} if isinstance(outer.get("winlog"), dict) else None), False


def _time(outer: Mapping[str, Any], fields: Mapping[str, Any]) -> tuple[Any, bool]:
    """Return the event's time, and whether it is the one of its arrival at the shipper.

    NXLog writes ``EventTime`` in the local time of the collecting host and without a zone.
    """
    without_zone = None
    for name in (*_TIMES, *_ARRIVALS):
        value = outer.get(name)
        if value is None:
            continue
        text, is_zoned = time_text(value)
        if is_zoned:
            return text, name in _ARRIVALS and without_zone is not None
        if text and name != "utctime":
            without_zone = without_zone or text
    return without_zone or fields.get("UtcTime"), False


def _keywords(outer: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- whatever JSON holds
    """Return Keywords as a number or its text; words in other languages stay unknown."""
    value = outer.get("keywords")
    if isinstance(value, str) and _NEGATIVE.fullmatch(value):
        return int(value)
    if isinstance(value, int) or (isinstance(value, str) and value[:2] in ("0x", "0X")):
        return value
    words = value if isinstance(value, list) else [value]
    words = [*words, *(outer.get(name) for name in ("outcome", "eventtype", "entrytype"))]
    event = outer.get("event")
    if isinstance(event, dict):
        words.append(event.get("outcome"))
    known = (_OUTCOMES.get(word.casefold()) for word in words if isinstance(word, str))
    return next((outcome for outcome in known if outcome), None)
