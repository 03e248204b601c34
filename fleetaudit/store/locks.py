"""Locks that the system frees when their process ends, however it ends."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, Self

from fleetaudit.store._paths import FILE_MODE

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

__all__ = ["Lock", "is_held"]

_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)  # absent on Windows


class Lock:
    """A file that one holder at a time has locked.

    Raises:
        BlockingIOError: Somebody else holds it.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NO_FOLLOW, FILE_MODE)
        try:
            _lock(self._descriptor)
        except OSError as error:
            self.release()
            raise BlockingIOError(*error.args) from error

    def release(self) -> None:
        """Let go; the file stays, because removing it would race with the next holder."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def is_held(path: Path) -> bool:
    """Return whether somebody, in this process or another, holds the lock."""
    if not path.exists():
        return False
    try:
        Lock(path).release()
    except BlockingIOError:
        return True
    return False


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
