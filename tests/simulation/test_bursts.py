from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from fleetaudit.analysis.attempts import PAUSE_S
from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.model.specs import Trait
from fleetaudit.simulation.model.truth import TrueDrop
from tests.simulation.conftest import Desk, make_desk

pytestmark = pytest.mark.slow

REVERTED = {Trait.GPO_REVERTS, Trait.AGENT_REVERTS}
Burst = tuple[datetime, datetime]
Fleet = dict[str, tuple[TrueDrop, ...]]


def _hosts(desk: Desk) -> list[str]:
    return [
        host.name
        for host in desk.fleet
        if host.fault is Fault.NONE and REVERTED.isdisjoint(host.spec.traits)
    ]


def _drops(desk: Desk) -> Fleet:
    for name in _hosts(desk):
        desk.ask(name, "Get-HostFact")
    return {name: desk.fleet.truth().of(name).drops for name in _hosts(desk)}


@pytest.fixture(scope="module")
def twins() -> tuple[Fleet, Fleet, list[Burst]]:
    """What two fleets of one seed recorded, one in bursts, the other without a break."""
    bursting, steady = make_desk(), make_desk()
    for name in _hosts(steady):
        steady.switch(name, failure=True)
    bursts = []
    for _ in range(6):
        bursting.wait(2.5)
        opened_at = bursting.fleet.clock.now()
        for is_on in (True, False):
            for name in _hosts(bursting):
                bursting.switch(name, failure=is_on)
            bursting.wait(0.5 if is_on else 0)
        bursts.append((opened_at, bursting.fleet.clock.now()))
    steady.wait(18)
    return _drops(bursting), _drops(steady), bursts


def _first_seen(
    drops: tuple[TrueDrop, ...], bursts: list[Burst], *, after_s: float
) -> set[tuple[object, ...]]:
    after = timedelta(seconds=after_s)
    return {
        (drop.rule.key, drop.protocol, drop.remote_ip, drop.remote_port, drop.first_at)
        for drop in drops
        for opened_at, closed_at in bursts
        if opened_at + after <= drop.first_at <= closed_at
    }


def test_what_is_first_seen_ten_seconds_into_a_burst_or_later_has_begun_then(
    twins: tuple[Fleet, Fleet, list[Burst]],
) -> None:
    bursting, steady, bursts = twins
    for name, drops in bursting.items():
        seen = _first_seen(drops, bursts, after_s=PAUSE_S)
        assert seen == _first_seen(steady[name], bursts, after_s=PAUSE_S)


def test_bursts_see_all_that_begins_in_them_and_some_that_began_before(
    twins: tuple[Fleet, Fleet, list[Burst]],
) -> None:
    bursting, steady, bursts = twins
    seen = begun = 0
    for name, drops in bursting.items():
        here, there = (_first_seen(d, bursts, after_s=0) for d in (drops, steady[name]))
        assert here >= there
        seen, begun = seen + len(here), begun + len(there)
    assert 1.1 < seen / begun < 1.3
