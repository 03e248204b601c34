"""Attempts beside the time in which they were seen: numerators, denominators, what bends them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fleetaudit.analysis.attempts import PAUSE_S
from fleetaudit.analysis.stretches import OUTSIDE
from fleetaudit.records.figures import Gap, WindowDrops

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from fleetaudit.analysis.host import HostFigures
    from fleetaudit.analysis.stretches import ObservedWindow

__all__ = ["BurstEdges", "outside_gaps", "window_drops"]

_SECOND: Final = 1_000_000_000
_HOUR: Final = 3600 * _SECOND
_EDGE: Final = int(PAUSE_S * _SECOND)
"""Whatever is first seen later in a stretch has begun in it: of an attempt that began before, a
record would have come earlier."""


def window_drops(
    windows: Sequence[ObservedWindow], figures: HostFigures | None
) -> tuple[WindowDrops, ...]:
    """Return what was seen in each window; nothing is known where there are no figures."""
    inside = None if figures is None else _inside(figures.attempts)
    counts: Counter[int] = Counter()
    if inside is not None and not inside.empty:
        counts.update(inside["window"].tolist())
    return tuple(
        WindowDrops(
            opened_at=one.window.opened_at,
            closed_at=one.window.closed_at,
            observed_seconds=0.0 if figures is None else one.observed_ns / _SECOND,
            attempts=None if figures is None else counts[number],
        )
        for number, one in enumerate(windows)
    )


def outside_gaps(
    host: str, windows: Sequence[ObservedWindow], figures: HostFigures
) -> Iterable[Gap]:
    """Yield how many attempts no window holds; of a host without a closed one more is unknown."""
    attempts = figures.attempts
    if attempts.empty or not any(one.window.closed_at for one in windows):
        return
    outside = attempts[attempts["window"] == OUTSIDE]
    if not outside.empty:
        yield Gap(
            kind="records-outside-windows",
            host=host,
            what=f"Attempts first seen outside the observed time: {len(outside):,};"
            f" records behind them: {outside['records'].sum():,}",
            effect="They are counted, but are in no rate",
        )


@dataclass(slots=True)
class BurstEdges:
    """Sums over hosts that were audited in bursts: how much may have begun before a burst did.

    What is sent again for 15 s is seen by any burst in that time, so short bursts see more
    attempts than begin in them.
    """

    attempts: int = 0
    at_edges: int = 0
    observed_ns: int = 0
    edges_ns: int = 0

    def add(self, windows: Sequence[ObservedWindow], figures: HostFigures) -> None:
        """Add a host; one with a single window counts nothing."""
        if len(windows) <= 1:
            return
        inside = _inside(figures.attempts)
        self.attempts += len(inside)
        self.at_edges += 0 if inside.empty else int((inside["into_ns"] < _EDGE).sum())
        lengths = [end - begin for one in windows for begin, end in one.stretches]
        self.observed_ns += sum(lengths)
        self.edges_ns += sum(min(length, _EDGE) for length in lengths)

    def gaps(self) -> Iterable[Gap]:
        """Yield what that does to the rates of the fleet."""
        if not self.at_edges:
            return
        rest = (self.observed_ns - self.edges_ns) / _HOUR
        beside = ""
        if rest:
            beside = (
                f": {self.attempts * _HOUR / self.observed_ns:,.1f} attempts by host-hour in all"
                f" of the bursts, {(self.attempts - self.at_edges) / rest:,.1f} without their first"
                f" {PAUSE_S:.0f} s"
            )
        yield Gap(
            kind="burst-edges",
            host="",
            what=f"{self.at_edges:,} of {self.attempts:,} attempts were first seen in the first"
            f" {PAUSE_S:.0f} s of a burst and may have begun before it",
            effect=f"Rates are too high by those that had{beside}",
            remedy="Fewer and longer bursts",
        )


def _inside(attempts: pd.DataFrame) -> pd.DataFrame:
    return attempts if attempts.empty else attempts[attempts["window"] != OUTSIDE]
