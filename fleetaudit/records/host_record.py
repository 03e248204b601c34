"""What a run knows of one host when it is done with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fleetaudit.records.figures import Gap
    from fleetaudit.records.outcome import Outcome
    from fleetaudit.records.window import Window

__all__ = ["HostRecord", "Restoration"]


class Restoration(StrEnum):
    """What became of the change that was made on a host."""

    NOT_NEEDED = "not-needed"
    """Nothing was changed."""
    RESTORED = "restored"
    """Put back to the snapshot and read back."""
    LEFT = "left"
    """Somebody else changed the setting meanwhile; theirs was left, and nothing is owed."""
    OWED = "owed"
    """A debt is left in the journal; ``fleetaudit restore`` pays it."""
    HELD = "held"
    """Left on, as ordered, until its lease ends or ``fleetaudit audit off`` puts it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRecord:
    """One host of one run; its outcomes and stored evidence.

    Attributes:
        host: The inventory name.
        outcomes: One for the host as a whole and one for each source.
        windows: When it was audited, by time: one, or a sweep's bursts; none where no window came
            about (check, import).
        restoration: What became of the change.
        gaps: What the plan itself knows that was not seen, or was done without a guard.
    """

    host: str
    outcomes: tuple[Outcome, ...]
    windows: tuple[Window, ...] = ()
    restoration: Restoration = Restoration.NOT_NEEDED
    gaps: tuple[Gap, ...] = ()
