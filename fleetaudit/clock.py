"""The only reader of time; everything else is given a Clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Tells the time and waits; tests and the simulated fleet pass one of their own."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go backwards, for deadlines."""
        ...

    def sleep(self, seconds: float) -> None:
        """Pause the calling thread; for pauses of seconds between two tries."""
        ...

    def sleep_until(self, moment: datetime) -> None:
        """Return when ``moment`` has come; called only while no work is under way."""
        ...

    def patience(self, moment: datetime) -> float | None:
        """Return how many seconds to wait for running work before ``moment`` comes.

        None means: for as long as the work takes. A simulated clock says so, because its time
        stands still while anything runs, which makes a simulated sweep the same every time.
        """
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Pause the calling thread."""
        time.sleep(max(0.0, seconds))

    def sleep_until(self, moment: datetime) -> None:
        """Return when ``moment`` has come."""
        self.sleep((moment - self.now()).total_seconds())

    def patience(self, moment: datetime) -> float | None:
        """Return the seconds left until ``moment``, never below zero."""
        return max(0.0, (moment - self.now()).total_seconds())
