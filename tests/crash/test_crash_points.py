"""A host is never left changed, whatever dies, and wherever.

``FLEETAUDIT_CRASH_POINTS=10000`` runs the full proof; the seed of a point that fails is printed.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from fleetaudit.records.debt import Wanted

if TYPE_CHECKING:
    from tests.crash.conftest import Controller, Kit, World

POINTS = int(os.environ.get("FLEETAUDIT_CRASH_POINTS", "400"))
BATCHES = 8
HALF = 0.5
LONGEST_SWEEP = 34
LONGEST_OF_ALL = 60
LONGEST_IN_BURSTS = 108
"""Steps of a sweep, of one that changes everything that can be changed, and of one in bursts."""
WHEN_ALL_IS_ON = ("True", "32767", "bcast+mcast")
HOURS = (timedelta(hours=-30), timedelta(hours=-1), timedelta(hours=1), timedelta(hours=30))


def test_a_sweep_that_nothing_happens_to_leaves_nothing(crash: Kit) -> None:
    world = crash.world("calm", before=(0, 1))
    one = world.sweep(crash.journal(), "run")
    world.play()
    assert one.record is not None
    assert {outcome.kind.value for outcome in one.record.outcomes} == {"collected"}
    assert world.settings() == world.first()
    assert not world.host.scheduler.tasks
    assert not world.host.files
    assert world.orphans() == ""
    assert 20 < world.steps <= LONGEST_SWEEP


@pytest.mark.parametrize("at", range(LONGEST_SWEEP))
def test_a_controller_that_dies_between_any_two_steps_orphans_no_host(crash: Kit, at: int) -> None:
    world = crash.world(f"boundary {at}", before=(0, 1))
    one = world.sweep(crash.journal(), "run")
    world.play(lambda step: world.kill(one) if step == at else None)
    assert world.orphans() == ""


def test_a_sweep_that_changes_everything_leaves_nothing_either(crash: Kit) -> None:
    world = crash.world("all", before=(0, 1))
    one = world.sweep(crash.journal(), "run", also=crash.beside, wanted=crash.more)
    changed = set()
    world.play(lambda _: changed.update(world.settings().items() - world.first().items()))
    assert one.record is not None
    assert {outcome.kind.value for outcome in one.record.outcomes} == {"collected"}
    assert one.record.gaps == ()
    as_wanted = {name for name, value in world.first().items() if str(value) in WHEN_ALL_IS_ON}
    assert {name for name, _ in changed} == world.first().keys() - as_wanted
    assert world.settings() == world.first()
    assert world.orphans() == ""
    assert LONGEST_OF_ALL - 10 < world.steps <= LONGEST_OF_ALL


@pytest.mark.parametrize("at", range(LONGEST_OF_ALL))
def test_a_controller_that_dies_while_it_changes_everything_orphans_no_host(
    crash: Kit, at: int
) -> None:
    world = crash.world(f"all {at}", before=(0, 1))
    one = world.sweep(crash.journal(), "run", also=crash.beside, wanted=crash.more)
    world.play(lambda step: world.kill(one) if step == at else None)
    assert world.orphans() == ""


@pytest.mark.parametrize("at", range(LONGEST_OF_ALL))
@pytest.mark.parametrize("fault", ["before", "after", "late"])
def test_a_connection_that_dies_while_everything_is_changed_costs_no_debt(
    crash: Kit, at: int, fault: str
) -> None:
    world = crash.world(f"all cut {at} {fault}", before=(0, 1))
    journal = crash.journal()
    one = world.sweep(journal, "run", also=crash.beside, wanted=crash.more)
    Breaking(world, {at: fault}).finish(one)
    assert world.is_as_before()
    assert not journal.debts
    assert world.orphans() == ""


def test_a_sweep_in_bursts_that_nothing_happens_to_leaves_nothing(crash: Kit) -> None:
    world = crash.world("bursts", before=(0, 1))
    one = world.sweep(crash.journal(), "run", bursts=crash.bursts)
    world.play()
    assert one.record is not None
    assert one.record.gaps == ()
    assert len(one.record.windows) == 5
    assert world.settings() == world.first()
    assert world.orphans() == ""
    assert LONGEST_IN_BURSTS - 10 < world.steps <= LONGEST_IN_BURSTS


@pytest.mark.parametrize("at", range(0, LONGEST_IN_BURSTS, 2))
def test_a_controller_that_dies_in_or_between_bursts_orphans_no_host(crash: Kit, at: int) -> None:
    world = crash.world(f"bursts {at}", before=(0, 1))
    one = world.sweep(crash.journal(), "run", bursts=crash.bursts)
    world.play(lambda step: world.kill(one) if step == at else None)
    assert world.orphans() == ""


@pytest.mark.parametrize("at", range(1, LONGEST_IN_BURSTS, 2))
@pytest.mark.parametrize("fault", ["before", "after", "late"])
def test_a_connection_that_dies_in_or_between_bursts_costs_no_debt(
    crash: Kit, at: int, fault: str
) -> None:
    world = crash.world(f"bursts cut {at} {fault}", before=(0, 1))
    journal = crash.journal()
    one = world.sweep(journal, "run", bursts=crash.bursts)
    Breaking(world, {at: fault}).finish(one)
    assert world.is_as_before()
    assert not journal.debts
    assert world.orphans() == ""


def test_without_a_lease_a_dead_controller_does_orphan_a_host(crash: Kit) -> None:
    world = crash.world("no lease", before=(0, 1))
    one = world.sweep(crash.journal(), "run", needs_lease=False)
    world.play(lambda _: world.kill(one) if world.settings() != world.first() else None)
    assert "left changed" in world.orphans()


@pytest.mark.parametrize("at", range(LONGEST_SWEEP))
@pytest.mark.parametrize("fault", ["before", "after", "late"])
def test_a_connection_that_dies_at_any_step_costs_no_debt(crash: Kit, at: int, fault: str) -> None:
    world = crash.world(f"cut {at} {fault}", before=(0, 1))
    journal = crash.journal()
    one = world.sweep(journal, "run")
    Breaking(world, {at: fault}).finish(one)
    assert world.is_as_before()
    assert not journal.debts
    assert world.orphans() == ""


class Breaking:
    """Goes on with controllers one by one, with faults of the connection at numbered steps."""

    def __init__(self, world: World, faults: dict[int, str]) -> None:
        self.world = world
        self.faults = faults

    def advance(self, one: Controller) -> None:
        world = self.world
        world.wait_until(world._due(one))
        world.advance(one, self.faults.get(world.steps, ""))

    def finish(self, one: Controller) -> None:
        while not one.is_over:
            self.advance(one)


class Scenario:
    """One random story of a host: some controllers, some deaths, some of everything else."""

    def __init__(self, crash: Kit, seed: int) -> None:
        self.crash = crash
        self.world = crash.world(f"story {seed}")
        self.dice = self.world.dice
        self.ours = crash.journal()
        self.runs = 0
        self.faults = {
            self.dice.randrange(60): self.dice.choice(("before", "after", "late"))
            for _ in range(self.dice.choice((0, 0, 1, 3)))
        }
        self.events = {
            self.dice.randrange(40): self.dice.choice(
                (
                    *("kill", "kill", "reboot", "power", "gpo", "jump"),
                    *("meddle", "beside", "delete", "other"),
                )
            )
            for _ in range(self.dice.randint(1, 4))
        }
        self.told: list[str] = []

    def tell(self) -> str:
        world, broken = self.world, Breaking(self.world, self.faults)
        self._sweep(self.ours)
        is_again = self.dice.random() < 0.4
        while True:
            alive = [one for one in world.controllers if not one.is_over]
            if not alive and is_again:
                is_again = False
                world.wait_until(world.clock.now() + timedelta(minutes=self.dice.randrange(60)))
                self._sweep(self.ours)
                self.events |= {world.steps + self.dice.randrange(40): "kill"}
                continue
            if not alive or world.steps > 600:
                break
            event = self.events.pop(world.steps, "")
            if event:
                self.told.append(f"{world.steps} {event}")
                self._happen(event, alive)
                continue
            due = min(world._due(one) for one in alive)
            first = [one for one in alive if world._due(one) == due]
            broken.advance(self.dice.choice(first))
        for one in world.controllers:
            if not one.is_over:
                world.kill(one)
        return world.orphans()

    def _sweep(self, journal: object) -> None:
        self.runs += 1
        also = tuple(name for name in self.crash.beside if self.dice.random() < HALF)
        wanted = self.crash.more if self.dice.random() < HALF else Wanted()
        bursts = self.crash.bursts if self.dice.random() < HALF / 2 else None
        self.world.sweep(journal, f"run{self.runs}", also=also, wanted=wanted, bursts=bursts)  # type: ignore[arg-type]  # the kit's journal

    def _happen(self, event: str, alive: list[Controller]) -> None:
        world, dice = self.world, self.dice
        match event:
            case "kill":
                world.kill(dice.choice(alive))
            case "reboot":
                world.reboot()
            case "power":
                world.power_loss(timedelta(minutes=dice.choice((1, 20, 300))))
            case "gpo":
                world.refresh_group_policy()
            case "jump":
                world.jump(dice.choice(HOURS))
            case "meddle":
                world.meddle(dice.choice(self.crash.audited), dice.randrange(4))
            case "beside":
                world.meddle_beside()
            case "delete":
                world.lose_the_lease()
            case _:
                self._sweep(self.crash.journal())


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_host_is_orphaned_at_randomised_points(crash: Kit, batch: int) -> None:
    orphans = []
    seeds = range(batch, POINTS, BATCHES)
    for seed in seeds:
        story = Scenario(crash, seed)
        wrong = story.tell()
        if wrong:
            orphans.append(f"seed {seed}: {', '.join(story.told)}: {story.faults}: {wrong}")
    print(f"crash points: {len(seeds)}, orphans: {len(orphans)}")  # noqa: T201 - the proof's figure
    assert orphans == []
