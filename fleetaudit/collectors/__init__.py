"""Evidence sources: one file is one source. A collector never changes a host."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from fleetaudit.collectors._collector import Collector, Parser, Reading
from fleetaudit.registry import discover

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Collector", "Parser", "Reading", "catalogue"]


def catalogue() -> Mapping[str, Collector]:
    """Return every collector by name, sorted, read-only."""
    return discover(sys.modules[__name__], kind=Collector, attribute="COLLECTOR")
