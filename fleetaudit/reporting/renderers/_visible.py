"""The one door for characters that a page would obey instead of showing."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["visible"]

_CONTROL: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def visible(text: str) -> str:
    """Return ``text`` with control characters, direction marks and surrogates written out."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
