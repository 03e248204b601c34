"""When the names in a host's DNS cache were resolved, as far as two sources together tell.

The cache says what remains of an entry's time (windows-facts 9). What a second reading, or a log
of the same host, adds to that:

- An entry whose end has not moved since the reading before is the same resolution: it is older
  than that reading. One whose end moved on, or that was not there, came between the two.
- The DNS client's 3020 is the answer of a server: the last one before the reading is it.
- Its 3008, and Sysmon's 22, say that a program had its answer, which mostly is the cache's own
  (3018 stands before it then). Where an entry came between two readings, the log was on all the
  while, and the records of one question alone have its data, that question is the resolution.

Whatever does not fit together leaves the time unknown. A log that is off when it is exported, or
that holds nothing from before the earlier reading, may have missed a later answer.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from fleetaudit.errors import EvidenceError
from fleetaudit.records.names import ResolvedHow
from fleetaudit.records.tables import DNS_CACHE
from fleetaudit.records.wire import FACTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from fleetaudit.records.evidence import Issue
    from fleetaudit.store import HostFolder

__all__ = ["date_names"]

_TABLE: Final = "dns_cache"
_SOURCE: Final = "dns-cache"
_SLACK: Final = timedelta(seconds=5)
"""How far ends may be apart that are one: seconds are whole, and older evidence is dated by its
arrival."""
_AT_ONCE: Final = timedelta(seconds=2)
"""Records of one question: for IPv4 and for IPv6, and of the programs that wait for it."""
_WIRE: Final = 3020
_LOGS: Final = (
    ("dns-events", "dns_events", "DNS-Client", (3008, _WIRE)),
    ("sysmon-events", "sysmon_events", "Sysmon", (22,)),
)
"""Source, table, name and events of each log that has answers, the better one first."""

Row = dict[str, Any]
_Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    """A record of a log in which a name has certain data."""

    time: datetime
    by: str


@dataclass(slots=True)
class _Log:
    """The answers of one log by asked name and data; ``since`` is the time of its first record."""

    since: datetime | None = None
    wire: defaultdict[_Key, list[_Answer]] = field(default_factory=lambda: defaultdict(list))
    answers: defaultdict[_Key, list[_Answer]] = field(default_factory=lambda: defaultdict(list))


@dataclass(slots=True)
class _Reading:
    """One reading of the cache; an entry that comes twice with two ends is no one entry."""

    time: datetime
    rows: defaultdict[_Key, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def end_of(self, key: _Key) -> datetime | None:
        """Return when the entry dies; None where that is not one moment."""
        ends = {row["expires_at"] for row in self.rows.get(key, ())}
        end = ends.pop() if len(ends) == 1 else None
        return end if isinstance(end, datetime) else None


def date_names(folder: HostFolder, *, boots: Sequence[datetime], issues: Iterable[Issue]) -> None:
    """Write the table ``dns_cache`` again with what is known of when its names were resolved.

    Args:
        folder: A host whose evidence has been read.
        boots: Boot times that the host named: a restart empties the cache.
        issues: Of the evidence; a reading that was not read whole does not say what was absent.
    """
    table = folder.table(_TABLE)
    if table is None or table.num_rows == 0:
        return
    rows: list[Row] = _with_datetimes(table)
    is_whole = not any(one.lost and one.source.lower().startswith("dns") for one in issues)
    readings = _readings(rows)
    logs = [_log(folder, *one, names=_names(rows)) for one in _LOGS] if readings else []
    before: _Reading | None = None
    for reading in readings:
        for key, ones in reading.rows.items():
            _bound(reading, key, ones, before=before, boots=boots, is_whole=is_whole)
            for row in ones:
                _find(row, logs)
        before = reading
    folder.write_table(_TABLE, pa.Table.from_pylist(rows, schema=DNS_CACHE).to_batches())


def _with_datetimes(table: pa.Table) -> list[Row]:
    """Return the rows; Arrow gives nanoseconds as pandas has them, where that is installed."""
    times = [column.name for column in table.schema if pa.types.is_timestamp(column.type)]
    for name in times:
        at = table.schema.get_field_index(name)
        column = table[name].cast(pa.timestamp("us", tz="UTC"), safe=False)
        table = table.set_column(at, name, column)
    rows: list[Row] = table.to_pylist()
    return rows


def _readings(rows: Iterable[Row]) -> list[_Reading]:
    found: dict[datetime, _Reading] = {}
    for row in rows:
        time = row["snapshot_time"]
        if time is not None and not row["is_cut"]:
            reading = found.setdefault(time, _Reading(time))
            reading.rows[_key(row)].append(row)
    return [found[time] for time in sorted(found)]


def _key(row: Row) -> _Key:
    columns = ("dns_entry", "dns_name", "dns_type", "dns_data")
    return tuple(str(row[column] or "").casefold() for column in columns)


def _names(rows: Iterable[Row]) -> list[str]:
    return sorted({_folded(row["dns_entry"]) for row in rows if row["dns_entry"]})


def _bound(
    reading: _Reading,
    key: _Key,
    rows: Sequence[Row],
    *,
    before: _Reading | None,
    boots: Sequence[datetime],
    is_whole: bool,
) -> None:
    """Set between what times an entry was resolved, by the reading before."""
    if before is None or rows[0]["resolved_how"] == ResolvedHow.FULL_TTL:
        return
    restarts = [boot for boot in boots if before.time < boot < reading.time]
    earliest = latest = None
    if restarts:
        earliest = restarts[-1]
    elif key not in before.rows:
        earliest = before.time if is_whole else None
    else:
        was, now = before.end_of(key), reading.end_of(key)
        if was is not None and now is not None and now - was > _SLACK:
            # A time that stands still is no time that was given anew.
            stands = now - was >= reading.time - before.time - _SLACK
            earliest = None if stands and _left(rows) == _left(before.rows[key]) else before.time
        elif was is not None and now is not None and was - now <= _SLACK:
            latest = before.time
    for row in rows:
        if earliest is not None:
            row["resolved_how"] = ResolvedHow.BETWEEN.value
            row["resolved_earliest"] = earliest
        elif latest is not None:
            row["resolved_latest"] = latest


def _left(rows: Sequence[Row]) -> set[object]:
    return {row["remaining_seconds"] for row in rows}


def _find(row: Row, logs: Iterable[_Log]) -> None:
    """Set when an entry was resolved, where a log has the record of it."""
    if row["resolved_how"] == ResolvedHow.FULL_TTL or row["dns_data"] is None:
        return
    key = (_folded(row["dns_entry"]), _canonical(row["dns_data"]))
    earliest, latest = row["resolved_earliest"], row["resolved_latest"]
    answer = None
    for log in logs:
        wire = [one for one in log.wire[key] if _is_within(one.time, earliest, latest)]
        if wire:
            answer = max(wire, key=lambda one: one.time)
            break
        if earliest is not None and _spans(log, earliest):
            said = [one for one in log.answers[key] if _is_within(one.time, earliest, latest)]
            answer = _only(said)
            break
    if answer is not None:
        row["resolved_how"], row["resolved_by"] = ResolvedHow.EVENT.value, answer.by
        for column in ("resolved_at", "resolved_earliest", "resolved_latest"):
            row[column] = answer.time


def _spans(log: _Log, earliest: datetime) -> bool:
    return log.since is not None and log.since <= earliest


def _only(answers: Sequence[_Answer]) -> _Answer | None:
    """Return the first of some records that all are of one question; None where they are not."""
    if not answers:
        return None
    first, last = (pick(answers, key=lambda one: one.time) for pick in (min, max))
    return first if last.time - first.time <= _AT_ONCE else None


def _is_within(time: datetime, earliest: datetime | None, latest: datetime) -> bool:
    return (earliest is None or earliest < time) and time <= latest + _AT_ONCE


def _log(
    folder: HostFolder,
    source: str,
    table_name: str,
    name: str,
    codes: Sequence[int],
    *,
    names: Sequence[str],
) -> _Log:
    """Return the answers of one log to ``names``; none where it was off when it was exported."""
    log = _Log()
    table = folder.table(table_name)
    if table is None or table.num_rows == 0 or not _is_on(folder, source):
        return log
    first = pc.min(table["time"].cast(pa.timestamp("us", tz="UTC"), safe=False)).as_py()
    log.since = first if isinstance(first, datetime) else None
    for row in _answered(table, codes, names):
        by = f"{name} {row['event_code']}, record {row['record_id']}"
        target = log.wire if row["event_code"] == _WIRE else log.answers
        data = ",".join(filter(None, (row["dns_resolved_ips"], row["dns_aliases"])))
        for one in data.split(",") if row["time"] is not None else ():
            target[_folded(row["dns_name"]), _canonical(one)].append(_Answer(row["time"], by))
    return log


def _answered(table: pa.Table, codes: Sequence[int], names: Sequence[str]) -> Iterator[Row]:
    """Yield the answers without an error to ``names``; of a large log only these become objects."""
    folded = pc.utf8_rtrim(pc.utf8_lower(table["dns_name"].cast(pa.string())), characters=".")
    wanted = pc.and_(
        pc.and_(
            pc.is_in(table["event_code"], value_set=pa.array(codes, type=pa.uint16())),
            pc.is_in(folded, value_set=pa.array(names, type=pa.string())),
        ),
        pc.fill_null(pc.equal(table["dns_status_code"], 0), fill_value=False),
    )
    columns = ("record_id", "time", "event_code", "dns_name", "dns_resolved_ips", "dns_aliases")
    yield from _with_datetimes(table.filter(wanted).select(columns))


def _is_on(folder: HostFolder, source: str) -> bool:
    for evidence in folder.evidence():
        if evidence.source == source and evidence.name == FACTS:
            try:
                with folder.open(evidence) as stream:
                    said: Mapping[str, Any] = json.loads(stream.read().decode("utf-8-sig"))
            except (EvidenceError, ValueError):
                return False
            return isinstance(said, dict) and said.get("IsEnabled") is True
    return False


def _folded(name: object) -> str:
    return str(name).lower().rstrip(".")


def _canonical(data: object) -> str:
    text = str(data)
    try:
        return str(ip_address(text))
    except ValueError:
        return _folded(text)
