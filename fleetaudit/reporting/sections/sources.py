"""The evidence sources: for each, six counts that add up to the number of hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.records.outcome import OutcomeKind
from fleetaudit.reporting.blocks import Cell, Column, Section, Table, Tone
from fleetaudit.reporting.sections._section import SectionDeclaration
from fleetaudit.reporting.sections._words import count

if TYPE_CHECKING:
    from fleetaudit.records.figures import Analysis

__all__ = ["SECTION"]


def _build(analysis: Analysis) -> Section:
    table = Table(
        caption="Every host ends in one of six ways for each source, so each line adds up to the"
        " number of hosts. What could not be read of a file is counted, not dropped.",
        columns=(
            Column(title="Source"),
            *(Column(title=kind.value, is_number=True) for kind in OutcomeKind),
            Column(title="rows", is_number=True),
            Column(title="issues", is_number=True),
            Column(title="records lost", is_number=True),
        ),
        rows=tuple(
            (
                Cell(text=source.source, note=source.title),
                *(Cell(text=count(source.outcomes[kind])) for kind in OutcomeKind),
                Cell(text=count(source.rows)),
                Cell(text=count(source.issues)),
                Cell(text=count(source.lost), tone=Tone.WARNING if source.lost else Tone.PLAIN),
            )
            for source in analysis.coverage.sources
        ),
    )
    return Section(name="sources", title="Evidence", blocks=(table,))


SECTION = SectionDeclaration(name="sources", order=50, build=_build)
