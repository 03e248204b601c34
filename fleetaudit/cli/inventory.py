"""``fleetaudit inventory``: what the inventory says, as fleetaudit understands it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from fleetaudit.cli import _options
from fleetaudit.cli._exits import Exit
from fleetaudit.cli._terminal import visible

if TYPE_CHECKING:
    from fleetaudit.cli._host_choice import HostChoice

__all__ = ["command"]


@click.command("inventory")
@_options.hosts
@_options.json_output
def command(
    *,
    hosts: HostChoice,
    as_json: bool,
) -> int:
    """Print the hosts of the inventory and how each would be reached; secrets are masked.

    \b
    Examples:
      fleetaudit inventory -i inventory.yml
      fleetaudit inventory -i inventory.yml --limit 'web*:!web03*' --json
    """
    from fleetaudit.inventory import describe

    found = hosts.read()
    if as_json:
        click.echo(json.dumps(describe(found), indent=1))
        return Exit.OK
    for host in found.hosts:
        connection = host.connection
        scheme = "https" if connection.ssl else "http"
        line = (
            f"{host.name}  {scheme}://{connection.server}:{connection.port}/{connection.path}"
            f"  {connection.auth.value}  user {connection.username or '(current)'}"
            f"  password {connection.password or 'none'}  groups {','.join(host.groups)}"
        )
        click.echo(visible(line))
    click.echo(f"{len(found.hosts):,} hosts", err=True)
    return Exit.OK
