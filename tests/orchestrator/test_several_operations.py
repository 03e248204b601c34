"""Debts of several operations: one that cannot be paid keeps no other from being paid."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fleetaudit.errors import HostTimedOutError
from fleetaudit.operations.lease import Lease, baseline_json, lease_name, task_xml
from fleetaudit.orchestrator.plan import restore_plan, sweep_plan
from fleetaudit.orchestrator.steps import Run
from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.debt import Debt
from fleetaudit.records.host_record import Restoration
from fleetaudit.records.outcome import OutcomeKind

if TYPE_CHECKING:
    from fleetaudit.records.call import ScriptCall, ScriptOutput
    from fleetaudit.records.host_record import HostRecord
    from tests.orchestrator.conftest import Bench, Kit

BEFORE = {Subcategory.PACKET_DROP: 0, Subcategory.CONNECTION: 1}
DURING = {Subcategory.PACKET_DROP: 2, Subcategory.CONNECTION: 3}
DNS = "dns-client-log"
CHANNEL = "Microsoft-Windows-DNS-Client/Operational"
LOGGED = Debt(
    run_id="earlier", host="web01", operation=DNS, setting=CHANNEL, before="off", during="on"
)


@pytest.fixture
def bench(kit: Kit) -> Bench:
    return kit.bench(kit.fake_host())


def sweep(kit: Kit, bench: Bench, also: tuple[str, ...] = (DNS,)) -> HostRecord:
    settings = replace(kit.settings, also=also)
    return bench.carry_out(sweep_plan("web01", settings, instruments=kit.instruments))


def hang(bench: Bench, script: str, **parameters: str) -> None:
    """Let one script take longer than a host has, whatever the others do."""

    def reply(call: ScriptCall) -> ScriptOutput | None:
        if call.script == script and parameters.items() <= call.parameters.items():
            raise HostTimedOutError("it took too long", host="web01")
        return None

    bench.host.reply = reply


def leave(kit: Kit, bench: Bench) -> tuple[Debt, ...]:
    """Leave what a run that died in its window leaves on a host; return what it owes."""
    name = lease_name("earlier")
    debts = tuple(replace(debt, lease=name) for debt in (*kit.debts(), LOGGED))
    deadline = kit.start + timedelta(hours=9)
    lease = Lease(name=name, run_id="earlier", host="web01", deadline=deadline, debts=debts)
    bench.host.hold(name, task_xml(lease), baseline_json(lease))
    bench.host.policy = dict(DURING)
    bench.host.is_dns_logged = True
    return debts


def test_auditing_is_switched_on_last_and_put_back_first(kit: Kit, bench: Bench) -> None:
    sweep(kit, bench)
    changes = [
        step.call.script
        for step in bench.steps
        if isinstance(step, Run) and step.call.script.startswith("Set-")
    ]
    audit = ["Set-AuditPolicy"] * 2
    assert changes == ["Set-EventChannel", *audit, *audit, "Set-EventChannel"]


def test_auditing_is_put_back_although_another_setting_takes_too_long(
    kit: Kit, bench: Bench
) -> None:
    hang(bench, "Set-EventChannel", Enabled="false")
    record = sweep(kit, bench)
    assert bench.host.policy == BEFORE
    assert record.restoration is Restoration.OWED
    assert bench.host.leases
    assert DNS in {debt.operation for debt in bench.journal.open_debts()}


def test_another_setting_is_put_back_although_auditing_takes_too_long(
    kit: Kit, bench: Bench
) -> None:
    hang(bench, "Set-AuditPolicy", Failure="disable")
    record = sweep(kit, bench)
    assert not bench.host.is_dns_logged
    assert record.restoration is Restoration.OWED
    assert bench.host.leases


def test_a_restore_puts_auditing_back_although_another_setting_is_not_told(
    kit: Kit, bench: Bench
) -> None:
    debts = leave(kit, bench)
    bench.journal.owe(debts)
    hang(bench, "Get-EventChannel")
    record = bench.carry_out(restore_plan("web01", debts, instruments=kit.instruments))
    assert bench.host.policy == BEFORE
    assert record.restoration is Restoration.OWED
    assert bench.host.leases


def test_a_sweep_puts_back_what_its_lease_knows_and_a_damaged_journal_does_not(
    kit: Kit, bench: Bench
) -> None:
    bench.journal.owe(leave(kit, bench)[:2])
    sweep(kit, bench, also=())
    assert not bench.host.is_dns_logged
    assert bench.host.leases == {}


@pytest.mark.parametrize("from_host", [False, True])
def test_a_restore_puts_back_what_its_lease_knows_and_a_damaged_journal_does_not(
    kit: Kit, bench: Bench, *, from_host: bool
) -> None:
    debts = leave(kit, bench)[:2]
    bench.journal.owe(debts)
    plan = restore_plan("web01", debts, instruments=kit.instruments, from_host=from_host)
    record = bench.carry_out(plan)
    assert record.restoration is Restoration.RESTORED
    assert bench.host.policy == BEFORE
    assert not bench.host.is_dns_logged
    assert bench.host.leases == {}


def test_a_task_without_its_baseline_undoes_success_auditing_too(kit: Kit, bench: Bench) -> None:
    leave(kit, bench)
    (lease,) = bench.host.leases.values()
    lease["Baseline"] = None
    bench.host.policy = {Subcategory.PACKET_DROP: 3, Subcategory.CONNECTION: 3}
    plan = restore_plan("web01", (), instruments=kit.instruments, from_host=True)
    record = bench.carry_out(plan)
    assert record.restoration is Restoration.RESTORED
    assert bench.host.policy == BEFORE


def test_a_host_with_a_damaged_debt_is_not_audited(kit: Kit, bench: Bench) -> None:
    leave(kit, bench)
    bench.journal.unread.append(Path("damaged") / "web01")
    record = sweep(kit, bench)
    assert record.outcomes[0].kind is OutcomeKind.REFUSED
    assert "damaged" in record.outcomes[0].reason
    assert bench.host.leases
    assert not any(script.startswith("Set-") for script in bench.scripts())
