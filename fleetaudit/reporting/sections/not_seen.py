"""What was not seen, before anything that was."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from fleetaudit.reporting.blocks import Callout, KeyFigure, KeyFigures, Section, Tone
from fleetaudit.reporting.sections._section import SectionDeclaration
from fleetaudit.reporting.sections._words import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.records.figures import Analysis, Gap

__all__ = ["SECTION"]

_TITLES = {
    "audit-undone": "Auditing was switched off meanwhile",
    "burst-edges": "Bursts see a part of some attempts",
    "bursts-missed": "Bursts that did not come about",
    "clock-skew": "Clocks are wrong",
    "clock-unknown": "Clocks that nobody compared",
    "cut-short": "Windows that were closed early",
    "evidence-doubted": "Evidence with something odd in it",
    "evidence-unlisted": "Lists of evidence are damaged",
    "evidence-unread": "Evidence that could not be read, or not all of it",
    "host-failed": "Hosts that failed",
    "host-refused": "Hosts that refused",
    "host-timed-out": "Hosts that did not finish in time",
    "host-unreachable": "Hosts that could not be reached",
    "host-unsupported": "Hosts that cannot be audited",
    "hours-unknown": "How long was looked at is not known",
    "left-to-others": "Settings that somebody else changed meanwhile",
    "log-cleared": "Security logs were cleared",
    "log-events-lost": "The firewall's logs are not whole",
    "log-full": "Security logs were full",
    "log-wrapped": "Security logs were too small",
    "no-lease": "Hosts that nothing guarded",
    "not-changed": "Changes that could not be made",
    "own-tasks-unread": "Records of the lease's task that did not come",
    "raw-sockets": "What no host can show",
    "rebooted": "Hosts started again",
    "records-lost": "Windows lost audit records",
    "records-outside-windows": "Attempts from outside the observed time",
    "restore-owed": "Auditing was not put back by this run",
    "source-unsupported": "Hosts that do not have a source",
}
_BAD = {"restore-owed", "records-lost"}
_QUIET = {
    "burst-edges",
    "clock-skew",
    "clock-unknown",
    "evidence-doubted",
    "hours-unknown",
    "not-changed",
    "own-tasks-unread",
    "raw-sockets",
    "rebooted",
    "records-outside-windows",
    "source-unsupported",
}
_NAMED = 5
"""Hosts that one line names."""
_MOST = 20
"""Hosts that one box names; the table of hosts names all."""


def _build(analysis: Analysis) -> Section:
    gaps = sorted(analysis.coverage.gaps, key=lambda gap: (_weight(gap.kind), gap.kind, gap.host))
    boxes = tuple(_box(kind, list(group)) for kind, group in groupby(gaps, key=lambda g: g.kind))
    return Section(name="not-seen", title="What was not seen", blocks=(_figures(analysis), *boxes))


def _figures(analysis: Analysis) -> KeyFigures:
    coverage = analysis.coverage
    bursts = analysis.bursts
    missing = coverage.hosts - coverage.hosts_observed
    lost = sum(source.lost for source in coverage.sources)
    return KeyFigures(
        figures=(
            KeyFigure(
                label="Hosts observed",
                value=f"{coverage.hosts_observed:,} of {coverage.hosts:,}",
                note=f"{plural(missing, 'host')} not observed" if missing else "all of them",
                tone=Tone.WARNING if missing else Tone.GOOD,
            ),
            KeyFigure(
                label="Host-hours observed",
                value=f"{coverage.observed_hours:,.2f}",
                note=f"{f'in {bursts:,} bursts; ' if bursts else ''}the denominator of every rate",
            ),
            KeyFigure(
                label="Records that could not be read",
                value=f"{lost:,}",
                note=f"{plural(sum(s.issues for s in coverage.sources), 'issue')} in the evidence",
                tone=Tone.WARNING if lost else Tone.GOOD,
            ),
        )
    )


def _weight(kind: str) -> int:
    return 0 if kind in _BAD else 2 if kind in _QUIET else 1


def _box(kind: str, gaps: list[Gap]) -> Callout:
    title = _TITLES.get(kind, kind.replace("-", " ").capitalize())
    hosts = len({gap.host for gap in gaps if gap.host})
    effects = sorted({gap.effect for gap in gaps})
    remedies = sorted({gap.remedy for gap in gaps if gap.remedy})
    items = list(_items(gaps, with_remedy=len(remedies) > 1))
    if len(items) > _MOST:
        items[_MOST:] = [f"and {len(items) - _MOST} more"]
    said = [gap.what for gap in gaps if not gap.host]
    return Callout(
        tone=Tone.BAD if kind in _BAD else Tone.PLAIN if kind in _QUIET else Tone.WARNING,
        title=f"{title} ({plural(hosts, 'host')})" if hosts else title,
        text=". ".join([*said, *effects]) + ".",
        remedy=remedies[0] if len(remedies) == 1 else "",
        items=tuple(items),
    )


def _items(gaps: list[Gap], *, with_remedy: bool) -> Iterator[str]:
    """Yield a line for each thing that was not seen; hosts of which the same is true share it."""
    hosts: dict[tuple[str, str], list[str]] = {}
    for gap in gaps:
        if gap.host:
            hosts.setdefault((gap.what, gap.remedy), []).append(gap.host)
    for (what, remedy), names in hosts.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        advice = f". {remedy}" if with_remedy and remedy else ""
        yield f"{', '.join(names[:_NAMED])}{more}: {what}{advice}"


SECTION = SectionDeclaration(name="not-seen", order=10, build=_build)
