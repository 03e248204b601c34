"""The hosts: what was seen on each, and how each ended."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from fleetaudit.records.outcome import OutcomeKind
from fleetaudit.reporting.blocks import Cell, Column, Section, Table, Tone
from fleetaudit.reporting.sections._section import SectionDeclaration
from fleetaudit.reporting.sections._words import count, length, moment

if TYPE_CHECKING:
    from fleetaudit.records.figures import Analysis, HostDrops

__all__ = ["SECTION"]

_MOST = 1000
"""Hosts that the report shows; the run directory holds all."""


def _build(analysis: Analysis) -> Section:
    hosts = sorted(analysis.hosts, key=lambda one: (-(one.attempts or -1), one.host))
    most = max((one.attempts or 0 for one in hosts), default=0) or 1
    caption = "“Not seen” is not zero: nothing is known about the drops of such a host."
    if analysis.bursts:
        caption += " Each burst of a host, with its own observed time, stands in summary.json."
    table = Table(
        caption=caption,
        columns=(
            Column(title="Host"),
            Column(title="Outcome"),
            Column(title="Attempts", is_number=True),
            Column(title="Records", is_number=True),
            Column(title="Not resolved", is_number=True),
            Column(title="Dropped by its text log", is_number=True),
            Column(title="Hours observed", is_number=True),
            Column(title="First seen"),
            Column(title="Last seen"),
        ),
        rows=tuple(_row(host, most) for host in hosts[:_MOST]),
        left_out=max(0, len(hosts) - _MOST),
    )
    return Section(name="hosts", title="Hosts", blocks=(table,) if hosts else ())


def _row(host: HostDrops, most: int) -> tuple[Cell, ...]:
    good = host.outcome.kind is OutcomeKind.COLLECTED
    system = f"{host.os_caption} ({host.os_build})" if host.os_caption else ""
    share = None if host.attempts is None else host.attempts / most
    return (
        Cell(text=host.host, note=system),
        Cell(text=host.outcome.kind.value, tone=Tone.GOOD if good else Tone.BAD),
        Cell(text=count(host.attempts), share=share),
        Cell(text=count(host.records)),
        Cell(text=count(host.unresolved)),
        Cell(text="does not log" if good and host.log_drops is None else count(host.log_drops)),
        Cell(text=f"{host.observed_hours:.2f}", note=_bursts(host) if host.is_in_bursts else ""),
        Cell(text=moment(host.first_seen)),
        Cell(text=moment(host.last_seen)),
    )


def _bursts(host: HostDrops) -> str:
    """Return how much of the time from the first burst to the end of the last was observed."""
    ends = [one.closed_at or one.opened_at for one in host.windows]
    whole = max(ends) - host.windows[0].opened_at
    seen = timedelta(seconds=sum(one.observed_seconds for one in host.windows))
    return f"{len(host.windows):,} bursts, {length(seen)} observed of {length(whole)}"


SECTION = SectionDeclaration(name="hosts", order=40, build=_build)
