"""Which rule stands behind each drop, and how that is known: never guessed.

In this order: the record names its filter origin; a snapshot of the same host and boot holds the
filter number, and its provider context names the origin; such a snapshot holds it without an
origin, so the filter's name and provider speak; else it is unresolved. Where two snapshots of one
boot mean different rules by one number, the drop is ambiguous and all candidates are named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

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

    from fleetaudit.analysis.epochs import Epoch, Epochs

__all__ = ["Snapshots", "attribute"]

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """The WFP snapshots of one host: per snapshot, the filters by their number."""

    filters: Sequence[Mapping[int, Row]]

    def rows(self, number: int, epoch: Epoch) -> list[Row]:
        """Return what the snapshots of ``epoch`` say about a filter number, the best first."""
        return [self.filters[i][number] for i in epoch.snapshots if number in self.filters[i]]


def attribute(
    drops: pd.DataFrame, *, epochs: Epochs, snapshots: Snapshots, book: RuleBook
) -> tuple[pd.DataFrame, dict[str, RuleIdentity]]:
    """Return ``drops`` with ``rule_key`` and ``attribution``, and the identities by key.

    Args:
        drops: Columns ``time_ns``, ``filter_rtid`` and ``filter_origin``.
        epochs: Which snapshots hold for which time.
        snapshots: The filters.
        book: The firewall rules of the host.
    """
    asked = pd.DataFrame(
        {
            "number": drops["filter_rtid"].to_numpy(),
            "origin": drops["filter_origin"].to_numpy(),
            "epoch": epochs.index(drops["time_ns"]),
        },
        index=drops.index,
    )
    answers: dict[tuple[int, str, int], tuple[str, str]] = {}
    identities: dict[str, RuleIdentity] = {}
    keys: list[tuple[int, str, int]] = []
    for number, origin, epoch in zip(asked["number"], asked["origin"], asked["epoch"], strict=True):
        question = (int(number), origin if isinstance(origin, str) else "", int(epoch))
        if question not in answers:
            rows = snapshots.rows(question[0], epochs.epochs[question[2]])
            identity, how = _answer(question[0], question[1], rows, book)
            identities[identity.key] = _merged(identities.get(identity.key), identity)
            answers[question] = (identity.key, how.value)
        keys.append(question)
    return (
        drops.assign(
            rule_key=[answers[key][0] for key in keys],
            attribution=[answers[key][1] for key in keys],
        ),
        identities,
    )


def _answer(
    number: int, origin: str, rows: Sequence[Row], book: RuleBook
) -> tuple[RuleIdentity, Attribution]:
    if names_an_origin(origin):
        row = rows[0] if rows else None
        return identify_origin(origin, filter_row=row, book=book), Attribution.ORIGIN
    if number == 0:
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


def _merged(known: RuleIdentity | None, other: RuleIdentity) -> RuleIdentity:
    return other if known is None else merge_identities(known, other)


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
