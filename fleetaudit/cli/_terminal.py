"""The door to a terminal: what a host, a file or an inventory says cannot rewrite the screen."""

from __future__ import annotations

__all__ = ["visible"]


def visible(text: str, *, lines: bool = False) -> str:
    r"""Return ``text`` with what cannot be printed as ``\u001b``; ``lines`` leaves ``\n``."""
    return "".join(
        c if c.isprintable() or (lines and c == "\n") else f"\\u{ord(c):04x}" for c in text
    )
