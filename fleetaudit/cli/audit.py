"""``fleetaudit audit``: leave auditing on for long, look at it, and put it back."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetaudit.cli import _options
from fleetaudit.cli._exits import Exit, exit_of
from fleetaudit.cli._terminal import visible

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from fleetaudit.cli._host_choice import HostChoice
    from fleetaudit.cli._options import Work
    from fleetaudit.records.debt import Debt, Wanted
    from fleetaudit.records.host_record import HostRecord
    from fleetaudit.store import HostFolder, RunDirectory

__all__ = ["command"]


@click.group("audit")
def command() -> None:
    """Leave auditing on for hours or days, look at it, and put it back.

    A lease on each host puts auditing back when its time is over, whatever becomes of this
    controller. Nobody looks at how much is written meanwhile: choose a sweep with a noise budget
    where that matters. `fleetaudit collect` fetches what was recorded.

    \b
    Examples:
      fleetaudit audit on -i inventory.yml --lease 24h
      fleetaudit audit status -i inventory.yml --json
      fleetaudit audit off -i inventory.yml
    """


@command.command("on")
@_options.hosts
@click.option(
    "--lease",
    type=_options.Duration(),
    required=True,
    help="For how long; the host itself ends it then. Given again, it is renewed.",
)
@_options.changes
@click.option(
    "--override-group-policy",
    is_flag=True,
    help="Audit also where a group policy switches auditing off; its next refresh will undo it.",
)
@_options.state
@_options.work
@_options.json_output
def switch_on(
    *,
    hosts: HostChoice,
    lease: timedelta,
    wanted: Wanted,
    also: tuple[str, ...],
    override_group_policy: bool,
    state_dir: Path,
    work: Work,
    as_json: bool,
) -> int:
    """Switch auditing on and leave it on until its lease ends.

    \b
    Example:
      fleetaudit audit on -i inventory.yml --lease 24h
    """
    from fleetaudit.cli._fleet_run import FleetRun, instruments
    from fleetaudit.clock import SystemClock
    from fleetaudit.orchestrator.plan import HoldSettings, hold_plan

    found = hosts.read()
    tools = instruments()
    with tempfile.TemporaryDirectory(prefix="fleetaudit-audit-") as folder:
        run = FleetRun(
            "audit on",
            clock=SystemClock(),
            path=Path(folder) / "run",
            state=state_dir,
            parameters={"inventory": hosts.source, "lease": str(lease)},
            work=work,
        )
        settings = HoldSettings(
            run_id=run.directory.manifest.run_id,
            lease=lease,
            wanted=wanted,
            also=also,
            overrides_group_policy=override_group_policy,
        )
        with run.directory:
            summary = run.perform(
                found.hosts, lambda host: hold_plan(host.name, settings, instruments=tools)
            )
            rows = [_end(record) for record in _records(run.directory)]
    _print(rows, as_json=as_json)
    return exit_of(summary)


@command.command("status")
@_options.hosts
@_options.state
@_options.work
@_options.json_output
def show_status(*, hosts: HostChoice, state_dir: Path, work: Work, as_json: bool) -> int:
    """Show the leases on the hosts beside the debts in the journal; changes nothing.

    \b
    Example:
      fleetaudit audit status -i inventory.yml --json
    """
    from fleetaudit.cli._fleet_run import FleetRun, instruments
    from fleetaudit.clock import SystemClock
    from fleetaudit.orchestrator.plan import status_plan
    from fleetaudit.store import JournalFile

    found = hosts.read()
    tools = instruments()
    with JournalFile(state_dir) as journal:
        debts = journal.open_debts()
    with tempfile.TemporaryDirectory(prefix="fleetaudit-audit-") as folder:
        run = FleetRun(
            "audit status",
            clock=SystemClock(),
            path=Path(folder) / "run",
            state=state_dir,
            parameters={"inventory": hosts.source},
            work=work,
        )
        with run.directory:
            summary = run.perform(
                found.hosts, lambda host: status_plan(host.name, instruments=tools)
            )
            rows = [
                row
                for name in run.directory.host_names()
                for row in _standing(run.directory.host(name), [d for d in debts if d.host == name])
            ]
    _print(rows, as_json=as_json)
    return exit_of(summary)


@command.command("off")
@_options.hosts
@_options.state
@_options.work
@_options.json_output
def switch_off(*, hosts: HostChoice, state_dir: Path, work: Work, as_json: bool) -> int:
    """Put auditing back on hosts where this controller left it on, and take their leases off.

    \b
    Example:
      fleetaudit audit off -i inventory.yml
    """
    from fleetaudit.cli.restore import restore_hosts, warn
    from fleetaudit.store import JournalFile

    found = hosts.read()
    with JournalFile(state_dir) as journal:
        debts = [debt for debt in journal.open_debts() if not journal.is_live(debt.run_id)]
        damaged = [path for host in found.hosts for path in journal.damaged(host.name)]
    warn(damaged)
    owed: dict[str, list[Debt]] = {}
    for debt in debts:
        owed.setdefault(debt.host, []).append(debt)
    chosen = tuple(host for host in found.hosts if host.name in owed)
    if not chosen:
        if as_json or not damaged:
            _print([], as_json=as_json)
        return Exit.STILL_ON if damaged else Exit.OK
    summary, records = restore_hosts(
        chosen, owed, source=hosts.source, state=state_dir, work=work, from_hosts=False
    )
    _print([_end(record) for record in records], as_json=as_json)
    return Exit.STILL_ON if damaged else exit_of(summary)


def _records(run: RunDirectory) -> list[HostRecord]:
    return [run.host(name).record() for name in run.host_names()]


def _end(record: HostRecord) -> dict[str, object]:
    from fleetaudit.analysis.coverage import host_outcome

    outcome = host_outcome(record)
    return {
        "host": record.host,
        "outcome": outcome.kind.value,
        "auditing": record.restoration.value,
        "reason": outcome.reason,
        "remedy": outcome.remedy,
        "notes": [gap.what for gap in record.gaps],
    }


def _standing(folder: HostFolder, debts: list[Debt]) -> list[dict[str, object]]:
    """Return a row for each lease and each debt without one; one row where there is neither."""
    from fleetaudit.errors import FleetauditError
    from fleetaudit.operations.lease import LEASES_FILE, read_leases

    end = _end(folder.record())
    del end["auditing"]
    rows: list[dict[str, object]] = []
    files: Mapping[str, bytes] = {e.name: folder.open(e).read() for e in folder.evidence()}
    try:
        found = read_leases(files) if LEASES_FILE in files else ()
    except FleetauditError as error:
        found, end["reason"] = (), str(error)
    owed = {debt.lease: debt for debt in debts}
    for one in found:
        deadline = one.lease.deadline if one.lease else one.task.deadline if one.task else None
        owed_here = owed.pop(one.name, None)
        rows.append(
            {
                **end,
                "lease": one.name,
                "run_id": one.run_id,
                "deadline": None if deadline is None else deadline.isoformat(),
                "has_task": one.has_task,
                "has_fired": one.has_fired,
                "puts_back": [
                    {"operation": operation, "setting": setting, "value": value}
                    for (operation, setting), value in one.before.items()
                ],
                "is_ours": owed_here is not None,
                "problems": list(one.problems),
            }
        )
    rows.extend(
        {**end, "lease": "", "run_id": debt.run_id, "is_ours": True} for debt in owed.values()
    )
    return rows or [end]


def _print(rows: list[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"schema_version": 1, "hosts": rows}, ensure_ascii=True))
        return
    for row in rows:
        click.echo(visible(_line(row)))
        notes = row["notes"]
        for note in notes if isinstance(notes, list) else ():
            click.echo(visible(f"{row['host']}: {note}"))
    if not rows:
        click.echo("Nothing was left on by this controller on these hosts.")


def _line(row: dict[str, object]) -> str:
    words = [f"{row['host']}: {row['outcome']}"]
    if row["reason"]:
        words.append(f"({row['reason']}) {row['remedy']}")
    if "auditing" in row:
        words.append(f"auditing {row['auditing']}")
    elif row.get("lease"):
        state = "has ended" if row["has_fired"] else f"until {row['deadline']} by the host's clock"
        whose = "ours" if row["is_ours"] else "another controller's"
        task = "" if row["has_task"] or row["has_fired"] else ", but its task is gone"
        words.append(f"lease {row['lease']} ({whose}) {state}{task}")
    elif "lease" in row:
        words.append(f"owed by run {row['run_id']}, without a lease on the host")
    else:
        words.append("no lease" if row["outcome"] == "collected" else "leases unknown")
    return " ".join(words)
