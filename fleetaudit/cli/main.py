"""The command group, the exit codes, and the one place where an error becomes text."""

from __future__ import annotations

import click

from fleetaudit import __version__

__all__ = ["main"]


@click.group()
@click.version_option(__version__, prog_name="fleetaudit")
def main() -> None:
    """Say which firewall rule dropped what on a fleet of Windows hosts."""
