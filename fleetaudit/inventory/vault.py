r"""ansible-vault values, decrypted.

Formats 1.1 and 1.2 with AES256 (ecosystem section 2)::

    $ANSIBLE_VAULT;1.2;AES256;label
    6232653761...          hex of: hex(salt) \n hex(HMAC) \n hex(ciphertext)

PBKDF2-HMAC-SHA256 with 10,000 rounds gives 80 bytes: AES-CTR key, HMAC key, initial counter. The
HMAC-SHA256 of the ciphertext is checked first; the plain text is padded as PKCS7.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import ConfigurationError
from fleetaudit.records.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.inventory.values import Origin

__all__ = ["HEADER", "Vault", "read_password_file"]

HEADER: Final = "$ANSIBLE_VAULT;"
"""How a vault, inline or a whole file, begins."""

_ROUNDS: Final = 10_000
_KEY_BYTES: Final = 32
_COUNTER_BYTES: Final = 16
_BLOCK_BITS: Final = 128
_SCRIPT_TIMEOUT_S: Final = 60
_REMEDY: Final = "Name a file with the password by --vault-password-file"


class Vault:
    """Decrypts with one password; each ciphertext once, as the key derivation takes 6 ms."""

    __slots__ = ("_password", "_plain")

    def __init__(self, password: Secret | None) -> None:
        self._password = password
        self._plain: dict[str, str] = {}

    def decrypt(self, text: str, *, origin: Origin, what: str) -> str:
        """Return the plain text of ``text``, a whole vault with its header.

        Args:
            text: The vault; space around and within its lines does not count.
            origin: Where it stands, for errors.
            what: What it is, for errors: "variable ansible_password of host web01".

        Raises:
            InventoryError: No password, a wrong password, a damaged vault or an unknown format.
        """
        if text not in self._plain:
            self._plain[text] = self._open(text, origin=origin, what=what)
        return self._plain[text]

    def _open(self, text: str, *, origin: Origin, what: str) -> str:
        if self._password is None:
            raise origin.error(f"{what} is vaulted and no password was given", remedy=_REMEDY)
        header, *body = text.split()
        parts = header.split(";")
        if parts[0] != HEADER.rstrip(";") or parts[1:3] not in (
            ["1.1", "AES256"],
            ["1.2", "AES256"],
        ):
            raise origin.error(
                f"{what} is vaulted in a format other than 1.1 and 1.2 with AES256",
                remedy="Encrypt it again with ansible-vault",
            )
        try:
            salt, seal, sealed = (
                binascii.unhexlify(part) for part in binascii.unhexlify("".join(body)).split(b"\n")
            )
        except ValueError:
            raise origin.error(
                f"{what} is a damaged vault", remedy="Encrypt it again with ansible-vault"
            ) from None
        plain = _decrypt(self._password, salt=salt, seal=seal, sealed=sealed)
        if plain is None:
            raise origin.error(f"the vault password does not open {what}", remedy=_REMEDY)
        return plain


def _decrypt(password: Secret, *, salt: bytes, seal: bytes, sealed: bytes) -> str | None:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    key = hashlib.pbkdf2_hmac(
        "sha256", password.reveal().encode(), salt, _ROUNDS, 2 * _KEY_BYTES + _COUNTER_BYTES
    )
    cipher_key, seal_key = key[:_KEY_BYTES], key[_KEY_BYTES : 2 * _KEY_BYTES]
    if not hmac.compare_digest(hmac.digest(seal_key, sealed, "sha256"), seal):
        return None
    decryptor = Cipher(algorithms.AES(cipher_key), modes.CTR(key[2 * _KEY_BYTES :])).decryptor()
    unpadder = PKCS7(_BLOCK_BITS).unpadder()
    padded = decryptor.update(sealed) + decryptor.finalize()
    try:
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except ValueError:
        return None


def read_password_file(file: str, *, named_by: str, environment: Mapping[str, str]) -> Secret:
    """Return the password in ``file``, without space around it.

    A file that is executable is run and its output taken, as Ansible does.

    Args:
        file: The file; ``~`` stands for HOME.
        named_by: The option or variable that named it, for errors.
        environment: What the file is run with, and HOME.

    Raises:
        ConfigurationError: It cannot be read or run, or is empty.
    """
    path = Path(file.replace("~", environment.get("HOME", "~"), 1) if file[:1] == "~" else file)
    try:
        if path.is_file() and os.access(path, os.X_OK):
            text = _output_of(path, environment)
        else:
            text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, subprocess.SubprocessError) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise ConfigurationError(
            f"{named_by} names {file}, which cannot be read ({reason})",
            remedy="Name a readable text file that holds the password",
        ) from None
    if not text.strip():
        raise ConfigurationError(
            f"{named_by} names {file}, which is empty", remedy="Write the password into it"
        )
    return Secret(text.strip())


def _output_of(script: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        [str(script.absolute())],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        encoding="utf-8",
        timeout=_SCRIPT_TIMEOUT_S,
    )
    return done.stdout
