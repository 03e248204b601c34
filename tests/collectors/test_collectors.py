from __future__ import annotations

import importlib
import re
from datetime import UTC, datetime
from fnmatch import fnmatch
from types import MappingProxyType

import pytest

from fleetaudit import scripts
from fleetaudit.collectors import Collector, catalogue
from fleetaudit.records.evidence import Phase
from fleetaudit.records.tables import SCHEMAS
from fleetaudit.records.window import Window
from fleetaudit.scripts.reference import help_of

MOMENT = datetime(2026, 11, 21, 8, tzinfo=UTC)
DERIVED = ("drops",)
"""Tables that the analysis makes of other tables."""

BOTH = frozenset({Phase.BEFORE, Phase.AFTER})
AFTER = frozenset({Phase.AFTER})

CONTRACT = MappingProxyType(
    {
        "audit-policy": ("Get-AuditPolicy", BOTH),
        "boot-time-policy": ("Get-BootTimePolicy", AFTER),
        "dns-cache": ("Get-DnsCache", BOTH),
        "dns-events": ("Export-DnsEvent", AFTER),
        "firewall-log": ("Read-FirewallLog", AFTER),
        "firewall-rules": ("Get-FirewallRule", AFTER),
        "host-context": ("Get-HostContext", BOTH),
        "host-facts": ("Get-HostFact", BOTH),
        "security-events": ("Export-SecurityEvent", AFTER),
        "sysmon-events": ("Export-SysmonEvent", AFTER),
        "wfp-net-events": ("Get-WfpNetEvent", AFTER),
        "wfp-state": ("Get-WfpState", BOTH),
    }
)

SENT = MappingProxyType(
    {
        "audit-policy": ("policy.csv", "auditpol-web01.csv"),
        "boot-time-policy": ("btpol.xml", "boottimepolicy-web01.xml"),
        "dns-cache": ("dns-cache.json", "CacheDns_Get-DnsClientCache_utf16.txt"),
        "firewall-log": ("pfirewall-1.log", "pfirewall-1.log.old", "pfirewall.log"),
        "firewall-rules": ("firewall-local.reg", "firewall-gpo.reg"),
        "host-context": ("services.json", "processes.json", "addresses.json", "volumes.txt"),
        "host-facts": (),
        "security-events": (
            "security.evtx",
            "security.xml",
            "web01.events.jsonl",
            "winlogbeat.ndjson",
            "security-export.json",
        ),
        "wfp-net-events": (
            "netevents.xml",
            "netevent_drop.xml",
            "web01-netevents.xml",
            "wfpdiag.xml",
        ),
        "wfp-state": ("wfpstate.xml", "wfpstate-2.xml", "filters.xml"),
    }
)


def read_by(file: str) -> list[str]:
    return [
        one.name
        for one in catalogue().values()
        for reading in one.readings
        if fnmatch(file.lower(), reading.pattern.lower())
    ]


@pytest.fixture(params=list(CONTRACT))
def collector(request: pytest.FixtureRequest) -> Collector:
    return catalogue()[request.param]


def test_the_collectors_are_those_of_the_contract() -> None:
    found = {name: (one.script, one.phases) for name, one in catalogue().items()}
    assert found == dict(CONTRACT)


def test_a_collector_stands_in_a_module_of_its_name_with_a_docstring(collector: Collector) -> None:
    module = importlib.import_module(f"fleetaudit.collectors.{collector.name.replace('-', '_')}")
    assert module.COLLECTOR is collector
    assert module.__doc__
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", collector.name)


def test_a_collector_says_what_it_is_and_what_it_needs(collector: Collector) -> None:
    assert collector.title
    assert collector.privilege
    assert "windows-facts" in collector.reference or "learn.microsoft.com" in collector.reference
    assert 0 < collector.deadline_s <= 900


def test_a_collector_runs_a_script_that_changes_nothing(collector: Collector) -> None:
    assert collector.script in scripts.names()
    assert help_of(collector.script).changes == "nothing."


def test_a_collector_gives_its_script_the_parameters_it_has(collector: Collector) -> None:
    window = Window(opened_at=MOMENT, first_record=4711)
    assert set(collector.parameters(window)) <= set(help_of(collector.script).parameters)


def test_only_newer_records_are_asked_for() -> None:
    window = Window(opened_at=MOMENT, first_record=4711)
    assert catalogue()["security-events"].parameters(window) == {"AfterRecord": 4711}


def test_of_tasks_only_those_of_the_windows_leases_are_asked_for() -> None:
    window = Window(opened_at=MOMENT, first_record=4711, leases=("fleetaudit-1",))
    parameters = catalogue()["security-events"].parameters(window)
    assert parameters == {"AfterRecord": 4711, "LeaseName": ("fleetaudit-1",)}
    assert set(parameters) == set(help_of("Export-SecurityEvent").parameters)


def test_an_export_of_tasks_fills_the_table_of_tasks_and_no_other() -> None:
    first = next(
        reading
        for reading in catalogue()["security-events"].readings
        if fnmatch("security-tasks.evtx", reading.pattern)
    )
    assert first.tables == ("task_events",)


def test_a_table_of_evidence_has_a_schema_and_one_collector() -> None:
    tables = [table for one in catalogue().values() for table in one.tables]
    assert sorted([*tables, *DERIVED]) == sorted(SCHEMAS)


@pytest.mark.parametrize(("name", "file"), [(n, f) for n, files in SENT.items() for f in files])
def test_a_file_is_read_by_one_parser_of_its_collector(name: str, file: str) -> None:
    assert read_by(file) == [name]
    assert read_by(file.upper()) == [name]


@pytest.mark.parametrize("file", ["facts.json", "groups.csv", "stderr.txt"])
def test_a_file_that_fills_no_table_is_kept_unread(file: str) -> None:
    assert read_by(file) == []
