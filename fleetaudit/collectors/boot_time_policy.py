"""The filters that protect a host until its firewall has started."""

from __future__ import annotations

from typing import Final

from fleetaudit.collectors._collector import Collector, Reading
from fleetaudit.parsers import wfp_boot_policy
from fleetaudit.records.evidence import Phase

__all__ = ["COLLECTOR"]

COLLECTOR: Final = Collector(
    name="boot-time-policy",
    title="Boot-time policy",
    script="Get-BootTimePolicy",
    phases=frozenset({Phase.AFTER}),
    readings=(
        Reading(pattern="*btpol*.xml", parse=wfp_boot_policy.parse),
        Reading(pattern="*boottimepolicy*.xml", parse=wfp_boot_policy.parse),
    ),
    tables=("boot_filters",),
    privilege="an elevated administrator",
    reference="windows-facts 4.1; learn.microsoft.com/windows-server/administration/"
    "windows-commands/netsh-wfp",
    deadline_s=120.0,
)
