"""The stretches of each window that were really observed: the denominator of every rate.

Auditing is on from the change that opened a window to the one that closed it, unless somebody
switched it off in between (4719, for instance by a policy refresh), and as far back as the log
still goes (windows-facts 5, 7). Times are ns since 1970 by the controller's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from fleetaudit.analysis.policy_changes import between, own_changes, since_epoch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

    from fleetaudit.analysis.policy_changes import PolicyChange
    from fleetaudit.records.audit_policy import Subcategory
    from fleetaudit.records.window import Window

__all__ = ["OUTSIDE", "LogStart", "ObservedWindow", "Stretch", "observe_window", "places"]

Stretch = tuple[int, int]
"""From and to, both included."""
OUTSIDE: Final = -1
"""The number of the window of an attempt that came in none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStart:
    """Where a log began when it was read.

    Attributes:
        oldest_record: The oldest record it still held.
        first_ns: When the first record that was read was written; None where none was read.
    """

    oldest_record: int
    first_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedWindow:
    """What of one window was observed.

    Attributes:
        window: As the host's record has it.
        stretches: By time, each after the other; none while the window is open.
        overwritten: How many records after its beginning the log had overwritten.
        cut_ns: How much of its beginning is gone with them.
        undone_ns: For how long somebody had switched each subcategory off.
    """

    window: Window
    stretches: tuple[Stretch, ...] = ()
    overwritten: int = 0
    cut_ns: int = 0
    undone_ns: Mapping[Subcategory, int] = field(default_factory=dict)

    @property
    def observed_ns(self) -> int:
        """Return for how long both subcategories were audited and the records are still there."""
        return sum(end - begin for begin, end in self.stretches)


def observe_window(
    window: Window, changes: Sequence[PolicyChange], log: LogStart | None
) -> ObservedWindow:
    """Return what of ``window`` was observed.

    Args:
        window: One of the host's windows.
        changes: All of the host's, by time.
        log: None where the host did not say where its log began: then nothing was overwritten.
    """
    if window.closed_at is None:
        return ObservedWindow(window=window)
    own = own_changes(window, changes)
    start = max((one.time_ns for one in own.opening), default=since_epoch(window.opened_at))
    closed = min((one.time_ns for one in own.closing), default=since_epoch(window.closed_at))
    end = max(start, closed)
    overwritten = 0 if log is None else max(0, log.oldest_record - window.first_record - 1)
    begin = start
    if log is not None and overwritten:
        begin = max(start, end if log.first_ns is None else min(log.first_ns, end))
    inside = [one for one in between(changes, begin, end) if begin < one.time_ns < end]
    off, undone = _switched_off(inside, end=end)
    return ObservedWindow(
        window=window,
        stretches=tuple(_without((begin, end), off)),
        overwritten=overwritten,
        cut_ns=begin - start,
        undone_ns=undone,
    )


def places(
    times: npt.NDArray[np.int64], windows: Sequence[ObservedWindow]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return for each time the number of its window, and how long its stretch had lasted, in ns.

    The number counts from 0; it is :data:`OUTSIDE`, and the length -1, for a time that no stretch
    holds.
    """
    spans = sorted(
        (begin, end, number) for number, one in enumerate(windows) for begin, end in one.stretches
    )
    if not spans:
        return np.full(len(times), OUTSIDE), np.full(len(times), -1)
    begins, ends, numbers = np.array(spans, dtype=np.int64).T
    found = np.searchsorted(begins, times, side="right") - 1
    is_inside = (found >= 0) & (times <= ends[found])
    return (
        np.where(is_inside, numbers[found], OUTSIDE),
        np.where(is_inside, times - begins[found], -1),
    )


def _switched_off(
    changes: Iterable[PolicyChange], *, end: int
) -> tuple[list[Stretch], dict[Subcategory, int]]:
    """Return when either subcategory was off, and for how long each was, until ``end``."""
    since: dict[Subcategory, int] = {}
    spans: list[tuple[Subcategory, int, int]] = []
    for change in changes:
        if not change.is_on:
            since.setdefault(change.subcategory, change.time_ns)
        elif change.subcategory in since:
            spans.append((change.subcategory, since.pop(change.subcategory), change.time_ns))
    spans.extend((subcategory, begin, end) for subcategory, begin in since.items())
    undone: dict[Subcategory, int] = {}
    for subcategory, begin, stop in spans:
        undone[subcategory] = undone.get(subcategory, 0) + stop - begin
    return [(begin, stop) for _, begin, stop in spans], undone


def _without(whole: Stretch, holes: Iterable[Stretch]) -> Iterable[Stretch]:
    """Yield what is left of ``whole``."""
    reached, end = whole
    for begin, stop in sorted(holes):
        if begin > reached:
            yield reached, begin
        reached = max(reached, stop)
    if end > reached:
        yield reached, end
