"""How far short bursts overstate a rate: what they see, beside what truly began in them.

    python tests/bench/bursts.py [HOSTS]

Two simulated fleets of one seed have the same traffic. One is audited all the time, so it knows
when each attempt began; the other in bursts. Hosts where somebody else changes the audit policy,
and those whose log is too small for an hour, are left out.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fleetaudit.analysis.attempts import PAUSE_S
from fleetaudit.records.audit_policy import Inclusion, Subcategory
from fleetaudit.simulation.clock import SIMULATION_START, SimulatedClock
from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.model.fleet import build_fleet
from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleetaudit.simulation.model.host import SimulatedHost
    from fleetaudit.simulation.model.truth import TrueDrop

SEED = 5
FIRST = SIMULATION_START + timedelta(minutes=1)
WHOLE = timedelta(hours=1)
SCHEDULES = ((3600, 3600), (600, 3600), (120, 600), (60, 300), (30, 300), (20, 300))
LEFT_OUT = {Trait.GPO_REVERTS, Trait.AGENT_REVERTS, Trait.AUDITED_BEFORE, Trait.SMALL_LOG}
KINDS: dict[str, Callable[[TrueDrop], bool]] = {
    "all": lambda _: True,
    "inbound TCP": lambda drop: drop.protocol == 6 and drop.direction == "inbound",
}
Burst = tuple[datetime, datetime]


def main() -> None:
    """Print one row for each schedule and kind of traffic."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    begun, hosts = _drops(size, ((SIMULATION_START, FIRST + WHOLE),))
    print(f"{hosts} hosts, {WHOLE.total_seconds():.0f} s; attempts by observed host-hour")
    print("burst  every  traffic       seen  begun   too high  without 10 s")
    for length, every in SCHEDULES:
        bursts = tuple(
            (at := FIRST + timedelta(seconds=second), at + timedelta(seconds=length))
            for second in range(0, int(WHOLE.total_seconds()), every)
        )
        seen, _ = _drops(size, bursts)
        for kind, is_of in KINDS.items():
            rate, true, late = (
                _rate([d for d in drops if is_of(d)], bursts, hosts=hosts, skip_s=skip_s)
                for drops, skip_s in ((seen, 0.0), (begun, 0.0), (seen, PAUSE_S))
            )
            print(
                f"{length:5}  {every:5}  {kind:12} {rate:5.0f}  {true:5.0f}"
                f"  {100 * (rate / true - 1):7.1f} %  {late:12.0f}"
            )


def _drops(size: int, bursts: tuple[Burst, ...]) -> tuple[list[TrueDrop], int]:
    """Return what hosts that were audited in ``bursts`` recorded, and how many they are."""
    fleet = build_fleet(size=size, seed=SEED, clock=SimulatedClock())
    hosts = [
        host for host in fleet if host.fault is Fault.NONE and LEFT_OUT.isdisjoint(host.spec.traits)
    ]
    for host in hosts:
        for opened_at, closed_at in bursts:
            _switch(host, Inclusion.FAILURE, opened_at)
            _switch(host, Inclusion.NONE, closed_at)
    return [drop for host in hosts for drop in host.truth().drops], len(hosts)


def _switch(host: SimulatedHost, inclusion: Inclusion, moment: datetime) -> None:
    host.advance(moment)
    for subcategory in (Subcategory.PACKET_DROP, Subcategory.CONNECTION):
        host.set_audit(subcategory.value, inclusion, moment)


def _rate(drops: list[TrueDrop], bursts: tuple[Burst, ...], *, hosts: int, skip_s: float) -> float:
    skipped = timedelta(seconds=skip_s)
    count = sum(
        opened_at + skipped <= drop.first_at <= closed_at
        for drop in drops
        for opened_at, closed_at in bursts
    )
    seconds = sum((end - start - skipped).total_seconds() for start, end in bursts)
    return 3600 * count / (hosts * seconds)


if __name__ == "__main__":
    main()
