"""The seam: what the rest of the program may ask of a host."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from fleetaudit.records.call import Attachment, ScriptCall, ScriptOutput
    from fleetaudit.records.host import Host

__all__ = ["MemorySink", "Session", "Sink", "Transport"]


class Sink(Protocol):
    """Where the files that a script sends are written while they arrive."""

    def open(self, name: str) -> BinaryIO:
        """Return a stream for the gzip-compressed bytes of ``name``; the caller closes it.

        A name that is opened again begins anew, because a run that broke may be repeated: what
        came before under that name is gone, kept or not.
        """
        ...

    def keep(self, attachment: Attachment) -> None:
        """Say that ``attachment`` came whole; a file opened and never kept is a partial one."""
        ...

    def read(self, name: str) -> bytes:
        """Return the decompressed bytes of a kept file; for small ones."""
        ...


class Session(Protocol):
    """One open shell on one host, used by one thread at a time."""

    def run(self, call: ScriptCall, sink: Sink) -> ScriptOutput:
        """Run a script and return what it yielded; its files have gone into ``sink``.

        Raises:
            HostError: One of its subclasses; the sink may hold a partial file then.
        """
        ...

    def close(self) -> None:
        """Close the shell on the host; never raises."""
        ...


class Transport(Protocol):
    """Opens sessions."""

    def connect(self, host: Host) -> Session:
        """Return an open session.

        Raises:
            HostError: One of its subclasses.
        """
        ...


class _Stream(io.BytesIO):
    def close(self) -> None:
        """Keep the buffer: the sink reads it afterwards."""


class MemorySink:
    """A sink that keeps small files in memory."""

    def __init__(self) -> None:
        self._streams: dict[str, _Stream] = {}
        self.kept: dict[str, Attachment] = {}

    def open(self, name: str) -> BinaryIO:
        """Return an empty stream in memory."""
        self.kept.pop(name, None)
        self._streams[name] = _Stream()
        return self._streams[name]

    def keep(self, attachment: Attachment) -> None:
        """Remember that the file came whole."""
        self.kept[attachment.name] = attachment

    def read(self, name: str) -> bytes:
        """Return the decompressed bytes."""
        if name not in self.kept:
            raise KeyError(name)
        return gzip.decompress(self._streams[name].getvalue())
