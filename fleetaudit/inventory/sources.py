"""Where an inventory comes from, and who reads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fleetaudit.inventory.ansible_command import list_inventory
from fleetaudit.inventory.files import parse_json, read_document
from fleetaudit.inventory.group_file import read_groups
from fleetaudit.inventory.listing import is_plain, read_listing, read_plain
from fleetaudit.inventory.reader import LinedMapping
from fleetaudit.inventory.tree import Tree
from fleetaudit.inventory.values import Origin
from fleetaudit.inventory.variables import VariableFiles, layered
from fleetaudit.inventory.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.inventory.values import Variables
    from fleetaudit.records.secret import Secret

__all__ = ["STANDARD_INPUT", "RawInventory", "read"]

STANDARD_INPUT: Final = "-"
"""The source that stands for JSON on standard input."""

_OWN_SUFFIXES: Final = frozenset({".yml", ".yaml", ".json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RawInventory:
    """A source before anything is decrypted or rendered.

    Attributes:
        tree: Groups and hosts.
        variables: Every host's variables, all layers merged.
        is_resolved: Whether the values are final, so that braces in them are plain text.
    """

    tree: Tree
    variables: Mapping[str, Variables]
    is_resolved: bool = False


def read(
    source: Path | str,
    *,
    vault_password: Secret | None,
    environment: Mapping[str, str],
    stdin: str,
    warnings: list[str],
) -> RawInventory:
    """Return every host and variable of ``source``, not yet decrypted or rendered.

    Args:
        source: A ``.yml``, ``.yaml`` or ``.json`` file; ``-`` for JSON on standard input; anything
            else is handed to ``ansible-inventory``.
        vault_password: Opens files that are vaulted whole.
        environment: What ``ansible-inventory`` is run with.
        stdin: What standard input holds.
        warnings: What is left out or is likely a slip is reported here.

    Raises:
        InventoryError: The source cannot be read.
    """
    name = str(source)
    origin = Origin(file="standard input" if name == STANDARD_INPUT else name)
    if name == STANDARD_INPUT:
        return _from_json(stdin, origin, warnings)
    path = Path(source)
    if _exists(path, origin) and path.is_file() and path.suffix in _OWN_SUFFIXES:
        vault = Vault(vault_password)
        document = read_document(path, vault=vault, warnings=warnings)
        if not isinstance(document.content, LinedMapping):
            what = "is empty" if document.content is None else "is not a mapping of groups"
            raise origin.error(f"it {what}", remedy="Begin with a group, such as 'all:'")
        if "plugin" not in document.content:
            tree = Tree()
            read_groups(
                document.content,
                tree,
                file=name,
                is_vaulted=document.is_vaulted,
                warnings=warnings,
            )
            return _with_files(tree, path, vault, warnings)
    listing = list_inventory(
        name,
        environment=environment,
        vault_password=vault_password,
    )
    return _from_json(listing, origin, warnings)


def _exists(path: Path, origin: Origin) -> bool:
    try:
        exists = path.exists()
    except OSError as error:
        raise origin.error(f"it cannot be read: {error.strerror}") from None
    if not exists and "," not in str(path):  # Ansible takes "web01,web02" for a list of hosts
        raise origin.error("there is no such file", remedy="Name an inventory by --inventory")
    return exists


def _with_files(tree: Tree, path: Path, vault: Vault, warnings: list[str]) -> RawInventory:
    tree.settle()
    warnings.extend(
        f"{path}: {name!r} is both a group and a host; its variables count for the group."
        for name in tree.hosts
        if name in tree.groups
    )
    files = VariableFiles(path.parent, vault=vault, warnings=warnings)
    return RawInventory(tree=tree, variables=layered(tree, files))


def _from_json(text: str, origin: Origin, warnings: list[str]) -> RawInventory:
    document = parse_json(text, origin=origin, warnings=warnings)
    if is_plain(document):
        tree, variables = read_plain(document, origin=origin)
        return RawInventory(tree=tree, variables=variables, is_resolved=True)
    tree, variables = read_listing(document, origin=origin)
    return RawInventory(tree=tree, variables=variables)
