"""The figures of a report beside what the simulated fleet truly dropped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fleetaudit.records.figures import RuleKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fleetaudit.records.figures import Analysis, RuleDrops, RuleIdentity
    from fleetaudit.simulation.model.truth import FleetTruth, RuleFigures, TrueRule

__all__ = ["RuleScore", "Score", "WindowScore", "score"]

_A_MOMENT: Final = timedelta(seconds=2)
"""Clock offsets are known to the length of a round trip."""
_PROGRAMS: Final = {"System": "system", "-": "(no endpoint)"}
_OWN_NAMES: Final = {RuleKind.RULE, RuleKind.THIRD_PARTY, RuleKind.OTHER}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleScore:
    """One rule: what was found, beside what is true; both as (attempts, records).

    Attributes:
        name: For people.
        true: Of the attempts of which at least one record could be read.
        found: Of the rows of the report that are this rule.
        rows: How many rows that is; a rule is one row on the fleet.
        differences: Breakdowns that differ although the attempts are equal: hosts, programs,
            remotes, ports, directions, first and last seen.
    """

    name: str
    true: tuple[int, int]
    found: tuple[int, int]
    rows: int
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowScore:
    """One window of one host: the attempts first seen in it, as found and as they truly were."""

    host: str
    opened_at: datetime
    true: int
    found: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The whole report beside the truth.

    Attributes:
        rules: One line for each rule that truly dropped something.
        true_attempts: Of which at least one record could be read.
        found_attempts: Of the report.
        unresolved: Attempts that the report says it could not trace.
        strangers: Rows of the report that no true rule stands behind.
        windows: Every window that was closed of every host whose drops were observed.
    """

    rules: tuple[RuleScore, ...]
    true_attempts: int
    found_attempts: int
    true_records: int
    found_records: int
    unresolved: int
    strangers: tuple[str, ...]
    windows: tuple[WindowScore, ...]

    @property
    def wrong(self) -> int:
        """Return the attempts that the report gives to a rule which did not drop them."""
        return sum(max(0, one.found[0] - one.true[0]) for one in self.rules)

    @property
    def is_equal(self) -> bool:
        """Return whether the figures equal the truth but for what the report calls not traced."""
        missing = sum(one.true[0] - one.found[0] for one in self.rules)
        return (
            self.true_attempts == self.found_attempts
            and self.true_records == self.found_records
            and not self.wrong
            and not self.strangers
            and missing == self.unresolved
            and all(one.rows == 1 or one.found[0] == 0 for one in self.rules)
            and not any(one.differences for one in self.rules)
            and all(one.found == one.true for one in self.windows)
        )


def score(analysis: Analysis, truth: FleetTruth) -> Score:
    """Return how the analysis compares with the truth, rule by rule.

    An attempt counts as true when at least one of its records was in what the host exported; the
    records that a log had overwritten by then count for neither side.
    """
    records: Counter[str] = Counter()
    variants: dict[str, list[TrueRule]] = {}
    for host in truth.hosts:
        kept = host.exported or frozenset()
        for drop in host.exported_drops:
            records[drop.rule.key] += len(kept.intersection(drop.record_ids))
            variants.setdefault(drop.rule.key, []).append(drop.rule)
    traced = [row for row in analysis.rules if not _is_untraced(row)]
    claimed: set[str] = set()
    scores = []
    true_figures = truth.by_rule(exported_only=True)
    for key, true in true_figures.items():
        rows = [row for row in traced if any(_is_same(row.rule, one) for one in variants[key])]
        claimed.update(row.rule.key for row in rows)
        scores.append(_rule_score(true, rows, records=records[key]))
    return Score(
        rules=tuple(scores),
        true_attempts=sum(true.attempts for true in true_figures.values()),
        found_attempts=analysis.attempts,
        true_records=records.total(),
        found_records=analysis.records,
        unresolved=sum(row.attempts for row in analysis.rules if _is_untraced(row)),
        strangers=tuple(row.rule.key for row in traced if row.rule.key not in claimed),
        windows=tuple(_window_scores(analysis, truth)),
    )


def _window_scores(analysis: Analysis, truth: FleetTruth) -> Iterator[WindowScore]:
    true = {one.host: one for one in truth.hosts}
    for host in analysis.hosts:
        closed = [
            (one.opened_at, one.closed_at, one.attempts)
            for one in host.windows
            if one.closed_at is not None and one.attempts is not None
        ]
        counts = true[host.host].attempts_in((since, until) for since, until, _ in closed)
        for (since, _, found), count in zip(closed, counts, strict=True):
            yield WindowScore(host=host.host, opened_at=since, true=count, found=found)


def _rule_score(true: RuleFigures, rows: list[RuleDrops], *, records: int) -> RuleScore:
    is_whole = len(rows) == 1 and rows[0].attempts == true.attempts
    return RuleScore(
        name=true.rule.name or true.rule.key,
        true=(true.attempts, records),
        found=(sum(row.attempts for row in rows), sum(row.records for row in rows)),
        rows=len(rows),
        differences=tuple(_differences(true, rows[0], records=records)) if is_whole else (),
    )


def _differences(true: RuleFigures, row: RuleDrops, *, records: int) -> Iterator[str]:
    if row.hosts != true.hosts:
        yield "hosts"
    for name, tallies, counts in (
        ("programs", row.programs, {_PROGRAMS.get(k, k): n for k, n in true.programs.items()}),
        ("remotes", row.remotes, true.remotes),
        ("ports", row.ports, {_port(k): n for k, n in true.ports.items()}),
        ("directions", row.directions, true.directions),
    ):
        if any(counts.get(tally.value) != tally.attempts for tally in tallies):
            yield name
    if records == true.records:  # else a log had overwritten the first ones
        if abs(row.first_seen - true.first_at) > _A_MOMENT:
            yield "first seen"
        if abs(row.last_seen - true.last_at) > _A_MOMENT:
            yield "last seen"


def _is_untraced(row: RuleDrops) -> bool:
    return row.rule.kind is RuleKind.UNKNOWN


def _is_same(found: RuleIdentity, true: TrueRule) -> bool:
    """Return whether a row is that rule; built-in ones by kind, others by id, origin or name."""
    if found.kind is not true.kind:
        return False
    if found.kind not in _OWN_NAMES:
        return True
    known = {name for name in (true.rule_id, true.origin, true.name) if name}
    return not known.isdisjoint({found.name, found.origin, *found.other_names})


def _port(true: str) -> str:
    """Return the truth's ``2/0`` and ``ipv6-icmp/135:0`` as the report writes them."""
    protocol, _, rest = true.partition("/")
    if protocol.isdigit():
        return "igmp" if protocol == "2" else f"proto-{protocol}"
    return f"{protocol.replace('ipv6-icmp', 'icmpv6')}/{rest}"
