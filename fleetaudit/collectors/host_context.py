"""Services, processes, addresses and volumes: what gives a host's records a meaning."""

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
        Reading(pattern="services.json", parse=host_context.parse_services),
        Reading(pattern="processes.json", parse=host_context.parse_processes),
        Reading(pattern="addresses.json", parse=host_context.parse_addresses),
        Reading(pattern="volumes.txt", parse=host_context.parse_volumes),
    ),
    tables=("services", "processes", "addresses", "volumes"),
    privilege="an elevated administrator",
    reference="windows-facts 1.3; learn.microsoft.com/windows/win32/cimwin32prov/win32-service",
    deadline_s=120.0,
)
