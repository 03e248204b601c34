"""The window: a stretch of time in which a host was audited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["Window"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When one host was audited; times are the controller's, record numbers the host's.

    A sweep in bursts has many on each host; they follow each other and do not overlap.

    Attributes:
        opened_at: When both subcategories had been read back as on.
        closed_at: When they were put back; None while the window is open.
        first_record: The newest record of the Security log before the window opened.
        leases: Names of the leases that guarded it: what the log says of their tasks is ours.
    """

    opened_at: datetime
    closed_at: datetime | None = None
    first_record: int = 0
    leases: tuple[str, ...] = ()
