"""From a made run to its answer: carry out the plans, derive, print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.cli._derive import derive, print_answer
from fleetaudit.cli._exits import Exit, exit_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleetaudit.cli._fleet_run import FleetRun
    from fleetaudit.orchestrator.steps import Plan
    from fleetaudit.records.host import Host

__all__ = ["carry_out"]


def carry_out(
    run: FleetRun, hosts: tuple[Host, ...], plan_for: Callable[[Host], Plan], *, as_json: bool
) -> Exit:
    """Work through ``hosts``, report what came of it, and return the exit code."""
    with run.directory:
        summary = run.perform(hosts, plan_for)
        print_answer(run.directory, derive(run.directory), as_json=as_json)
    return exit_of(summary)
