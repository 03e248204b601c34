"""The fleet: hosts one after the other, memory flat in their number."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
import pandas as pd
import pyarrow.compute as pc

from fleetaudit.analysis.attribution import merge_identities
from fleetaudit.analysis.coverage import (
    BLIND_SPOTS,
    SourceTally,
    firewall_log_gaps,
    host_gaps,
    host_outcome,
    issue_gaps,
)
from fleetaudit.analysis.host import HostFigures, figures_of
from fleetaudit.analysis.observation import Observation, observe, oldest_record_of
from fleetaudit.analysis.policy_changes import AuditRecord
from fleetaudit.analysis.rates import BurstEdges, outside_gaps, window_drops
from fleetaudit.analysis.statistics import merge_partials, rule_drops
from fleetaudit.analysis.traces import own_traces, unread_tasks
from fleetaudit.collectors import catalogue
from fleetaudit.ingest import FactsTimeline, read_facts_timeline
from fleetaudit.records.figures import Analysis, Attribution, Coverage, Gap, HostDrops, Trace
from fleetaudit.records.wire import FACTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

    from fleetaudit.records.figures import RuleIdentity
    from fleetaudit.records.host_record import HostRecord
    from fleetaudit.records.outcome import Outcome
    from fleetaudit.store import HostFolder, RunDirectory

__all__ = ["analyze"]

_MERGE_EVERY: Final = 50
"""Partials held before they are added up: keeps memory flat in the number of hosts."""

_UNSURE: Final = (Attribution.AMBIGUOUS, Attribution.UNRESOLVED)


@dataclass(slots=True, kw_only=True)
class _Sums:
    """What is carried from host to host."""

    tally: SourceTally
    partials: list[pd.DataFrame] = field(default_factory=list)
    identities: dict[str, RuleIdentity] = field(default_factory=dict)
    hosts_of: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    outcomes: list[Outcome] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    hosts: list[HostDrops] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    observed: int = 0
    hours: float = 0.0
    edges: BurstEdges = field(default_factory=BurstEdges)


def analyze(run: RunDirectory) -> Analysis:
    """Return everything that a report says about a run whose hosts have been ingested.

    Each host's attempts are stored as its table ``drops`` on the way.
    """
    sums = _Sums(tally=SourceTally(catalogue()))
    for name in run.host_names():
        _add_host(sums, run.host(name))
    fleet = merge_partials(sums.partials)
    sums.gaps.extend(sums.edges.gaps())
    return Analysis(
        run=run.manifest,
        coverage=Coverage(
            hosts=len(sums.hosts),
            hosts_observed=sums.observed,
            observed_hours=sums.hours,
            outcomes=tuple(sums.outcomes),
            sources=sums.tally.sources(),
            gaps=(*sorted(sums.gaps, key=lambda gap: (gap.kind, gap.host)), *BLIND_SPOTS),
        ),
        rules=rule_drops(
            fleet,
            identities=sums.identities,
            hosts=sums.hosts_of,
            observed_hours=sums.hours,
        ),
        hosts=tuple(sums.hosts),
        traces=tuple(sums.traces),
    )


def _add_host(sums: _Sums, folder: HostFolder) -> None:
    record = folder.record()
    facts = read_facts_timeline(folder)
    changes = sorted(_changes(folder), key=lambda change: change.time_ns)
    said = _said_of_the_export(folder)
    observation = observe(
        host=record.host,
        windows=record.windows,
        facts=facts,
        changes=changes,
        oldest_record=oldest_record_of(said),
        event_span_ns=_event_span(folder),
    )
    figures = figures_of(folder, facts, windows=observation.windows)
    sums.traces.extend(own_traces(record.host, record.windows, facts, changes))
    sums.gaps.extend(unread_tasks(record.host, said))
    sums.tally.add(record, folder)
    sums.outcomes.append(host_outcome(record))
    sums.gaps.extend(host_gaps(record))
    sums.gaps.extend(issue_gaps(record.host, folder.issues()))
    sums.gaps.extend(observation.gaps)
    sums.gaps.extend(firewall_log_gaps(record.host, folder.table("firewall_log")))
    sums.hosts.append(_host_drops(folder, record, facts, figures, observation))
    if figures is None:
        return
    sums.observed += 1
    sums.hours += observation.hours
    sums.edges.add(observation.windows, figures)
    sums.gaps.extend(outside_gaps(record.host, observation.windows, figures))
    if figures.records:
        _add_figures(sums, record.host, figures)


def _add_figures(sums: _Sums, host: str, figures: HostFigures) -> None:
    for key in figures.partial["rule_key"].unique():
        identity, known = figures.identities[key], sums.identities.get(key)
        sums.identities[key] = identity if known is None else merge_identities(known, identity)
        sums.hosts_of[key].append(host)
    sums.partials.append(figures.partial)
    if len(sums.partials) >= _MERGE_EVERY:
        sums.partials = [merge_partials(sums.partials)]


def _changes(folder: HostFolder) -> Iterable[AuditRecord]:
    table = folder.table("audit_events")
    if table is not None:
        columns = (table["event_code"].to_pylist(), table["other_fields"].to_pylist())
        for time, code, text in zip(_times(table), *columns, strict=True):
            fields: dict[str, Any] = orjson.loads(text) if text else {}
            folded = {name.casefold(): value for name, value in fields.items()}
            yield AuditRecord(time_ns=time, code=code, fields=folded)
    table = folder.table("task_events")
    if table is not None:
        columns = (table["event_code"].to_pylist(), table["task_name"].to_pylist())
        for time, code, name in zip(_times(table), *columns, strict=True):
            yield AuditRecord(time_ns=time, code=code, fields={"taskname": name})


def _times(table: pa.Table) -> list[int]:
    times: list[int] = pc.fill_null(table["time"].cast("int64"), 0).to_pylist()
    return times


def _said_of_the_export(folder: HostFolder) -> bytes:
    """Return the facts that came with the export of the Security log; nothing where none did."""
    for evidence in folder.evidence():
        if evidence.source == "security-events" and evidence.name == FACTS:
            with folder.open(evidence) as stream:
                return stream.read()
    return b""


def _event_span(folder: HostFolder) -> tuple[int, int] | None:
    table = folder.table("security_events")
    if table is None or table.num_rows == 0:
        return None
    bounds = pc.min_max(table["time"].cast("int64")).as_py()
    return bounds["min"], bounds["max"]


def _host_drops(
    folder: HostFolder,
    record: HostRecord,
    facts: FactsTimeline,
    figures: HostFigures | None,
    observation: Observation,
) -> HostDrops:
    attempts = pd.DataFrame() if figures is None else figures.attempts
    latest = facts.latest
    some = not attempts.empty
    return HostDrops(
        host=record.host,
        outcome=host_outcome(record),
        os_caption=latest.os_caption if latest else "",
        os_build=latest.os_build if latest else None,
        attempts=None if figures is None else len(attempts),
        records=None if figures is None else figures.records,
        unresolved=None if figures is None else _unsure(attempts),
        log_drops=_log_drops(folder),
        observed_hours=0.0 if figures is None else observation.hours,
        first_seen=_moment(attempts["first_ns"].min()) if some else None,
        last_seen=_moment(attempts["last_ns"].max()) if some else None,
        windows=window_drops(observation.windows, figures),
    )


def _unsure(attempts: pd.DataFrame) -> int:
    if attempts.empty:
        return 0
    return int(attempts["attribution"].isin([how.value for how in _UNSURE]).sum())


def _log_drops(folder: HostFolder) -> int | None:
    """Return the DROP lines; None where no log was there, which is not zero drops."""
    table = folder.table("firewall_log")
    if table is None:
        return None
    return int(pc.sum(pc.equal(table["action"].cast("string"), "DROP")).as_py() or 0)


def _moment(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(int(nanoseconds) // 1000 / 1e6, tz=UTC)
