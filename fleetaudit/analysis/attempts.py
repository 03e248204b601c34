"""Records folded into attempts: one try is one attempt, however often Windows writes it down.

Two effects multiply records (windows-facts 1.3): an unanswered TCP SYN is sent again, five times
within 15 s with growing pauses of up to 8 s, and a Receive/Accept block is written as 5157 and as
5152 when both subcategories are on.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

__all__ = ["RETRANSMISSION_GAP_S", "TWIN_GAP_S", "fold"]

RETRANSMISSION_GAP_S: Final = 10.0
"""A record of the same TCP tuple this soon after the one before is a retransmission."""

TWIN_GAP_S: Final = 1.0
"""A 5152 this close to a 5157 of the same tuple is its twin."""

_TCP: Final = 6
TUPLE: Final = (
    "rule_key",
    "network_iana_number",
    "network_direction",
    "local_ip",
    "local_port",
    "remote_ip",
    "remote_port",
)


def fold(drops: pd.DataFrame) -> pd.Series[int]:
    """Return the number of the attempt that each record belongs to, by the index of ``drops``.

    TCP records of one tuple are one attempt while the pause to the previous one is at most
    :data:`RETRANSMISSION_GAP_S`. Other protocols have no retransmission that Windows would do by
    itself, so there only a 5152 and a 5157 within :data:`TWIN_GAP_S` are one.

    Args:
        drops: Columns :data:`TUPLE`, ``event_code`` and ``time_ns`` (ns since 1970).
    """
    if drops.empty:
        return pd.Series([], index=drops.index, dtype="int64")
    group = drops.groupby(list(TUPLE), dropna=False, sort=False, observed=True).ngroup()
    order = np.lexsort((drops["event_code"].to_numpy(), drops["time_ns"].to_numpy(), group))
    groups = group.to_numpy()[order]
    times = drops["time_ns"].to_numpy()[order]
    codes = drops["event_code"].to_numpy()[order]
    tcp = drops["network_iana_number"].to_numpy()[order] == _TCP
    same = np.zeros(len(drops), dtype=bool)
    same[1:] = groups[1:] == groups[:-1]
    gap = np.zeros(len(drops))
    gap[1:] = (times[1:] - times[:-1]) / 1e9
    again = same & tcp & (gap <= RETRANSMISSION_GAP_S)
    differs = np.zeros(len(drops), dtype=bool)
    differs[1:] = codes[1:] != codes[:-1]
    twin = _every_other(same & ~tcp & differs & (gap <= TWIN_GAP_S))
    numbers = np.cumsum(~(again | twin))
    return pd.Series(numbers, index=drops.index[order], dtype="int64").reindex(drops.index)


def _every_other(flags: np.ndarray) -> np.ndarray:
    """Keep the first, third, ... flag of each run: a record is the twin of one record only."""
    positions = np.arange(len(flags))
    run_start = np.maximum.accumulate(np.where(~flags, positions, -1))
    return flags & ((positions - run_start) % 2 == 1)
