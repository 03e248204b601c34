"""The records of the Security log that speak of filtering, of the audit policy or of the log."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.collectors._collector import Collector, Reading
from fleetaudit.parsers import event_json, event_xml, security_evtx
from fleetaudit.parsers.recognition import Form
from fleetaudit.records.evidence import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fleetaudit.collectors._collector import Parser
    from fleetaudit.records.call import Parameter
    from fleetaudit.records.window import Window

__all__ = ["COLLECTOR"]


_TABLES: Final = ("security_events", "audit_events")
_XML: Final = ("security*.xml", "events*.xml", "*.events.xml", "*_events.xml", "*.evtx.xml")
_JSON: Final = ("*.jsonl", "*.ndjson", "security*.json", "events*.json", "*.events.json")
"""Names of files that people exported; other sources write none of these."""


def _readings(patterns: tuple[str, ...], parse: Parser, form: Form) -> Iterator[Reading]:
    for pattern in patterns:
        yield Reading(pattern=pattern, parse=parse, tables=_TABLES, forms=frozenset({form}))


def _since(window: Window) -> Mapping[str, Parameter]:
    """Return which records are old and, where there are leases, whose tasks are ours."""
    parameters: dict[str, Parameter] = {"AfterRecord": window.first_record}
    if window.leases:
        parameters["LeaseName"] = window.leases
    return MappingProxyType(parameters)


COLLECTOR: Final = Collector(
    name="security-events",
    title="Security events",
    script="Export-SecurityEvent",
    phases=frozenset({Phase.AFTER}),
    readings=(
        Reading(
            pattern="security-tasks*.evtx",
            parse=security_evtx.parse,
            tables=("task_events",),
            forms=frozenset({Form.EVENT_LOG}),
        ),
        *_readings(("*.evtx",), security_evtx.parse, Form.EVENT_LOG),
        *_readings(_XML, event_xml.parse, Form.EVENT_XML),
        *_readings(_JSON, event_json.parse, Form.EVENT_JSON),
    ),
    tables=(*_TABLES, "task_events"),
    privilege="an elevated administrator",
    reference="windows-facts 1 and 7; learn.microsoft.com/windows-server/administration/"
    "windows-commands/wevtutil",
    parameters=_since,
    limits="Of scheduled tasks only the records of the run's own lease are fetched, where the host "
    "audits Other Object Access Events.",
    deadline_s=900.0,
)
