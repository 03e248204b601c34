"""The names that simulated hosts know, as the parsers of their sources read them."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from fleetaudit.parsers import dns_cache, security_evtx
from fleetaudit.records.evidence import EvidenceContext, split
from tests.simulation.conftest import Desk, make_desk

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def desk() -> Desk:
    return make_desk(28)


def read(parse: Callable[..., Any], data: bytes) -> list[dict[str, Any]]:
    rows, issues = split(parse(BytesIO(data), EvidenceContext(name="x")))
    assert issues == []
    return [row for item in rows for row in item.batch.to_pylist()]


@pytest.mark.parametrize(
    ("script", "file", "parse"),
    [
        ("Get-DnsCache", "dns-cache.json", dns_cache.parse),
        ("Export-DnsEvent", "dns-client.evtx", security_evtx.parse),
        ("Export-SysmonEvent", "sysmon.evtx", security_evtx.parse),
    ],
)
def test_some_hosts_have_the_source_and_its_parser_reads_it(
    desk: Desk, script: str, file: str, parse: Callable[..., Any]
) -> None:
    found = []
    for host in desk.fleet.hosts:
        files = desk.ask(host, script).files
        if file in files:
            found.append(read(parse, files[file]))
    assert 0 < len(found) < len(desk.fleet.hosts)
    for rows in found:
        assert rows
        assert all(row["dns_name"].endswith(".corp.example") for row in rows)
