"""``fleetaudit sweep``: audit for a window, put auditing back, say which rule dropped what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetaudit.cli import _options

if TYPE_CHECKING:
    from datetime import timedelta

    from fleetaudit.cli._host_choice import HostChoice
    from fleetaudit.cli._options import Work
    from fleetaudit.orchestrator.bursts import Bursts
    from fleetaudit.orchestrator.settings import SweepSettings
    from fleetaudit.records.debt import Wanted

__all__ = ["command"]


@click.command("sweep")
@_options.hosts
@click.option(
    "-w",
    "--window",
    type=_options.Duration(),
    default="10m",
    show_default=True,
    help="How long each host is audited.",
)
@_options.bursts
@_options.changes
@click.option(
    "--override-group-policy",
    is_flag=True,
    help="Audit also where a group policy switches auditing off; its next refresh will undo it.",
)
@click.option(
    "--no-lease",
    is_flag=True,
    help="Audit also hosts that can hold no scheduled task: nothing there ends the audit then.",
)
@click.option(
    "--budget",
    type=_options.Rate(),
    default="50/s",
    show_default=True,
    help="Put a host back early that writes more than this, or a quarter of its Security log.",
)
@click.option("--no-budget", is_flag=True, help="Never look at how much a host writes.")
@_options.run_folder
@_options.state
@_options.work
@_options.json_output
def command(
    *,
    hosts: HostChoice,
    window: timedelta,
    bursts: Bursts | None,
    wanted: Wanted,
    also: tuple[str, ...],
    override_group_policy: bool,
    no_lease: bool,
    budget: float,
    no_budget: bool,
    out: Path | None,
    state_dir: Path,
    work: Work,
    as_json: bool,
) -> int:
    """Audit hosts for a window and say which firewall rule dropped what.

    On each host two audit subcategories are switched on, and put back to what they were when the
    window is over; what is owed to a host is written down before it is changed, and a lease is
    left on the host that puts the settings back if nobody else does. Then the evidence is
    fetched, joined and reported.

    \b
    Examples:
      fleetaudit sweep -i inventory.yml
      fleetaudit sweep -i inventory.yml --limit 'web*:!web03*' --window 30m --json
      fleetaudit sweep -i inventory.yml --window 8h --burst 30s --every 5m
    """
    from fleetaudit.cli._carry_out import carry_out
    from fleetaudit.cli._fleet_run import FleetRun, instruments, new_run_id
    from fleetaudit.clock import SystemClock
    from fleetaudit.orchestrator.plan import NoiseBudget, SweepSettings, sweep_plan

    found = hosts.read()
    clock = SystemClock()
    settings = SweepSettings(
        run_id=new_run_id(clock),
        window=window,
        wanted=wanted,
        also=also,
        bursts=bursts,
        overrides_group_policy=override_group_policy,
        needs_lease=not no_lease,
        noise_budget=None if no_budget else NoiseBudget(events_per_s=budget),
    )
    run = FleetRun(
        "sweep",
        clock=clock,
        path=out or Path("reports/runs") / settings.run_id,
        state=state_dir,
        parameters=_parameters(hosts, settings),
        work=work,
        run_id=settings.run_id,
    )
    tools = instruments()
    return carry_out(
        run,
        found.hosts,
        lambda host: sweep_plan(host.name, settings, instruments=tools),
        as_json=as_json,
    )


def _parameters(hosts: HostChoice, settings: SweepSettings) -> dict[str, str]:
    budget, bursts = settings.noise_budget, settings.bursts
    return {
        "inventory": hosts.source,
        "limit": hosts.limit or "",
        "window": str(settings.window),
        "bursts": "none" if bursts is None else f"{bursts.length} every {bursts.every}",
        "lease": "required" if settings.needs_lease else "none",
        "budget": "none" if budget is None else f"{budget.events_per_s:g}/s",
        "also": ", ".join(settings.also) or "nothing",
    }
