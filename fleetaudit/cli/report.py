"""``fleetaudit report``: the report of a run, in the wanted form."""

from __future__ import annotations

from pathlib import Path

import click

from fleetaudit.cli._exits import Exit
from fleetaudit.errors import FileError

__all__ = ["command"]


@click.command("report")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["html", "markdown", "json"]),
    default="html",
    show_default=True,
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="File to write; - for standard output.  [default: in RUN]",
)
def command(run: Path, *, form: str, out: Path | None) -> int:
    """Write the report of RUN from its tables.

    \b
    Examples:
      fleetaudit report reports/runs/20261121T080000Z
      fleetaudit report RUN --format markdown --out -
    """
    import json

    from fleetaudit.analysis import analyze
    from fleetaudit.cli._derive import summarize, write_reports
    from fleetaudit.reporting import render_html, render_markdown
    from fleetaudit.store import RunDirectory

    directory = RunDirectory.open(run)
    analysis = analyze(directory)
    if out is None:
        for path in write_reports(directory, analysis):
            click.echo(path)
        return Exit.OK
    texts = {
        "html": lambda: render_html(analysis),
        "markdown": lambda: render_markdown(analysis),
        "json": lambda: json.dumps(summarize(analysis), ensure_ascii=True) + "\n",
    }
    text = texts[form]().encode("utf-8", "replace")
    if str(out) == "-":
        click.echo(text, nl=False)
        return Exit.OK
    try:
        # A file is replaced, so that it is never half a report; a device or pipe is written to.
        with click.open_file(str(out), "wb", atomic=out.is_file() or not out.exists()) as stream:
            stream.write(text)
    except OSError as error:
        raise FileError(
            f"cannot be written: {error.strerror}",
            file=str(out),
            remedy="Look at the folder, its rights and its space",
        ) from error
    return Exit.OK
