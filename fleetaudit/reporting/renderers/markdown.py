"""Blocks to GitHub-flavoured Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from fleetaudit.reporting.blocks import Callout, Details, KeyFigures, Paragraph, Table, Tone
from fleetaudit.reporting.renderers._visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.records.figures import RunInfo
    from fleetaudit.reporting.blocks import Block, Cell, Section

__all__ = ["escape", "render"]

_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>#|~&!])")
_WORDS: Final = {
    Tone.PLAIN: "Note",
    Tone.GOOD: "Good",
    Tone.WARNING: "Warning",
    Tone.BAD: "Act on this",
}
_EIGHTHS: Final = "▏▎▍▌▋▊▉█"
_BAR_CELLS: Final = 8


def render(run: RunInfo, sections: tuple[Section, ...]) -> str:
    """Return the whole report; every text of a host is escaped."""
    lines = [f"# Firewall drops: {escape(run.run_id)}", ""]
    for section in sections:
        lines += [f"## {escape(section.title)}", ""]
        for block in section.blocks:
            lines += [*_block(block), ""]
    return "\n".join(lines).rstrip() + "\n"


def escape(text: str) -> str:
    """Return text that Markdown shows as it is, on one line, even inside a table."""
    return _SPECIAL.sub(r"\\\1", visible(text))


def _block(block: Block) -> Iterator[str]:
    match block:
        case Paragraph():
            yield escape(block.text)
        case KeyFigures():
            for figure in block.figures:
                note = f" ({escape(figure.note)})" if figure.note else ""
                yield f"- **{escape(figure.label)}:** {escape(figure.value)}{note}"
        case Callout():
            yield from _callout(block)
        case Table():
            yield from _table(block)
        case Details():
            yield from _details(block)


def _callout(block: Callout) -> Iterator[str]:
    yield f"> **{_WORDS[block.tone]}: {escape(block.title)}**  "
    yield f"> {escape(block.text)}"
    if block.remedy:
        yield f"> *To do:* {escape(block.remedy)}."
    if block.items:
        yield ">"
        yield from (f"> - {escape(item)}" for item in block.items)


def _table(block: Table) -> Iterator[str]:
    if block.caption:
        yield escape(block.caption)
        yield ""
    yield "| " + " | ".join(escape(column.title) for column in block.columns) + " |"
    yield "| " + " | ".join("---:" if c.is_number else "---" for c in block.columns) + " |"
    for row in block.rows:
        yield "| " + " | ".join(_cell(cell) for cell in row) + " |"
    if block.left_out:
        yield ""
        yield f"… and {block.left_out:,} more."


def _cell(cell: Cell) -> str:
    bar = _bar(cell.share) + " " if cell.share else ""
    note = f"<br>*{escape(cell.note)}*" if cell.note else ""
    return f"{bar}{escape(cell.text)}{note}"


def _bar(share: float) -> str:
    eighths = max(1, round(min(1.0, share) * _BAR_CELLS * len(_EIGHTHS)))
    full, part = divmod(eighths, len(_EIGHTHS))
    return _EIGHTHS[-1] * full + (_EIGHTHS[part - 1] if part else "")


def _details(block: Details) -> Iterator[str]:
    yield "<details>"
    yield f"<summary>{_html(block.summary)}</summary>"
    yield ""
    for inner in block.blocks:
        yield from _block(inner)
        yield ""
    yield "</details>"


def _html(text: str) -> str:
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
