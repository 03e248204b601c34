"""Reversible changes: one file is one change and its undoing; ``lease`` guards them all."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

from fleetaudit.operations._operation import Command, Operation
from fleetaudit.registry import discover

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Command", "Operation", "catalogue"]


@cache
def catalogue() -> Mapping[str, Operation]:
    """Return every operation by name, sorted, read-only."""
    return discover(
        sys.modules[__name__], kind=Operation, attribute="OPERATION", besides=("lease",)
    )
