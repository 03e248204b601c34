"""Changes of the two audited subcategories: which were ours, which were anybody else's.

A host writes down each change of its audit policy, whatever the policy says (4719, windows-facts
0.7 and 1.4). So its own log says to the record when a window really began and ended; the
controller knows by the next read-back, a round trip or more later.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.event_codes import AuditChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fleetaudit.records.window import Window

__all__ = [
    "AuditRecord",
    "OwnChanges",
    "PolicyChange",
    "between",
    "nanoseconds",
    "own_changes",
    "policy_change",
    "policy_changes",
    "since_epoch",
]

_POLICY_CHANGED: Final = 4719
_WATCHED: Final = {str(one.value): one for one in (Subcategory.PACKET_DROP, Subcategory.CONNECTION)}
_BEFORE: Final = timedelta(seconds=60)
"""How long a change may come before it was read back; the script that makes it has two minutes."""
_AFTER: Final = timedelta(seconds=5)
"""How long it may seem to come after that: clock offsets are known to a round trip."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """A record of the table ``audit_events``; time in ns since 1970, host clock.

    Attributes:
        fields: By their names in lower case: shippers change the case (windows-facts 1.2).
    """

    time_ns: int
    code: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """Failure auditing of a watched subcategory, switched on or off by anybody.

    ``time_ns`` counts from 1970 and is corrected by the offset of the host's clock.
    """

    time_ns: int
    subcategory: Subcategory
    is_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnChanges:
    """The changes by which one window was opened and closed; none where nothing had to change."""

    opening: tuple[PolicyChange, ...]
    closing: tuple[PolicyChange, ...]


def since_epoch(moment: datetime) -> int:
    """Return the nanoseconds since 1970, exactly."""
    return nanoseconds(moment - _EPOCH)


def nanoseconds(length: timedelta) -> int:
    """Return a length in nanoseconds, exactly."""
    return length // timedelta(microseconds=1) * 1000


def policy_changes(
    records: Iterable[AuditRecord], *, clock_offset: timedelta
) -> tuple[PolicyChange, ...]:
    """Return the changes among a host's ``audit_events``, by time."""
    found = (policy_change(record, clock_offset=clock_offset) for record in records)
    return tuple(sorted((one for one in found if one is not None), key=attrgetter("time_ns")))


def policy_change(record: AuditRecord, *, clock_offset: timedelta) -> PolicyChange | None:
    """Return the change that a record tells of; None where it is none of the two subcategories."""
    if record.code != _POLICY_CHANGED:
        return None
    guid = str(record.fields.get("subcategoryguid", "")).strip("{}").casefold()
    said = str(record.fields.get("auditpolicychanges", ""))
    subcategory = _WATCHED.get(guid)
    is_on = AuditChange.FAILURE_ADDED.mark in said
    if subcategory is None or is_on == (AuditChange.FAILURE_REMOVED.mark in said):
        return None
    time = record.time_ns - nanoseconds(clock_offset)
    return PolicyChange(time_ns=time, subcategory=subcategory, is_on=is_on)


def between(changes: Sequence[PolicyChange], first: int, last: int) -> Sequence[PolicyChange]:
    """Return the changes from ``first`` to ``last``, both included; ``changes`` are by time."""
    time = attrgetter("time_ns")
    return changes[bisect_left(changes, first, key=time) : bisect_right(changes, last, key=time)]


def own_changes(window: Window, changes: Sequence[PolicyChange]) -> OwnChanges:
    """Return the changes that opened and closed ``window``.

    A change is ours if it sets a subcategory the way we do, and is the last one before we read it
    back. In a window that is not much longer than that may take, a change of its first half is
    not the one that closed it.
    """
    opened = since_epoch(window.opened_at)
    before, after = nanoseconds(_BEFORE), nanoseconds(_AFTER)
    near = between(changes, opened - before, opened + after)
    opening = _last_before(opened, near, is_on=True)
    if window.closed_at is None:
        return OwnChanges(opening=opening, closing=())
    closed = since_epoch(window.closed_at)
    near = between(changes, closed - min(before, (closed - opened) // 2), closed + after)
    return OwnChanges(opening=opening, closing=_last_before(closed, near, is_on=False))


def _last_before(
    moment: int, changes: Iterable[PolicyChange], *, is_on: bool
) -> tuple[PolicyChange, ...]:
    """Return the last change of each subcategory, where that switched it as ``is_on`` says."""
    last = {
        one.subcategory: one
        for one in changes
        if one.is_on == is_on or one.time_ns <= moment  # what is undone later was done before
    }
    return tuple(one for one in last.values() if one.is_on == is_on)
