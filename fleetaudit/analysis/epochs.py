"""Which snapshots of WFP state a record may be resolved against.

A filter number is valid on one host from one boot to the next (windows-facts 3), so a record and a
snapshot belong together only within one boot. The record's own boot is known from the boot times
that the host named before and after the window, and from the event log's own shutdown records
(Security 1100) in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pandas as pd

__all__ = ["Epoch", "Epochs", "draw_epochs"]

SAME_BOOT_SECONDS = 30.0
"""Boot times closer than this are one boot: Windows derives the time from its clock, which may be
set, and no machine shuts down and starts within half a minute of its last start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """A stretch of time in which every record has the same snapshots to look into.

    Attributes:
        boot: Number of the boot, from 0; -1 for a boot of which nothing is known.
        snapshots: Indices of the snapshots of the same boot, the best one first: the nearest at
            or after the stretch, then the nearest before it, then the others by distance.
    """

    boot: int
    snapshots: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Epochs:
    """All epochs of one host, cut at ``bounds`` (host time, ns since 1970)."""

    bounds: tuple[int, ...]
    epochs: tuple[Epoch, ...]

    def index(self, times: pd.Series[int]) -> np.ndarray:
        """Return the number of the epoch of each time; a time on a bound is before it."""
        return np.searchsorted(np.asarray(self.bounds, dtype=np.int64), times.to_numpy(), "left")


def draw_epochs(
    *, snapshots: Sequence[int], boots: Sequence[datetime], shutdowns: Sequence[int]
) -> Epochs:
    """Return the epochs that ``snapshots`` and ``boots`` make.

    Args:
        snapshots: Times of the snapshots, ns since 1970, ascending.
        boots: Boot times that the host named, ascending; empty if it named none.
        shutdowns: Times of the event log's shutdown records, ns since 1970, ascending.
    """
    spans = _boot_spans(boots=boots, shutdowns=shutdowns)
    edges = {edge for span in spans for edge in span if edge is not None}
    bounds = tuple(sorted({*snapshots, *edges}))
    homes = [_boot_of(time, spans) for time in snapshots]
    epochs = []
    for end in _ends(bounds):
        boot = _boot_of(end, spans)
        mine = [i for i, home in enumerate(homes) if home == boot and boot >= 0]
        later = [i for i in mine if snapshots[i] >= end]
        earlier = [i for i in reversed(mine) if snapshots[i] < end]
        best = [*later[:1], *earlier[:1], *later[1:], *earlier[1:]]
        epochs.append(Epoch(boot=boot, snapshots=tuple(best)))
    return Epochs(bounds=bounds, epochs=tuple(epochs))


_Span = tuple[int | None, int | None]


def _boot_spans(*, boots: Sequence[datetime], shutdowns: Sequence[int]) -> list[_Span]:
    starts: list[int] = []
    for boot in boots:
        start = int(boot.timestamp() * 1e9)
        if not starts or start - starts[-1] > SAME_BOOT_SECONDS * 1e9:
            starts.append(start)
    if not starts:
        edges = [None, *shutdowns, None]
        return list(pairwise(edges))
    spans: list[_Span] = []
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        ends = [s for s in shutdowns if s > start and (following is None or s < following)]
        spans.append((start, ends[0] if ends else following))
    # An export of a whole log begins long before the first boot that the host named.
    return [(starts[0] - round(SAME_BOOT_SECONDS * 1e9), spans[0][1]), *spans[1:]]


def _boot_of(time: int, spans: Sequence[_Span]) -> int:
    for number, (start, end) in enumerate(spans):
        if (start is None or time > start) and (end is None or time <= end):
            return number
    return -1


def _ends(bounds: Sequence[int]) -> list[int]:
    """Return a time in each stretch: its end, which belongs to it; the last stretch has none."""
    return [*bounds, bounds[-1] + 1] if bounds else [0]
