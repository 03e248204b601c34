"""Records folded into attempts: one try is one attempt, however often Windows writes it down.

Two effects multiply records (windows-facts 1.3): what is not answered is sent again, a TCP SYN five
times within 15 s with growing pauses of up to 8 s, and a Receive/Accept block is written as 5157
and as 5152 when both subcategories are on. So records of one tuple and rule are one attempt while
the pause to the record before is short.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

__all__ = ["PAUSE_S", "TUPLE", "fold"]

PAUSE_S: Final = 10.0
"""The longest pause within an attempt: longer than the last one between two SYNs (8 s), and short
of the 12 s after which another try is more likely."""

TUPLE: Final = (
    "rule_key",
    "network_iana_number",
    "network_direction",
    "local_ip",
    "local_port",
    "remote_ip",
    "remote_port",
)
"""What records of one attempt have in common; the filter number may change within it."""


def fold(drops: pd.DataFrame) -> pd.Series[int]:
    """Return the number of the attempt that each record belongs to, by the index of ``drops``.

    Args:
        drops: Columns :data:`TUPLE` and ``time_ns`` (ns since 1970).
    """
    if drops.empty:
        return pd.Series([], index=drops.index, dtype="int64")
    group = drops.groupby(list(TUPLE), dropna=False, sort=False, observed=True).ngroup().to_numpy()
    times = drops["time_ns"].to_numpy()
    order = np.lexsort((times, group))
    is_first = np.ones(len(drops), dtype=bool)
    is_first[1:] = (np.diff(group[order]) != 0) | (np.diff(times[order]) > PAUSE_S * 1e9)
    return pd.Series(np.cumsum(is_first), index=drops.index[order], dtype="int64").reindex(
        drops.index
    )
