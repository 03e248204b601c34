"""What is sent to and from a simulated host: a schedule of attempts, drawn from a seed.

The traffic of a minute depends on the seed, the host and the minute alone, not on who asks when.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from random import Random
from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.model._system_filters import CONTAINED_PACKAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from fleetaudit.simulation.model.filters import Address

__all__ = [
    "BEHAVIOURS",
    "PROGRAMS",
    "Attempt",
    "Behaviour",
    "Program",
    "World",
    "minute_of",
    "start_of",
]

TCP, UDP, ICMP, ICMP6, IGMP = 6, 17, 1, 58, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that runs on the host.

    Attributes:
        path: As the registry writes it; ``System`` for the kernel, empty for no endpoint.
        service: The service that the thread works for.
    """

    path: str
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to reach something.

    Attributes:
        at: True time of the first packet.
        place: Where the packets are classified: ``ALE_AUTH_CONNECT``, ``ALE_AUTH_RECV_ACCEPT``,
            ``INBOUND_TRANSPORT_DISCARD`` (no listener) or ``INBOUND_ICMP_ERROR``.
        program: A key of :data:`PROGRAMS`.
        is_repeated: Whether an unanswered sender sends again.
        repeats_s: When it sends again in any case, answered or not.
        size: Of one packet in bytes.
    """

    at: datetime
    place: str
    protocol: int
    local_ip: Address
    local_port: int
    remote_ip: Address
    remote_port: int
    program: str = "none"
    package_sid: str = "S-1-0-0"
    is_repeated: bool = False
    repeats_s: tuple[float, ...] = ()
    size: int = 52

    @property
    def is_inbound(self) -> bool:
        """Return whether it comes from outside."""
        return self.place != "ALE_AUTH_CONNECT"

    @property
    def layer(self) -> str:
        """Return the name of the layer where its packets are classified."""
        family = "V6" if self.remote_ip.version == 6 else "V4"  # noqa: PLR2004 - IPv6
        head, _, tail = self.place.partition("_DISCARD")
        return f"{head}_{family}{'_DISCARD' if self.place != head else ''}{tail}"

    @property
    def flow(self) -> tuple[object, ...]:
        """Return what two attempts must not share within seconds of each other."""
        return (
            self.protocol,
            self.local_ip,
            self.local_port,
            self.remote_ip,
            self.remote_port,
            self.is_inbound,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a host can see."""

    local_v4: IPv4Address
    local_v6: IPv6Address
    neighbours: tuple[tuple[IPv4Address, IPv6Address], ...]
    gateway: IPv4Address

    @property
    def broadcast(self) -> IPv4Address:
        """Return the broadcast address of the local network, a /24."""
        return IPv4Address(int(self.local_v4) | 0xFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """A reason for traffic.

    Attributes:
        per_minute: How many attempts a minute on average.
        make: Draws one attempt at a moment.
    """

    name: str
    per_minute: float
    make: Callable[[Random, World, datetime], Attempt]


_SVCHOST: Final = r"%SystemRoot%\system32\svchost.exe"

PROGRAMS: Final = {
    "none": Program(path=""),
    "system": Program(path="System"),
    "dnscache": Program(path=_SVCHOST, service="Dnscache"),
    "ssdp": Program(path=_SVCHOST, service="SSDPSRV"),
    "termservice": Program(path=_SVCHOST, service="TermService"),
    "w32time": Program(path=_SVCHOST, service="W32Time"),
    "lmhosts": Program(path=_SVCHOST, service="LMHosts"),
    "wuauserv": Program(path=_SVCHOST, service="wuauserv"),
    "updater": Program(path=r"%ProgramFiles%\Contoso\Updater\contosoupdate.exe"),
    "teams": Program(path=r"C:\Users\alex\AppData\Local\Chatter\current\chatter.exe"),
    "edge": Program(path=r"%ProgramFiles%\Microsoft\Edge\Application\msedge.exe"),
    "agent": Program(path=r"%ProgramFiles%\Norrland VPN\norrlandvpn.exe"),
    "sqlservr": Program(path=r"%ProgramFiles%\Microsoft SQL Server\MSSQL16\Binn\sqlservr.exe"),
    "spool": Program(path=r"%SystemRoot%\system32\spoolsv.exe"),
    "widgets": Program(path=r"%ProgramFiles%\WindowsApps\Contoso.Widgets_1.4\widgets.exe"),
    "odd": Program(path="C:\\Tools\\<b>odd</b> & \u65e5\u672c\u8a9e\\o|d'd.exe"),
}
"""The programs that run on a host, by a short name."""


def _scanner(rng: Random) -> IPv4Address:
    return IPv4Address(f"198.51.100.{rng.randint(1, 40)}")


def _internet(rng: Random) -> IPv4Address:
    return IPv4Address(f"203.0.113.{rng.randint(1, 60)}")


def _internet_v6(rng: Random) -> IPv6Address:
    return IPv6Address(f"2001:db8:77::{rng.randint(1, 60):x}")


def _ephemeral(rng: Random) -> int:
    return rng.randint(49152, 65535)


def _inbound_tcp(
    port: int, program: str, *, from_outside: bool = False, v6: bool = False
) -> Callable[[Random, World, datetime], Attempt]:
    def make(rng: Random, world: World, at: datetime) -> Attempt:
        neighbour = rng.choice(world.neighbours)
        outside = _internet_v6(rng) if v6 else _scanner(rng)
        return Attempt(
            at=at,
            place="ALE_AUTH_RECV_ACCEPT",
            protocol=TCP,
            local_ip=world.local_v6 if v6 else world.local_v4,
            local_port=port,
            remote_ip=outside if from_outside else neighbour[int(v6)],
            remote_port=_ephemeral(rng),
            program=program,
            is_repeated=True,
        )

    return make


def _outbound(
    program: str, port: int, *, protocol: int = TCP, v6: bool = False, package: str = "S-1-0-0"
) -> Callable[[Random, World, datetime], Attempt]:
    def make(rng: Random, world: World, at: datetime) -> Attempt:
        return Attempt(
            at=at,
            place="ALE_AUTH_CONNECT",
            protocol=protocol,
            local_ip=world.local_v6 if v6 else world.local_v4,
            local_port=_ephemeral(rng),
            remote_ip=_internet_v6(rng) if v6 else _internet(rng),
            remote_port=port,
            program=program,
            package_sid=package,
            size=0,
        )

    return make


def _announcement(
    group: str, port: int, program: str, repeats_s: tuple[float, ...]
) -> Callable[[Random, World, datetime], Attempt]:
    fixed = ip_address(group) if group else None

    def make(rng: Random, world: World, at: datetime) -> Attempt:
        address = fixed or world.broadcast
        neighbour = rng.choice(world.neighbours)[int(address.version == 6)]  # noqa: PLR2004 - IPv6
        return Attempt(
            at=at,
            place="ALE_AUTH_RECV_ACCEPT",
            protocol=UDP,
            local_ip=address,
            local_port=port,
            remote_ip=neighbour,
            remote_port=port if port != 1900 else _ephemeral(rng),  # noqa: PLR2004 - SSDP
            program=program,
            repeats_s=repeats_s,
            size=rng.randint(60, 220),
        )

    return make


def _echo(protocol: int) -> Callable[[Random, World, datetime], Attempt]:
    def make(rng: Random, world: World, at: datetime) -> Attempt:
        v6 = protocol == ICMP6
        return Attempt(
            at=at,
            place="ALE_AUTH_RECV_ACCEPT",
            protocol=protocol,
            local_ip=world.local_v6 if v6 else world.local_v4,
            local_port=128 if v6 else 8,
            remote_ip=rng.choice(world.neighbours)[int(v6)],
            remote_port=0,
            program="system",
            repeats_s=(1, 2, 3),
            size=60,
        )

    return make


def _group_query(rng: Random, world: World, at: datetime) -> Attempt:
    return Attempt(
        at=at,
        place="ALE_AUTH_RECV_ACCEPT",
        protocol=IGMP,
        local_ip=IPv4Address("224.0.0.1"),
        local_port=0,
        remote_ip=world.gateway if rng.random() < 0.8 else rng.choice(world.neighbours)[0],  # noqa: PLR2004 - mostly the router
        remote_port=0,
        program="system",
        size=36,
    )


def _late_reply(rng: Random, world: World, at: datetime) -> Attempt:
    protocol, port = rng.choice(((UDP, 53), (TCP, 443), (UDP, 443), (TCP, 22)))
    return Attempt(
        at=at,
        place="INBOUND_TRANSPORT_DISCARD",
        protocol=protocol,
        local_ip=world.local_v4,
        local_port=_ephemeral(rng),
        remote_ip=_internet(rng),
        remote_port=port,
        size=rng.randint(52, 300),
    )


def _port_scan(rng: Random, world: World, at: datetime) -> Attempt:
    return Attempt(
        at=at,
        place="INBOUND_TRANSPORT_DISCARD",
        protocol=TCP,
        local_ip=world.local_v4,
        local_port=rng.choice((21, 22, 23, 25, 80, 110, 1433, 3306, 5432, 5900, 8080, 8443)),
        remote_ip=_scanner(rng),
        remote_port=_ephemeral(rng),
        is_repeated=rng.random() < 0.3,  # noqa: PLR2004 - most scanners send once
        size=44,
    )


def _port_unreachable(rng: Random, world: World, at: datetime) -> Attempt:
    return Attempt(
        at=at,
        place="INBOUND_ICMP_ERROR",
        protocol=UDP,
        local_ip=world.local_v4,
        local_port=_ephemeral(rng),
        remote_ip=_internet(rng),
        remote_port=53,
        size=80,
    )


_ALL: Final = (
    Behaviour(name="smb", per_minute=1.6, make=_inbound_tcp(445, "system")),
    Behaviour(name="winrm", per_minute=0.5, make=_inbound_tcp(5985, "system")),
    Behaviour(
        name="rdp", per_minute=0.9, make=_inbound_tcp(3389, "termservice", from_outside=True)
    ),
    Behaviour(
        name="rdp-v6",
        per_minute=0.4,
        make=_inbound_tcp(3389, "termservice", from_outside=True, v6=True),
    ),
    Behaviour(name="spool", per_minute=0.4, make=_inbound_tcp(49670, "spool")),
    Behaviour(name="sql", per_minute=1.0, make=_inbound_tcp(1433, "sqlservr")),
    Behaviour(name="chatter-in", per_minute=0.5, make=_inbound_tcp(50051, "teams")),
    Behaviour(name="odd-in", per_minute=0.4, make=_inbound_tcp(8765, "odd")),
    Behaviour(name="updater", per_minute=1.5, make=_outbound("updater", 443)),
    Behaviour(name="updater-v6", per_minute=0.5, make=_outbound("updater", 443, v6=True)),
    Behaviour(name="browser", per_minute=0.8, make=_outbound("edge", 443)),
    Behaviour(name="browser-quic", per_minute=0.4, make=_outbound("edge", 443, protocol=UDP)),
    Behaviour(name="windows-update", per_minute=0.6, make=_outbound("wuauserv", 80)),
    Behaviour(name="time", per_minute=0.5, make=_outbound("w32time", 443)),
    Behaviour(name="lmhosts", per_minute=0.3, make=_outbound("lmhosts", 139)),
    Behaviour(
        name="widgets", per_minute=0.7, make=_outbound("widgets", 443, package=CONTAINED_PACKAGE)
    ),
    Behaviour(name="private-dns", per_minute=1.2, make=_outbound("edge", 853)),
    Behaviour(
        name="mdns", per_minute=1.2, make=_announcement("224.0.0.251", 5353, "dnscache", (1, 3))
    ),
    Behaviour(
        name="mdns-v6", per_minute=0.8, make=_announcement("ff02::fb", 5353, "dnscache", (1,))
    ),
    Behaviour(
        name="ssdp", per_minute=1.0, make=_announcement("239.255.255.250", 1900, "ssdp", (1, 2, 3))
    ),
    Behaviour(name="netbios", per_minute=0.8, make=_announcement("", 137, "system", ())),
    Behaviour(name="echo", per_minute=0.7, make=_echo(ICMP)),
    Behaviour(name="echo-v6", per_minute=0.3, make=_echo(ICMP6)),
    Behaviour(name="igmp", per_minute=0.5, make=_group_query),
    Behaviour(name="late-reply", per_minute=2.2, make=_late_reply),
    Behaviour(name="port-scan", per_minute=1.4, make=_port_scan),
    Behaviour(name="port-unreachable", per_minute=0.4, make=_port_unreachable),
)

BEHAVIOURS: Final = {one.name: one for one in _ALL}
"""Every reason for traffic by name."""


def _count(rng: Random, mean: float) -> int:
    """Return a number drawn from the Poisson distribution."""
    limit, product, drawn = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        drawn += 1
    return drawn


def minute_of(
    seed: str, behaviours: tuple[Behaviour, ...], world: World, start: datetime
) -> Iterator[Attempt]:
    """Yield the attempts of the minute that begins at ``start``, in no order."""
    rng = Random(f"{seed} {start.isoformat()}")  # noqa: S311 - reproducible on purpose
    for behaviour in behaviours:
        for _ in range(_count(rng, behaviour.per_minute)):
            at = start + timedelta(microseconds=rng.randrange(60_000_000))
            yield behaviour.make(rng, world, at)


def start_of(world: World, start: datetime) -> Iterator[Attempt]:
    """Yield what reaches a host that starts at ``start``, before and after its firewall does."""
    for second in (3, 6, 14, 17):
        yield Attempt(
            at=start + timedelta(seconds=second),
            place="ALE_AUTH_RECV_ACCEPT",
            protocol=IGMP,
            local_ip=IPv4Address("224.0.0.22"),
            local_port=0,
            remote_ip=world.neighbours[second % len(world.neighbours)][0],
            remote_port=0,
            program="system",
            size=40,
        )
