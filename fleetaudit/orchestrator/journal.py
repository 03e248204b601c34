"""What the orchestrator needs of the journal of debts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fleetaudit.records.debt import Debt

__all__ = ["Journal"]


class Journal(Protocol):
    """Remembers what is owed to which host, beyond the life of this process.

    Used by many threads and by several processes. At most one debt is open for a host and a
    setting: the second snapshot would hold what the first run set.
    """

    def owe(self, debts: Sequence[Debt]) -> None:
        """Write all of ``debts`` down, durably, or none.

        Raises:
            JournalError: They could not be written, or another run owes the same already.
        """
        ...

    def settle(self, debt: Debt, *, note: str = "") -> None:
        """Strike ``debt`` out; does nothing where it is not open.

        Raises:
            JournalError: It could not be struck out, so it counts as open.
        """
        ...

    def open_debts(self, host: str | None = None) -> tuple[Debt, ...]:
        """Return what is owed by any run, to one host or to all.

        Raises:
            JournalError: The journal cannot be read.
        """
        ...

    def damaged(self, host: str | None = None) -> Sequence[Path]:
        """Return the files that could not be read, of one host or of all: each may be a debt."""
        ...

    def is_live(self, run_id: str) -> bool:
        """Return whether a process is working on this run now."""
        ...
