"""Every source that is not a YAML file, read by Ansible's own ``ansible-inventory``.

INI files, scripts, plugin configurations and folders. Ansible is run as a command and never
imported: it is GPL-3.0. What it writes to standard error is not shown, as it quotes the source.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import InventoryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fleetaudit.records.secret import Secret

__all__ = ["list_inventory"]

_COMMAND: Final = "ansible-inventory"
_TIMEOUT_S: Final = 600
_STRICT: Final = {
    "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
    "ANSIBLE_INVENTORY_EXPORT": "false",
}


def list_inventory(
    source: str,
    *,
    environment: Mapping[str, str],
    vault_password: Secret | None,
    python: str = sys.executable,
) -> str:
    """Return what ``ansible-inventory --list`` says of ``source``: JSON.

    Args:
        source: The source, as the user named it.
        environment: What the command is run with; the command is looked for on its PATH.
        vault_password: Opens whole-file vaults; passed in a private file for that time.
        python: The command is looked for beside this as well: a virtual environment is often
            not activated.

    Raises:
        InventoryError: The command does not exist, failed, or took more than ten minutes.
    """
    command = _command(environment, python)
    if command is None:
        raise InventoryError(
            "only .yml, .yaml and .json inventories are read without Ansible",
            file=source,
            remedy="Install Ansible's command with 'pip install ansible-core', or pass resolved "
            "JSON by '--inventory -'",
        )
    with _vault_file(vault_password) as more:
        try:
            done = subprocess.run(
                [command, f"--inventory={source}", "--list"],
                env={"LC_ALL": "C.UTF-8", **environment, **more, **_STRICT},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=_TIMEOUT_S,
            )
        except subprocess.TimeoutExpired:
            raise InventoryError(
                f"{_COMMAND} did not end within {_TIMEOUT_S} s", file=source
            ) from None
        except OSError as error:
            raise InventoryError(
                f"{command} cannot be run: {error.strerror}", file=source
            ) from None
    if done.returncode:
        raise InventoryError(
            f"{_COMMAND} could not read it and ended with code {done.returncode}",
            file=source,
            remedy=f"See what '{_COMMAND} --inventory={source} --list' says",
        )
    return done.stdout.decode("utf-8", errors="replace")


def _command(environment: Mapping[str, str], python: str) -> str | None:
    places = (environment.get("PATH", ""), str(Path(python).parent))
    return next((found for place in places if (found := shutil.which(_COMMAND, path=place))), None)


@contextmanager
def _vault_file(password: Secret | None) -> Iterator[dict[str, str]]:
    if password is None:
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="fleetaudit-") as folder:
        file = Path(folder) / "vault-password"
        file.touch(mode=0o600)
        file.write_text(password.reveal(), encoding="utf-8")
        yield {"ANSIBLE_VAULT_PASSWORD_FILE": str(file)}
