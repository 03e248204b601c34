"""When a host is audited where short bursts stand in for the whole window.

Each stretch of ``every`` has one burst, at a place of its own that follows from the host, the run
and the number. So the hosts of a fleet take turns, and a program that does something every five
minutes cannot fall into every burst, or into none (stratified sampling).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

__all__ = ["APART", "Bursts"]

APART: Final = timedelta(seconds=20)
"""Between two bursts at least: a blocked connection is tried again for 15 s (windows-facts 0), and
one attempt must not be seen by two bursts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursts:
    """How long and how often a host is audited within its window.

    Attributes:
        length: Of one burst.
        every: Of the stretch that one burst stands for; longer than a burst by :data:`APART`.

    Raises:
        ValueError: A burst is too long for its stretch, or has no length.
    """

    length: timedelta
    every: timedelta

    def __post_init__(self) -> None:
        if not timedelta(0) < self.length <= self.every - APART:
            seconds = APART.total_seconds()
            raise ValueError(f"bursts must lie at least {seconds:.0f} s apart")

    def starts(
        self, window: timedelta, *, begun_at: datetime, run_id: str, host: str
    ) -> Iterator[datetime]:
        """Yield when each burst of a window begins; at least one."""
        for number in range(max(1, window // self.every)):
            place = _fraction(f"{run_id} {host} {number}")
            yield begun_at + number * self.every + place * (self.every - self.length - APART)


def _fraction(text: str) -> float:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
