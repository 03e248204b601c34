"""The options of the Windows Filtering Platform, as ``netsh wfp show options`` prints them.

With ``optionsfor=keywords`` (windows-facts 4.1)::

    keywords = none

The values are those that ``netsh wfp set options`` takes, in every language: ``none``, ``bcast``,
``mcast``, ``bcast+mcast``.
"""

from __future__ import annotations

import re
from typing import Final

from fleetaudit.errors import EvidenceError
from fleetaudit.parsers._text import decode, excerpt

__all__ = ["KEYWORDS", "read_keywords"]

KEYWORDS: Final = ("none", "bcast", "mcast", "bcast+mcast")
"""Which net events are kept beside those of single hosts; a plus sign joins two."""

_LONGEST: Final = 65_536
_LINE: Final = re.compile(r"^[ \t]*keywords[ \t]*=[ \t]*([a-z+]+)[ \t\r]*$", re.MULTILINE)


def read_keywords(data: bytes, *, name: str = "options.txt") -> str:
    """Return which net events a host keeps, as one of :data:`KEYWORDS`.

    Raises:
        EvidenceError: It does not say, says it twice, or says a word that is not known.
    """
    text = decode(data[:_LONGEST]).casefold()
    found = _LINE.findall(text)
    words = "+".join(sorted(set(found[0].split("+")))) if len(found) == 1 else ""
    if words not in KEYWORDS:
        raise EvidenceError(
            f"does not say which net events are kept: {excerpt(text.strip())}",
            file=name,
            remedy="Look at `netsh wfp show options optionsfor=keywords` on the host",
        )
    return words
