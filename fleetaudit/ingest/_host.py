"""One host's evidence to its tables and issues."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from fleetaudit.errors import EvidenceError
from fleetaudit.ingest._facts import read_facts_timeline
from fleetaudit.ingest._firewall_logs import count_repeated, find_repeats, in_order
from fleetaudit.ingest._name_times import date_names
from fleetaudit.records.evidence import WHOLE_FILE, EvidenceContext, Issue, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fleetaudit.collectors import Collector, Parser, Reading
    from fleetaudit.records.evidence import Evidence
    from fleetaudit.store import HostFolder

__all__ = ["ingest_host", "parser_for"]


def ingest_host(folder: HostFolder, collectors: Mapping[str, Collector]) -> tuple[Issue, ...]:
    """Derive the tables of one host anew from its evidence, and return the issues.

    Tables and issues of an earlier reading are replaced as a whole. Evidence that no reading of
    its collector names stays unread; it is kept for people. A firewall log that is the beginning
    of another one is not read twice; an issue counts what was left out.
    """
    facts = read_facts_timeline(folder)
    zone = facts.latest.time_zone if facts.latest else None
    issues = [Issue(source="facts.json", where="", problem=p, lost=0) for p in facts.problems]
    evidences = in_order(folder.evidence())
    repeats = find_repeats(folder, evidences)
    with folder.tables() as tables:
        for evidence in evidences:
            collector = collectors.get(evidence.source)
            reading = _reading_of(collector, evidence.name) if collector else None
            if collector is None or reading is None:
                continue
            parser = reading.parse
            context = EvidenceContext(
                name=evidence.name,
                taken_at=facts.host_time(evidence),
                utc_offset_minutes=-zone.active_bias_minutes if zone else None,
                time_zone=zone,
            )
            if evidence in repeats:
                said = _repeated(folder, evidence, repeats[evidence], parser, context)
                if said is not None:
                    issues.append(said)
                    continue
            unreadable = False
            for item in _read(folder, evidence, parser, context):
                if isinstance(item, Rows):
                    tables.write(item)
                else:
                    issues.append(item)
                    unreadable |= item.where == WHOLE_FILE and item.lost > 0
            filled = collector.tables if reading.tables is None else reading.tables
            for table in () if unreadable else filled:
                tables.begin(table)
    boots = sorted(one.boot_time for one in (facts.before, facts.after) if one is not None)
    date_names(folder, boots=boots, issues=issues)
    folder.write_issues(issues)
    return tuple(issues)


def parser_for(collector: Collector, name: str) -> Parser | None:
    """Return the parser that ``collector`` names for a file called ``name``."""
    reading = _reading_of(collector, name)
    return reading.parse if reading else None


def _reading_of(collector: Collector, name: str) -> Reading | None:
    folded = name.casefold()
    for reading in collector.readings:
        if fnmatchcase(folded, reading.pattern.casefold()):
            return reading
    return None


def _read(
    folder: HostFolder, evidence: Evidence, parser: Parser, context: EvidenceContext
) -> Iterator[Rows | Issue]:
    try:
        with folder.open(evidence) as stream:
            yield from parser(stream, context)
    except EvidenceError as error:
        yield Issue(source=evidence.name, where=WHOLE_FILE, problem=str(error), lost=1)


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
