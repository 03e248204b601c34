"""What the orchestrator needs of a run directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from fleetaudit.records.evidence import Evidence, Phase
    from fleetaudit.records.host_record import HostRecord
    from fleetaudit.transport import Sink

__all__ = ["Folder", "Folders"]


class Folder(Protocol):
    """Where one host's evidence goes; used by one thread at a time."""

    def sink(self, source: str, phase: Phase, taken_at: datetime) -> Sink:
        """Return where the files of one run of a script are written."""
        ...

    def evidence(self) -> tuple[Evidence, ...]:
        """Return what was stored whole."""
        ...

    def commit(self, record: HostRecord) -> None:
        """Say that the host is done; only then it counts.

        Raises:
            RunDirectoryError: It could not be written.
        """
        ...


class Folders(Protocol):
    """The run directory; used by many threads."""

    def host(self, name: str) -> Folder:
        """Return the folder of a host.

        Raises:
            RunDirectoryError: It could not be made.
        """
        ...
