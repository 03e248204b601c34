"""Groups and hosts, and who belongs to whom.

Built step by step as a source is read, then settled once. The rules are Ansible's (ecosystem
section 2, rules 2 and 4): a group without a parent belongs to ``all``; a host in no group but
``all`` belongs to ``ungrouped``; a host in a real group leaves ``ungrouped``. Groups are ordered
for variables by depth (longest path from ``all``), then priority, then name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import InventoryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.inventory.values import Origin, Variable

__all__ = ["ALL", "LONGEST_NAME", "UNGROUPED", "Group", "Tree", "checked_name"]

ALL: Final = "all"
UNGROUPED: Final = "ungrouped"
LONGEST_NAME: Final = 253
"""Characters of a name: as many as DNS allows, and fewer than a file name may have."""


def checked_name(name: object, *, what: str, origin: Origin) -> str:
    """Return the name of a host or group, if it can be one.

    Args:
        name: What stands in the source.
        what: "a host" or "a group", for errors.
        origin: Where it stands, for errors.

    Raises:
        InventoryError: It is no text, empty, too long, or has a character that cannot be printed.
    """
    if not isinstance(name, str) or not name.strip():
        raise origin.error(f"the name of {what} is not a text", remedy="Put it in quotes")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise origin.error(
            f"the name of {what} is longer than {LONGEST_NAME} characters or has one that cannot "
            "be printed"
        )
    return name


@dataclass(slots=True)
class Group:
    """One group while the tree grows; names stand for groups and hosts, in order of mention."""

    name: str
    priority: int = 1
    children: dict[str, None] = field(default_factory=dict)
    parents: dict[str, None] = field(default_factory=dict)
    hosts: dict[str, None] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)


class Tree:
    """All groups and hosts of one inventory.

    Attributes:
        groups: By name; ``all`` and ``ungrouped`` always exist.
        hosts: Each host's own variables.
    """

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {ALL: Group(ALL), UNGROUPED: Group(UNGROUPED)}
        self.hosts: dict[str, dict[str, Variable]] = {}
        self._depths: dict[str, int] = {}
        self._memberships: dict[str, tuple[str, ...]] = {}
        self.add_child(ALL, UNGROUPED)

    def add_group(self, name: str) -> Group:
        """Return the group, made if it is new."""
        return self.groups.setdefault(name, Group(name))

    def add_host(self, name: str, group: str) -> bool:
        """Put the host, made if it is new, into the group; return whether it is new."""
        is_new = name not in self.hosts
        self.hosts.setdefault(name, {})
        self.groups[group].hosts[name] = None
        return is_new

    def add_child(self, parent: str, child: str) -> None:
        """Put one existing group into another.

        Raises:
            InventoryError: The parent belongs to the child already; it names no file.
        """
        if parent == child or child in self._ancestors(parent):
            raise InventoryError(f"group {child!r} would contain itself, by way of {parent!r}")
        self.groups[parent].children[child] = None
        self.groups[child].parents[parent] = None

    def settle(self) -> None:
        """Apply the rules on ``all`` and ``ungrouped``; nothing may be added afterwards."""
        for group in list(self.groups.values()):
            if group.name != ALL and not group.parents:
                self.add_child(ALL, group.name)
        self._depths = self._longest_paths()
        above = {name: self._ancestors(name) for name in self.groups}
        ungrouped = self.groups[UNGROUPED]
        for host, groups in self._direct_groups().items():
            belongs = {name for group in groups for name in (group, *above[group])}
            if belongs - {ALL, UNGROUPED}:
                ungrouped.hosts.pop(host, None)
                belongs.discard(UNGROUPED)
            else:
                ungrouped.hosts[host] = None
                belongs.add(UNGROUPED)
            self._memberships[host] = tuple(sorted(belongs | {ALL}, key=self._rank))

    def groups_of(self, host: str) -> tuple[str, ...]:
        """Return every group the host belongs to, weakest first, ``all`` among them."""
        return self._memberships[host]

    def members(self, group: str) -> tuple[str, ...]:
        """Return the hosts of a group: its own first, then its children's, level by level."""
        found: dict[str, None] = {}
        for name in self._levels(group):
            found.update(self.groups[name].hosts)
        return tuple(found)

    def _rank(self, name: str) -> tuple[int, int, str]:
        return self._depths[name], self.groups[name].priority, name

    def _direct_groups(self) -> dict[str, list[str]]:
        direct: dict[str, list[str]] = {host: [] for host in self.hosts}
        for group in self.groups.values():
            for host in group.hosts:
                direct[host].append(group.name)
        return direct

    def _levels(self, group: str) -> Iterator[str]:
        level = {group: None}
        seen: set[str] = set()
        while level:
            yield from level
            seen.update(level)
            level = {
                child: None
                for name in level
                for child in self.groups[name].children
                if child not in seen
            }

    def _ancestors(self, group: str) -> set[str]:
        found: set[str] = set()
        waiting = [group]
        while waiting:
            for parent in self.groups[waiting.pop()].parents:
                if parent not in found:
                    found.add(parent)
                    waiting.append(parent)
        return found

    def _longest_paths(self) -> dict[str, int]:
        depths = dict.fromkeys(self.groups, 0)
        missing = {name: len(group.parents) for name, group in self.groups.items()}
        ready = [name for name, parents in missing.items() if not parents]
        while ready:
            name = ready.pop()
            for child in self.groups[name].children:
                depths[child] = max(depths[child], depths[name] + 1)
                missing[child] -= 1
                if not missing[child]:
                    ready.append(child)
        return depths
