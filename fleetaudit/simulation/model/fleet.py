"""The simulated fleet: its hosts, its clock, and what truly happened on it."""

from __future__ import annotations

import threading
from types import MappingProxyType
from typing import TYPE_CHECKING

from fleetaudit.simulation.model._cast import BEHAVIOURS_OF, cast
from fleetaudit.simulation.model.host import SimulatedHost
from fleetaudit.simulation.model.traffic import BEHAVIOURS
from fleetaudit.simulation.model.truth import FleetTruth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from fleetaudit.clock import Clock
    from fleetaudit.simulation.model.specs import HostSpec

__all__ = ["SimulatedFleet", "build_fleet"]


class SimulatedFleet:
    """Hosts that live by one clock; the same seed gives the same bytes.

    Attributes:
        seed: What all traffic is drawn from.
        clock: Whose time the hosts live in.
        hosts: By name, in the order of their numbers.
    """

    def __init__(self, *, seed: int, specs: Sequence[HostSpec], clock: Clock) -> None:
        self.seed = seed
        self.clock = clock
        self.started_at = clock.now()
        self._lock = threading.RLock()
        addresses = [(spec.v4, spec.v6) for spec in specs]
        hosts = {}
        for place, spec in enumerate(specs):
            others = addresses[:place][-7:] + addresses[place + 1 :][:7]
            hosts[spec.name] = SimulatedHost(
                spec,
                seed=seed,
                start=self.started_at,
                behaviours=tuple(BEHAVIOURS[name] for name in BEHAVIOURS_OF[spec.role]),
                neighbours=tuple(others) or ((spec.v4 + 1, spec.v6 + 1),),
            )
        self.hosts: Mapping[str, SimulatedHost] = MappingProxyType(hosts)

    def __iter__(self) -> Iterator[SimulatedHost]:
        return iter(self.hosts.values())

    def locked(self) -> AbstractContextManager[object]:
        """Return a lock under which the hosts may be asked and changed."""
        return self._lock

    def truth(self) -> FleetTruth:
        """Return what truly happened until now."""
        with self._lock:
            now = self.clock.now()
            for host in self:
                host.advance(now)
            return FleetTruth(hosts=tuple(host.truth() for host in self))


def build_fleet(*, size: int = 28, seed: int = 7, clock: Clock) -> SimulatedFleet:
    """Return a fleet of ``size`` hosts of every kind, some of them failing."""
    return SimulatedFleet(seed=seed, specs=tuple(cast(size)), clock=clock)
