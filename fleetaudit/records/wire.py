"""The records that a script writes to its pipeline; the only form in which a host answers.

A script writes flat hashtables, which arrive as dictionaries::

    @{ Kind = 'Exit';    Tool = 'auditpol'; Code = 0 }
    @{ Kind = 'Piece';   Name = 'policy.csv'; Index = 0; Data = 'H4sIAAAA...' }
    @{ Kind = 'Trailer'; Name = 'policy.csv'; Encoding = 'gzip'; Pieces = 1
       Length = 5961; Sha256 = '9f86d081...' }

``Data`` is base64. With ``Encoding = 'gzip'`` the pieces together are one gzip stream, with
``'none'`` the bytes themselves; ``Length`` and ``Sha256`` are of the bytes before compression.
Whatever a host can choose (names, texts) travels inside a file, never as a string of its own: a
lone surrogate in a string kills the receiving end (measured, PowerShell 7.6 and pypsrp 0.9.1).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["FACTS", "PIECE_BYTES", "STDERR", "Encoding", "Kind"]

PIECE_BYTES: Final = 196_608
"""Bytes a piece before base64; 256 KiB after. Larger objects cost pypsrp quadratic time."""

FACTS: Final = "facts.json"
"""The attachment in which a script sends what it found out, as a JSON object."""

STDERR: Final = "stderr.txt"
"""The attachment in which a script sends what a failed tool said."""


class Kind(StrEnum):
    """What a record is."""

    EXIT = "Exit"
    PIECE = "Piece"
    TRAILER = "Trailer"


class Encoding(StrEnum):
    """How a file's pieces are encoded, before base64."""

    GZIP = "gzip"
    NONE = "none"
