"""A YAML inventory file, read into a tree.

The shape is Ansible's::

    windows:                  # a group
      vars: {ansible_user: svc}
      hosts:
        web[01:20].example.org: {ansible_port: 5986}
      children:
        databases: {hosts: {db01: null}}
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import InventoryError
from fleetaudit.inventory.ranges import expand, split_port
from fleetaudit.inventory.reader import LinedMapping
from fleetaudit.inventory.tree import checked_name
from fleetaudit.inventory.values import Origin, Variable

if TYPE_CHECKING:
    from fleetaudit.inventory.tree import Tree

__all__ = ["read_groups"]

_SECTIONS: Final = ("vars", "children", "hosts")
_SHAPE: Final = "A group is a mapping with the keys vars, children and hosts"


def read_groups(
    groups: LinedMapping, tree: Tree, *, file: str, is_vaulted: bool, warnings: list[str]
) -> None:
    """Put every group and host into ``tree``.

    Args:
        groups: The file's content.
        tree: Grows.
        file: How errors name it.
        is_vaulted: Whether the file was vaulted whole.
        warnings: What is left out is reported here.

    Raises:
        InventoryError: A part has the wrong shape; it names the line.
    """
    reading = _Reading(tree, file=file, is_vaulted=is_vaulted, warnings=warnings)
    for name, data in groups.items():
        place = reading.place(groups, name)
        if data is None or isinstance(data, LinedMapping):
            reading.group(checked_name(name, what="a group", origin=place), data)
        else:
            warnings.append(f"{place}: {name!r} is {_kind(data)}, no group; it is left out.")


class _Reading:
    def __init__(self, tree: Tree, *, file: str, is_vaulted: bool, warnings: list[str]) -> None:
        self._tree = tree
        self._file = Origin(file=file)
        self._is_vaulted = is_vaulted
        self._warnings = warnings

    def place(self, mapping: LinedMapping, key: object) -> Origin:
        return self._file.at(mapping.key_lines.get(key, mapping.line))

    def group(self, name: str, data: LinedMapping | None) -> None:
        self._tree.add_group(name)
        if data is None:
            return
        sections = {key: self._section(data, key, group=name) for key in _SECTIONS if key in data}
        for key in data:
            if key == "vars":
                self._variables(name, sections[key])
            elif key == "children":
                self._children(name, sections[key])
            elif key == "hosts":
                self._hosts(name, sections[key])
            else:
                self._unexpected(data, key, group=name)

    def _section(self, data: LinedMapping, key: str, *, group: str) -> LinedMapping:
        section = data[key]
        place = self.place(data, key)
        if section is None:
            return LinedMapping(place.line)
        if isinstance(section, str):
            only = LinedMapping(place.line)
            only[section] = None
            return only
        if not isinstance(section, LinedMapping):
            remedy = f"Write each as a key: '{key}:', and below it 'NAME:' without a dash"
            raise place.error(
                f"{key!r} of group {group!r} is {_kind(section)}, not a mapping", remedy=remedy
            )
        return section

    def _unexpected(self, data: LinedMapping, key: object, *, group: str) -> None:
        nearest = difflib.get_close_matches(str(key), _SECTIONS, n=1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else f"{_SHAPE}."
        self._warnings.append(
            f"{self.place(data, key)}: {key!r} in group {group!r} is left out; {hint}"
        )

    def _variables(self, group: str, section: LinedMapping) -> None:
        for name, value in section.items():
            place = self.place(section, name)
            if name == "ansible_group_priority":
                self._tree.groups[group].priority = _priority(value, place)
            else:
                self._tree.groups[group].variables[str(name)] = self._variable(value, place)

    def _variable(self, value: object, place: Origin) -> Variable:
        return Variable(value=value, origin=place, is_vaulted=self._is_vaulted)

    def _children(self, group: str, section: LinedMapping) -> None:
        for key, data in section.items():
            place = self.place(section, key)
            name = checked_name(key, what="a group", origin=place)
            if data is not None and not isinstance(data, LinedMapping):
                raise place.error(f"group {name!r} is {_kind(data)}", remedy=_SHAPE)
            self.group(name, data)
            try:
                self._tree.add_child(group, name)
            except InventoryError as error:
                raise place.error(error.happened) from None

    def _hosts(self, group: str, section: LinedMapping) -> None:
        for key, data in section.items():
            place = self.place(section, key)
            pattern = checked_name(key, what="a host", origin=place)
            if data and not isinstance(data, LinedMapping):
                raise place.error(
                    f"host {pattern!r} is {_kind(data)}, not a mapping of variables",
                    remedy="Write the host's variables as 'NAME: VALUE' below it",
                )
            variables = data if isinstance(data, LinedMapping) else LinedMapping()
            self._host(group, pattern, variables, place)

    def _host(self, group: str, pattern: str, variables: LinedMapping, place: Origin) -> None:
        bare, port = split_port(pattern)
        names = expand(bare, origin=place)
        if not names:
            self._warnings.append(f"{place}: {pattern!r} stands for no host: its range is empty.")
        own = {
            str(name): self._variable(value, self.place(variables, name))
            for name, value in variables.items()
        }
        for name in names:
            if self._tree.add_host(name, group) and port is not None:
                self._tree.hosts[name]["ansible_port"] = Variable(value=port, origin=place)
            # Ansible gives the variables of a host to the group of the same name, if there is one.
            named_alike = self._tree.groups.get(name)
            target = self._tree.hosts[name] if named_alike is None else named_alike.variables
            target.update(own)


def _priority(value: object, place: Origin) -> int:
    if isinstance(value, int | str):
        try:
            return int(value)
        except ValueError:
            pass
    raise place.error("ansible_group_priority is not a whole number")


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "a list"
    if isinstance(value, LinedMapping):
        return "a mapping"
    return "a single value"
