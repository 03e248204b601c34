"""One host's table of drops, from the evidence that a simulated host sends."""

from __future__ import annotations

import gzip
import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from fleetaudit.analysis.host import figures_of
from fleetaudit.collectors import catalogue
from fleetaudit.ingest import ingest_host, read_facts_timeline
from fleetaudit.records.call import Attachment
from fleetaudit.records.evidence import Phase
from fleetaudit.store import HostFolder
from tests.simulation.conftest import Desk, make_desk

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = ("host-facts", "host-context", "wfp-state", "security-events")


def _ask(desk: Desk, host: str, phase: Phase, folder: HostFolder) -> None:
    for name in SOURCES:
        collector = catalogue()[name]
        if phase not in collector.phases:
            continue
        sink = folder.sink(name, phase, desk.fleet.clock.now())
        for file, data in desk.ask(host, collector.script).files.items():
            with sink.open(file) as stream:
                stream.write(gzip.compress(data))
            digest = hashlib.sha256(data).hexdigest()
            sink.keep(Attachment(name=file, length=len(data), sha256=digest, stored_length=1))


def _drops(host: str, path: Path) -> list[dict[str, Any]]:
    desk, folder = make_desk(), HostFolder(path / host)
    _ask(desk, host, Phase.BEFORE, folder)
    desk.switch(host, failure=True)
    desk.wait(10)
    _ask(desk, host, Phase.AFTER, folder)
    ingest_host(folder, catalogue())
    figures_of(folder, read_facts_timeline(folder), windows=())
    table = folder.table("drops")
    rows: list[dict[str, Any]] = [] if table is None else table.to_pylist()
    return rows


@pytest.fixture(scope="module")
def rebooted(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return the drops of a host whose drive C has another device after its restart."""
    return _drops("ws-osaka-01", tmp_path_factory.mktemp("run"))


def test_programs_lie_on_the_hosts_own_drives_before_and_after_a_restart(
    rebooted: list[dict[str, Any]],
) -> None:
    named = {row["process_executable"]: row["process_path"] for row in rebooted}
    assert named.pop("(no endpoint)") is None
    assert named.pop("system") is None
    assert len(named) > 3
    assert named == {program: f"C:{program}" for program in named}


def test_type_and_code_of_icmp_are_no_ports(rebooted: list[dict[str, Any]]) -> None:
    kinds = Counter(
        (row["port"], row["icmp_type"], row["icmp_code"])
        for row in rebooted
        if row["local_port"] == row["remote_port"] == -1
    )
    assert set(kinds) == {("icmp/8:0", 8, 0), ("icmpv6/128:0", 128, 0), ("igmp", -1, -1)}


def test_layers_and_profiles_are_words(rebooted: list[dict[str, Any]]) -> None:
    assert {row["layer"] for row in rebooted} == {"receive-accept", "connect", "transport"}
    connected = {row["current_profile"] for row in rebooted if row["layer"] == "connect"}
    assert connected == {"domain"}
