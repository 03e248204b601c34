"""The error stream of a run, as a few readable lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fleetaudit.transport._text import visible
from fleetaudit.transport.framing import FramingError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fleetaudit.transport.framing import Limits

__all__ = ["Complaints", "ErrorRecord"]


class ErrorRecord(Protocol):
    """What is read of a PSRP error record ([MS-PSRP] 2.2.3.15); its text is ``str()`` of it."""

    @property
    def fq_error(self) -> str | None:
        """Return the FullyQualifiedErrorId, which no translation changes."""
        ...


class Complaints:
    """Collects error records: cut, capped, counted; the last one is remembered whole."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lines: list[str] = []
        self._count = 0
        self.last_message = ""
        self.identifiers: list[str] = []

    def add(self, records: Iterable[ErrorRecord]) -> None:
        """Take error records in the order they came.

        Raises:
            FramingError: The host sends more of them than any script of ours can cause.
        """
        for record in records:
            self._count += 1
            if self._count > self._limits.errors:
                raise FramingError(f"the script wrote more than {self._limits.errors} errors")
            self.last_message = visible(str(record)) or "an error without a text"
            identifier = record.fq_error
            self.identifiers.append(identifier if isinstance(identifier, str) else "")
            if len(self._lines) < self._limits.complaints:
                self._lines.append(self.last_message)

    @property
    def lines(self) -> tuple[str, ...]:
        """Return one line a record, and one that counts those left out."""
        left_out = self._count - len(self._lines)
        rest = (f"and {left_out} more errors",) if left_out else ()
        return (*self._lines, *rest)

    @property
    def unsupported(self) -> bool:
        """Return whether the script said that the host has no such thing."""
        return any(one.startswith("Fleetaudit.Unsupported") for one in self.identifiers)
