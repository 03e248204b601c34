"""``fleetaudit collect``: fetch the evidence as it is, switching nothing on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetaudit.cli import _options

if TYPE_CHECKING:
    from fleetaudit.cli._host_choice import HostChoice
    from fleetaudit.cli._options import Work

__all__ = ["command"]


@click.command("collect")
@_options.hosts
@_options.run_folder
@_options.state
@_options.work
@_options.json_output
def command(
    *,
    hosts: HostChoice,
    out: Path | None,
    state_dir: Path,
    work: Work,
    as_json: bool,
) -> int:
    """Fetch what hosts have already recorded, and report it; nothing is changed on any host.

    For hosts whose auditing is always on. Records are taken from the whole Security log.

    \b
    Example:
      fleetaudit collect -i inventory.yml --limit domain_controllers
    """
    from fleetaudit.cli._carry_out import carry_out
    from fleetaudit.cli._fleet_run import FleetRun, instruments, new_run_id
    from fleetaudit.clock import SystemClock
    from fleetaudit.orchestrator.plan import collect_plan

    found = hosts.read()
    clock = SystemClock()
    run = FleetRun(
        "collect",
        clock=clock,
        path=out or Path("reports/runs") / new_run_id(clock),
        state=state_dir,
        parameters={"inventory": hosts.source, "limit": hosts.limit or ""},
        work=work,
    )
    tools = instruments()
    return carry_out(
        run,
        found.hosts,
        lambda host: collect_plan(host.name, instruments=tools),
        as_json=as_json,
    )
