"""Blocks to one HTML file that needs nothing else: no script, no font, no request."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

import jinja2

if TYPE_CHECKING:
    from fleetaudit.records.figures import RunInfo
    from fleetaudit.reporting.blocks import Section

__all__ = ["render"]

_TEMPLATES: Final = "fleetaudit.reporting.renderers"
_CONTROL: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def render(run: RunInfo, sections: tuple[Section, ...]) -> str:
    """Return the page; jinja2 escapes every text, and the policy in its head forbids all else."""
    style = _read("report.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        _environment()
        .get_template("report.html")
        .render(run=run, sections=sections, style=style, style_digest=digest)
    )


def _visible(text: str) -> str:
    """Show control characters and direction marks instead of obeying them."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


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
    environment.filters["visible"] = _visible
    environment.filters["kind"] = _kind
    return environment


def _read(name: str) -> str:
    return (resources.files(_TEMPLATES) / "templates" / name).read_text(encoding="utf-8")
