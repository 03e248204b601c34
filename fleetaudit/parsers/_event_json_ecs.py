"""Fields that Winlogbeat's own processing has moved out of ``winlog.event_data``.

Its Sysmon module renames what the Elastic Common Schema has a name for: a connection's addresses
become ``source.ip`` and ``destination.ip``, and an answer of the DNS ``dns.answers``
(elastic.co: Winlogbeat, Sysmon module). What is still in ``event_data`` counts more.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["moved_fields"]

_SECURITY: Final = MappingProxyType(
    {
        "ProcessId": "process.pid",
        "Application": "process.executable",
        "SourceAddress": "source.ip",
        "SourcePort": "source.port",
        "DestAddress": "destination.ip",
        "DestPort": "destination.port",
        "Protocol": "network.iana_number",
    }
)
_SYSMON: Final = MappingProxyType(
    {
        "ProcessId": "process.pid",
        "Image": "process.executable",
        "Protocol": "network.transport",
        "SourceIp": "source.ip",
        "SourceHostname": "source.domain",
        "SourcePort": "source.port",
        "DestinationIp": "destination.ip",
        "DestinationHostname": "destination.domain",
        "DestinationPort": "destination.port",
        "QueryName": "dns.question.name",
    }
)
_NAMES: Final = MappingProxyType(
    {"security_events": _SECURITY, "sysmon_events": _SYSMON, "": MappingProxyType({})}
)
_ALIAS: Final = "CNAME"


def moved_fields(
    document: Mapping[str, Any], fields: Mapping[str, Any], table: str
) -> dict[str, Any]:
    """Return the fields of an event of ``table`` that stand in ``document`` only."""
    there = {name.casefold() for name in fields}
    wanted = _NAMES.get(table, _NAMES[""])
    moved = {
        name: value
        for name, path in wanted.items()
        if name.casefold() not in there and (value := _member(document, path)) is not None
    }
    if table == "sysmon_events" and "queryresults" not in there:
        answers = _answers(_member(document, "dns.answers"))
        moved |= {"QueryResults": answers} if answers else {}
    return moved


def _member(document: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 -- whatever JSON holds
    """Return what stands at ``source.ip``, nested or under the dotted name itself."""
    if path in document:
        return document[path]
    value: Any = document
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _answers(answers: object) -> str:
    """Return answers as Windows writes them (windows-facts 9)."""
    if not isinstance(answers, list):
        return ""
    texts = (
        f"type:  5 {one.get('data')}" if one.get("type") == _ALIAS else str(one.get("data"))
        for one in answers
        if isinstance(one, dict) and isinstance(one.get("data"), str)
    )
    return ";".join(texts)
