"""Names that a host or an inventory chose, made into names of files; and files that nobody reads.

Evidence is content of a Security log, so folders are 0700 and files 0600.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FILE_MODE", "append", "create", "folder", "slug", "sync_folder", "write_atomically"]

FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700
_PLAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,78}[a-z0-9])?")
_ODD: Final = re.compile(r"[^a-z0-9]+")
_READABLE: Final = 40
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?")
_TEMPORARY: Final = (".tmp", ".partial", ".gz")
"""Ends that the store gives its own files; a name that has one already is never taken plain."""
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)  # absent on Windows


def slug(name: str) -> str:
    """Return the one safe file name for ``name``; different names get different ones.

    Plain lower-case names stay as they are. Of others a readable part is kept, and ``~`` with
    128 bits of SHA-256 is added; a plain name holds no ``~``. Upper case is not plain, because
    some file systems do not tell ``WEB01`` from ``web01``.
    """
    if (
        _PLAIN.fullmatch(name)
        and not _RESERVED.fullmatch(name)
        and ".." not in name
        and not name.endswith(_TEMPORARY)
    ):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    readable = _ODD.sub("-", name.lower()).strip("-")[:_READABLE]
    return f"{readable}~{digest}"


def folder(path: Path) -> Path:
    """Make a folder that only its owner may enter, and those above it; return it."""
    if not path.is_dir():
        folder(path.parent)
        path.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    return path


def create(path: Path, *, is_new: bool = False) -> BinaryIO:
    """Open a file of our own for writing, emptied; never through a symbolic link.

    Raises:
        FileExistsError: ``is_new`` and there is one.
    """
    kind = os.O_EXCL if is_new else os.O_TRUNC
    flags = os.O_WRONLY | os.O_CREAT | kind | _NO_FOLLOW
    return os.fdopen(os.open(path, flags, FILE_MODE), "wb")


def append(path: Path) -> BinaryIO:
    """Open a file of our own for adding to its end; never through a symbolic link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_FOLLOW
    return os.fdopen(os.open(path, flags, FILE_MODE), "ab")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that, whatever happens, there is the old content or the new one."""
    temporary = path.with_name(f"{path.name}.tmp")
    with create(temporary) as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make renames inside a folder last, where the system offers that."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
