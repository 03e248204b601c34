"""How one evidence source ended on one host: exactly one of six ways."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fleetaudit.records.evidence import Evidence

__all__ = ["HOST", "NOT_GIVEN", "Outcome", "OutcomeKind"]

NOT_GIVEN = "no such file was given"
"""Why a source of an import has no evidence: nobody gathered it, which is no gap of a host."""

HOST = "host"
"""The source name of the outcome that speaks of the host as a whole."""


class OutcomeKind(StrEnum):
    """The six ways."""

    COLLECTED = "collected"
    UNSUPPORTED = "unsupported"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    TIMED_OUT = "timed-out"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of one source on one host; ``source`` is :data:`HOST` for the host as a whole.

    Attributes:
        host: The inventory name.
        source: The collector's name, or :data:`HOST`.
        kind: Which of the six.
        reason: What happened, as a sentence; empty when collected.
        remedy: What to do; empty when collected or when nothing helps.
        evidence: What was stored; not empty for a failed source where a part had arrived.
    """

    host: str
    source: str
    kind: OutcomeKind
    reason: str = ""
    remedy: str = ""
    evidence: tuple[Evidence, ...] = ()

    @property
    def is_partial(self) -> bool:
        """Return whether something was kept of a source that did not come whole."""
        return self.kind is not OutcomeKind.COLLECTED and bool(self.evidence)
