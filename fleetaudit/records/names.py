"""How it is known when a name was resolved."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ResolvedHow"]


class ResolvedHow(StrEnum):
    """What the time of a resolution rests on, surest first.

    The DNS client's cache says how long an entry still lives and never how long it was given
    (windows-facts 9), so most times are unknown.
    """

    FULL_TTL = "full-ttl"
    """The input gives the full time to live: what has passed of it was counted back."""
    EVENT = "event"
    """A record of another log has the answer; its own time is the time."""
    BETWEEN = "between-snapshots"
    """The entry came into the cache, or was given new time, between two readings of it."""
    UNKNOWN = "unknown"
    """Nothing tells; where an earlier reading holds the entry already, it was before that."""
