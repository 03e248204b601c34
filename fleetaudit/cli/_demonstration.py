"""A sweep of the simulated fleet from beginning to end, with what came of it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fleetaudit.cli._derive import derive
from fleetaudit.cli._fleet_run import FleetRun, instruments
from fleetaudit.cli._score import Score, score
from fleetaudit.orchestrator.plan import SweepSettings, restore_plan, sweep_plan
from fleetaudit.simulation.clock import SimulatedClock
from fleetaudit.simulation.model.fleet import SimulatedFleet, build_fleet
from fleetaudit.simulation.network.stage import Stage, on_loopback
from fleetaudit.store import JournalFile
from fleetaudit.transport.settings import PsrpSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetaudit.cli._options import Work
    from fleetaudit.clock import Clock
    from fleetaudit.records.figures import Analysis
    from fleetaudit.store import RunDirectory

__all__ = ["DEMO", "Demonstration", "demonstrate"]

DEMO: Final = "demo"
"""The name of the run."""
_PATIENCE: Final = PsrpSettings(open_s=3.0, poll_s=1.0, stop_s=1.0, close_s=0.5, grace_s=0.5)
"""Hosts on loopback answer at once, or are meant to hang."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """What a demonstration yields.

    Attributes:
        run: Its run directory.
        analysis: What the report says.
        score: The report beside the truth.
        left_changed: Hosts with a setting that is not what it was, after ``restore``.
        paid: Hosts that died while their window was open, and were restored when they came back.
    """

    run: RunDirectory
    analysis: Analysis
    score: Score
    left_changed: tuple[str, ...]
    paid: tuple[str, ...] = ()


def demonstrate(
    settings: SweepSettings, *, size: int, seed: int, path: Path, work: Work
) -> Demonstration:
    """Sweep a simulated fleet, report it, pay what is owed, and compare with the truth."""
    clock = SimulatedClock()
    fleet = build_fleet(size=size, seed=seed, clock=clock)
    before = _settings(fleet)
    with (
        tempfile.TemporaryDirectory(prefix="fleetaudit-demo-") as state,
        on_loopback(fleet) as stage,
    ):
        run = FleetRun(
            "demo",
            clock=clock,
            path=path,
            state=Path(state),
            parameters=_parameters(settings, size=size, seed=seed),
            work=work,
            run_id=settings.run_id,
            started_by=DEMO,
            transport=_PATIENCE,
        )
        tools = instruments()
        with run.directory as directory:
            summary = run.perform(
                stage.hosts, lambda host: sweep_plan(host.name, settings, instruments=tools)
            )
            analysis = derive(directory)
        truth = fleet.truth()
        if summary.owed:
            _pay(summary.owed, stage=stage, state=Path(state), clock=clock, work=work)
    after = _settings(fleet)
    changed = tuple(name for name, settings in after.items() if settings != before[name])
    return Demonstration(
        run=directory,
        analysis=analysis,
        score=score(analysis, truth),
        left_changed=changed,
        paid=summary.owed,
    )


def _pay(owed: Sequence[str], *, stage: Stage, state: Path, clock: Clock, work: Work) -> None:
    """Bring the hosts that died back to the net and do what ``fleetaudit restore`` does."""
    for name in owed:
        stage.server.revive(name)
    with JournalFile(state) as journal:
        debts = journal.open_debts()
    tools = instruments()
    run = FleetRun(
        "restore",
        clock=clock,
        path=state / "restore",
        state=state,
        parameters={},
        work=work,
        transport=_PATIENCE,
    )
    with run.directory:
        run.perform(
            tuple(host for host in stage.hosts if host.name in owed),
            lambda host: restore_plan(
                host.name, [debt for debt in debts if debt.host == host.name], instruments=tools
            ),
        )


def _parameters(settings: SweepSettings, *, size: int, seed: int) -> dict[str, str]:
    found = {"hosts": str(size), "seed": str(seed), "window": str(settings.window)}
    if settings.bursts is not None:
        found["bursts"] = f"{settings.bursts.length} every {settings.bursts.every}"
    if settings.also:
        found["also"] = ", ".join(settings.also)
    return found


def _settings(fleet: SimulatedFleet) -> dict[str, tuple[object, ...]]:
    """Return every setting that fleetaudit can change, of each host."""
    with fleet.locked():
        return {
            host.name: (dict(host.audit.settings), dict(host.switches.values())) for host in fleet
        }
