"""Attempts counted per rule, on a host and, by adding hosts up, on the fleet.

A host yields one small table, its partial: for each rule one row of totals and one row for each
direction, program, remote, port and kind of attribution. Partials of any number of hosts add up to
one of the same shape, so the fleet, a second controller and an earlier run merge in one way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from fleetaudit.analysis.stretches import OUTSIDE
from fleetaudit.records.figures import RuleDrops, RuleIdentity, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

__all__ = ["count_attempts", "merge_partials", "partial_of", "rule_drops"]

DIMENSIONS: Final = {
    "direction": "network_direction",
    "program": "process_executable",
    "remote": "remote_ip",
    "port": "port",
    "attribution": "attribution",
}
_KEY: Final = ["rule_key", "dimension", "value"]
_COLUMNS: Final = [*_KEY, "attempts", "observed", "records", "first_ns", "last_ns", "hosts"]
TOP: Final = 10
"""How many programs, remotes and ports of a rule the report names."""


def count_attempts(records: pd.DataFrame) -> pd.DataFrame:
    """Return one row an attempt from ``records`` with the column ``attempt``.

    The first record of an attempt speaks for it; ``records`` counts them, ``first_ns`` and
    ``last_ns`` bound them.
    """
    ordered = records.sort_values("time_ns", kind="stable")
    grouped = ordered.groupby("attempt", sort=True)
    attempts = grouped.first()
    attempts["records"] = grouped.size()
    attempts["first_ns"] = grouped["time_ns"].min()
    attempts["last_ns"] = grouped["time_ns"].max()
    return attempts


def partial_of(attempts: pd.DataFrame) -> pd.DataFrame:
    """Return one host's partial.

    Args:
        attempts: As :func:`count_attempts` gives them, each with the number of its window.
    """
    values = {"": pd.Series("", index=attempts.index, dtype="object")} | {
        dimension: attempts[column].astype("object").fillna("")
        for dimension, column in DIMENSIONS.items()
    }
    figures = attempts[["rule_key", "records", "first_ns", "last_ns"]].assign(
        observed=(attempts["window"] != OUTSIDE).astype("int64")
    )
    long = pd.concat(
        [figures.assign(dimension=name, value=value) for name, value in values.items()],
        ignore_index=True,
    )
    return _sums(long.assign(attempts=1)).assign(hosts=1)[_COLUMNS]


def merge_partials(partials: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return the partial of all hosts together; order does not matter."""
    held = [partial for partial in partials if not partial.empty]
    if not held:
        return pd.DataFrame(columns=_COLUMNS)
    return _sums(pd.concat(held, ignore_index=True))


def _sums(rows: pd.DataFrame) -> pd.DataFrame:
    # One grouping and one pass a column: a named aggregation costs eight times as much a host.
    grouped = rows.groupby(_KEY, sort=True)
    summed = [name for name in ("attempts", "observed", "records", "hosts") if name in rows]
    sums = grouped[summed].sum()
    sums["first_ns"] = grouped["first_ns"].min()
    sums["last_ns"] = grouped["last_ns"].max()
    return sums.reset_index()


def rule_drops(
    fleet: pd.DataFrame,
    *,
    identities: Mapping[str, RuleIdentity],
    hosts: Mapping[str, Sequence[str]],
    observed_hours: float,
) -> tuple[RuleDrops, ...]:
    """Return what each rule dropped, most attempts first.

    Args:
        fleet: A merged partial.
        identities: By rule key.
        hosts: By rule key, the hosts on which it dropped something.
        observed_hours: Of all observed hosts, the denominator of every rate.
    """
    drops = []
    for key, rows in fleet.groupby("rule_key", sort=True):
        total = rows[rows["dimension"] == ""].iloc[0]
        tallies = {name: _tallies(rows[rows["dimension"] == name]) for name in DIMENSIONS}
        observed = int(total["observed"])
        drops.append(
            RuleDrops(
                rule=identities[str(key)],
                attempts=int(total["attempts"]),
                observed_attempts=observed,
                records=int(total["records"]),
                hosts=tuple(sorted(hosts[str(key)])),
                directions=tallies["direction"],
                programs=tallies["program"][:TOP],
                remotes=tallies["remote"][:TOP],
                ports=tallies["port"][:TOP],
                attributions=tallies["attribution"],
                first_seen=_moment(total["first_ns"]),
                last_seen=_moment(total["last_ns"]),
                rate_per_host_hour=observed / observed_hours if observed_hours > 0 else None,
            )
        )
    return tuple(sorted(drops, key=lambda one: (-one.attempts, one.rule.key)))


def _tallies(rows: pd.DataFrame) -> tuple[Tally, ...]:
    tallies = (
        Tally(value=str(value), attempts=int(attempts), hosts=int(hosts))
        for value, attempts, hosts in zip(
            rows["value"], rows["attempts"], rows["hosts"], strict=True
        )
    )
    return tuple(sorted(tallies, key=lambda one: (-one.attempts, one.value)))


def _moment(nanoseconds: int) -> datetime:
    return pd.Timestamp(int(nanoseconds), unit="ns", tz="UTC").floor("us").to_pydatetime()
