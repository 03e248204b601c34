"""``fleetaudit import``: a run from files that were gathered by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from fleetaudit.cli import _options
from fleetaudit.cli._exits import Exit
from fleetaudit.cli._terminal import visible

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

    A folder that holds evidence is a host; a folder of such folders is a fleet. Read are .evtx
    files, events as XML or JSON lines, wfpstate.xml, filters.xml, netevents.xml, pfirewall.log
    and .old, auditpol's CSV, .reg exports, the DNS cache, and what a run directory holds, also
    gzipped. `fleetaudit catalog` lists the names; files that no reader knows are named.

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
        click.echo("Error: no reader knows any of these files.", err=True)
        return Exit.USAGE
    path = out or Path("reports/runs") / new_run_id(clock)
    run = store_gathered(gathered, path=path, clock=clock)
    with run:
        analysis = derive(run)
        print_answer(run, analysis, as_json=as_json)
    for file in gathered.unread:
        click.echo(visible(f"Warning: no reader knows {file}; it was left out"), err=True)
    unread = [gap for gap in analysis.coverage.gaps if gap.kind in _UNREAD]
    for gap in unread:
        click.echo(visible(f"Warning: {gap.host}: {gap.what}"), err=True)
    return Exit.PARTIAL if gathered.unread or unread else Exit.OK
