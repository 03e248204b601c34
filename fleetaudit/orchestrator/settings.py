"""How a host is audited: what a person may choose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fleetaudit.records.debt import Wanted

if TYPE_CHECKING:
    from fleetaudit.orchestrator.bursts import Bursts

__all__ = ["RESTORE_PAUSES", "HoldSettings", "NoiseBudget", "SweepSettings"]

NOTHING_SPECIAL: Final = Wanted()
RESTORE_PAUSES: Final = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2))
"""Before the 2nd to 4th try; together they outlast a restart of the WinRM service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseBudget:
    """How much a window may write into a host's Security log before it is cut short.

    Attributes:
        events_per_s: Beyond this in two looks in a row, the window is closed.
        log_share: Beyond this part of the log's capacity, it is closed at once.
        first_look: When to look first, and again after a look that was beyond the budget.
        interval: When to look otherwise.
        most_looks: In one window; a longer one is looked at less often.
    """

    events_per_s: float = 50.0
    log_share: float = 0.25
    first_look: timedelta = timedelta(seconds=15)
    interval: timedelta = timedelta(seconds=60)
    most_looks: int = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSettings:
    """How a sweep is done.

    Attributes:
        run_id: Whose debts these are.
        window: For how long a host is audited.
        settling: Between the restore and the reading of the logs; nothing is held meanwhile.
        wanted: What a person chose about the changes.
        also: Operations that are carried out for the window beside the auditing, by name.
        bursts: When within the window auditing is on; None: all the time.
        is_constrained_allowed: Whether hosts in ConstrainedLanguage are audited.
        overrides_group_policy: Whether to audit where a group policy says that it be off.
        restore_pauses: Before each further try to put auditing back.
        needs_lease: Whether a host that can hold no lease is refused; else none is asked for.
        margin: How much later than the window the lease ends: time for the restore, and for a
            controller that has many windows to close.
        noise_budget: When a window is cut short; None: never.
    """

    run_id: str
    window: timedelta
    settling: timedelta = timedelta(seconds=5)
    wanted: Wanted = NOTHING_SPECIAL
    also: tuple[str, ...] = ()
    bursts: Bursts | None = None
    is_constrained_allowed: bool = True
    overrides_group_policy: bool = False
    restore_pauses: tuple[timedelta, ...] = RESTORE_PAUSES
    needs_lease: bool = True
    margin: timedelta = timedelta(minutes=15)
    noise_budget: NoiseBudget | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSettings:
    """How auditing is left on; the attributes are as in :class:`SweepSettings`.

    Attributes:
        run_id: Whose debts these are.
        lease: For how long; the lease on the host ends it, whatever becomes of the controller.
    """

    run_id: str
    lease: timedelta
    wanted: Wanted = NOTHING_SPECIAL
    also: tuple[str, ...] = ()
    overrides_group_policy: bool = False
    restore_pauses: tuple[timedelta, ...] = RESTORE_PAUSES
