"""When a name was resolved, from two readings of the cache and from logs, or unknown."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from fleetaudit.collectors import catalogue
from fleetaudit.ingest import ingest_host
from fleetaudit.records.call import Attachment
from fleetaudit.records.evidence import Phase
from fleetaudit.records.names import ResolvedHow
from fleetaudit.simulation.formats.evtx import EventRecord, Field, Provider, ValueType, write_evtx
from fleetaudit.simulation.model._events import filetime
from fleetaudit.store import HostFolder
from tests.simulation.conftest import make_desk

FACTS = Path(__file__).parents[1] / "cases" / "host-facts"
FIRST = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
SECOND = FIRST + timedelta(seconds=600)
NAME, ADDRESS = "www.example.org", "192.0.2.7"
PROVIDERS = {
    "dns-events": ("Microsoft-Windows-DNS-Client", "dns-client.evtx"),
    "sysmon-events": ("Microsoft-Windows-Sysmon", "sysmon.evtx"),
}
UNKNOWN = (ResolvedHow.UNKNOWN, None)


@pytest.fixture
def folder(tmp_path: Path) -> HostFolder:
    return HostFolder(tmp_path / "web01")


def keep(folder: HostFolder, source: str, name: str, data: bytes, phase: Phase) -> None:
    sink = folder.sink(source, phase, SECOND)
    with sink.open(name) as stream:
        stream.write(gzip.compress(data))
    digest = hashlib.sha256(data).hexdigest()
    sink.keep(Attachment(name=name, length=len(data), sha256=digest, stored_length=1))


def entry(left: int | None, **changes: object) -> dict[str, object]:
    whole = {"Entry": NAME, "Name": NAME, "Type": 1, "Status": 0, "Section": 1, "Data": ADDRESS}
    return {**whole, "TimeToLive": left, **changes}


def read_twice(folder: HostFolder, before: list[Any], after: list[Any]) -> None:
    for phase, time, entries in (
        (Phase.BEFORE, FIRST, before),
        (Phase.AFTER, SECOND, after),
    ):
        cache = {"HostTime": time.isoformat(), "Entries": entries}
        keep(folder, "dns-cache", "dns-cache.json", json.dumps(cache).encode(), phase)


def log(folder: HostFolder, source: str, *said: tuple[float, int, str], is_on: bool = True) -> None:
    """Keep a log; of each record the seconds since FIRST, the event and its results."""
    provider, name = PROVIDERS[source]
    records = [
        EventRecord(
            record_id=number,
            filetime=filetime(FIRST + timedelta(seconds=seconds)),
            provider=Provider(provider, UUID(int=1)),
            event_id=code,
            version=0,
            task=0,
            keywords=0,
            computer="web01",
            fields=(
                Field("QueryName", ValueType.TEXT),
                Field("Status" if code == 3020 else "QueryStatus", ValueType.UINT32),
                Field("QueryResults", ValueType.TEXT),
            ),
            values=(NAME.upper(), 0 if results else 9003, results),
        )
        for number, (seconds, code, results) in enumerate(said, start=1)
    ]
    keep(folder, source, name, write_evtx(records), Phase.AFTER)
    keep(folder, source, "facts.json", json.dumps({"IsEnabled": is_on}).encode(), Phase.AFTER)


def names(folder: HostFolder) -> list[dict[str, Any]]:
    ingest_host(folder, catalogue())
    table = folder.table("dns_cache")
    assert table is not None
    rows: list[dict[str, Any]] = table.to_pylist()
    return sorted(rows, key=lambda row: (row["snapshot_time"], row["dns_entry"]))


def last(folder: HostFolder) -> tuple[str, datetime | None, datetime | None]:
    """Return how the entry of the second reading was resolved, and between what times."""
    row = names(folder)[-1]
    return row["resolved_how"], row["resolved_earliest"], row["resolved_latest"]


def test_an_entry_whose_end_has_not_moved_is_older_than_the_first_reading(
    folder: HostFolder,
) -> None:
    read_twice(folder, [entry(3000)], [entry(2399)])
    assert last(folder) == (*UNKNOWN, FIRST)
    assert {row["resolved_at"] for row in names(folder)} == {None}


def test_an_entry_that_was_given_new_time_was_resolved_between_the_readings(
    folder: HostFolder,
) -> None:
    read_twice(folder, [entry(30)], [entry(3500)])
    assert last(folder) == (ResolvedHow.BETWEEN, FIRST, SECOND)
    assert names(folder)[0]["resolved_how"] == ResolvedHow.UNKNOWN


def test_an_entry_that_was_not_there_was_resolved_between_the_readings(folder: HostFolder) -> None:
    read_twice(folder, [entry(30, Entry="other.example.org")], [entry(3500)])
    assert last(folder) == (ResolvedHow.BETWEEN, FIRST, SECOND)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([entry(604_800)], [entry(604_800)]),
        ([entry(3000)], [entry(100)]),
        ([entry(None)], [entry(None)]),
        ([entry(30), entry(60)], [entry(3500)]),
        ([{"Entry": 7}, entry(30, Entry="other.example.org")], [entry(3500)]),
    ],
    ids=["stands still", "falls too fast", "without a time", "twice", "not read whole"],
)
def test_what_does_not_fit_together_leaves_the_time_unknown(
    before: list[Any], after: list[Any], folder: HostFolder
) -> None:
    read_twice(folder, before, after)
    assert last(folder) == (*UNKNOWN, SECOND)


def test_a_restart_between_the_readings_empties_the_cache(folder: HostFolder) -> None:
    read_twice(folder, [entry(3000)], [entry(2400)])
    facts = json.loads((FACTS / "server-2022-de.json").read_text("utf-8-sig"))
    booted = FIRST + timedelta(seconds=60)
    facts |= {"BootTime": booted.isoformat(), "HostTime": SECOND.isoformat()}
    keep(folder, "host-facts", "facts.json", json.dumps(facts).encode(), Phase.AFTER)
    groups = (FACTS / "groups-elevated-de.csv").read_bytes()
    keep(folder, "host-facts", "groups.csv", groups, Phase.AFTER)
    assert last(folder) == (ResolvedHow.BETWEEN, booted, SECOND)


def test_the_last_answer_of_a_server_is_the_resolution(folder: HostFolder) -> None:
    read_twice(folder, [entry(3000)], [entry(2400)])
    log(
        folder,
        "dns-events",
        (-900, 3020, f"{ADDRESS};"),
        (-600, 3020, f"type:  5 cdn.example.net;{ADDRESS};"),
        (-300, 3020, "192.0.2.99;"),
        (-200, 3020, ""),
        (200, 3020, f"{ADDRESS};"),
        (300, 3008, f"::ffff:{ADDRESS};"),
    )
    resolved_at = FIRST - timedelta(seconds=600)
    assert last(folder) == (ResolvedHow.EVENT, resolved_at, resolved_at)
    first, second = names(folder)
    assert first["resolved_at"] == second["resolved_at"] == resolved_at
    assert second["resolved_by"] == "DNS-Client 3020, record 2"


@pytest.mark.parametrize("source", PROVIDERS)
def test_one_question_between_the_readings_is_the_resolution(
    source: str, folder: HostFolder
) -> None:
    code = 3008 if source == "dns-events" else 22
    read_twice(folder, [entry(30)], [entry(3500)])
    said = f"::ffff:{ADDRESS};"
    log(folder, source, (-30, code, said), (500, code, said), (501, code, said))
    at = FIRST + timedelta(seconds=500)
    assert last(folder) == (ResolvedHow.EVENT, at, at)
    assert names(folder)[-1]["resolved_by"].endswith(f" {code}, record 2")


@pytest.mark.parametrize(
    ("before", "said", "state"),
    [
        (3000, (500, 3008, f"{ADDRESS};"), "on"),
        (30, (500, 3008, "192.0.2.99;"), "on"),
        (30, (500, 3008, f"{ADDRESS};"), "off"),
        (30, (500, 3020, f"{ADDRESS};"), "off"),
        (30, (700, 3020, f"{ADDRESS};"), "on"),
        (30, (-60, 3020, f"{ADDRESS};"), "on"),
    ],
    ids=["the cache", "other data", "off", "off, server", "after the reading", "before the first"],
)
def test_a_record_that_need_not_be_the_resolution_is_not_taken_for_it(
    before: int, said: tuple[float, int, str], state: str, folder: HostFolder
) -> None:
    read_twice(folder, [entry(before)], [entry(2400)])
    log(folder, "dns-events", (-1000, 3008, "192.0.2.98;"), said, is_on=state == "on")
    assert last(folder)[0] != ResolvedHow.EVENT


def test_several_questions_may_have_been_answered_by_the_cache(folder: HostFolder) -> None:
    read_twice(folder, [entry(30)], [entry(3500)])
    said = f"::ffff:{ADDRESS};"
    log(folder, "dns-events", (-30, 3008, said), (100, 3008, said), (500, 3008, said))
    log(folder, "sysmon-events", (-30, 22, said), (100, 22, said))
    assert last(folder) == (ResolvedHow.BETWEEN, FIRST, SECOND)


def test_a_log_that_begins_between_the_readings_may_have_missed_it(folder: HostFolder) -> None:
    read_twice(folder, [entry(30)], [entry(3500)])
    log(folder, "dns-events", (500, 3008, f"{ADDRESS};"))
    assert last(folder) == (ResolvedHow.BETWEEN, FIRST, SECOND)


def test_a_full_time_to_live_is_not_overruled(folder: HostFolder) -> None:
    read_twice(folder, [entry(30)], [entry(3500, FullTimeToLive=3600)])
    log(folder, "dns-events", (450, 3020, f"{ADDRESS};"))
    at = SECOND - timedelta(seconds=100)
    assert last(folder) == (ResolvedHow.FULL_TTL, at, at)


def test_a_cache_that_nobody_dated_says_no_time(folder: HostFolder) -> None:
    data = json.dumps([entry(3500)]).encode()
    keep(folder, "dns-cache", "dns-cache.json", data, Phase.IMPORTED)
    log(folder, "dns-events", (450, 3020, f"{ADDRESS};"))
    ingest_host(folder, catalogue())
    table = folder.table("dns_cache")
    assert table is not None
    (row,) = table.to_pylist()
    assert (row["resolved_how"], row["expires_at"], row["resolved_latest"]) == (*UNKNOWN, None)


def test_a_simulated_host_tells_its_resolutions_as_its_log_does(tmp_path: Path) -> None:
    desk, found = make_desk(), set()
    for host in desk.fleet.hosts:
        folder = HostFolder(tmp_path / host)
        for name in ("dns-cache", "dns-events", "sysmon-events"):
            for file, data in desk.ask(host, catalogue()[name].script).files.items():
                keep(folder, name, file, data, Phase.AFTER)
        ingest_host(folder, catalogue())
        table = folder.table("dns_cache")
        for row in [] if table is None else table.to_pylist():
            found.add((row["resolved_how"], row["resolved_by"] is not None))
    assert found == {(ResolvedHow.EVENT, True), (*UNKNOWN[:1], False)}
