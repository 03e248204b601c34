"""One host's variables, turned into a Connection.

Port and protocol, as Ansible has it (ecosystem section 1): neither set is https and 5986; only a
port is https unless it is 5985; only a protocol is 5986 or 5985. ``ansible_psrp_cert_validation:
ignore`` outranks a trust path.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fleetaudit.inventory.conversion import convert
from fleetaudit.inventory.psrp_variables import (
    MISTAKEN_NAMES,
    OPTIONS,
    OWN_VARIABLES,
    PLAYBOOK_VARIABLES,
    PSRP_VARIABLES,
    Kind,
)
from fleetaudit.records.host import Auth, Connection, Encryption

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.inventory.host_values import HostValues
    from fleetaudit.inventory.psrp_variables import Option
    from fleetaudit.inventory.values import Origin
    from fleetaudit.records.secret import Secret

__all__ = ["PSRP", "WINRM", "ResolvedConnection", "connection_kind", "resolve"]

PSRP: Final = "psrp"
WINRM: Final = "winrm"
_HTTPS_PORT: Final = 5986
_HTTP_PORT: Final = 5985


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedConnection:
    """A connection, and which of its fields hold a vaulted value that is never shown."""

    connection: Connection
    concealed: frozenset[str]


def connection_kind(values: HostValues) -> str:
    """Return the host's Ansible connection without its collection; ``psrp`` where it is not set."""
    value = values.get("ansible_connection")
    if value is None or not isinstance(value.content, str):
        return PSRP
    return value.content.strip().removeprefix("ansible.builtin.") or PSRP


def resolve(
    values: HostValues,
    *,
    password: Secret | None,
    environment: Mapping[str, str],
    warnings: list[str],
) -> ResolvedConnection:
    """Return how to reach the host.

    Args:
        values: The host's variables.
        password: What replaces the inventory's password; None leaves that.
        environment: HOME stands for ``~`` in the name of a file.
        warnings: Names that mean nothing are reported here.

    Raises:
        InventoryError: A value cannot be used; names host, variable, file and line.
    """
    _check_names(values, warnings)
    found: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    concealed: set[str] = set()
    for option in OPTIONS:
        if option.name == "password" and password is not None:
            found[option.name] = password
            continue
        name = _strongest(option, values)
        value = values.get(name)
        if value is None:
            continue
        origins[option.name] = value.origin
        if value.is_secret:
            concealed.add(option.name)
        _notice_odd_secret(option, value.content, f"{value.origin}: {name}", warnings)
        found[option.name] = convert(
            value, option, variable=name, host=values.host, environment=environment
        )
    return ResolvedConnection(
        connection=_connection(found, origins, values), concealed=frozenset(concealed)
    )


def _strongest(option: Option, values: HostValues) -> str:
    names = option.variables
    if connection_kind(values) == WINRM:
        names = (*option.winrm, *names)
    return next((name for name in reversed(names) if values.get(name) is not None), names[0])


def _connection(
    found: dict[str, Any], origins: dict[str, Origin], values: HostValues
) -> Connection:
    protocol = found.pop("protocol", None)
    port = found.get("port")
    if protocol is None:
        protocol = "http" if port == _HTTP_PORT else "https"
    found["ssl"] = protocol == "https"
    found["port"] = port or (_HTTPS_PORT if found["ssl"] else _HTTP_PORT)
    found["verify"] = found.pop("cert_validation", "validate") == "validate"
    if not found["verify"]:
        found.pop("trust_path", None)
    found.setdefault("server", values.host)
    if "path" in found:
        found["path"] = found["path"].lstrip("/")
    if "auth" in found:
        found["auth"] = Auth(found["auth"])
    if "encryption" in found:
        found["encryption"] = Encryption(found["encryption"])
    connection = Connection(**found)
    if connection.read_timeout_s <= connection.operation_timeout_s:
        origin = origins.get("operation_timeout_s") or origins["read_timeout_s"]
        raise origin.error(
            f"host {values.host} has a read timeout of {connection.read_timeout_s} s, which must "
            f"exceed its operation timeout of {connection.operation_timeout_s} s",
            remedy="Set ansible_psrp_read_timeout to the operation timeout and 10 s more",
        )
    return connection


def _notice_odd_secret(option: Option, content: object, what: str, warnings: list[str]) -> None:
    if option.kind is not Kind.SECRET:
        return
    if not isinstance(content, str):
        warnings.append(f"{what} is not a text to YAML and may read otherwise; put it in quotes.")
    elif content != content.rstrip("\r\n"):
        warnings.append(f"{what} ends with a line break, which counts as a part of it.")


def _check_names(values: HostValues, warnings: list[str]) -> None:
    for name, variable in values.variables.items():
        if name.startswith("fleetaudit_") and name not in OWN_VARIABLES | PLAYBOOK_VARIABLES:
            meant = _nearest(name, OWN_VARIABLES, prefix="fleetaudit_")
            raise variable.origin.error(
                f"{name} of host {values.host} is an unknown key",
                remedy=f"Did you mean {meant or ' or '.join(sorted(OWN_VARIABLES))}?",
            )
        if name.startswith("ansible_psrp_") and name not in PSRP_VARIABLES:
            meant = _nearest(name, PSRP_VARIABLES, prefix="ansible_psrp_")
            hint = f"; did you mean {meant}?" if meant else "."
            warnings.append(
                f"{variable.origin}: {name} is no variable of Ansible's psrp connection and has "
                f"no effect{hint}"
            )


def _nearest(name: str, known: frozenset[str], *, prefix: str) -> str:
    if name in MISTAKEN_NAMES:
        return MISTAKEN_NAMES[name]
    endings = sorted(one.removeprefix(prefix) for one in known)
    found = difflib.get_close_matches(name.removeprefix(prefix), endings, n=1)
    return f"{prefix}{found[0]}" if found else ""
