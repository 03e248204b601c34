"""The answer in one row of figures."""

from __future__ import annotations

from fleetaudit.records.figures import Analysis, Attribution
from fleetaudit.reporting.blocks import KeyFigure, KeyFigures, Paragraph, Section, Tone
from fleetaudit.reporting.sections._section import SectionDeclaration
from fleetaudit.reporting.sections._words import count, percent, plural, title_of

__all__ = ["SECTION"]

_UNSURE = {Attribution.AMBIGUOUS.value, Attribution.UNRESOLVED.value, Attribution.NO_FILTER.value}


def _build(analysis: Analysis) -> Section:
    named = analysis.attempts - _unsure(analysis)
    figures = (
        KeyFigure(
            label="Dropped attempts",
            value=count(analysis.attempts),
            note=f"{count(analysis.records)} records behind them",
        ),
        KeyFigure(
            label="Rules that dropped them",
            value=count(sum(1 for rule in analysis.rules if not _is_unsure(rule.rule.key))),
        ),
        KeyFigure(
            label="Traced to a rule",
            value=percent(named, analysis.attempts),
            note=f"{count(analysis.attempts - named)} not traced, none guessed",
            tone=Tone.GOOD if named == analysis.attempts else Tone.WARNING,
        ),
    )
    blocks: list[KeyFigures | Paragraph] = [KeyFigures(figures=figures)]
    if analysis.rules:
        first = analysis.rules[0]
        blocks.append(
            Paragraph(
                text=f"Most attempts fell to “{title_of(first.rule)}”: {count(first.attempts)}"
                f" ({percent(first.attempts, analysis.attempts)})"
                f" on {plural(len(first.hosts), 'host')}."
            )
        )
    return Section(name="summary", title="Summary", blocks=tuple(blocks))


def _unsure(analysis: Analysis) -> int:
    return sum(
        tally.attempts
        for rule in analysis.rules
        for tally in rule.attributions
        if tally.value in _UNSURE
    )


def _is_unsure(key: str) -> bool:
    return key in {"no-filter", "unresolved"} or key.startswith("ambiguous:")


SECTION = SectionDeclaration(name="summary", order=20, build=_build)
