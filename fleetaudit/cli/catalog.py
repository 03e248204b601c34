"""``fleetaudit catalog``: what evidence is collected, how, and what it needs."""

from __future__ import annotations

import json

import click

from fleetaudit.cli._exits import Exit
from fleetaudit.cli._options import json_output

__all__ = ["command"]


@click.command("catalog")
@json_output
def command(*, as_json: bool) -> int:
    """List the evidence sources: script, files, tables, the right it needs, what it cannot tell.

    \b
    Example:
      fleetaudit catalog
    """
    from fleetaudit.collectors import catalogue

    sources = [
        {
            "name": one.name,
            "title": one.title,
            "script": one.script,
            "phases": sorted(one.phases),
            "files": [reading.pattern for reading in one.readings],
            "tables": list(one.tables),
            "privilege": one.privilege,
            "reference": one.reference,
            "limits": one.limits,
        }
        for one in catalogue().values()
    ]
    if as_json:
        click.echo(json.dumps(sources))
        return Exit.OK
    for source in sources:
        click.echo(f"{source['name']}: {source['title']}")
        click.echo(f"  script  {source['script']}")
        click.echo(f"  files   {', '.join(source['files']) or '-'}")
        click.echo(f"  tables  {', '.join(source['tables']) or '-'}")
        click.echo(f"  needs   {source['privilege']}")
        if source["limits"]:
            click.echo(f"  limits  {source['limits']}")
    return Exit.OK
