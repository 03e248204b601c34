"""Make what a host said fit to be read by people."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["LIMIT", "visible"]

LIMIT: Final = 300
"""Characters that are kept of one text of a host; an error record holds 4 to 12 kB."""

_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories that are not shown as they are: controls, directions, surrogates."""


def visible(text: object, limit: int = LIMIT) -> str:
    """Return ``text`` on one line, cut, every control character written as its escape.

    Blanks are folded first, so an ordinary line break is a blank and not an escape.
    """
    raw = text if isinstance(text, str) else str(text)
    folded = " ".join(raw[: 4 * limit].split())
    shown = "".join(_escape(character) for character in folded)
    return shown if len(shown) <= limit else shown[: limit - 1] + "\u2026"


def _escape(character: str) -> str:
    if unicodedata.category(character) in _HIDDEN:
        return character.encode("unicode_escape").decode("ascii")
    return character
