"""The firewall rules of the simulated hosts, as an administrator sees them."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from fleetaudit.simulation.model._languages import RULE_NAMES, Language

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation.model.filters import Network

__all__ = ["FLEET_NAMESPACE", "FirewallRule", "Ports", "local_id", "service_sid"]

FLEET_NAMESPACE: Final = UUID("0d0c1cf5-35bd-5d0e-b5b4-7b6f5e0a2a11")
"""Every GUID of the simulated fleet is derived from it, so that a seed gives the same bytes."""

Ports = tuple[int | tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirewallRule:
    """One rule on one host.

    Attributes:
        key: The same on every host, whatever the rule's id and name there.
        rule_id: The InstanceID: a GUID in braces or a built-in name.
        protocol: The IANA number; None for any.
        icmp: Type and code; None for all.
        program: As the registry has it, with ``%SystemRoot%``.
        service: The short name of a service.
        profiles: Of ``Domain``, ``Private``, ``Public``; empty for all.
    """

    key: str
    rule_id: str
    name: str
    is_inbound: bool
    is_block: bool
    protocol: int | None = None
    local_ports: Ports = ()
    remote_ports: Ports = ()
    remotes: tuple[Network, ...] = ()
    icmp: tuple[int, int] | None = None
    program: str = ""
    service: str = ""
    profiles: tuple[str, ...] = ()
    group: str = ""
    description: str = ""
    is_group_policy: bool = False
    is_active: bool = True


def service_sid(service: str) -> str:
    """Return the SID of a service: SHA-1 of its upper-case name, as five numbers."""
    digest = hashlib.sha1(service.upper().encode("utf-16-le"), usedforsecurity=False).digest()
    return "S-1-5-80-" + "-".join(str(part) for part in struct.unpack("<5I", digest))


def local_id(host: str, key: str) -> str:
    """Return the GUID that an administrator's rule has on one host."""
    return f"{{{str(uuid5(FLEET_NAMESPACE, f'rule {host} {key}')).upper()}}}"


_ALLOWED_IN: Final = (
    ("FPS-SMB-In-TCP", 6, (445,), "System", ""),
    ("WINRM-HTTP-In-TCP", 6, (5985,), "System", ""),
    ("CoreNet-DHCP-In", 17, (68,), r"%SystemRoot%\system32\svchost.exe", "dhcp"),
)


def built_in_rules(language: Language, *, allows_remote_desktop: bool) -> Iterator[FirewallRule]:
    """Yield the rules that Windows brings along, with the language's names."""
    for rule_id, protocol, ports, program, service in _ALLOWED_IN:
        yield FirewallRule(
            key=rule_id,
            rule_id=rule_id,
            name=RULE_NAMES[rule_id][language],
            is_inbound=True,
            is_block=False,
            protocol=protocol,
            local_ports=ports,
            program=program,
            service=service,
            profiles=("Domain",) if protocol == 6 else (),  # noqa: PLR2004 - TCP
        )
    yield FirewallRule(
        key="RemoteDesktop-UserMode-In-TCP",
        rule_id="RemoteDesktop-UserMode-In-TCP",
        name=RULE_NAMES["RemoteDesktop-UserMode-In-TCP"][language],
        is_inbound=True,
        is_block=False,
        protocol=6,
        local_ports=(3389,),
        program=r"%SystemRoot%\system32\svchost.exe",
        service="TermService",
        is_active=allows_remote_desktop,
        group="@FirewallAPI.dll,-28752",
    )
    yield FirewallRule(
        key="RemoteAssistance-Block-In-TCP",
        rule_id="RemoteAssistance-Block-In-TCP",
        name=RULE_NAMES["RemoteAssistance-Block-In-TCP"][language],
        is_inbound=True,
        is_block=True,
        protocol=6,
        local_ports=(49152,),
        program=r"%SystemRoot%\system32\msra.exe",
        group="@FirewallAPI.dll,-33002",
    )
    yield FirewallRule(
        key="CoreNet-DNS-Out-UDP",
        rule_id="CoreNet-DNS-Out-UDP",
        name=RULE_NAMES["CoreNet-DNS-Out-UDP"][language],
        is_inbound=False,
        is_block=False,
        protocol=17,
        remote_ports=(53,),
        program=r"%SystemRoot%\system32\svchost.exe",
        service="dnscache",
    )
