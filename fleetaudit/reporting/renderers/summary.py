"""Figures to JSON for machines: versioned, names stable, nothing that the report does not say."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fleetaudit.records.figures import Analysis

__all__ = ["SCHEMA_VERSION", "render"]

SCHEMA_VERSION: Final = 1
"""Raised when a name goes or changes its meaning; a new name does not raise it."""


def render(analysis: Analysis) -> dict[str, Any]:
    """Return the analysis as JSON-ready values; times are ISO 8601 in UTC."""
    plain = _plain(analysis)
    return {
        "schema_version": SCHEMA_VERSION,
        "attempts": analysis.attempts,
        "records": analysis.records,
        **plain,
    }


def _plain(value: object) -> Any:  # noqa: ANN401 - JSON is whatever the records hold
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if hasattr(value, "items"):
        return {str(_plain(key)): _plain(item) for key, item in value.items()}
    return value
