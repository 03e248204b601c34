"""A simulated fleet put on the net: its hosts as an inventory would give them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fleetaudit.records.host import Auth, Host, LanguageMode
from fleetaudit.records.secret import Secret
from fleetaudit.simulation.engine import ModelEngine
from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.model.specs import Trait
from fleetaudit.simulation.network.server import RunningServer, ServedHost, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation.model.fleet import SimulatedFleet

__all__ = ["Stage", "on_loopback"]

_PASSWORD: Final = Secret("correct horse battery staple")
_HTTPS_EVERY: Final = 5
_BASIC_EVERY: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A fleet that can be reached.

    Attributes:
        hosts: As an inventory would give them.
        server: Takes hosts off the net and brings them back.
    """

    hosts: tuple[Host, ...]
    server: RunningServer


@contextmanager
def on_loopback(fleet: SimulatedFleet) -> Iterator[Stage]:
    """Serve ``fleet`` until the context ends, each host on its own address in 127/8.

    Most hosts speak HTTP with messages sealed by Negotiate, as WinRM does by default; every fifth
    speaks HTTPS, every tenth of them with Basic.
    """
    served = [_served(number, host.spec.name, fleet) for number, host in enumerate(fleet)]
    with serve(ModelEngine(fleet), served) as server:
        hosts = tuple(
            Host(
                name=host.spec.name,
                connection=server.endpoints[host.spec.name].connection,
                groups=(host.spec.role.value,),
            )
            for host in fleet
        )
        yield Stage(hosts=hosts, server=server)


def _served(number: int, name: str, fleet: SimulatedFleet) -> ServedHost:
    tls = number % _HTTPS_EVERY == _HTTPS_EVERY - 1
    basic = number % _BASIC_EVERY == _BASIC_EVERY - 1
    spec = fleet.hosts[name].spec
    is_constrained = Trait.CONSTRAINED in spec.traits
    return ServedHost(
        name=name,
        username="FLEET\\audit",
        password=_PASSWORD,
        auths=(Auth.BASIC,) if basic else (Auth.NEGOTIATE,),
        tls=tls,
        jea=() if spec.fault is Fault.NO_JEA else None,
        language_mode=LanguageMode.CONSTRAINED if is_constrained else LanguageMode.FULL,
        fault=spec.fault,
    )
