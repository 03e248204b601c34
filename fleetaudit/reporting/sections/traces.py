"""What fleetaudit itself left in the hosts' Security logs, for whoever watches them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from fleetaudit.reporting.blocks import Cell, Column, Section, Table
from fleetaudit.reporting.sections._section import SectionDeclaration
from fleetaudit.reporting.sections._words import count, moment

if TYPE_CHECKING:
    from datetime import datetime

    from fleetaudit.records.figures import Analysis

__all__ = ["SECTION"]


def _build(analysis: Analysis) -> Section:
    records: Counter[tuple[int, str]] = Counter()
    hosts: defaultdict[tuple[int, str], set[str]] = defaultdict(set)
    times: defaultdict[tuple[int, str], list[datetime]] = defaultdict(list)
    for trace in analysis.traces:
        key = (trace.event_code, trace.what)
        records[key] += 1
        hosts[key].add(trace.host)
        times[key].append(trace.time)
    table = Table(
        caption="Records that fleetaudit caused on the hosts; summary.json lists each of them."
        " Changes of the same settings by anybody else are not among them.",
        columns=(
            Column(title="Event", is_number=True),
            Column(title="What"),
            Column(title="Records", is_number=True),
            Column(title="Hosts", is_number=True),
            Column(title="First (UTC)"),
            Column(title="Last (UTC)"),
        ),
        rows=tuple(
            (
                Cell(text=str(key[0])),
                Cell(text=key[1]),
                Cell(text=count(records[key])),
                Cell(text=count(len(hosts[key]))),
                Cell(text=moment(min(times[key]))),
                Cell(text=moment(max(times[key]))),
            )
            for key in sorted(records)
        ),
    )
    blocks = (table,) if analysis.traces else ()
    return Section(name="traces", title="Traces of this audit", blocks=blocks)


SECTION = SectionDeclaration(name="traces", order=55, build=_build)
