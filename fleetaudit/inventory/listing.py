"""Inventories as JSON: from ``ansible-inventory --list`` and from standard input.

Two shapes. What ``ansible-inventory --list`` prints (templates and inline vaults are left in it,
so they are resolved here)::

    {"_meta": {"hostvars": {"web01": {"ansible_user": "svc"}}},
     "all": {"children": ["ungrouped", "web"]}, "web": {"hosts": ["web01"]}}

And a plain one for playbooks and other programs; its values are final, so braces in them are
plain text. ``groups`` may be left out::

    {"hosts": {"web01": {"ansible_user": "svc", "ansible_password": "..."}},
     "groups": {"web": ["web01"]}}
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.errors import InventoryError
from fleetaudit.inventory.reader import LinedMapping
from fleetaudit.inventory.tree import ALL, Tree, checked_name
from fleetaudit.inventory.values import Variable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fleetaudit.inventory.values import Origin, Variables

__all__ = ["is_plain", "read_listing", "read_plain"]

_REMEDY = "Pass {\"hosts\": {NAME: {VARIABLE: VALUE}}} or the output of 'ansible-inventory --list'"


def is_plain(document: object) -> bool:
    """Return whether ``document`` has the plain shape."""
    return isinstance(document, LinedMapping) and "hosts" in document and "_meta" not in document


def read_plain(document: object, *, origin: Origin) -> tuple[Tree, dict[str, Variables]]:
    """Return the groups and every host's variables of the plain shape, settled.

    Raises:
        InventoryError: It has another shape, or a group names a host that is not listed.
    """
    hosts = _mapping(_mapping(document, "it", origin).get("hosts"), "'hosts'", origin)
    groups = _mapping(
        _mapping(document, "it", origin).get("groups") or LinedMapping(), "'groups'", origin
    )
    tree = Tree()
    for name in hosts:
        tree.add_host(checked_name(name, what="a host", origin=origin), ALL)
    for group, members in groups.items():
        tree.add_group(checked_name(group, what="a group", origin=origin))
        for member in _names(members, f"group {group!r}", origin):
            if member not in tree.hosts:
                raise origin.error(f"group {group!r} names {member!r}, which is not in 'hosts'")
            tree.add_host(member, str(group))
    tree.settle()
    return tree, _variables(tree, hosts, origin)


def read_listing(document: object, *, origin: Origin) -> tuple[Tree, dict[str, Variables]]:
    """Return the groups and every host's variables of Ansible's listing, settled.

    Raises:
        InventoryError: It has another shape.
    """
    listing = _mapping(document, "it", origin)
    meta = _mapping(listing.get("_meta") or LinedMapping(), "'_meta'", origin)
    hostvars = _mapping(meta.get("hostvars") or LinedMapping(), "'hostvars'", origin)
    tree = Tree()
    for key, value in listing.items():
        if key == "_meta":
            continue
        name = checked_name(key, what="a group", origin=origin)
        group = _mapping(value, f"group {name!r}", origin)
        tree.add_group(name)
        for host in _names(group.get("hosts") or [], f"'hosts' of {name!r}", origin):
            tree.add_host(host, name)
        for child in _names(group.get("children") or [], f"'children' of {name!r}", origin):
            tree.add_group(child)
            try:
                tree.add_child(name, child)
            except InventoryError as error:
                raise origin.error(error.happened) from None
    tree.settle()
    return tree, _variables(tree, hostvars, origin)


def _variables(tree: Tree, hosts: LinedMapping, origin: Origin) -> dict[str, Variables]:
    return {
        host: {
            str(name): Variable(value=value, origin=origin)
            for name, value in _mapping(
                hosts.get(host) or LinedMapping(), f"host {host!r}", origin
            ).items()
        }
        for host in tree.hosts
    }


def _mapping(value: object, what: str, origin: Origin) -> LinedMapping:
    if not isinstance(value, LinedMapping):
        raise origin.error(f"{what} is not an object of JSON", remedy=_REMEDY)
    return value


def _names(value: object, what: str, origin: Origin) -> Iterable[str]:
    if not isinstance(value, list):
        raise origin.error(f"{what} is not a list of names", remedy=_REMEDY)
    return [checked_name(name, what="a host or group", origin=origin) for name in value]
