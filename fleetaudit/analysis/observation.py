"""What was observed of a host, and what was not seen meanwhile."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fleetaudit.analysis.policy_changes import nanoseconds, policy_changes
from fleetaudit.analysis.stretches import LogStart, ObservedWindow, observe_window
from fleetaudit.records.figures import Gap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fleetaudit.analysis.policy_changes import AuditRecord
    from fleetaudit.ingest import FactsTimeline
    from fleetaudit.records.audit_policy import Subcategory
    from fleetaudit.records.window import Window

__all__ = ["Observation", "observe"]

_SECOND: Final = 1_000_000_000
_HOUR: Final = 3600 * _SECOND
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
class Observation:
    """What of each window was observed; no windows for an import and a mere collection."""

    windows: tuple[ObservedWindow, ...]
    gaps: tuple[Gap, ...]

    @property
    def hours(self) -> float:
        """Return for how long both subcategories were audited and the records are still there."""
        return sum(one.observed_ns for one in self.windows) / _HOUR


def observe(
    *,
    host: str,
    windows: Sequence[Window],
    facts: FactsTimeline,
    changes: Sequence[AuditRecord],
    oldest_record: int | None,
    event_span_ns: tuple[int, int] | None,
) -> Observation:
    """Return what of the windows was observed.

    Args:
        host: The inventory name.
        windows: None for an import and for a host that was only collected from.
        facts: Of both ends.
        changes: The host's ``audit_events``, by time.
        oldest_record: The oldest record that the log still held when it was read.
        event_span_ns: Time of the first and last event read; None where there is none.
    """
    offset = facts.clock_offset
    log = None
    if oldest_record is not None:
        read = [*(event_span_ns or ())[:1], *(one.time_ns for one in changes[:1])]
        first = min(read) - nanoseconds(offset) if read else None
        log = LogStart(oldest_record=oldest_record, first_ns=first)
    policy = policy_changes(changes, clock_offset=offset)
    seen = tuple(observe_window(one, policy, log) for one in windows)
    gaps = [*_clock_gaps(host, facts), *_log_gaps(host, changes), *_full_gaps(host, changes)]
    if event_span_ns and not (windows and all(one.closed_at for one in windows)):
        gaps.append(_unknown_hours(host))
    return Observation(windows=seen, gaps=(*gaps, *_wrapped(host, seen), *_undone(host, seen)))


def _unknown_hours(host: str) -> Gap:
    return Gap(
        kind="hours-unknown",
        host=host,
        what="Records do not say since when their kind was audited",
        effect="No rate is given, as its denominator is not known",
    )


def _wrapped(host: str, windows: Sequence[ObservedWindow]) -> Iterable[Gap]:
    cut = sum(one.cut_ns for one in windows)
    if not cut:
        return
    where = "the first {} s of the window"
    if len(windows) > 1:
        lost = sum(one.cut_ns > 0 and not one.stretches for one in windows)
        where = f"{{}} s of its bursts, {lost} of {len(windows)} as a whole"
    records = max(one.overwritten for one in windows)
    yield Gap(
        kind="log-wrapped",
        host=host,
        what=f"The Security log overwrote {records} records before they were read, and with them"
        f" {where.format(round(cut / _SECOND))}",
        effect="What was dropped then is not in the figures; it is not counted as observed",
        remedy="Enlarge the Security log or shorten the window",
    )


def _undone(host: str, windows: Sequence[ObservedWindow]) -> Iterable[Gap]:
    off: Counter[Subcategory] = Counter()
    for one in windows:
        off.update(one.undone_ns)
    where = "the window" if len(windows) == 1 else "its bursts"
    for subcategory, length in off.items():
        yield Gap(
            kind="audit-undone",
            host=host,
            what=f"Somebody switched {subcategory.name.lower().replace('_', '-')} auditing off"
            f" for {length / _SECOND:.0f} s of {where}",
            effect="Drops of that stretch were not recorded; it is not counted as observed",
            remedy="Look for a Group Policy that sets the advanced audit policy",
        )


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
