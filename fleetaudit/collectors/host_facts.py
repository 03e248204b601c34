"""What a host says of itself: system, clock, time zone, Security log, elevation.

No table comes of it: ``fleetaudit.parsers.host_facts.read_facts`` reads both files together.
"""

from __future__ import annotations

from typing import Final

from fleetaudit.collectors._collector import Collector
from fleetaudit.records.evidence import Phase

__all__ = ["COLLECTOR"]

COLLECTOR: Final = Collector(
    name="host-facts",
    title="Host facts",
    script="Get-HostFact",
    phases=frozenset({Phase.BEFORE, Phase.AFTER}),
    readings=(),
    tables=(),
    privilege="any account that may open a remote session; more is said to an administrator",
    reference="windows-facts 7 and 8; learn.microsoft.com/windows/win32/cimwin32prov/"
    "win32-operatingsystem",
    deadline_s=60.0,
)
