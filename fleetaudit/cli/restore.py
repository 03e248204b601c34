"""``fleetaudit restore``: pay what earlier runs owe to hosts."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetaudit.cli import _options
from fleetaudit.cli._exits import Exit, exit_of
from fleetaudit.cli._terminal import visible
from fleetaudit.records.host_record import Restoration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fleetaudit.cli._host_choice import HostChoice
    from fleetaudit.cli._options import Work
    from fleetaudit.orchestrator.fleet import FleetSummary
    from fleetaudit.records.debt import Debt
    from fleetaudit.records.host import Host
    from fleetaudit.records.host_record import HostRecord

__all__ = ["command", "restore_hosts", "warn"]


@click.command("restore")
@_options.hosts
@click.option(
    "--from-hosts",
    is_flag=True,
    help="Pay too what leases on the hosts say, whoever left them: for a lost controller.",
)
@_options.state
@_options.work
@_options.json_output
def command(
    *,
    hosts: HostChoice,
    from_hosts: bool,
    state_dir: Path,
    work: Work,
    as_json: bool,
) -> int:
    """Put auditing back on every host to which a run that died still owes it.

    Debts are read from the journal; each is paid to the snapshot that was taken before the
    change, read back, and only then struck out. A setting that somebody else changed meanwhile
    is left to them. What `fleetaudit audit on` left on is put back too.

    \b
    Examples:
      fleetaudit restore -i inventory.yml
      fleetaudit restore -i inventory.yml --from-hosts
    """
    from fleetaudit.store import JournalFile

    with JournalFile(state_dir) as journal:
        debts = [debt for debt in journal.open_debts() if not journal.is_live(debt.run_id)]
        damaged = journal.damaged()
    warn(damaged)
    found = hosts.read()
    owed = {debt.host: [d for d in debts if d.host == debt.host] for debt in debts}
    chosen = tuple(host for host in found.hosts if from_hosts or host.name in owed)
    strangers = sorted(owed.keys() - {host.name for host in chosen})
    left, paid, others, code = set(strangers), list[str](), dict[str, list[str]](), Exit.OK
    if chosen:
        summary, records = restore_hosts(
            chosen, owed, source=hosts.source, state=state_dir, work=work, from_hosts=from_hosts
        )
        left |= set(summary.owed)
        paid = [one.host for one in records if one.restoration is Restoration.RESTORED]
        others = {
            one.host: [gap.what for gap in one.gaps]
            for one in records
            if one.restoration is Restoration.LEFT
        }
        code = exit_of(summary)
    _say(paid=paid, others=others, left=sorted(left), is_whole=code is Exit.OK, as_json=as_json)
    for name in strangers:
        click.echo(f"{name}: auditing is owed, but the inventory does not name it", err=True)
    return Exit.STILL_ON if left or damaged else code


def warn(damaged: Iterable[Path]) -> None:
    """Name the files that may be debts."""
    for path in damaged:
        click.echo(f"Warning: {path} cannot be read; look at the host it is named after", err=True)


def restore_hosts(
    chosen: tuple[Host, ...],
    owed: Mapping[str, Sequence[Debt]],
    *,
    source: str,
    state: Path,
    work: Work,
    from_hosts: bool,
) -> tuple[FleetSummary, list[HostRecord]]:
    """Carry out the restoring of hosts; return how they ended, and each one's record."""
    from fleetaudit.cli._fleet_run import FleetRun, instruments
    from fleetaudit.clock import SystemClock
    from fleetaudit.orchestrator.plan import restore_plan

    tools = instruments()
    with tempfile.TemporaryDirectory(prefix="fleetaudit-restore-") as folder:
        run = FleetRun(
            "restore",
            clock=SystemClock(),
            path=Path(folder) / "run",
            state=state,
            parameters={"inventory": source},
            work=work,
        )
        with run.directory:
            summary = run.perform(
                chosen,
                lambda host: restore_plan(
                    host.name,
                    owed.get(host.name, ()),
                    instruments=tools,
                    from_host=from_hosts,
                ),
            )
            names = run.directory.host_names()
            return summary, [run.directory.host(name).record() for name in names]


def _say(
    *,
    paid: Iterable[str],
    others: Mapping[str, Sequence[str]],
    left: Sequence[str],
    is_whole: bool,
    as_json: bool,
) -> None:
    restored = sorted(paid)
    if as_json:
        said = {"restored": restored, "left_to_others": sorted(others), "owed": list(left)}
        click.echo(json.dumps({"schema_version": 1, **said}))
        return
    for name in restored:
        click.echo(f"{name}: restored")
    for name, notes in sorted(others.items()):
        for note in notes:
            click.echo(visible(f"{name}: {note}"))
    for name in left:
        click.echo(f"{name}: still owed")
    if not restored and not others and not left and is_whole:
        click.echo("Nothing is owed to any host.")
