"""When a host is audited where short bursts stand in for the whole window.

Each stretch of ``every`` has one burst, at a place of its own that follows from the host, the run
and the number. So the hosts of a fleet take turns, and a program that does something every five
minutes cannot fall into every burst, or into none (stratified sampling).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

__all__ = ["Bursts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bursts:
    """How long and how often a host is audited within its window.

    Attributes:
        length: Of one burst.
        every: Of the stretch that one burst stands for; longer than a burst.
    """

    length: timedelta
    every: timedelta

    def __post_init__(self) -> None:
        if not self.length < self.every:
            raise ValueError("a burst must be shorter than the stretch that it stands for")

    def starts(
        self, window: timedelta, *, begun_at: datetime, run_id: str, host: str
    ) -> Iterator[datetime]:
        """Yield when each burst of a window begins; at least one."""
        for number in range(max(1, window // self.every)):
            place = _fraction(f"{run_id} {host} {number}")
            yield begun_at + number * self.every + place * (self.every - self.length)


def _fraction(text: str) -> float:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
