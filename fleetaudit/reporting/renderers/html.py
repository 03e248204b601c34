"""Blocks to one HTML file that needs nothing else: no script, no font, no request."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

import jinja2

from fleetaudit.reporting.renderers._visible import visible

if TYPE_CHECKING:
    from fleetaudit.records.figures import RunInfo
    from fleetaudit.reporting.blocks import Section

__all__ = ["render"]

_TEMPLATES: Final = "fleetaudit.reporting.renderers"


def render(run: RunInfo, sections: tuple[Section, ...]) -> str:
    """Return the page; jinja2 escapes every text, and the policy in its head forbids all else."""
    style = _read("report.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        _environment()
        .get_template("report.html")
        .render(run=run, sections=sections, style=style, style_digest=digest)
    )


def _kind(block: object) -> str:
    return type(block).__name__


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["visible"] = visible
    environment.filters["kind"] = _kind
    return environment


def _read(name: str) -> str:
    return (resources.files(_TEMPLATES) / "templates" / name).read_text(encoding="utf-8")
