"""The hosts that the command line names, read from the inventory when they are needed."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from fleetaudit.cli._terminal import visible
from fleetaudit.errors import ConfigurationError

if TYPE_CHECKING:
    from fleetaudit.inventory import Inventory

__all__ = ["HostChoice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChoice:
    """What the options say about hosts; the attributes are the options."""

    source: str
    limit: str | None
    vault_password_file: str | None
    ask_pass: bool

    def read(self) -> Inventory:
        """Return the inventory; its warnings have gone to standard error.

        Raises:
            UsageError: The inventory cannot be read, or the options contradict each other.
        """
        from fleetaudit import inventory
        from fleetaudit.records.secret import Secret

        is_piped = self.source == inventory.STANDARD_INPUT
        if self.ask_pass and is_piped:
            raise ConfigurationError(
                "--ask-pass cannot ask while the inventory comes on standard input",
                remedy="Set FLEETAUDIT_PASSWORD_FILE, or name a file with --inventory",
            )
        vault_password = None
        if self.vault_password_file:
            vault_password = inventory.read_password_file(
                self.vault_password_file, named_by="--vault-password-file", environment=os.environ
            )
        typed = click.prompt("Password", hide_input=True, err=True) if self.ask_pass else None
        options = inventory.LoadOptions(
            limit=self.limit,
            vault_password=vault_password,
            password=None if typed is None else Secret(typed),
            environment=dict(os.environ),
            stdin=sys.stdin.read() if is_piped else None,
        )
        found = inventory.load(self.source, options=options)
        for warning in found.warnings:
            click.echo(f"Warning: {visible(warning)}", err=True)
        return found
