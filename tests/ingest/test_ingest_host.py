from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fleetaudit.collectors import catalogue
from fleetaudit.ingest import ingest_host, read_facts_timeline
from fleetaudit.records.call import Attachment
from fleetaudit.records.evidence import Phase
from fleetaudit.store import HostFolder

if TYPE_CHECKING:
    import pyarrow as pa

    from fleetaudit.records.evidence import Issue

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
FACTS = Path(__file__).parents[1] / "cases/host-facts"
HEADER = (
    b"#Version: 1.5\r\n#Fields: date time action protocol src-ip dst-ip src-port dst-port size"
    b" tcpflags tcpsyn tcpack tcpwin icmptype icmpcode info path\r\n\r\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> HostFolder:
    return HostFolder(tmp_path / "web01")


def line(second: int, port: int = 445) -> bytes:
    return (
        b"2026-11-21 08:59:%02d DROP UDP 10.1.2.3 10.1.2.4 50123 %d 52 - - - - - - - RECEIVE\r\n"
        % (second, port)
    )


def keep(
    folder: HostFolder,
    name: str,
    data: bytes,
    *,
    source: str = "firewall-log",
    phase: Phase = Phase.AFTER,
    taken_at: datetime = NOW,
) -> None:
    sink = folder.sink(source, phase, taken_at)
    with sink.open(name) as stream:
        stream.write(gzip.compress(data))
    digest = hashlib.sha256(data).hexdigest()
    sink.keep(Attachment(name=name, length=len(data), sha256=digest, stored_length=1))


def ingest(folder: HostFolder) -> tuple[pa.Table, tuple[Issue, ...]]:
    issues = ingest_host(folder, catalogue())
    assert issues == folder.issues()
    return folder.table("firewall_log"), issues


def test_a_log_that_rotated_between_the_two_readings_counts_once(folder: HostFolder) -> None:
    live = HEADER + b"".join(map(line, range(10)))
    keep(folder, "pfirewall-1.log", live)
    keep(folder, "pfirewall-1.log.old", live + line(10) + line(11))
    table, issues = ingest(folder)
    assert table.num_rows == 12
    assert [(issue.source, issue.lost) for issue in issues] == [("pfirewall-1.log", 0)]
    assert issues[0].problem == (
        "its 10 rows are the beginning of pfirewall-1.log.old and are counted there only"
    )


def test_a_log_gathered_twice_counts_once(folder: HostFolder) -> None:
    for name in ("pfirewall.log", "pfirewall.2.log"):
        keep(folder, name, HEADER + line(1) + line(2))
    table, issues = ingest(folder)
    assert (table.num_rows, len(issues)) == (2, 1)


def test_both_generations_of_a_log_count_and_the_older_comes_first(folder: HostFolder) -> None:
    keep(folder, "pfirewall-1.log", HEADER + line(30) + line(31))
    keep(folder, "pfirewall-1.log.old", HEADER + line(1) + line(30))
    table, issues = ingest(folder)
    assert [time.second for time in table["local_time"].to_pylist()] == [1, 30, 30, 31]
    assert issues == ()


def test_equal_lines_are_equal_packets_and_all_count(folder: HostFolder) -> None:
    keep(folder, "pfirewall-1.log.old", HEADER + line(1) * 5)
    keep(folder, "pfirewall-1.log", HEADER + line(1) * 3)
    table, issues = ingest(folder)
    assert (table.num_rows, issues) == (8, ())


def test_logs_of_two_profiles_that_begin_alike_both_count(folder: HostFolder) -> None:
    keep(folder, "pfirewall-1.log", HEADER + line(1) + line(2, port=1) + line(3))
    keep(folder, "pfirewall-2.log", HEADER + line(1) + line(2, port=2))
    assert ingest(folder)[0].num_rows == 5


def test_a_log_without_a_record_is_a_log_that_saw_nothing(folder: HostFolder) -> None:
    keep(folder, "pfirewall-1.log", HEADER)
    keep(folder, "pfirewall-1.log.old", HEADER + line(1))
    table, issues = ingest(folder)
    assert (table.num_rows, issues) == (1, ())


def test_without_a_log_there_is_no_table_which_is_not_an_empty_one(folder: HostFolder) -> None:
    keep(folder, "facts.json", b'{"Profiles":[],"Logs":[]}')
    assert ingest(folder) == (None, ())


def test_an_empty_log_is_an_empty_table(folder: HostFolder) -> None:
    keep(folder, "pfirewall-1.log", HEADER)
    assert ingest(folder)[0].num_rows == 0


def test_times_of_the_log_follow_the_zone_of_the_host_s_own_facts(folder: HostFolder) -> None:
    for name in ("server-2022-de.json", "groups-elevated-de.csv"):
        stored = "facts.json" if name.endswith("json") else "groups.csv"
        keep(folder, stored, (FACTS / name).read_bytes(), source="host-facts")
    summer = line(1).replace(b"2026-11-21", b"2026-07-21")
    keep(folder, "pfirewall-1.log", HEADER + summer + line(1))
    table, _ = ingest(folder)
    assert [time.hour for time in table["time"].to_pylist()] == [6, 7]
    assert table["is_time_ambiguous"].to_pylist() == [False, False]


def test_damaged_evidence_is_an_issue_and_the_rest_is_read(folder: HostFolder) -> None:
    keep(folder, "pfirewall-1.log", HEADER + line(1))
    keep(folder, "pfirewall-2.log", HEADER + line(1) + line(2))
    damaged = next(e for e in folder.evidence() if e.name == "pfirewall-1.log")
    (folder.path / damaged.file).write_bytes(gzip.compress(b"something else"))
    table, issues = ingest(folder)
    assert table.num_rows == 2
    assert [(issue.source, issue.where, issue.lost) for issue in issues] == [
        ("pfirewall-1.log", "file", 1)
    ]


def test_the_time_of_an_import_is_not_taken_for_the_time_of_the_facts(folder: HostFolder) -> None:
    for phase in (Phase.IMPORTED, Phase.AFTER):
        for name in ("server-2022-de.json", "groups-elevated-de.csv"):
            stored = "facts.json" if name.endswith("json") else "groups.csv"
            data = (FACTS / name).read_bytes()
            arrived = NOW + timedelta(seconds=30)
            keep(folder, stored, data, source="host-facts", phase=phase, taken_at=arrived)
        facts = read_facts_timeline(folder)
        assert facts.latest is not None
        is_import = phase is Phase.IMPORTED
        assert (facts.latest.clock_offset == timedelta(0)) is is_import
        assert facts.is_clock_compared is not is_import
        newest = folder.evidence()[-1]
        offset = facts.latest.clock_offset
        assert facts.host_time(newest) == (None if is_import else newest.taken_at + offset)
