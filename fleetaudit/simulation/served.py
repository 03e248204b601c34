"""The simulated fleet on the net: every host at an address of 127/8, behind real PSRP."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fleetaudit.records.host import Auth, Host
from fleetaudit.records.secret import Secret
from fleetaudit.simulation._wsman_endpoint import ServedHost
from fleetaudit.simulation.engine import ModelEngine
from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation.fleet import SimulatedFleet
    from fleetaudit.simulation.host import SimulatedHost

__all__ = ["ACCOUNT", "PASSWORD", "serve_fleet", "served_hosts"]

ACCOUNT: Final = "svc-fleetaudit"
PASSWORD: Final = "made-up-for-the-simulated-fleet"  # noqa: S105 - opens nothing but hosts that are not there

_TLS_EVERY: Final = 6


def _served(host: SimulatedHost) -> ServedHost:
    is_tls = host.spec.number % _TLS_EVERY == 0
    return ServedHost(
        name=host.name,
        username=ACCOUNT,
        password=Secret(PASSWORD),
        auths=(Auth.BASIC,) if is_tls else (Auth.NEGOTIATE,),
        tls=is_tls,
        jea=() if host.fault is Fault.NO_JEA else None,
        powershell_version=host.spec.generation.powershell,
        fault=host.fault,
    )


def served_hosts(fleet: SimulatedFleet) -> tuple[ServedHost, ...]:
    """Return the fleet's hosts as the server takes them; every sixth speaks HTTPS."""
    return tuple(_served(host) for host in fleet)


@contextlib.contextmanager
def serve_fleet(fleet: SimulatedFleet, *, port: int = 0) -> Iterator[tuple[Host, ...]]:
    """Serve the fleet and yield its inventory, until the context ends.

    A host that hangs hangs in real time, so the time limits are shorter than the defaults.

    Raises:
        OSError: The port is taken.
        Exception: On leaving, the first bug of the engine or the server, if there was one.
    """
    with serve(ModelEngine(fleet), served_hosts(fleet), port=port) as running:
        yield tuple(
            Host(
                name=host.name,
                connection=replace(
                    running.endpoints[host.name].connection,
                    connection_timeout_s=5,
                    read_timeout_s=10,
                    operation_timeout_s=5,
                ),
                groups=(host.spec.role.value,),
            )
            for host in fleet
        )
