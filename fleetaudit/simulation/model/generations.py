"""The generations of Windows and what each writes differently (windows-facts 1.2, 1.3, 2, 6)."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["GENERATIONS", "Generation"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Generation:
    """One Windows.

    Attributes:
        has_origin: Whether filters and events name their origin.
        connection_version: Of event 5157: 0 or 1 without, 2 with interface and origin, 3 with
            profiles as well.
        is_enriched: Whether events name the filter, its sublayers and its action too.
        is_source_local: Whether Source is the local side of an inbound event too.
        log_has_pid: Whether ``pfirewall.log`` has its 18th column.
        retransmissions_s: When a TCP peer that is not answered sends again.
        first_filter_id: The lowest run-time id after a start.
        rule_version: Of rules in the registry.
        has_two_roots: Whether ``netsh wfp show state`` writes a second root element.
        has_app_isolation: Whether there are AppContainers.
    """

    name: str
    build: int
    caption: str
    powershell: str
    is_server: bool = False
    has_origin: bool = False
    connection_version: int = 1
    is_enriched: bool = False
    is_source_local: bool = False
    log_has_pid: bool = False
    retransmissions_s: tuple[float, ...] = (0, 1, 3, 7, 15)
    first_filter_id: int = 66_200
    rule_version: str = "v2.30"
    has_two_roots: bool = False
    has_app_isolation: bool = True


_ALL: Final = (
    Generation(
        name="7",
        build=7601,
        caption="Microsoft Windows 7 Professional ",
        powershell="5.1.14409.1029",
        connection_version=0,
        is_source_local=True,
        retransmissions_s=(0, 3, 9),
        first_filter_id=65_550,
        rule_version="v2.10",
        has_app_isolation=False,
    ),
    Generation(
        name="2016",
        build=14393,
        caption="Microsoft Windows Server 2016 Standard",
        powershell="5.1.14393.7330",
        is_server=True,
        rule_version="v2.26",
    ),
    Generation(
        name="2019",
        build=17763,
        caption="Microsoft Windows Server 2019 Datacenter",
        powershell="5.1.17763.6414",
        is_server=True,
        rule_version="v2.29",
    ),
    Generation(
        name="10",
        build=19045,
        caption="Microsoft Windows 10 Enterprise",
        powershell="5.1.19041.5007",
    ),
    Generation(
        name="2022",
        build=20348,
        caption="Microsoft Windows Server 2022 Standard",
        powershell="5.1.20348.2849",
        is_server=True,
        has_origin=True,
        connection_version=2,
        rule_version="v2.31",
        has_two_roots=True,
    ),
    Generation(
        name="11",
        build=22631,
        caption="Microsoft Windows 11 Pro",
        powershell="5.1.22621.4391",
        has_origin=True,
        connection_version=3,
        log_has_pid=True,
        rule_version="v2.32",
        has_two_roots=True,
    ),
    Generation(
        name="11-24H2",
        build=26100,
        caption="Microsoft Windows 11 Enterprise",
        powershell="5.1.26100.2161",
        has_origin=True,
        connection_version=3,
        log_has_pid=True,
        rule_version="v2.33",
        has_two_roots=True,
    ),
    Generation(
        name="2025",
        build=26100,
        caption="Microsoft Windows Server 2025 Standard",
        powershell="5.1.26100.2161",
        is_server=True,
        has_origin=True,
        connection_version=3,
        log_has_pid=True,
        rule_version="v2.33",
        has_two_roots=True,
    ),
    Generation(
        name="11-25H2",
        build=26200,
        caption="Microsoft Windows 11 Enterprise",
        powershell="5.1.26100.6584",
        has_origin=True,
        connection_version=3,
        is_enriched=True,
        log_has_pid=True,
        rule_version="v2.33",
        has_two_roots=True,
    ),
)

GENERATIONS: Final = MappingProxyType({one.name: one for one in _ALL})
"""Every generation by its short name."""
