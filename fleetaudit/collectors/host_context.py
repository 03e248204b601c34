"""Services, processes, addresses, listeners and more: what gives a host's records a meaning."""

from __future__ import annotations

from typing import Final

from fleetaudit.collectors._collector import Collector, Reading
from fleetaudit.parsers import host_context
from fleetaudit.records.evidence import Phase

__all__ = ["COLLECTOR"]

COLLECTOR: Final = Collector(
    name="host-context",
    title="Host context",
    script="Get-HostContext",
    phases=frozenset({Phase.BEFORE, Phase.AFTER}),
    readings=(
        Reading(pattern="services.json", parse=host_context.parse_services, tables=("services",)),
        Reading(
            pattern="processes.json", parse=host_context.parse_processes, tables=("processes",)
        ),
        Reading(
            pattern="addresses.json", parse=host_context.parse_addresses, tables=("addresses",)
        ),
        Reading(
            pattern="listeners.json", parse=host_context.parse_listeners, tables=("listeners",)
        ),
        Reading(
            pattern="interfaces.json", parse=host_context.parse_interfaces, tables=("interfaces",)
        ),
        Reading(pattern="volumes.txt", parse=host_context.parse_volumes, tables=("volumes",)),
        Reading(pattern="unsupported.json", parse=host_context.parse_unsupported, tables=()),
    ),
    tables=("services", "processes", "addresses", "listeners", "interfaces", "volumes"),
    privilege="an elevated administrator",
    reference="windows-facts 1.3; learn.microsoft.com/windows/win32/cimwin32prov/win32-service",
    deadline_s=120.0,
)
