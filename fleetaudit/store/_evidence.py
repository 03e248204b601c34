"""Evidence on disk: written under a temporary name, kept by a rename, listed in an index.

Below a host's folder::

    evidence/wfp-state/after/wfpstate.xml.gz          came whole
    evidence/wfp-state/during/20261121T081500.000000Z/wfpstate.xml.gz
                                                      one of several within the window
    evidence/security-events/after/security.evtx.gz.partial   did not
    evidence.jsonl                                    one line for each that came whole
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from fleetaudit.errors import EvidenceError, RunDirectoryError
from fleetaudit.records.evidence import Evidence, Phase
from fleetaudit.store import _json
from fleetaudit.store._paths import append, create, folder, slug

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from io import FileIO
    from pathlib import Path

    from fleetaudit.records.call import Attachment

__all__ = ["INDEX", "EvidenceSink", "index", "open_verified", "partial_files"]

INDEX: Final = "evidence.jsonl"
_BLOCK: Final = 1024 * 1024
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)  # absent on Windows


class EvidenceSink:
    """Where one run of one script puts its files; see :class:`fleetaudit.transport.Sink`."""

    def __init__(self, home: Path, source: str, phase: Phase, taken_at: datetime) -> None:
        self._home = home
        self._source = source
        self._phase = phase
        self._taken_at = taken_at
        self._folder = home / "evidence" / slug(source) / phase.value
        if phase is Phase.DURING:  # asked again, it adds to the earlier answers
            self._folder /= f"{taken_at:%Y%m%dT%H%M%S.%fZ}"
        self._kept: dict[str, Path] = {}

    def open(self, name: str) -> BinaryIO:
        """Return a stream for the gzip-compressed bytes of ``name``; the caller closes it."""
        try:
            return create(self._partial(name))
        except OSError as error:
            raise self._unwritable(error) from error

    def keep(self, attachment: Attachment) -> None:
        """Give a file that came whole its name, and list it."""
        path = self._path(attachment.name)
        evidence = Evidence(
            source=self._source,
            phase=self._phase,
            name=attachment.name,
            file=path.relative_to(self._home).as_posix(),
            length=attachment.length,
            sha256=attachment.sha256,
            taken_at=self._taken_at,
        )
        try:
            self._partial(attachment.name).replace(path)
            with append(self._home / INDEX) as stream:
                stream.write(_json.encode(_json.from_evidence(evidence), indent=None))
        except OSError as error:
            raise self._unwritable(error) from error
        self._kept[attachment.name] = path

    def read(self, name: str) -> bytes:
        """Return the decompressed bytes of a kept file; for small ones.

        Raises:
            KeyError: It was not kept.
        """
        return gzip.decompress(self._kept[name].read_bytes())

    def _path(self, name: str) -> Path:
        return folder(self._folder) / f"{slug(name)}.gz"

    def _partial(self, name: str) -> Path:
        path = self._path(name)
        return path.with_name(f"{path.name}.partial")

    def _unwritable(self, error: OSError) -> RunDirectoryError:
        return RunDirectoryError(
            f"evidence cannot be written: {error}",
            file=str(self._folder),
            remedy="Look at the folder's rights and space",
        )


def index(home: Path) -> tuple[tuple[Evidence, ...], tuple[str, ...]]:
    """Return what came whole, in the order it came, and what is wrong with which line.

    Of a file sent twice the later one is returned. A line is cut when the process that wrote it
    was killed; the others stand.

    Raises:
        RunDirectoryError: The index cannot be read.
    """
    path = home / INDEX
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return (), ()
    except OSError as error:
        raise RunDirectoryError(f"cannot be read: {error}", file=str(path)) from error
    found: dict[str, Evidence] = {}
    damages: list[str] = []
    for number, line in enumerate(lines, start=1):
        try:
            evidence = _json.to_evidence(_json.decode(line))
        except ValueError as error:
            damages.append(f"line {number} is damaged: {error}")
            continue
        found.pop(evidence.file, None)
        found[evidence.file] = evidence
    return tuple(found.values()), tuple(damages)


def partial_files(home: Path) -> tuple[str, ...]:
    """Return the files that did not come whole, as paths below the host's folder, sorted."""
    partial = (home / "evidence").glob("**/*.partial")
    return tuple(sorted(path.relative_to(home).as_posix() for path in partial))


def open_verified(home: Path, evidence: Evidence) -> BinaryIO:
    """Return the decompressed bytes as a stream that can seek, once their hash was compared.

    The file is read through for that, a block at a time, and never further than its length.

    Raises:
        EvidenceError: The file is missing, damaged, or not what was stored.
    """
    path = home / evidence.file
    if not path.resolve().is_relative_to(home.resolve()):
        raise EvidenceError("lies outside of the run directory", file=str(path))
    try:
        descriptor = os.open(path, os.O_RDONLY | _NO_FOLLOW)
        raw = os.fdopen(descriptor, "rb")
    except OSError as error:
        raise EvidenceError(f"cannot be read: {error}", file=str(path)) from error
    try:
        _verify(raw, evidence, path)
    except BaseException:
        raw.close()
        raise
    raw.seek(0)
    return _stream(raw)


def _verify(raw: BinaryIO, evidence: Evidence, path: Path) -> None:
    digest = hashlib.sha256()
    length = 0
    try:
        for block in _blocks(raw):
            digest.update(block)
            length += len(block)
            if length > evidence.length:
                break
    except (OSError, EOFError, zlib.error) as error:
        raise EvidenceError(f"is damaged: {error}", file=str(path)) from error
    if length != evidence.length or digest.hexdigest() != evidence.sha256:
        raise EvidenceError(
            "is not what was stored: its length or its SHA-256 differs", file=str(path)
        )


def _blocks(raw: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=raw) as stream:
        while block := stream.read(_BLOCK):
            yield block


def _stream(raw: BinaryIO) -> BinaryIO:
    stream = gzip.GzipFile(fileobj=raw)
    # Closing the stream closes the file too, as gzip.open() has it; typeshed wants a FileIO.
    stream.myfileobj = cast("FileIO", raw)
    return cast("BinaryIO", stream)
