"""Records folded into attempts: one try is one attempt, however often Windows writes it down.

Two effects multiply records (windows-facts 1.3): what is not answered is sent again, a TCP SYN five
times within 15 s with growing pauses of up to 8 s, and a Receive/Accept block is written as 5157
and as 5152 when both subcategories are on. So records of one tuple are one attempt while the pause
to the record before is short, unless different rules dropped them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from fleetaudit.records.figures import Attribution

__all__ = ["PAUSE_S", "TUPLE", "fold"]

PAUSE_S: Final = 10.0
"""The longest pause within an attempt: longer than the last one between two SYNs (8 s), and short
of the 12 s after which another try is more likely."""

TUPLE: Final = (
    "network_iana_number",
    "network_direction",
    "local_ip",
    "local_port",
    "remote_ip",
    "remote_port",
)
"""What records of one attempt have in common; the filter number may change within it."""


def fold(drops: pd.DataFrame) -> pd.DataFrame:
    """Return ``drops`` with ``attempt``, the number of the attempt that each record belongs to.

    A policy refresh in the middle of an attempt gives the filter a new number, and the old one may
    be in no snapshot. Such a record is counted to the rule that the rest of its attempt was traced
    to, if that is one rule: ``rule_key`` and ``attribution`` are those of the rest then.

    Args:
        drops: Columns :data:`TUPLE`, ``time_ns`` (ns since 1970), ``rule_key``, ``attribution``.
    """
    if drops.empty:
        return drops.assign(attempt=pd.Series(dtype="int64"))
    ordered = _numbered(drops)
    is_orphan = ordered["attribution"] == Attribution.UNRESOLVED.value
    rules = ordered[~is_orphan].drop_duplicates(["volley", "rule_key"]).set_index("volley")
    single = rules[~rules.index.duplicated(keep=False)]
    is_adopted = is_orphan & ordered["volley"].isin(single.index)
    for column in ("rule_key", "attribution"):
        known = ordered["volley"].map(single[column])
        ordered[column] = ordered[column].where(~is_adopted, known)
    numbers = ordered.groupby(["volley", "rule_key"], sort=True).ngroup()
    return ordered.assign(attempt=numbers).drop(columns="volley").loc[drops.index]


def _numbered(drops: pd.DataFrame) -> pd.DataFrame:
    group = drops.groupby(list(TUPLE), dropna=False, sort=False, observed=True).ngroup().to_numpy()
    times = drops["time_ns"].to_numpy()
    order = np.lexsort((times, group))
    is_first = np.ones(len(drops), dtype=bool)
    is_first[1:] = (np.diff(group[order]) != 0) | (np.diff(times[order]) > PAUSE_S * 1e9)
    return drops.iloc[order].assign(volley=np.cumsum(is_first))
