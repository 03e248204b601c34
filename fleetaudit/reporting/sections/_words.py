"""Figures in words: one way of writing numbers, times and shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from fleetaudit.records.figures import RuleIdentity, Tally

__all__ = ["count", "length", "moment", "percent", "plural", "rate", "title_of", "top"]


_WHOLE = 999.5
"""From here on three significant figures would be written with an exponent."""


def count(number: int | None) -> str:
    """Return ``12,345``; ``not seen`` for what is not known."""
    return "not seen" if number is None else f"{number:,}"


def plural(number: int, one: str, many: str = "") -> str:
    """Return ``1 host`` or ``3 hosts``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def length(time: timedelta) -> str:
    """Return ``30 s``, ``6 min``, ``55.5 min`` or ``12 h``: one unit, a digit after it at most."""
    seconds = time.total_seconds()
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"


def moment(time: datetime | None) -> str:
    """Return ``2026-11-21 08:10:00`` (UTC); a dash for never."""
    return "—" if time is None else f"{time:%Y-%m-%d %H:%M:%S}"


def rate(value: float | None) -> str:
    """Return attempts by host-hour, three significant figures or whole; a dash where undefined."""
    if value is None:
        return "—"
    return f"{value:.3g}" if value < _WHOLE else f"{value:,.0f}"


def percent(part: int, whole: int) -> str:
    """Return ``12.5 %``; a dash where there is no whole."""
    return "—" if not whole else f"{100 * part / whole:.1f} %"


def top(tallies: tuple[Tally, ...], most: int = 3) -> str:
    """Return the most frequent values, ``tcp/445, tcp/139 and 4 more``."""
    named = ", ".join(tally.value or "—" for tally in tallies[:most])
    rest = len(tallies) - most
    return f"{named} and {rest} more" if rest > 0 else named


def title_of(rule: RuleIdentity) -> str:
    """Return the rule's name; of a rule without one, its filter origin."""
    return rule.name.strip() or (f"(no name) {rule.origin}" if rule.origin else "(no name)")
