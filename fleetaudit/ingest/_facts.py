"""What the host said of itself before and after the window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from fleetaudit.errors import EvidenceError
from fleetaudit.parsers.host_facts import read_facts
from fleetaudit.records.evidence import Evidence, Phase
from fleetaudit.records.wire import FACTS

if TYPE_CHECKING:
    from fleetaudit.records.host import HostFacts
    from fleetaudit.store import HostFolder

__all__ = ["SOURCE", "FactsTimeline", "read_facts_timeline"]

SOURCE = "host-facts"
GROUPS = "groups.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsTimeline:
    """The facts at both ends; None where they were not collected or cannot be read.

    Attributes:
        before: Before the window; of an import, the only ones.
        after: After it.
        problems: Why facts that were collected cannot be read.
    """

    before: HostFacts | None
    after: HostFacts | None
    problems: tuple[str, ...] = ()

    @property
    def latest(self) -> HostFacts | None:
        """Return the newest facts there are."""
        return self.after or self.before

    @property
    def clock_offset(self) -> timedelta:
        """Return how far the host's clock is ahead; none where that is not known."""
        return self.latest.clock_offset if self.latest else timedelta(0)


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
            found[phase] = read_facts(
                _bytes(folder, files[FACTS]),
                _bytes(folder, files[GROUPS]) if GROUPS in files else b"",
                received_at=files[FACTS].taken_at,
            )
        except EvidenceError as error:
            problems.append(str(error))
    return FactsTimeline(
        before=found.get(Phase.BEFORE) or found.get(Phase.IMPORTED),
        after=found.get(Phase.AFTER),
        problems=tuple(problems),
    )


def _bytes(folder: HostFolder, evidence: Evidence) -> bytes:
    with folder.open(evidence) as stream:
        return stream.read()
