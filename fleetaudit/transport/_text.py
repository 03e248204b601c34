"""Make what a host said fit to be read by people."""

from __future__ import annotations

from typing import Final

__all__ = ["LIMIT", "visible"]

LIMIT: Final = 300
"""Characters that are kept of one text of a host; an error record holds 4 to 12 kB."""


def visible(text: object, limit: int = LIMIT) -> str:
    """Return ``text`` on one line, cut, every control character written as its escape.

    Blanks are folded first, so an ordinary line break is a blank and not an escape.
    """
    folded = " ".join(_text_of(text)[: 4 * limit].split())
    shown = "".join(_escape(character) for character in folded)
    return shown if len(shown) <= limit else shown[: limit - 1] + "\u2026"


def _text_of(value: object) -> str:
    try:
        return value if isinstance(value, str) else str(value)
    except Exception:  # noqa: BLE001 - libraries' errors fail in __str__ when a field is missing
        return type(value).__name__


def _escape(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")
