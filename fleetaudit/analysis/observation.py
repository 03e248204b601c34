"""How long a host was really observed, and what was not seen meanwhile.

Auditing is on between two read-backs, but it may have been switched off in between (4719, for
instance by a policy refresh), and the log may have rolled over what it held (windows-facts 5, 7).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.event_codes import AuditChange
from fleetaudit.records.figures import Gap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fleetaudit.ingest import FactsTimeline
    from fleetaudit.records.window import Window

__all__ = ["AuditRecord", "Observation", "observe"]

_SECOND: Final = 1_000_000_000
_HOUR: Final = 3600 * _SECOND
POLICY_CHANGED: Final = 4719
_CLEARED: Final = 1102
_LOST: Final = {1101: "dropped by the event log", 4612: "dropped by the audit subsystem"}
_FULL: Final = {
    1104: (
        "The Security log was full",
        "Where it does not overwrite, what came after that was not recorded",
        "Enlarge the Security log, or let it overwrite its oldest records",
    ),
    1105: (
        "The Security log was archived and begun anew",
        "Records before that are in the host's archive file, which was not read",
        "Import that file as well",
    ),
}
"""What is said, its effect and its remedy (windows-facts 1.4)."""
SKEW_WORTH_TELLING_S: Final = 60


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
class Observation:
    """How long both subcategories were audited and the records are still there."""

    hours: float
    gaps: tuple[Gap, ...]


def observe(
    *,
    host: str,
    window: Window | None,
    facts: FactsTimeline,
    changes: Sequence[AuditRecord],
    oldest_record: int | None,
    event_span_ns: tuple[int, int] | None,
) -> Observation:
    """Return what of the window was observed.

    Args:
        host: The inventory name.
        window: None for an import and for a host that was only collected from.
        facts: Of both ends.
        changes: The host's ``audit_events``, by time.
        oldest_record: The oldest record that the log still held when it was read.
        event_span_ns: Time of the first and last event read; None where there is none.
    """
    gaps = [*_clock_gaps(host, facts), *_log_gaps(host, changes), *_full_gaps(host, changes)]
    if window is None or window.closed_at is None:
        unknown = (_unknown_hours(host),) if event_span_ns else ()
        return Observation(hours=0.0, gaps=(*gaps, *unknown))
    offset = facts.latest.clock_offset.total_seconds() if facts.latest else 0.0
    start = int((window.opened_at.timestamp() + offset) * _SECOND)
    end = int((window.closed_at.timestamp() + offset) * _SECOND)
    seen_from = start
    if oldest_record is not None and oldest_record > window.first_record + 1:
        seen_from = max(start, event_span_ns[0]) if event_span_ns else end
        gaps.append(_wrapped(host, oldest_record - window.first_record - 1, seen_from - start))
    audited, undone = _audited(changes, start=seen_from, end=end)
    gaps.extend(_undone(host, undone))
    return Observation(hours=audited / _HOUR, gaps=tuple(gaps))


def _audited(
    changes: Iterable[AuditRecord], *, start: int, end: int
) -> tuple[int, dict[Subcategory, int]]:
    """Return how long both were on, and how long each was off, between ``start`` and ``end``."""
    off_since: dict[Subcategory, int] = {}
    off_spans: list[tuple[int, int]] = []
    undone: dict[Subcategory, int] = {}

    def on_again(subcategory: Subcategory, time: int) -> None:
        since = off_since.pop(subcategory, None)
        if since is not None and time > since:
            off_spans.append((since, time))
            undone[subcategory] = undone.get(subcategory, 0) + time - since

    for change in changes:
        subcategory = _subcategory(change)
        if subcategory is None or not start < change.time_ns < end:
            continue
        said = str(change.fields.get("auditpolicychanges", ""))
        if AuditChange.FAILURE_REMOVED.mark in said:
            off_since.setdefault(subcategory, change.time_ns)
        elif AuditChange.FAILURE_ADDED.mark in said:
            on_again(subcategory, change.time_ns)
    for subcategory in list(off_since):
        on_again(subcategory, end)
    return max(0, end - start - _union(off_spans)), undone


def _union(spans: Iterable[tuple[int, int]]) -> int:
    total, reached = 0, 0
    for begin, end in sorted(spans):
        total += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def _subcategory(change: AuditRecord) -> Subcategory | None:
    if change.code != POLICY_CHANGED:
        return None
    guid = str(change.fields.get("subcategoryguid", "")).strip("{}").casefold()
    watched = (Subcategory.PACKET_DROP, Subcategory.CONNECTION)
    return next((one for one in watched if str(one.value) == guid), None)


def _unknown_hours(host: str) -> Gap:
    return Gap(
        kind="hours-unknown",
        host=host,
        what="Records do not say since when their kind was audited",
        effect="No rate is given, as its denominator is not known",
    )


def _wrapped(host: str, records: int, nanoseconds: int) -> Gap:
    return Gap(
        kind="log-wrapped",
        host=host,
        what=f"The Security log overwrote {records} records before they were read",
        effect=f"The first {nanoseconds / _SECOND:.0f} s of the window are not in the figures",
        remedy="Enlarge the Security log or shorten the window",
    )


def _undone(host: str, undone: Mapping[Subcategory, int]) -> list[Gap]:
    return [
        Gap(
            kind="audit-undone",
            host=host,
            what=f"Somebody switched {subcategory.name.lower().replace('_', '-')} auditing off"
            f" for {nanoseconds / _SECOND:.0f} s of the window",
            effect="Drops of that stretch were not recorded; it is not counted as observed",
            remedy="Look for a Group Policy that sets the advanced audit policy",
        )
        for subcategory, nanoseconds in undone.items()
    ]


def _clock_gaps(host: str, facts: FactsTimeline) -> list[Gap]:
    gaps = []
    latest = facts.latest
    if latest and not facts.is_clock_compared:
        gaps.append(
            Gap(
                kind="clock-unknown",
                host=host,
                what="Nobody compared the host's clock with another one",
                effect="Times of this host are what its own clock said",
            )
        )
    if latest and abs(latest.clock_offset.total_seconds()) > SKEW_WORTH_TELLING_S:
        seconds = latest.clock_offset.total_seconds()
        ahead = "ahead" if seconds > 0 else "behind"
        gaps.append(
            Gap(
                kind="clock-skew",
                host=host,
                what=f"The host's clock is {abs(seconds):.0f} s {ahead}",
                effect="Times in this report are corrected by that",
                remedy="Check the host's time service",
            )
        )
    if facts.before and facts.after:
        moved = (facts.after.boot_time - facts.before.boot_time).total_seconds()
        if moved > SKEW_WORTH_TELLING_S / 2:
            gaps.append(
                Gap(
                    kind="rebooted",
                    host=host,
                    what=f"The host started again at {facts.after.boot_time:%Y-%m-%d %H:%M:%S} UTC",
                    effect="Filter numbers are resolved for each boot by itself;"
                    " drops while it was down cannot exist",
                )
            )
    return gaps


def _log_gaps(host: str, changes: Iterable[AuditRecord]) -> list[Gap]:
    gaps = []
    for change in changes:
        if change.code == _CLEARED:
            who = change.fields.get("subjectusername", "somebody")
            gaps.append(
                Gap(
                    kind="log-cleared",
                    host=host,
                    what=f"The Security log was cleared by {who}",
                    effect="Records before that are gone",
                )
            )
        elif change.code in _LOST:
            gaps.append(
                Gap(
                    kind="records-lost",
                    host=host,
                    what=f"Audit records were {_LOST[change.code]}",
                    effect="The figures of this host are too low by an unknown number",
                )
            )
    return gaps


def _full_gaps(host: str, changes: Iterable[AuditRecord]) -> list[Gap]:
    """Return a gap for each way in which the log was full, however often it was."""
    said = sorted({change.code for change in changes} & set(_FULL))
    return [
        Gap(kind="log-full", host=host, what=what, effect=effect, remedy=remedy)
        for what, effect, remedy in (_FULL[code] for code in said)
    ]


def oldest_record_of(data: bytes) -> int | None:
    """Return OldestRecordNumber of the facts that came with an export; None if unreadable."""
    try:
        found = json.loads(data.decode("utf-8-sig"))["OldestRecordNumber"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, int) else None
