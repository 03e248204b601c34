"""Plan, journal, lease and a foreign hand on one host, in any order that hypothesis thinks of."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fleetaudit.records.debt import Wanted

if TYPE_CHECKING:
    from fleetaudit.orchestrator.bursts import Bursts
    from tests.crash.conftest import Controller, Kit

MOST_RUNS = 4
SETTING = st.integers(0, 3)


def machine_of(kit: Kit) -> type[RuleBasedStateMachine]:  # noqa: C901 - it holds a whole class
    """Return the machine; a factory, because a test module cannot import its conftest."""

    class Machine(RuleBasedStateMachine):
        @initialize(drop=SETTING, connection=SETTING, seed=st.integers(0, 3))
        def begin(self, drop: int, connection: int, seed: int) -> None:
            self.world = kit.world(f"model {seed}", before=(drop, connection))
            self.journals = (kit.journal(), kit.journal())
            self.runs = 0

        def alive(self) -> list[Controller]:
            return [one for one in self.world.controllers if not one.is_over]

        @precondition(lambda self: self.runs < MOST_RUNS)
        @rule(
            whose=st.integers(0, 1),
            with_success=st.booleans(),
            also=st.sets(st.sampled_from(kit.beside)),
            bursts=st.sampled_from((None, None, kit.bursts)),
        )
        def sweep(
            self, whose: int, *, with_success: bool, also: set[str], bursts: Bursts | None
        ) -> None:
            self.runs += 1
            self.world.sweep(
                self.journals[whose],
                f"run{self.runs}",
                wanted=Wanted(with_success=with_success, log_kilobytes=9000),
                also=tuple(sorted(also)),
                bursts=bursts,
            )

        @precondition(lambda self: self.alive())
        @rule(
            which=st.integers(0, 3),
            steps=st.integers(1, 25),
            fault=st.sampled_from(("", "", "", "before", "after", "late")),
        )
        def go_on(self, which: int, steps: int, fault: str) -> None:
            one = self.alive()[which % len(self.alive())]
            for number in range(steps):
                if one.is_over:
                    return
                self.world.wait_until(self.world._due(one))
                self.world.advance(one, fault if number == steps - 1 else "")
                self.nothing_is_forgotten()

        @precondition(lambda self: self.alive())
        @rule(which=st.integers(0, 3))
        def die(self, which: int) -> None:
            self.world.kill(self.alive()[which % len(self.alive())])

        @rule(which=st.integers(0, 1), value=SETTING)
        def meddle(self, which: int, value: int) -> None:
            self.world.meddle(kit.audited[which], value)

        @rule()
        def meddle_beside(self) -> None:
            self.world.meddle_beside()

        @rule(minutes=st.sampled_from((1, 12, 40)))
        def wait(self, minutes: int) -> None:
            self.world.wait_until(self.world.clock.now() + timedelta(minutes=minutes))

        @rule(hours=st.sampled_from((-2, -1, 1, 2)))
        def jump(self, hours: int) -> None:
            self.world.jump(timedelta(hours=hours))

        @rule(minutes=st.sampled_from((1, 30)))
        def lose_power(self, minutes: int) -> None:
            self.world.power_loss(timedelta(minutes=minutes))

        @rule()
        def delete_the_task(self) -> None:
            self.world.lose_the_lease()

        @invariant()
        def nothing_is_forgotten(self) -> None:
            if hasattr(self, "world") and not self.world.is_as_before():
                assert any(journal.debts for journal in self.journals)

        def teardown(self) -> None:
            if hasattr(self, "world"):
                for one in self.alive():
                    self.world.kill(one)
                assert self.world.orphans() == ""

    return Machine


@pytest.mark.slow
def test_nothing_that_can_happen_leaves_a_host_changed_and_forgotten(crash: Kit) -> None:
    run_state_machine_as_test(
        machine_of(crash), settings=settings(max_examples=60, deadline=None, stateful_step_count=14)
    )
