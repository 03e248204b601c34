"""The parts of a report: one file is one section; figures in, blocks out, no markup."""

from __future__ import annotations

import sys

from fleetaudit.registry import discover
from fleetaudit.reporting.sections._section import SectionDeclaration

__all__ = ["SectionDeclaration", "in_order"]


def in_order() -> tuple[SectionDeclaration, ...]:
    """Return the sections as they follow each other in the report."""
    found = discover(sys.modules[__name__], kind=SectionDeclaration, attribute="SECTION")
    return tuple(sorted(found.values(), key=lambda one: one.order))
