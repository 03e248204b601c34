"""The firewall's rules and profiles as the registry has them, local and of group policy."""

from __future__ import annotations

from typing import Final

from fleetaudit.collectors._collector import Collector, Reading
from fleetaudit.parsers import registry_rules
from fleetaudit.parsers.recognition import Form
from fleetaudit.records.evidence import Phase

__all__ = ["COLLECTOR"]

COLLECTOR: Final = Collector(
    name="firewall-rules",
    title="Firewall rules",
    script="Get-FirewallRule",
    phases=frozenset({Phase.AFTER}),
    readings=(
        Reading(pattern="*.reg", parse=registry_rules.parse, forms=frozenset({Form.REGISTRY})),
    ),
    tables=("firewall_rules", "firewall_profiles"),
    privilege="an administrator",
    reference="learn.microsoft.com/openspecs/windows_protocols/ms-gpfas",
)
