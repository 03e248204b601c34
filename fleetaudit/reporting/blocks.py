"""What a report is made of: plain text in a shape, no markup.

Every text may come from a host and is hostile; only a renderer turns it into markup, escaped.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "Block",
    "Callout",
    "Cell",
    "Column",
    "Details",
    "KeyFigure",
    "KeyFigures",
    "Paragraph",
    "Section",
    "Table",
    "Tone",
]


class Tone(StrEnum):
    """How a thing should strike the reader; always said in words too."""

    PLAIN = "plain"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    """One figure with its unit and its denominator."""

    label: str
    value: str
    note: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigures:
    """A row of figures."""

    figures: tuple[KeyFigure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Callout:
    """Something to notice, with what it means and what to do."""

    tone: Tone
    title: str
    text: str
    remedy: str = ""
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table."""

    title: str
    is_number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: What it says.
        note: A second, quieter line.
        share: Length of a bar behind the text, from 0 to 1; None for no bar.
        tone: For the text.
    """

    text: str
    note: str = ""
    share: float | None = None
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; ``left_out`` rows exist beyond those shown."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """Blocks that a reader opens."""

    summary: str
    blocks: tuple[Table | Paragraph, ...]


Block = KeyFigures | Paragraph | Callout | Table | Details


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A titled part of the report; an empty one is left out."""

    name: str
    title: str
    blocks: tuple[Block, ...]
