"""Ansible's inventory, read as Ansible reads it: hosts and how to reach them.

``load(source, options=LoadOptions(...))`` gives an Inventory; ``describe(inventory)`` shows it with
secrets masked.
"""

from __future__ import annotations

from fleetaudit.inventory.description import describe
from fleetaudit.inventory.loading import Inventory, LoadOptions, load
from fleetaudit.inventory.sources import STANDARD_INPUT
from fleetaudit.inventory.vault import read_password_file

__all__ = [
    "STANDARD_INPUT",
    "Inventory",
    "LoadOptions",
    "describe",
    "load",
    "read_password_file",
]
