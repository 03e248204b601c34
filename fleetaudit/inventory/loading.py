"""An inventory source, read to the end: hosts, and how to reach each."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import InventoryError
from fleetaudit.inventory.connections import PSRP, WINRM, connection_kind, resolve
from fleetaudit.inventory.credentials import password_for_all, vault_password
from fleetaudit.inventory.host_values import HostValues
from fleetaudit.inventory.patterns import match
from fleetaudit.inventory.sources import read
from fleetaudit.inventory.tree import ALL
from fleetaudit.inventory.vault import Vault
from fleetaudit.records.host import Host

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from fleetaudit.inventory.tree import Tree
    from fleetaudit.records.host import Connection
    from fleetaudit.records.secret import Secret

__all__ = ["Inventory", "LoadOptions", "load"]

_NAMES_SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """What reading an inventory depends on, beside the source.

    Attributes:
        limit: A host pattern, as Ansible's ``--limit``; None for every host.
        vault_password: Opens vaults; None leaves it to ANSIBLE_VAULT_PASSWORD_FILE.
        password: Replaces every host's password, such as one typed at a prompt.
        environment: The environment variables; never read from the process.
        stdin: What standard input holds, for the source ``-``.
    """

    limit: str | None = None
    vault_password: Secret | None = None
    password: Secret | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    stdin: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The hosts that were asked for, ready to be reached.

    Attributes:
        source: The source, as the user named it.
        hosts: In the order of the inventory.
        groups: The names of the hosts of each group that has any; ``all`` among them.
        warnings: Sentences; what was left out or is likely a slip.
        concealed: By host, the fields of Connection that hold a vaulted value.
    """

    source: str
    hosts: tuple[Host, ...]
    groups: Mapping[str, tuple[str, ...]]
    warnings: tuple[str, ...] = ()
    concealed: Mapping[str, frozenset[str]] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )


def load(source: Path | str, *, options: LoadOptions) -> Inventory:
    """Return the hosts of ``source`` that ``options.limit`` names.

    A host whose ``ansible_connection`` is neither psrp nor winrm is left out with a warning.

    Args:
        source: A ``.yml``, ``.yaml`` or ``.json`` file; ``-`` for JSON on standard input; anything
            else is handed to ``ansible-inventory``.
        options: Limit, passwords, environment, standard input.

    Raises:
        InventoryError: The source, a value in it or the limit cannot be used, or no host is left.
        ConfigurationError: A file that a variable of the environment names cannot be used.
    """
    warnings: list[str] = []
    environment = options.environment
    opens_vaults = vault_password(options.vault_password, environment)
    raw = read(
        source,
        vault_password=opens_vaults,
        environment=environment,
        stdin=options.stdin or "",
        warnings=warnings,
    )
    vault = Vault(opens_vaults)
    groups = {name: raw.tree.members(name) for name in raw.tree.groups}
    names = _selected(str(source), raw.tree, groups, limit=options.limit, warnings=warnings)
    values = {
        name: HostValues(
            name,
            raw.variables[name],
            vault=vault,
            environment=environment,
            is_resolved=raw.is_resolved,
        )
        for name in names
    }
    reachable = _over_psrp(str(source), values, warnings)
    password = password_for_all(options.password, environment)
    connections = {
        name: resolve(one, password=password, environment=environment, warnings=warnings)
        for name, one in reachable.items()
    }
    _refuse_doubles(str(source), {name: one.connection for name, one in connections.items()})
    return Inventory(
        source=str(source),
        hosts=tuple(
            Host(
                name=name,
                connection=one.connection,
                groups=tuple(sorted(set(raw.tree.groups_of(name)) - {ALL})),
            )
            for name, one in connections.items()
        ),
        groups=MappingProxyType(_among(groups, connections.keys())),
        warnings=tuple(dict.fromkeys(warnings)),
        concealed=MappingProxyType({name: one.concealed for name, one in connections.items()}),
    )


def _selected(
    source: str,
    tree: Tree,
    groups: Mapping[str, Sequence[str]],
    *,
    limit: str | None,
    warnings: list[str],
) -> Sequence[str]:
    every = groups[ALL]
    if not every:
        raise InventoryError(
            "it has no hosts",
            file=source,
            remedy="Put hosts under the key 'hosts' of a group; see inventory.example.yml",
        )
    if limit is None:
        return every
    named = set(match(limit, hosts=tuple(tree.hosts), groups=groups, notices=warnings))
    if not named:
        raise InventoryError(
            f"--limit {limit!r} matches none of its {len(every)} hosts",
            file=source,
            remedy="See the names with 'fleetaudit inventory'",
        )
    return [name for name in every if name in named]


def _over_psrp(
    source: str, values: Mapping[str, HostValues], warnings: list[str]
) -> dict[str, HostValues]:
    by_kind: defaultdict[str, list[str]] = defaultdict(list)
    for name, one in values.items():
        by_kind[connection_kind(one)].append(name)
    for kind, names in by_kind.items():
        if kind == WINRM:
            warnings.append(
                f"{_some(names)} written for ansible_connection: winrm, reached over PSRP with "
                "the same settings."
            )
        elif kind != PSRP:
            warnings.append(f"{_some(names)} left out: ansible_connection is {kind!r}, not psrp.")
    kept = {*by_kind[PSRP], *by_kind[WINRM]}
    if not kept:
        raise InventoryError(
            "no host is reached over PSRP",
            file=source,
            remedy="Set 'ansible_connection: psrp' for the Windows hosts",
        )
    return {name: one for name, one in values.items() if name in kept}


def _refuse_doubles(source: str, connections: Mapping[str, Connection]) -> None:
    """Raise where two hosts are one machine: each would take the other's change for what was.

    Raises:
        InventoryError: Two have the same address, compared without case as DNS does, and port.
    """
    first: dict[tuple[str, int], str] = {}
    for name, connection in connections.items():
        place = (connection.server.casefold().rstrip("."), connection.port)
        other = first.setdefault(place, name)
        if other != name:
            raise InventoryError(
                f"the hosts {other} and {name} are the same machine:"
                f" {connection.server}, port {connection.port}",
                file=source,
                remedy=f"Remove one of them, or leave it out with --limit 'all:!{name}'",
            )


def _some(names: Sequence[str]) -> str:
    listed = ", ".join(names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN:,} more" if len(names) > _NAMES_SHOWN else ""
    noun = "host" if len(names) == 1 else "hosts"
    return f"{len(names):,} {noun} ({listed}{more}):"


def _among(
    groups: Mapping[str, Sequence[str]], wanted: Collection[str]
) -> dict[str, tuple[str, ...]]:
    kept = {name: tuple(host for host in hosts if host in wanted) for name, hosts in groups.items()}
    return {name: hosts for name, hosts in kept.items() if hosts}
