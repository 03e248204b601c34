"""What the host said of itself before and after the window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import EvidenceError
from fleetaudit.parsers.host_facts import read_facts
from fleetaudit.records.evidence import Evidence, Phase
from fleetaudit.records.wire import FACTS

if TYPE_CHECKING:
    from datetime import datetime

    from fleetaudit.records.host import HostFacts
    from fleetaudit.store import HostFolder

__all__ = ["SOURCE", "FactsTimeline", "read_facts_timeline"]

SOURCE = "host-facts"
GROUPS = "groups.csv"
_EARLIEST_YEAR: Final = 1980
_LATEST_YEAR: Final = 2100
"""A host's clock beyond these says nothing of when something was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsTimeline:
    """The facts at both ends; None where they were not collected or cannot be read.

    Attributes:
        before: Before the window; of an import, the only ones.
        after: After it.
        problems: Why facts that were collected cannot be read.
        is_clock_compared: Whether the controller's clock stood beside the host's when it answered;
            it did not where the facts were gathered by hand, and their ``clock_offset`` is 0 then.
    """

    before: HostFacts | None
    after: HostFacts | None
    problems: tuple[str, ...] = ()
    is_clock_compared: bool = True

    @property
    def latest(self) -> HostFacts | None:
        """Return the newest facts there are."""
        return self.after or self.before

    @property
    def clock_offset(self) -> timedelta:
        """Return how far the host's clock is ahead; none where that is not known."""
        return self.latest.clock_offset if self.latest else timedelta(0)

    def host_time(self, evidence: Evidence) -> datetime | None:
        """Return when evidence was taken, by the host's own clock; None where nobody knows."""
        facts = self.after if evidence.phase is Phase.AFTER else self.before
        facts = facts or self.latest
        if facts is None or evidence.phase is Phase.IMPORTED:
            return None
        try:
            moment = evidence.taken_at + facts.clock_offset
        except OverflowError:
            return None
        return moment if _EARLIEST_YEAR <= moment.year <= _LATEST_YEAR else None


def read_facts_timeline(folder: HostFolder) -> FactsTimeline:
    """Return the facts that ``folder`` holds."""
    found: dict[Phase, HostFacts] = {}
    problems: list[str] = []
    pieces: dict[Phase, dict[str, Evidence]] = {}
    for evidence in folder.evidence():
        if evidence.source == SOURCE:
            pieces.setdefault(evidence.phase, {})[evidence.name] = evidence
    for phase, files in pieces.items():
        if FACTS not in files:
            continue
        try:
            said = read_facts(
                _bytes(folder, files[FACTS]),
                _bytes(folder, files[GROUPS]) if GROUPS in files else b"",
                received_at=files[FACTS].taken_at,
            )
            # When a file was imported says nothing about the clock that wrote it.
            is_dated = phase is not Phase.IMPORTED
            found[phase] = said if is_dated else replace(said, clock_offset=timedelta(0))
        except EvidenceError as error:
            problems.append(str(error))
    return FactsTimeline(
        before=found.get(Phase.BEFORE) or found.get(Phase.IMPORTED),
        after=found.get(Phase.AFTER),
        problems=tuple(problems),
        is_clock_compared=Phase.BEFORE in found or Phase.AFTER in found or not found,
    )


def _bytes(folder: HostFolder, evidence: Evidence) -> bytes:
    with folder.open(evidence) as stream:
        return stream.read()
