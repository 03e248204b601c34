"""What was seen and what was not; sums that add up to the number of hosts."""

from __future__ import annotations

import re
from collections import Counter
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from fleetaudit.records.evidence import WHOLE_FILE
from fleetaudit.records.figures import Gap, SourceCoverage
from fleetaudit.records.host_record import HostRecord, Restoration
from fleetaudit.records.outcome import HOST, NOT_GIVEN, Outcome, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fleetaudit.collectors import Collector
    from fleetaudit.records.evidence import Issue
    from fleetaudit.store import HostFolder

__all__ = [
    "BLIND_SPOTS",
    "SourceTally",
    "firewall_log_gaps",
    "host_gaps",
    "host_outcome",
    "issue_gaps",
]

BLIND_SPOTS: Final = (
    Gap(
        kind="raw-sockets",
        host="",
        what="Traffic that a driver below the Windows Filtering Platform sends or takes is"
        " invisible to it",
        effect="A scan made with such a driver shows on the scanned hosts only",
    ),
)
"""What no host can show (windows-facts 11 g)."""


LOST_EVENTS: Final = "INFO-EVENTS-LOST"
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_EFFECTS: Final = {
    True: "What could not be read is missing from the figures",
    False: "What was read is in the figures all the same",
}


class SourceTally:
    """Counts outcomes, rows and issues of each evidence source over the hosts."""

    def __init__(self, collectors: Mapping[str, Collector]) -> None:
        self._collectors = collectors
        self._outcomes: dict[str, Counter[OutcomeKind]] = {name: Counter() for name in collectors}
        self._rows: Counter[str] = Counter()
        self._issues: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()

    def add(self, record: HostRecord, folder: HostFolder) -> None:
        """Count one host; a source without an outcome ends as the host did."""
        whole = host_outcome(record)
        said = {outcome.source: outcome.kind for outcome in record.outcomes}
        names = {evidence.name: evidence.source for evidence in folder.evidence()}
        for name, collector in self._collectors.items():
            self._outcomes[name][said.get(name, _inherited(whole))] += 1
            self._rows[name] += sum(folder.row_count(table) for table in collector.tables)
        for issue in folder.issues():
            self._add_issue(issue, names)

    def _add_issue(self, issue: Issue, names: Mapping[str, str]) -> None:
        source = names.get(issue.source)
        if source is not None:
            self._issues[source] += 1
            self._lost[source] += issue.lost

    def sources(self) -> tuple[SourceCoverage, ...]:
        """Return the sums, by source name."""
        return tuple(
            SourceCoverage(
                source=name,
                title=collector.title,
                outcomes=MappingProxyType({k: self._outcomes[name][k] for k in OutcomeKind}),
                rows=self._rows[name],
                issues=self._issues[name],
                lost=self._lost[name],
            )
            for name, collector in self._collectors.items()
        )


def host_outcome(record: HostRecord) -> Outcome:
    """Return the outcome of the host as a whole."""
    for outcome in record.outcomes:
        if outcome.source == HOST:
            return outcome
    return Outcome(host=record.host, source=HOST, kind=OutcomeKind.COLLECTED)


def host_gaps(record: HostRecord) -> Iterable[Gap]:
    """Yield what the outcomes of a host and its plan say that was not seen."""
    whole = host_outcome(record)
    if whole.kind is not OutcomeKind.COLLECTED:
        yield Gap(
            kind=f"host-{whole.kind.value}",
            host=record.host,
            what=whole.reason or f"The host ended as {whole.kind.value}",
            effect="The figures say nothing about this host",
            remedy=whole.remedy,
        )
    for outcome in record.outcomes:
        if outcome.source == HOST or outcome.kind is OutcomeKind.COLLECTED:
            continue
        if whole.kind is not OutcomeKind.COLLECTED and outcome.kind is whole.kind:
            continue
        if outcome.reason == NOT_GIVEN:
            continue
        yield Gap(
            kind=f"source-{outcome.kind.value}",
            host=record.host,
            what=f"{outcome.source}: {outcome.reason or outcome.kind.value}",
            effect=_effect(outcome),
            remedy=outcome.remedy,
        )
    yield from record.gaps
    if record.restoration is Restoration.OWED:
        yield Gap(
            kind="restore-owed",
            host=record.host,
            what="Auditing could not be put back on this host",
            effect="The host writes audit records until its lease ends them",
            remedy="Run fleetaudit restore; on a host without a lease nothing else does it",
        )


def _effect(outcome: Outcome) -> str:
    if outcome.kind is OutcomeKind.UNSUPPORTED:
        return "What only this source could show is not in the figures"
    return "A part was kept" if outcome.is_partial else "Nothing came of this source"


def issue_gaps(host: str, issues: Iterable[Issue]) -> Iterable[Gap]:
    """Yield one gap for each file of a host in which something could not be read, or is doubted.

    The first of what is wrong is named with its place; the table of issues holds all.
    """
    by_file: dict[str, list[Issue]] = {}
    for issue in issues:
        by_file.setdefault(issue.source, []).append(issue)
    for file, ones in by_file.items():
        first = next((one for one in ones if one.lost), ones[0])
        place = f", {first.where}" if first.where and first.where != WHOLE_FILE else ""
        more = f"; {len(ones):,} issues in all" if len(ones) > 1 else ""
        yield Gap(
            kind="evidence-unread" if any(one.lost for one in ones) else "evidence-doubted",
            host=host,
            what=f"{file}{place}: {first.problem}{more}",
            effect=_EFFECTS[any(one.lost for one in ones)],
        )


def firewall_log_gaps(host: str, table: pa.Table | None) -> Iterable[Gap]:
    """Yield a gap where the firewall's own log says that it lost events (windows-facts 6)."""
    if table is None:
        return
    says_so = pc.equal(table["action"].cast(pa.string()), LOST_EVENTS)
    said = table.filter(says_so)["info"].to_pylist()
    if said:
        lost = sum(int(one) for one in said if one and _NUMBER.fullmatch(one))
        yield Gap(
            kind="log-events-lost",
            host=host,
            what=f"The firewall's log says that it lost events, {lost:,} in all ({len(said):,} x)",
            effect="The number of its drops is too low by an unknown part of that",
        )


def _inherited(whole: Outcome) -> OutcomeKind:
    """Return how a source ended that was never asked."""
    return OutcomeKind.FAILED if whole.kind is OutcomeKind.COLLECTED else whole.kind
