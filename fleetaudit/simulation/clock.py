"""A clock whose time moves only when somebody waits for a moment."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from fleetaudit.clock import SystemClock

if TYPE_CHECKING:
    from fleetaudit.clock import Clock

__all__ = ["SIMULATION_START", "SimulatedClock"]

SIMULATION_START: Final = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
"""When a simulated sweep begins, unless told otherwise."""


class SimulatedClock:
    """A clock that stands still while work is under way and jumps when all is waiting.

    A window of ten minutes so takes no time, and two sweeps of the same fleet see the same times.
    Deadlines are real, so that a host that hangs is still given up.
    """

    def __init__(
        self, start: datetime = SIMULATION_START, *, deadlines: Clock | None = None
    ) -> None:
        self._now = start
        self._deadlines: Clock = deadlines or SystemClock()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the simulated time."""
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        """Return real seconds: a deadline is about the machine, not about the simulation."""
        return self._deadlines.monotonic()

    def sleep(self, seconds: float) -> None:
        """Return at once: a pause between two tries moves nothing."""

    def sleep_until(self, moment: datetime) -> None:
        """Jump to ``moment``; a moment that has passed changes nothing."""
        with self._lock:
            self._now = max(self._now, moment)

    def patience(self, moment: datetime) -> float | None:  # noqa: ARG002 - the protocol's parameter
        """Return None: time stands still for as long as the work takes."""
        return None
