"""``fleetaudit analyze``: derive everything again from the stored evidence."""

from __future__ import annotations

from pathlib import Path

import click

from fleetaudit.cli._derive import derive, print_answer
from fleetaudit.cli._exits import Exit
from fleetaudit.cli._options import json_output

__all__ = ["command"]


@click.command("analyze")
@click.argument("run", type=click.Path(path_type=Path))
@json_output
def command(run: Path, *, as_json: bool) -> int:
    """Derive tables, figures and reports of RUN again from its evidence.

    Worth doing after an update of fleetaudit: a parser that has learnt something reads the old
    evidence with it. The evidence itself is never changed.

    \b
    Example:
      fleetaudit analyze reports/runs/20261121T080000Z
    """
    from fleetaudit.store import RunDirectory

    with RunDirectory.open(run, is_writing=True) as directory:
        print_answer(directory, derive(directory), as_json=as_json)
    return Exit.OK
