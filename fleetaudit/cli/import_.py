"""``fleetaudit import``: a run from files that were gathered by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from fleetaudit.cli import _options
from fleetaudit.cli._exits import Exit
from fleetaudit.cli._terminal import visible

if TYPE_CHECKING:
    from fleetaudit.cli._gathered import Gathered

__all__ = ["command"]

_UNREAD: Final = ("evidence-unread", "source-failed")
"""Gaps that say that a file which was given is not in the figures, or not all of it."""


@click.command("import")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--host", metavar="NAME", help="Name of the host; by default the folder's name.")
@_options.run_folder
@_options.json_output
def command(*, folders: tuple[Path, ...], host: str | None, out: Path | None, as_json: bool) -> int:
    """Make a run of files that were gathered by hand, on one host or many.

    A folder that holds evidence is a host; a folder of such folders is a fleet. Read are event
    logs (.evtx), events as XML or JSON of many shippers, what netsh wfp writes, the firewall's
    logs, auditpol's CSV, .reg exports, the DNS cache, and what a run directory holds, also
    gzipped. A file is known by how it begins, and where that does not say by its name, which
    `fleetaudit catalog` lists; files that are not read are named with the reason.

    \b
    Examples:
      fleetaudit import gathered/ --out reports/runs/by-hand
      fleetaudit import web01.evtx wfpstate.xml --host web01
    """
    from fleetaudit.cli._derive import derive, print_answer
    from fleetaudit.cli._fleet_run import new_run_id
    from fleetaudit.cli._gathered import gather, store_gathered
    from fleetaudit.clock import SystemClock

    clock = SystemClock()
    gathered = gather(folders, host=host)
    if not gathered.hosts:
        _tell(gathered)
        click.echo("Error: no reader knows any of these files.", err=True)
        return Exit.USAGE
    path = out or Path("reports/runs") / new_run_id(clock)
    run = store_gathered(gathered, path=path, clock=clock)
    with run:
        analysis = derive(run)
        print_answer(run, analysis, as_json=as_json)
    _tell(gathered)
    unread = [gap for gap in analysis.coverage.gaps if gap.kind in _UNREAD]
    for gap in unread:
        click.echo(visible(f"Warning: {gap.host}: {gap.what}"), err=True)
    return Exit.PARTIAL if gathered.unread or unread else Exit.OK


def _tell(gathered: Gathered) -> None:
    """Say what was read as something that its name does not say, and what was not read, and why."""
    for file, form in gathered.by_content.items():
        click.echo(visible(f"Note: {file} was read as {form}, by its content"), err=True)
    for file, why in gathered.unread.items():
        click.echo(visible(f"Warning: {file} was left out: {why}"), err=True)
