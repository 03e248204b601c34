"""The account file that pyspnego reads when it accepts NTLM.

pyspnego takes the accounts it accepts from the file that the environment variable NTLM_USER_FILE
names, and from nowhere else. The variable is set while any server runs and put back afterwards; the
file holds one account at a time, that of the host whose client is just being authenticated.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.network._auth_md4 import md4

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.records.secret import Secret

__all__ = ["Accounts", "accounts"]

_VARIABLE: Final = "NTLM_USER_FILE"
_NO_LM_HASH: Final = "0" * 32


class Accounts:
    """One file for all servers of this process, since there is one environment."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._users = 0
        self._before: str | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._written = ""

    @contextlib.contextmanager
    def in_use(self) -> Iterator[Accounts]:
        """Have the environment name the file until the last user has left."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._set_up()
        try:
            yield self
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    self._tear_down()

    @contextlib.contextmanager
    def only(self, username: str, password: Secret) -> Iterator[None]:
        """Have the file hold exactly this account; other threads wait."""
        # With hashes, because from a password pyspnego would compute the LM hash each time.
        line = f"{username}:0:{_NO_LM_HASH}:{_nt_hash(password)}:[U]:LCT-0\n"
        with self._lock:
            if line != self._written and self._folder is not None:
                Path(self._folder.name, "accounts").write_text(line, encoding="utf-8")
                self._written = line
            yield

    def _set_up(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="fleetaudit-accounts-")
        self._before = os.environ.get(_VARIABLE)
        file = Path(self._folder.name, "accounts")
        file.touch(mode=0o600)
        os.environ[_VARIABLE] = str(file)

    def _tear_down(self) -> None:
        if self._before is None:
            os.environ.pop(_VARIABLE, None)
        else:
            os.environ[_VARIABLE] = self._before
        if self._folder is not None:
            self._folder.cleanup()
        self._folder, self._written = None, ""


@functools.lru_cache(maxsize=1_024)
def _nt_hash(password: Secret) -> str:
    return md4(password.reveal().encode("utf-16-le")).hex().upper()


accounts: Final = Accounts()
"""The one of this process."""
