"""The figures of a report beside what the simulated fleet truly dropped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fleetaudit.records.figures import RuleKind

if TYPE_CHECKING:
    from fleetaudit.records.figures import Analysis, RuleDrops, RuleIdentity
    from fleetaudit.simulation.truth import FleetTruth, TrueDrop, TrueRule

__all__ = ["RuleScore", "Score", "score"]

_OWN_NAMES: Final = {RuleKind.RULE, RuleKind.THIRD_PARTY, RuleKind.OTHER}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleScore:
    """One rule: what was found, beside what is true; both as (attempts, records)."""

    name: str
    true: tuple[int, int]
    found: tuple[int, int]
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The whole report beside the truth.

    Attributes:
        rules: One line for each rule that truly dropped something.
        true_attempts: Of which at least one record could be read.
        found_attempts: Of the report.
        unresolved: Attempts that the report says it could not trace.
        strangers: Rows of the report that no true rule stands behind.
    """

    rules: tuple[RuleScore, ...]
    true_attempts: int
    found_attempts: int
    true_records: int
    found_records: int
    unresolved: int
    strangers: tuple[str, ...]

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
        )


def score(analysis: Analysis, truth: FleetTruth) -> Score:
    """Return how the analysis compares with the truth, rule by rule.

    An attempt counts as true when at least one of its records was in what the host exported; the
    records that a log had overwritten by then count for neither side.
    """
    attempts: Counter[str] = Counter()
    records: Counter[str] = Counter()
    rules: dict[str, list[TrueRule]] = {}
    for host in truth.hosts:
        kept = host.exported or frozenset()
        for drop in host.exported_drops:
            attempts[drop.rule.key] += 1
            records[drop.rule.key] += _kept(drop, kept)
            rules.setdefault(drop.rule.key, []).append(drop.rule)
    traced = [row for row in analysis.rules if not _is_untraced(row)]
    claimed: set[str] = set()
    scores = []
    for key, variants in sorted(rules.items()):
        rows = [row for row in traced if any(_is_same(row.rule, one) for one in variants)]
        claimed.update(row.rule.key for row in rows)
        scores.append(
            RuleScore(
                name=variants[0].name or key,
                true=(attempts[key], records[key]),
                found=(sum(row.attempts for row in rows), sum(row.records for row in rows)),
                rows=len(rows),
            )
        )
    return Score(
        rules=tuple(scores),
        true_attempts=attempts.total(),
        found_attempts=analysis.attempts,
        true_records=records.total(),
        found_records=analysis.records,
        unresolved=sum(row.attempts for row in analysis.rules if _is_untraced(row)),
        strangers=tuple(row.rule.key for row in traced if row.rule.key not in claimed),
    )


def _kept(drop: TrueDrop, kept: frozenset[int]) -> int:
    return len(kept.intersection(drop.record_ids))


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
