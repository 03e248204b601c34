"""Which rules the hosts of the simulated fleet have."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.model.rules import FirewallRule, built_in_rules, local_id
from fleetaudit.simulation.model.specs import Role, Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation.model.specs import HostSpec

__all__ = ["rulebook"]

_TCP, _UDP, _ICMP = 6, 17, 1
_SERVERS: Final = (Role.FILE_SERVER, Role.WEB_SERVER, Role.DATABASE)
_CHATTER: Final = r"C:\Users\alex\AppData\Local\Chatter\current\chatter.exe"


def rulebook(spec: HostSpec) -> tuple[FirewallRule, ...]:
    """Return the rules of a host."""
    is_server = spec.role in _SERVERS
    return (
        *built_in_rules(spec.language, allows_remote_desktop=is_server),
        *_of_the_company(spec),
        *_of_the_role(spec),
        *_of_the_traits(spec),
    )


def _of_the_company(spec: HostSpec) -> Iterator[FirewallRule]:
    """Yield what group policy brings: the same on every host, so with the same id."""
    yield FirewallRule(
        key="corp-block-updater",
        rule_id="{5B1D2A40-3C55-4C7E-9C0A-2E61F5A7D001}",
        name="Contoso Updater: no direct internet",
        is_inbound=False,
        is_block=True,
        protocol=_TCP,
        program=r"%ProgramFiles%\Contoso\Updater\contosoupdate.exe",
        description="Updates come from the internal mirror.",
        is_group_policy=True,
    )
    if spec.role is not Role.FILE_SERVER:
        yield FirewallRule(
            key="corp-block-smb",
            rule_id="{5B1D2A40-3C55-4C7E-9C0A-2E61F5A7D002}",
            name="Block SMB between clients",
            is_inbound=True,
            is_block=True,
            protocol=_TCP,
            local_ports=(445,),
            is_group_policy=True,
        )
    yield FirewallRule(
        key="corp-allow-echo",
        rule_id="{5B1D2A40-3C55-4C7E-9C0A-2E61F5A7D003}",
        name="Allow echo from monitoring",
        is_inbound=True,
        is_block=False,
        protocol=_ICMP,
        icmp=(8, 0),
        remotes=(IPv4Network("10.20.1.8/29"),),
        is_group_policy=True,
    )


def _of_the_role(spec: HostSpec) -> Iterator[FirewallRule]:
    """Yield what administrators made by hand: the same rule, another id on every host."""
    if spec.role is Role.DATABASE:
        yield FirewallRule(
            key="allow-sql",
            rule_id=local_id(spec.name, "allow-sql"),
            name="SQL Server (TCP 1433)",
            is_inbound=True,
            is_block=False,
            protocol=_TCP,
            local_ports=(1433,),
            remotes=(IPv4Network("10.20.1.12/30"),),
        )
    elif spec.role is Role.WORKSTATION:
        yield FirewallRule(
            key="block-sql",
            rule_id=local_id(spec.name, "block-sql"),
            name="No database service on clients",
            is_inbound=True,
            is_block=True,
            protocol=_TCP,
            local_ports=((1433, 1434), 3306),
            profiles=("Domain", "Private"),
        )
    if spec.role is Role.HARDENED:
        yield FirewallRule(
            key="allow-update",
            rule_id=local_id(spec.name, "allow-update"),
            name="Allow Windows Update",
            is_inbound=False,
            is_block=False,
            protocol=_TCP,
            remote_ports=(80,),
            program=r"%SystemRoot%\system32\svchost.exe",
            service="BITS",
        )
    if spec.role is Role.WEB_SERVER:
        yield FirewallRule(
            key="block-quic",
            rule_id=local_id(spec.name, "block-quic"),
            name="QUIC out",
            is_inbound=False,
            is_block=True,
            protocol=_UDP,
            remote_ports=(443,),
        )


def _of_the_traits(spec: HostSpec) -> Iterator[FirewallRule]:
    if Trait.PROMPTED_BLOCKS in spec.traits:
        for name, protocol in (("TCP", _TCP), ("UDP", _UDP)):
            yield FirewallRule(
                key=f"prompted-chatter-{name.lower()}",
                rule_id=f"{name} Query User{local_id(spec.name, f'chatter {name}')}{_CHATTER}",
                name="chatter.exe",
                is_inbound=True,
                is_block=True,
                protocol=protocol,
                program=_CHATTER,
                profiles=("Public", "Domain"),
                description="chatter.exe",
            )
    if Trait.HOSTILE_NAMES in spec.traits:
        yield FirewallRule(
            key="hostile-script",
            rule_id=local_id(spec.name, "hostile-script"),
            name="<script>alert(1)</script> *x* [y](javascript:z)",
            is_inbound=True,
            is_block=True,
            protocol=_TCP,
            local_ports=(50051,),
            description="]]>&lt;!-- \u202egpj.exe",
        )
        yield FirewallRule(
            key="hostile-control",
            rule_id=local_id(spec.name, "hostile-control"),
            name='=cmd\x1b[31m\x07 \u202eevil, "quoted"\tname',
            is_inbound=True,
            is_block=True,
            protocol=_TCP,
            local_ports=(49670,),
        )
