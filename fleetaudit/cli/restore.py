"""``fleetaudit restore``: pay what earlier runs owe to hosts."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetaudit.cli import _options
from fleetaudit.cli._exits import Exit

if TYPE_CHECKING:
    from fleetaudit.cli._host_choice import HostChoice
    from fleetaudit.cli._options import Work

__all__ = ["command"]


@click.command("restore")
@_options.hosts
@_options.state
@_options.work
@_options.json_output
def command(
    *,
    hosts: HostChoice,
    state_dir: Path,
    work: Work,
    as_json: bool,
) -> int:
    """Put auditing back on every host to which a run that died still owes it.

    Debts are read from the journal; each is paid to the snapshot that was taken before the
    change, read back, and only then struck out. A setting that somebody else changed meanwhile
    is left to them.

    \b
    Example:
      fleetaudit restore -i inventory.yml
    """
    from fleetaudit.cli._fleet_run import FleetRun, instruments
    from fleetaudit.clock import SystemClock
    from fleetaudit.orchestrator.plan import restore_plan
    from fleetaudit.store import JournalFile

    with JournalFile(state_dir) as journal:
        debts = [debt for debt in journal.open_debts() if not journal.is_live(debt.run_id)]
        damaged = journal.damaged()
    for path in damaged:
        click.echo(f"Warning: {path} cannot be read; look at the host it is named after", err=True)
    found = hosts.read()
    owed = {debt.host: [d for d in debts if d.host == debt.host] for debt in debts}
    owing = tuple(host for host in found.hosts if host.name in owed)
    strangers = sorted(owed.keys() - {host.name for host in owing})
    left: list[str] = list(strangers)
    if owing:
        tools = instruments()
        with tempfile.TemporaryDirectory(prefix="fleetaudit-restore-") as folder:
            run = FleetRun(
                "restore",
                clock=SystemClock(),
                path=Path(folder) / "run",
                state=state_dir,
                parameters={"inventory": hosts.source},
                work=work,
            )
            with run.directory:
                summary = run.perform(
                    owing, lambda host: restore_plan(host.name, owed[host.name], instruments=tools)
                )
        left += summary.owed
    _say(paid=sorted({host.name for host in owing} - set(left)), left=left, as_json=as_json)
    for name in strangers:
        click.echo(f"{name}: auditing is owed, but the inventory does not name it", err=True)
    return Exit.STILL_ON if left or damaged else Exit.OK


def _say(*, paid: list[str], left: list[str], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"schema_version": 1, "restored": paid, "owed": sorted(left)}))
        return
    for name in paid:
        click.echo(f"{name}: restored")
    for name in sorted(left):
        click.echo(f"{name}: still owed")
    if not paid and not left:
        click.echo("Nothing is owed to any host.")
