from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from fleetaudit import scripts
from fleetaudit.records.audit_policy import Inclusion, Subcategory
from fleetaudit.registry import discover
from fleetaudit.simulation import answers
from fleetaudit.simulation.answers._answer import Answer
from fleetaudit.simulation.model.specs import Trait
from tests.simulation.conftest import AUDITORS, make_desk

if TYPE_CHECKING:
    from tests.simulation.conftest import Desk


def test_every_script_has_an_answer() -> None:
    found = discover(answers, kind=Answer, attribute="ANSWER")
    assert set(found) == set(scripts.names())


def test_an_unknown_script_is_unsupported() -> None:
    desk = make_desk(1)
    replies = desk.ask("ws-berlin-01", "Format-Everything")
    assert replies.error == "Fleetaudit.Unsupported.UnknownScript"


def test_a_host_without_a_firewall_log_says_so_after_its_settings() -> None:
    desk = make_desk(22)
    replies = desk.ask("db-osaka-01", "Read-FirewallLog")
    assert replies.error.startswith("Fleetaudit.Unsupported")
    assert set(replies.files) == {"facts.json"}
    assert json.loads(replies.files["facts.json"])["Logs"] == []
    assert desk.ask("fs-berlin-01", "Read-FirewallLog").error == ""


def test_windows_7_names_the_files_that_it_cannot_make() -> None:
    desk = make_desk(22)
    old, new = (desk.ask(name, "Get-HostContext").files for name in ("old-boston-01", "fs-pune-01"))
    assert {one["Name"] for one in json.loads(old["unsupported.json"])} == set(new) - set(old)
    assert json.loads(old["addresses.json"])[0]["IPSubnet"] == "255.255.255.0"


def test_setting_the_policy_is_read_back() -> None:
    desk = make_desk(1)
    desk.switch("ws-berlin-01", failure=True)
    host = desk.fleet.hosts["ws-berlin-01"]
    assert all(host.audit.settings[one.value] == Inclusion.FAILURE for one in AUDITORS)
    policy = desk.ask("ws-berlin-01", "Get-AuditPolicy").files["policy.csv"].decode("cp1252")
    line = next(
        one for one in policy.splitlines() if str(Subcategory.PACKET_DROP.value) in one.lower()
    )
    assert line.endswith(",Fehler,,2")


def test_a_subcategory_that_does_not_exist_is_refused_by_the_tool() -> None:
    desk = make_desk(1)
    replies = desk.ask(
        "ws-berlin-01",
        "Set-AuditPolicy",
        Subcategory="{00000000-0000-0000-0000-000000000000}",
        Success="disable",
        Failure="enable",
    )
    assert replies.exits == {"auditpol": 87}


def test_an_account_without_rights_is_told_so_in_the_hosts_language() -> None:
    desk = make_desk(28)
    replies = desk.ask("srv-lyon-92", "Get-AuditPolicy")
    assert replies.exits == {"auditpol": 1314}
    assert "privilège" in replies.files["stderr.txt"].decode("utf-8-sig")
    assert desk.ask("srv-lyon-92", "Get-WfpState").exits == {"netsh": 1}
    groups = desk.ask("srv-lyon-92", "Get-HostFact").files["groups.csv"].decode("utf-8-sig")
    assert "S-1-16-12288" not in groups


def test_a_group_policy_takes_the_enable_back_within_the_window() -> None:
    desk = make_desk(22)
    host = desk.fleet.hosts["fs-boston-02"]
    assert Trait.GPO_REVERTS in host.spec.traits
    desk.switch(host.name, failure=True)
    desk.wait(4)
    desk.ask(host.name, "Get-HostFact")
    assert host.audit.settings[Subcategory.CONNECTION.value] == Inclusion.FAILURE
    desk.wait(2)
    assert "gpo-audit.csv" in desk.ask(host.name, "Get-AuditPolicy").files
    assert host.audit.settings[Subcategory.CONNECTION.value] == Inclusion.NONE


def test_something_on_a_host_takes_the_enable_back_and_is_on_record() -> None:
    desk = make_desk(22)
    desk.switch("ws-boston-02", failure=True)
    desk.wait(10)
    replies = desk.ask("ws-boston-02", "Export-SecurityEvent", AfterRecord=0)
    host = desk.fleet.hosts["ws-boston-02"]
    assert host.audit.settings[Subcategory.CONNECTION.value] == Inclusion.NONE
    assert replies.files["security.evtx"].count("%%8450".encode("utf-16-le")) == 2
    assert max(one.last_at for one in desk.fleet.truth().of(host.name).drops).minute == 5


def test_a_restart_changes_the_boot_time_and_every_filter_number() -> None:
    desk = make_desk(22)
    host = desk.fleet.hosts["ws-osaka-01"]
    booted, numbers = host.booted_at, {one.id for one in host.platform.filters}
    desk.wait(10)
    facts = json.loads(desk.ask(host.name, "Get-HostFact").files["facts.json"])
    assert host.booted_at > booted
    assert facts["BootTime"].startswith("2026-11-20T09:05:35")
    assert {one.id for one in host.platform.filters} != numbers
    volumes = desk.ask(host.name, "Get-HostContext").files["volumes.txt"].decode("utf-8-sig")
    assert "HarddiskVolume4" in volumes


def test_a_small_log_has_lost_evidence_when_it_is_read() -> None:
    desk = make_desk(22)
    desk.switch("db-boston-01", failure=True)
    first = desk.fleet.hosts["db-boston-01"].log.next_record
    desk.wait(10)
    replies = desk.ask("db-boston-01", "Export-SecurityEvent", AfterRecord=first - 1)
    facts = json.loads(replies.files["facts.json"])
    assert facts["OldestRecordNumber"] > first
    truth = desk.fleet.truth().of("db-boston-01")
    assert 0 < len(truth.exported_drops) < len(truth.drops)


@pytest.mark.parametrize("script", ["Export-SecurityEvent", "Get-WfpState", "Read-FirewallLog"])
def test_a_seed_gives_the_same_bytes_however_often_a_host_is_asked(script: str) -> None:
    once, often = make_desk(3), make_desk(3)
    for desk, steps in ((once, 1), (often, 6)):
        desk.switch("fs-berlin-01", failure=True)
        for _ in range(steps):
            desk.wait(6 / steps)
            desk.ask("fs-berlin-01", "Get-HostContext")
    assert _files(once, script) == _files(often, script)


def _files(desk: Desk, script: str) -> dict[str, bytes]:
    return desk.ask("fs-berlin-01", script).files


def test_another_seed_gives_other_traffic() -> None:
    first, second = make_desk(1, seed=1), make_desk(1, seed=2)
    exports = []
    for desk in (first, second):
        desk.switch("ws-berlin-01", failure=True)
        desk.wait(2)
        exports.append(desk.ask("ws-berlin-01", "Export-SecurityEvent").files["security.evtx"])
    assert exports[0] != exports[1]


def test_a_large_fleet_has_names_and_addresses_of_its_own() -> None:
    fleet = make_desk(120).fleet
    assert len(fleet.hosts) == 120
    assert len({host.spec.v4 for host in fleet}) == 120
