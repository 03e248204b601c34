"""Who made the run, when and with what parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.reporting.blocks import Cell, Column, Section, Table
from fleetaudit.reporting.sections._section import SectionDeclaration
from fleetaudit.reporting.sections._words import moment

if TYPE_CHECKING:
    from fleetaudit.records.figures import Analysis

__all__ = ["SECTION"]


def _build(analysis: Analysis) -> Section:
    run = analysis.run
    facts = {
        "Run": run.run_id,
        "Command": run.command,
        "Started (UTC)": moment(run.started_at),
        "Ended (UTC)": moment(run.ended_at),
        "Started by": run.started_by,
        "fleetaudit": run.tool_version,
        **run.parameters,
    }
    table = Table(
        caption="",
        columns=(Column(title="What"), Column(title="Value")),
        rows=tuple((Cell(text=name), Cell(text=value)) for name, value in facts.items()),
    )
    return Section(name="run", title="The run", blocks=(table,))


SECTION = SectionDeclaration(name="run", order=60, build=_build)
