"""The shape of a section's declaration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleetaudit.records.figures import Analysis
    from fleetaudit.reporting.blocks import Section

__all__ = ["SectionDeclaration"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionDeclaration:
    """A part of the report.

    Attributes:
        name: Unique, kebab-case; the anchor in the report.
        order: Its place; lower comes first.
        build: Figures to blocks.
    """

    name: str
    order: int
    build: Callable[[Analysis], Section]
