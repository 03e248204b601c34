"""How long and how much one conversation may still take; HTTP has no overall deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fleetaudit.clock import Clock

__all__ = ["AnswerTooLargeError", "Budget", "DeadlinePassedError"]

# An answer is about 128 kB; we allow envelopes of 500 kB. pypsrp takes an answer apart in quadratic
# time, so one of 16 MB made of tiny fragments would keep a thread busy for hours.
_ANSWER_BYTES: Final = 2 << 20


class DeadlinePassedError(Exception):
    """The deadline passed while a request was under way; no kind of timeout of requests."""


class AnswerTooLargeError(Exception):
    """One answer is longer than any WS-Management answer can be."""


class Budget:
    """The deadline of whatever one thread does with one host at the moment."""

    def __init__(self, clock: Clock, *, answer_bytes: int = _ANSWER_BYTES) -> None:
        self._clock = clock
        self._until = float("inf")
        self.answer_bytes = answer_bytes

    def allow(self, seconds: float) -> None:
        """Set the deadline to ``seconds`` from now."""
        self._until = self._clock.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left.

        Raises:
            DeadlinePassedError: None are left.
        """
        left = self._until - self._clock.monotonic()
        if left <= 0:
            raise DeadlinePassedError
        return left

    def clip(self, seconds: float | None) -> float | None:
        """Return ``seconds``, or what is left where that is less.

        Raises:
            DeadlinePassedError: None are left.
        """
        left = self.left()
        if left == float("inf"):
            return seconds
        return left if seconds is None else min(seconds, left)
