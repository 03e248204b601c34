"""``fleetaudit check``: what a sweep would meet on each host; changes nothing."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetaudit.cli import _options

if TYPE_CHECKING:
    from fleetaudit.cli._host_choice import HostChoice
    from fleetaudit.cli._options import Work

__all__ = ["command"]


@click.command("check")
@_options.hosts
@click.option(
    "--override-group-policy",
    is_flag=True,
    help="Judge as for a sweep that is given this option.",
)
@_options.state
@_options.work
@_options.json_output
def command(
    *,
    hosts: HostChoice,
    override_group_policy: bool,
    state_dir: Path,
    work: Work,
    as_json: bool,
) -> int:
    """Say whether a sweep would audit each host, and if not, why and what to do.

    One line a host: whether it would be audited, its build, both audit settings, what a group
    policy says of them, the size of the Security log and how long it lasts, free space on the
    system drive, clock. Below it what else to know. --json says all that was asked.

    Nothing is changed on any host. Whether one can hold a lease shows only in a sweep.

    \b
    Examples:
      fleetaudit check -i inventory.yml
      fleetaudit check -i inventory.yml --limit web --json
    """
    from fleetaudit.cli._check_table import table
    from fleetaudit.cli._exits import exit_of
    from fleetaudit.cli._fleet_run import FleetRun, instruments
    from fleetaudit.cli._readiness import row_of
    from fleetaudit.clock import SystemClock
    from fleetaudit.orchestrator.plan import check_plan

    found = hosts.read()
    tools = instruments()
    with tempfile.TemporaryDirectory(prefix="fleetaudit-check-") as folder:
        run = FleetRun(
            "check",
            clock=SystemClock(),
            path=Path(folder) / "run",
            state=state_dir,
            parameters={"inventory": hosts.source, "limit": hosts.limit or ""},
            work=work,
        )
        with run.directory:
            summary = run.perform(
                found.hosts,
                lambda host: check_plan(
                    host.name,
                    instruments=tools,
                    overrides_group_policy=override_group_policy,
                ),
            )
            rows = [row_of(run.directory.host(name)) for name in run.directory.host_names()]
    if as_json:
        click.echo(json.dumps({"schema_version": 1, "hosts": rows}, ensure_ascii=True))
    else:
        click.echo(table(rows))
    return exit_of(summary)
