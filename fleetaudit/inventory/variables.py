"""The variables of every host, put together in Ansible's layers.

Weak to strong (ecosystem section 2, rule 3): ``vars`` of the groups in the inventory file, by
depth, priority and name; ``group_vars/all``; the other ``group_vars``, in the same order; the
host's own variables; ``host_vars``. So ``group_vars/all`` beats the ``vars`` of even the deepest
group of the file. A variable of a stronger layer replaces the whole of a weaker one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.inventory.files import read_document
from fleetaudit.inventory.reader import LinedMapping
from fleetaudit.inventory.tree import ALL
from fleetaudit.inventory.values import Origin, Variable

if TYPE_CHECKING:
    from pathlib import Path

    from fleetaudit.inventory.tree import Tree
    from fleetaudit.inventory.values import Variables
    from fleetaudit.inventory.vault import Vault

__all__ = ["VariableFiles", "layered"]


class VariableFiles:
    """``group_vars`` and ``host_vars`` beside an inventory; each file is read once."""

    def __init__(self, folder: Path, *, vault: Vault, warnings: list[str]) -> None:
        self._folder = folder
        self._vault = vault
        self._warnings = warnings
        self._groups: dict[str, Variables] = {}
        self._kinds = {kind: (folder / kind).is_dir() for kind in ("group_vars", "host_vars")}

    def of_group(self, name: str) -> Variables:
        """Return the variables of ``group_vars/NAME``."""
        if name not in self._groups:
            self._groups[name] = self._read("group_vars", name)
        return self._groups[name]

    def of_host(self, name: str) -> Variables:
        """Return the variables of ``host_vars/NAME``."""
        return self._read("host_vars", name)

    def _read(self, kind: str, name: str) -> Variables:
        if not self._kinds[kind] or "/" in name or name in {".", ".."}:
            return {}
        variables: dict[str, Variable] = {}
        folder = self._folder / kind
        try:
            paths = _found(folder, name)
        except OSError as error:
            raise Origin(file=str(folder)).error(f"it cannot be read: {error.strerror}") from None
        for path in paths:
            document = read_document(path, vault=self._vault, warnings=self._warnings)
            origin = Origin(file=str(path))
            content = document.content
            if content is None:
                continue
            if not isinstance(content, LinedMapping):
                raise origin.error("it is not a mapping of variables")
            for key, value in content.items():
                variables[str(key)] = Variable(
                    value=value,
                    origin=origin.at(content.key_lines.get(key)),
                    is_vaulted=document.is_vaulted,
                )
        return variables


_SUFFIXES = ("", ".yml", ".yaml", ".json")


def _found(folder: Path, name: str) -> list[Path]:
    """Return the files of one group or host: the first that exists of file, folder, suffixes."""
    for suffix in _SUFFIXES:
        path = folder / f"{name}{suffix}"
        if path.is_dir():
            return _within(path)
        if path.exists():
            return [path]
    return []


def _within(folder: Path) -> list[Path]:
    found: list[Path] = []
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.startswith(".") or path.name.endswith("~"):
            continue
        if path.is_dir() and not path.suffix:
            found.extend(_within(path))
        elif path.is_file() and path.suffix in _SUFFIXES:
            found.append(path)
    return found


def layered(tree: Tree, files: VariableFiles | None) -> dict[str, Variables]:
    """Return every host's variables; ``files`` is None where a source has no folder."""
    bases: dict[tuple[str, ...], Variables] = {}
    result: dict[str, Variables] = {}
    for host, own in tree.hosts.items():
        groups = tree.groups_of(host)
        if groups not in bases:
            bases[groups] = _of_groups(tree, groups, files)
        last = files.of_host(host) if files is not None else {}
        result[host] = {**bases[groups], **own, **last}
    return result


def _of_groups(tree: Tree, groups: tuple[str, ...], files: VariableFiles | None) -> Variables:
    merged: dict[str, Variable] = {}
    for name in groups:
        merged.update(tree.groups[name].variables)
    if files is not None:
        for name in (ALL, *(name for name in groups if name != ALL)):
            merged.update(files.of_group(name))
    return merged
