"""Which rule stands behind each drop, and how that is known: never guessed.

In this order: the record names its filter origin; a snapshot of the same host and boot holds the
filter number, and its provider context names the origin; such a snapshot holds it without an
origin, so the filter's name and provider speak; else it is unresolved. Where two snapshots of one
boot mean different rules by one number, the drop is ambiguous and all candidates are named.

Numbers may be used again (windows-facts 3), so a filter counts only if it can have been the one: it
stands at the record's layer, and it blocks or asks a callout (windows-facts 4.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fleetaudit.analysis.rule_identity import (
    NO_FILTER,
    UNRESOLVED,
    RuleBook,
    ambiguous,
    identify_filter,
    identify_origin,
    names_an_origin,
)
from fleetaudit.records.figures import Attribution, RuleIdentity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from fleetaudit.analysis.epochs import Epoch, Epochs

__all__ = ["Snapshots", "attribute", "merge_identities"]

_PERMIT: Final = "fwp_action_permit"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """The WFP snapshots of one host: per snapshot, the filters by their number."""

    filters: Sequence[Mapping[int, Row]]

    def rows(self, question: _Question, epoch: Epoch) -> list[Row]:
        """Return what the snapshots of ``epoch`` say of the filter, the best first."""
        held = (self.filters[i].get(question.number) for i in epoch.snapshots)
        return [row for row in held if row is not None and _can_have_dropped(row, question.layer)]


class _Question(NamedTuple):
    """What an attribution depends on; records that ask the same are answered once."""

    number: int
    origin: str
    layer: int
    epoch: int


def attribute(
    drops: pd.DataFrame, *, epochs: Epochs, snapshots: Snapshots, book: RuleBook
) -> tuple[pd.DataFrame, dict[str, RuleIdentity]]:
    """Return ``drops`` with ``rule_key`` and ``attribution``, and the identities by key.

    Args:
        drops: Columns ``time_ns``, ``filter_rtid``, ``filter_origin``, ``layer_rtid`` (or -1).
        epochs: Which snapshots hold for which time.
        snapshots: The filters.
        book: The firewall rules of the host.
    """
    questions = [
        _Question(int(number), origin if isinstance(origin, str) else "", int(layer), int(epoch))
        for number, origin, layer, epoch in zip(
            drops["filter_rtid"],
            drops["filter_origin"],
            drops["layer_rtid"],
            epochs.index(drops["time_ns"]),
            strict=True,
        )
    ]
    answers: dict[_Question, tuple[str, str]] = {}
    identities: dict[str, RuleIdentity] = {}
    for question in dict.fromkeys(questions):
        rows = snapshots.rows(question, epochs.epochs[question.epoch])
        identity, how = _answer(question, rows, book)
        known = identities.get(identity.key)
        identities[identity.key] = merge_identities(known, identity) if known else identity
        answers[question] = (identity.key, how.value)
    return (
        drops.assign(
            rule_key=[answers[question][0] for question in questions],
            attribution=[answers[question][1] for question in questions],
        ),
        identities,
    )


def _can_have_dropped(row: Row, layer: int) -> bool:
    is_there = layer < 0 or row["layer_id"] is None or int(row["layer_id"]) == layer
    return is_there and str(row["action"]).casefold() != _PERMIT


def _answer(
    question: _Question, rows: Sequence[Row], book: RuleBook
) -> tuple[RuleIdentity, Attribution]:
    if names_an_origin(question.origin):
        row = rows[0] if rows else None
        return identify_origin(question.origin, filter_row=row, book=book), Attribution.ORIGIN
    if question.number == 0:
        return NO_FILTER, Attribution.NO_FILTER
    if not rows:
        return UNRESOLVED, Attribution.UNRESOLVED
    candidates: dict[str, RuleIdentity] = {}
    with_origin = False
    for row in rows:
        named = row["filter_origin"]
        if isinstance(named, str) and names_an_origin(named):
            with_origin = True
            found: tuple[RuleIdentity, ...] = (identify_origin(named, filter_row=row, book=book),)
        else:
            found = identify_filter(row, book=book)
        candidates.update({one.key: one for one in found})
    if len(candidates) > 1:
        return ambiguous(candidates.values()), Attribution.AMBIGUOUS
    how = Attribution.CONTEXT if with_origin else Attribution.FILTER
    return next(iter(candidates.values())), how


def merge_identities(one: RuleIdentity, other: RuleIdentity) -> RuleIdentity:
    """Return one identity that knows the names, origin and provider of both."""
    names = {one.name, *one.other_names, other.name, *other.other_names} - {one.name, ""}
    return RuleIdentity(
        key=one.key,
        name=one.name,
        kind=one.kind,
        origin=one.origin or other.origin,
        provider=one.provider or other.provider,
        other_names=tuple(sorted(names)),
    )
