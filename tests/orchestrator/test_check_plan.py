"""A check decides as a sweep does, changes nothing, and keeps what it saw."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fleetaudit.errors import HostUnreachableError
from fleetaudit.operations.lease import Lease, baseline_json, lease_name, task_xml
from fleetaudit.orchestrator.plan import check_plan, sweep_plan
from fleetaudit.orchestrator.steps import Run
from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.call import ScriptCall, ScriptOutput, ToolExit
from fleetaudit.records.outcome import Outcome, OutcomeKind

if TYPE_CHECKING:
    from tests.orchestrator.conftest import Bench, FakeHost, Kit

REVERTED = (
    "Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,"
    "Exclusion Setting,Setting Value\r\n"
    f",System,Name,{Subcategory.CONNECTION.braced},No Auditing,,4\r\n"
)


def check(kit: Kit, bench: Bench, **options: bool) -> Outcome:
    record = bench.carry_out(check_plan("web01", instruments=kit.instruments, **options))
    assert bench.host.policy == kit.fake_host().policy
    changing = ("Set-AuditPolicy", "Register-Lease", "Remove-Lease")
    assert not any(script in changing for script in bench.scripts())
    return record.outcomes[0]


def sweep(kit: Kit, bench: Bench) -> Outcome:
    plan = sweep_plan("web01", kit.settings, instruments=kit.instruments)
    return bench.carry_out(plan).outcomes[0]


def hold(kit: Kit, host: FakeHost, *, hours: int, run_id: str = "other") -> None:
    lease = Lease(
        name=lease_name(run_id),
        run_id=run_id,
        host="web01",
        deadline=kit.start + timedelta(hours=hours),
        debts=kit.debts(run_id=run_id),
    )
    host.hold(lease.name, task_xml(lease), baseline_json(lease))


REFUSED: dict[str, dict[str, Any]] = {
    "halts when its log is full": {"facts": {"CrashOnAuditFail": 1}},
    "not elevated": {"is_elevated": False},
    "no language": {"facts": {"LanguageMode": "NoLanguage"}},
    "a subcategory is missing": {"policy": {Subcategory.CONNECTION: 0}},
    "a group policy": {"group_policy": REVERTED},
}


@pytest.mark.parametrize("host", REFUSED.values(), ids=REFUSED)
def test_a_check_ends_as_the_sweep_would(kit: Kit, host: dict[str, Any]) -> None:
    bench = kit.bench(kit.fake_host(**host))
    record = bench.carry_out(check_plan("web01", instruments=kit.instruments))
    outcome = record.outcomes[0]
    assert outcome.kind in {OutcomeKind.REFUSED, OutcomeKind.UNSUPPORTED}
    assert outcome == sweep(kit, kit.bench(kit.fake_host(**host)))
    stored = [(step.source, step.phase) for step in bench.steps if isinstance(step, Run)]
    assert [source for source, _ in stored] == ["host-facts", "audit-policy", "leases"]
    assert {one.kind for one in record.outcomes[1:]} == {OutcomeKind.COLLECTED}


def test_a_host_that_would_be_audited_is_collected(kit: Kit) -> None:
    assert check(kit, kit.bench(kit.fake_host())).kind is OutcomeKind.COLLECTED


def test_a_group_policy_can_be_overridden_as_in_the_sweep(kit: Kit) -> None:
    bench = kit.bench(kit.fake_host(group_policy=REVERTED))
    assert check(kit, bench, overrides_group_policy=True).kind is OutcomeKind.COLLECTED


def test_another_controllers_lease_refuses_and_its_end_does_not(kit: Kit) -> None:
    for hours, kind in ((3, OutcomeKind.REFUSED), (-3, OutcomeKind.COLLECTED)):
        host = kit.fake_host()
        hold(kit, host, hours=hours)
        outcome = check(kit, kit.bench(host))
        assert outcome.kind is kind
        if kind is OutcomeKind.REFUSED:
            assert "another controller audits this host" in outcome.reason


def test_what_is_held_on_by_this_controller_refuses(kit: Kit) -> None:
    bench = kit.bench(kit.fake_host())
    until = kit.start + timedelta(hours=2)
    bench.journal.owe([replace(debt, until=until) for debt in kit.debts()])
    outcome = check(kit, bench)
    assert outcome.kind is OutcomeKind.REFUSED
    assert "auditing is held on until" in outcome.reason
    assert "Get-AuditPolicy" in bench.scripts()


def test_a_dead_runs_debt_does_not_refuse(kit: Kit) -> None:
    bench = kit.bench(kit.fake_host())
    bench.journal.owe(kit.debts())
    assert check(kit, bench).kind is OutcomeKind.COLLECTED
    assert bench.journal.open_debts()


def test_a_host_without_a_task_scheduler_has_no_leases(kit: Kit) -> None:
    def reply(call: ScriptCall) -> ScriptOutput | None:
        no = ScriptOutput(exits=(ToolExit(tool="schtasks", code=5),))
        return no if call.script == "Get-Lease" else None

    outcome = check(kit, kit.bench(kit.fake_host(reply=reply)))
    assert outcome.kind is OutcomeKind.COLLECTED
    assert outcome == sweep(kit, kit.bench(kit.fake_host(reply=reply)))


def test_a_session_that_is_lost_while_refusing_does_not_hide_the_reason(kit: Kit) -> None:
    def reply(call: ScriptCall) -> ScriptOutput | None:
        if call.script == "Get-Lease":
            raise HostUnreachableError("no answer", host="web01")
        return None

    outcome = check(kit, kit.bench(kit.fake_host(is_elevated=False, reply=reply)))
    assert outcome.kind is OutcomeKind.REFUSED
    assert "not elevated" in outcome.reason
