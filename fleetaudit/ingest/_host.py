"""One host's evidence to its tables and issues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.errors import EvidenceError
from fleetaudit.ingest._facts import read_facts_timeline
from fleetaudit.ingest._firewall_logs import count_repeated, find_repeats, in_order
from fleetaudit.ingest._name_times import date_names
from fleetaudit.ingest._readings import reading_of
from fleetaudit.parsers.recognition import START_BYTES, form_of
from fleetaudit.records.evidence import WHOLE_FILE, EvidenceContext, Issue, Phase, Rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from fleetaudit.collectors import Collector, Parser, Reading
    from fleetaudit.ingest._facts import FactsTimeline
    from fleetaudit.records.evidence import Evidence
    from fleetaudit.store import HostFolder
    from fleetaudit.store._tables import TableParts

__all__ = ["ingest_host"]


def ingest_host(folder: HostFolder, collectors: Mapping[str, Collector]) -> tuple[Issue, ...]:
    """Derive the tables of one host anew from its evidence, and return the issues.

    Tables and issues of an earlier reading are replaced as a whole. Evidence that no reading of
    its collector names stays unread; it is kept for people. Files that somebody gathered are read
    as what they are, whatever they are called. A firewall log that is the beginning of another one
    is not read twice; an issue counts what was left out.
    """
    facts = read_facts_timeline(folder)
    issues = [Issue(source="facts.json", where="", problem=p, lost=0) for p in facts.problems]
    evidences = in_order(folder.evidence())
    repeats = find_repeats(folder, evidences)
    with folder.tables() as tables:
        for evidence in evidences:
            collector = collectors.get(evidence.source)
            named = reading_of(collector, evidence.name) if collector else None
            if collector is None or (named is None and evidence.phase is not Phase.IMPORTED):
                continue
            context = _context(evidence, facts)
            if evidence in repeats:
                parser = collector.readings[0].parse
                said = _repeated(folder, evidence, repeats[evidence], parser, context)
                if said is not None:
                    issues.append(said)
                    continue
            issues += _ingest(folder, evidence, collector, context, tables)
    boots = sorted(one.boot_time for one in (facts.before, facts.after) if one is not None)
    date_names(folder, boots=boots, issues=issues)
    folder.write_issues(issues)
    return tuple(issues)


def _context(evidence: Evidence, facts: FactsTimeline) -> EvidenceContext:
    zone = facts.latest.time_zone if facts.latest else None
    return EvidenceContext(
        name=evidence.name,
        taken_at=facts.host_time(evidence),
        utc_offset_minutes=-zone.active_bias_minutes if zone else None,
        time_zone=zone,
    )


def _ingest(
    folder: HostFolder,
    evidence: Evidence,
    collector: Collector,
    context: EvidenceContext,
    tables: TableParts,
) -> list[Issue]:
    """Write what a file holds into the tables, and return its issues."""
    issues: list[Issue] = []
    reading = None
    try:
        with folder.open(evidence) as stream:
            reading = _reading(collector, evidence, stream)
            for item in reading.parse(stream, context) if reading else ():
                if isinstance(item, Rows):
                    tables.write(item)
                else:
                    issues.append(item)
    except EvidenceError as error:
        issues.append(Issue(source=evidence.name, where=WHOLE_FILE, problem=str(error), lost=1))
    unreadable = any(issue.where == WHOLE_FILE and issue.lost > 0 for issue in issues)
    if reading is not None and not unreadable:
        for table in collector.tables if reading.tables is None else reading.tables:
            tables.begin(table)
    return issues


def _reading(collector: Collector, evidence: Evidence, stream: BinaryIO) -> Reading | None:
    """Return how a file is read; of what was gathered, its beginning is looked at."""
    if evidence.phase is not Phase.IMPORTED:
        return reading_of(collector, evidence.name)
    form = form_of(stream.read(START_BYTES))
    stream.seek(0)
    return reading_of(collector, evidence.name, form)


def _repeated(
    folder: HostFolder,
    evidence: Evidence,
    whole: Evidence,
    parser: Parser,
    context: EvidenceContext,
) -> Issue | None:
    """Return what says that a log was left out; None where it cannot be proved to be a double."""
    with folder.open(evidence) as stream:
        rows = count_repeated(stream, parser, context)
    if not rows:
        return None
    problem = f"its {rows} rows are the beginning of {whole.name} and are counted there only"
    return Issue(source=evidence.name, where="the whole file", problem=problem, lost=0)
