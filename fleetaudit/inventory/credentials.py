"""Which password counts, and which one opens the vaults.

Strong to weak: what the command was given (a prompt); FLEETAUDIT_PASSWORD; the file that
FLEETAUDIT_PASSWORD_FILE names, such as a systemd credential; the inventory; none, which means
the current Kerberos ticket. The first three count for every host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleetaudit.inventory.vault import read_password_file
from fleetaudit.records.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PASSWORD", "PASSWORD_FILE", "VAULT_PASSWORD_FILE", "password_for_all", "vault_password"]

PASSWORD: Final = "FLEETAUDIT_PASSWORD"  # noqa: S105 - a variable's name
PASSWORD_FILE: Final = "FLEETAUDIT_PASSWORD_FILE"  # noqa: S105 - likewise
VAULT_PASSWORD_FILE: Final = "ANSIBLE_VAULT_PASSWORD_FILE"  # noqa: S105 - likewise


def password_for_all(given: Secret | None, environment: Mapping[str, str]) -> Secret | None:
    """Return the password that replaces every host's own; None where the inventory's count.

    Raises:
        ConfigurationError: FLEETAUDIT_PASSWORD_FILE names a file that cannot be read or is empty.
    """
    if given is not None:
        return given
    if environment.get(PASSWORD):
        return Secret(environment[PASSWORD])
    return _from_file(PASSWORD_FILE, environment)


def vault_password(given: Secret | None, environment: Mapping[str, str]) -> Secret | None:
    """Return the password that opens vaults, as given or by ANSIBLE_VAULT_PASSWORD_FILE.

    Raises:
        ConfigurationError: The file cannot be read or is empty.
    """
    return given if given is not None else _from_file(VAULT_PASSWORD_FILE, environment)


def _from_file(variable: str, environment: Mapping[str, str]) -> Secret | None:
    file = environment.get(variable, "")
    if not file:
        return None
    return read_password_file(file, named_by=variable, environment=environment)
