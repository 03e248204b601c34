"""An inventory as it was resolved, for people and programs to look at."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from fleetaudit.records.host import Connection
from fleetaudit.records.secret import MASK, Secret

if TYPE_CHECKING:
    from fleetaudit.inventory.loading import Inventory
    from fleetaudit.records.host import Host

__all__ = ["describe"]


def describe(inventory: Inventory) -> dict[str, object]:
    """Return the inventory ready for JSON; secrets and vaulted values are masked.

    The shape::

        {"source": "inventory.yml",
         "hosts": [{"name": "web01", "groups": ["web"],
                    "connection": {"server": "web01", "port": 5986, "password": "********"}}],
         "groups": {"all": ["web01"], "web": ["web01"]},
         "warnings": []}
    """
    return {
        "source": inventory.source,
        "hosts": [
            {
                "name": host.name,
                "groups": list(host.groups),
                "connection": _connection(host, inventory.concealed.get(host.name, frozenset())),
            }
            for host in inventory.hosts
        ],
        "groups": {name: list(hosts) for name, hosts in inventory.groups.items()},
        "warnings": list(inventory.warnings),
    }


def _connection(host: Host, concealed: frozenset[str]) -> dict[str, object]:
    described: dict[str, object] = {}
    for field in fields(Connection):
        value: object = getattr(host.connection, field.name)
        is_hidden = isinstance(value, Secret) or field.name in concealed
        described[field.name] = MASK if is_hidden else value
    return described
