"""Sections in their order, handed to a renderer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.reporting import sections
from fleetaudit.reporting.renderers import html, markdown, summary

if TYPE_CHECKING:
    from fleetaudit.records.figures import Analysis
    from fleetaudit.reporting.blocks import Section

__all__ = ["build_sections", "render_html", "render_markdown", "render_summary"]


def build_sections(analysis: Analysis) -> tuple[Section, ...]:
    """Return the sections that have something to say, in the order of the report."""
    built = (declared.build(analysis) for declared in sections.in_order())
    return tuple(section for section in built if section.blocks)


def render_markdown(analysis: Analysis) -> str:
    """Return the report as Markdown, for tickets and pull requests."""
    return markdown.render(analysis.run, build_sections(analysis))


def render_html(analysis: Analysis) -> str:
    """Return the report as one HTML file that needs nothing else."""
    return html.render(analysis.run, build_sections(analysis))


def render_summary(analysis: Analysis) -> dict[str, object]:
    """Return the figures as JSON-ready values, with a schema version."""
    return summary.render(analysis)
