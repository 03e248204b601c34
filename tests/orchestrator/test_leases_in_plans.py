"""Whose lease is respected, taken over or refused, and when a window is cut short."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from fleetaudit.operations.lease import Lease, baseline_json, lease_name, task_xml
from fleetaudit.orchestrator.plan import (
    HoldSettings,
    NoiseBudget,
    hold_plan,
    restore_plan,
    status_plan,
    sweep_plan,
)
from fleetaudit.orchestrator.steps import Pause, Run
from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.call import ScriptCall, ScriptOutput, ToolExit
from fleetaudit.records.host_record import HostRecord, Restoration
from fleetaudit.records.outcome import OutcomeKind

if TYPE_CHECKING:
    from datetime import datetime

    from tests.orchestrator.conftest import Bench, FakeHost, Kit

BEFORE = {Subcategory.PACKET_DROP: 0, Subcategory.CONNECTION: 1}
DURING = {Subcategory.PACKET_DROP: 2, Subcategory.CONNECTION: 3}


def leave(kit: Kit, host: FakeHost, *, run_id: str, deadline: datetime) -> str:
    name = lease_name(run_id)
    lease = Lease(
        name=name, run_id=run_id, host="web01", deadline=deadline, debts=kit.debts(run_id=run_id)
    )
    host.hold(name, task_xml(lease), baseline_json(lease))
    return name


def sweep(kit: Kit, bench: Bench, **changes: object) -> HostRecord:
    settings = replace(kit.settings, **changes)  # type: ignore[arg-type]  # test data
    return bench.carry_out(sweep_plan("web01", settings, instruments=kit.instruments))


def changes_of(bench: Bench) -> list[str]:
    changing = ("Set-AuditPolicy", "Register-Lease", "Remove-Lease")
    return [name for name in bench.scripts() if name in changing]


@pytest.fixture
def bench(kit: Kit) -> Bench:
    return kit.bench(kit.fake_host())


def test_the_lease_stands_from_before_the_change_until_after_the_restore(
    kit: Kit, bench: Bench
) -> None:
    held: list[tuple[str, int]] = []

    def reply(call: ScriptCall) -> ScriptOutput | None:
        if call.script in {"Set-AuditPolicy", "Get-AuditPolicy"}:
            held.append((call.script, len(bench.host.leases)))
        return None

    bench.host.reply = reply
    sweep(kit, bench)
    assert held[0] == ("Get-AuditPolicy", 0)
    assert set(held[1:]) == {("Set-AuditPolicy", 1), ("Get-AuditPolicy", 1)}
    assert bench.host.leases == {}


def test_the_deadline_is_the_windows_end_and_a_margin_by_the_hosts_clock(
    kit: Kit, bench: Bench
) -> None:
    bench.host.facts = {"HostTime": "2026-11-21T11:00:02.0000000Z"}
    sweep(kit, bench)
    (task,) = [
        str(step.call.parameters["TaskXml"])
        for step in bench.steps
        if isinstance(step, Run) and step.call.script == "Register-Lease"
    ]
    assert "<StartBoundary>2026-11-21T11:25:" in task


def test_a_host_that_can_hold_no_lease_is_not_changed(kit: Kit, bench: Bench) -> None:
    bench.host.reply = lambda call: (
        ScriptOutput(exits=(ToolExit(tool="schtasks", code=1),))
        if call.script == "Register-Lease"
        else None
    )
    record = sweep(kit, bench)
    assert record.outcomes[0].kind is OutcomeKind.REFUSED
    assert "no lease can be left" in record.outcomes[0].reason
    assert "--no-lease" in record.outcomes[0].remedy
    assert bench.host.policy == BEFORE
    assert "Set-AuditPolicy" not in bench.scripts()
    assert record.restoration is Restoration.NOT_NEEDED
    assert bench.journal.debts == {}


def test_without_a_lease_a_host_is_audited_and_the_report_says_so(kit: Kit, bench: Bench) -> None:
    record = sweep(kit, bench, needs_lease=False)
    assert record.outcomes[0].kind is OutcomeKind.COLLECTED
    assert [gap.kind for gap in record.gaps] == ["no-lease"]
    assert "Register-Lease" not in bench.scripts()


def test_another_controllers_lease_is_respected_until_its_deadline(kit: Kit, bench: Bench) -> None:
    leave(kit, bench.host, run_id="theirs", deadline=kit.start + timedelta(hours=1))
    record = sweep(kit, bench)
    assert record.outcomes[0].kind is OutcomeKind.REFUSED
    assert "another controller audits this host until 2026-11-21 09:00:00" in (
        record.outcomes[0].reason
    )
    assert changes_of(bench) == []


def test_a_lease_that_has_ended_is_paid_and_the_snapshot_taken_after_that(kit: Kit) -> None:
    bench = kit.bench(kit.fake_host(policy=dict(DURING)))
    leave(kit, bench.host, run_id="theirs", deadline=kit.start - timedelta(hours=1))
    record = sweep(kit, bench)
    assert record.outcomes[0].kind is OutcomeKind.COLLECTED
    assert bench.host.policy == BEFORE
    assert bench.host.leases == {}


def test_a_dead_run_of_ours_is_undone_with_its_lease_however_long_that_would_last(kit: Kit) -> None:
    bench = kit.bench(kit.fake_host(policy=dict(DURING)))
    name = leave(kit, bench.host, run_id="earlier", deadline=kit.start + timedelta(hours=9))
    bench.journal.owe([replace(debt, lease=name) for debt in kit.debts()])
    record = sweep(kit, bench)
    assert record.outcomes[0].kind is OutcomeKind.COLLECTED
    assert bench.host.policy == BEFORE
    assert bench.host.leases == {}
    assert bench.journal.debts == {}


def test_a_baseline_that_somebody_edited_is_refused_and_nothing_changed(
    kit: Kit, bench: Bench
) -> None:
    name = leave(kit, bench.host, run_id="theirs", deadline=kit.start - timedelta(hours=1))
    parts = bench.host.leases[name]
    parts["Baseline"] = (parts["Baseline"] or b"").replace(
        b'"before": "none"', b'"before": "failure"'
    )
    record = sweep(kit, bench)
    assert record.outcomes[0].kind is OutcomeKind.REFUSED
    assert "cannot be trusted" in record.outcomes[0].reason
    assert changes_of(bench) == []


def test_the_oldest_baseline_wins_where_several_leases_are_found(kit: Kit) -> None:
    bench = kit.bench(kit.fake_host(policy={**BEFORE, Subcategory.PACKET_DROP: 3}))
    leave(kit, bench.host, run_id="20261120T0", deadline=kit.start - timedelta(hours=2))
    name = lease_name("20261121T0")
    newer = tuple(
        replace(debt, before=debt.during, during="success+failure", run_id="20261121T0")
        for debt in kit.debts()[:1]
    )
    lease = Lease(name=name, run_id="20261121T0", host="w", deadline=kit.start, debts=newer)
    bench.host.hold(name, task_xml(lease), baseline_json(lease))
    plan = restore_plan("web01", (), instruments=kit.instruments, from_host=True)
    assert bench.carry_out(plan).restoration is Restoration.RESTORED
    assert bench.host.policy == BEFORE
    assert bench.host.leases == {}


def test_a_restore_from_the_host_spares_the_lease_of_a_living_run(kit: Kit) -> None:
    bench = kit.bench(kit.fake_host(policy=dict(DURING)))
    leave(kit, bench.host, run_id="alive", deadline=kit.start + timedelta(hours=1))
    bench.journal.owe(kit.debts(run_id="alive"))
    bench.journal.live.add("alive")
    plan = restore_plan("web01", (), instruments=kit.instruments, from_host=True)
    bench.carry_out(plan)
    assert bench.host.policy == DURING


def test_a_restore_that_the_host_does_not_answer_still_owes(kit: Kit, bench: Bench) -> None:
    bench.host.is_reachable = False
    record = bench.carry_out(restore_plan("web01", kit.debts(), instruments=kit.instruments))
    assert record.restoration is Restoration.OWED


def test_auditing_that_is_held_on_is_renewed_but_never_swept(kit: Kit, bench: Bench) -> None:
    settings = HoldSettings(run_id="long", lease=timedelta(hours=24))
    plan = hold_plan("web01", settings, instruments=kit.instruments)
    assert bench.carry_out(plan).restoration is Restoration.HELD
    assert bench.host.policy == DURING
    first = {debt.until for debt in bench.journal.debts.values()}
    later = kit.bench(bench.host, bench.journal)
    refused = sweep(kit, later)
    assert "auditing is held on until" in refused.outcomes[0].reason
    later.now += timedelta(hours=2)
    settings = replace(settings, run_id="other")
    later.carry_out(hold_plan("web01", settings, instruments=kit.instruments))
    assert max(d.until for d in bench.journal.debts.values() if d.until) > max(
        u for u in first if u
    )
    assert list(bench.host.leases) == ["fleetaudit-long"]
    debts = tuple(bench.journal.debts.values())
    later.carry_out(restore_plan("web01", debts, instruments=kit.instruments))
    assert bench.host.policy == BEFORE
    assert bench.host.leases == {}


def test_a_look_at_the_leases_changes_nothing(kit: Kit, bench: Bench) -> None:
    record = bench.carry_out(status_plan("web01", instruments=kit.instruments))
    assert bench.scripts() == ["Get-Lease"]
    assert record.outcomes[0].kind is OutcomeKind.COLLECTED


class Noise:
    """A Security log into which so many records a second are written while auditing is on."""

    def __init__(self, bench: Bench, rate: float) -> None:
        self._bench = bench
        self._rate = rate
        self._since: datetime | None = None
        bench.host.reply = self.reply

    def reply(self, call: ScriptCall) -> ScriptOutput | None:
        is_on = self._bench.host.policy == DURING
        if call.script == "Get-SecurityLog" and is_on:
            self._since = self._since or self._bench.now
            seconds = (self._bench.now - self._since).total_seconds() + 16
            log = {"MaximumSizeInBytes": 20971520, "LogMode": "Circular", "IsEnabled": True}
            counts = {"RecordCount": 400 + int(seconds * self._rate), "OldestRecordNumber": 101}
            self._bench.host.facts = {"SecurityLog": log | counts}
        return None


@pytest.mark.parametrize(
    ("rate", "looks", "seconds"), [(10.0, 11, 600), (120.0, 2, 40), (2000.0, 1, 25)]
)
def test_a_window_that_writes_too_much_is_cut_short(
    kit: Kit, bench: Bench, rate: float, looks: int, seconds: int
) -> None:
    Noise(bench, rate)
    record = sweep(kit, bench, noise_budget=NoiseBudget())
    (window,) = record.windows
    assert window.closed_at is not None
    assert bench.host.policy == BEFORE
    assert record.outcomes[0].kind is OutcomeKind.COLLECTED
    pauses = [step for step in bench.steps if isinstance(step, Pause)]
    assert len(pauses) - 1 == looks
    open_for = (window.closed_at - window.opened_at).total_seconds()
    assert seconds - 5 <= open_for <= seconds + 20
    assert [gap.kind for gap in record.gaps] == ([] if seconds == 600 else ["cut-short"])


def test_auditing_is_put_back_at_once_when_a_window_is_cut_short(kit: Kit, bench: Bench) -> None:
    Noise(bench, 2000.0)
    record = sweep(kit, bench, noise_budget=NoiseBudget())
    names = bench.scripts()
    look = names.index("Get-SecurityLog")
    assert names[look + 1 : look + 3] == ["Get-AuditPolicy", "Set-AuditPolicy"]
    assert "Get-WfpState" in names[look:]
    assert "records were written" in record.gaps[0].what


def test_a_look_that_fails_does_not_end_the_window(kit: Kit, bench: Bench) -> None:
    bench.host.reply = lambda call: (
        ScriptOutput() if call.script == "Get-SecurityLog" and bench.host.policy == DURING else None
    )
    record = sweep(kit, bench, noise_budget=NoiseBudget())
    (window,) = record.windows
    assert window.closed_at is not None
    assert window.closed_at - window.opened_at > timedelta(minutes=10)
    assert record.gaps == ()


def test_a_restore_pays_the_journal_and_leaves_ended_leases_of_others(kit: Kit) -> None:
    bench = kit.bench(kit.fake_host(policy=dict(DURING)))
    theirs = leave(kit, bench.host, run_id="theirs", deadline=kit.start - timedelta(hours=1))
    debts = kit.debts()[:1]
    bench.journal.owe(debts)
    bench.carry_out(restore_plan("web01", debts, instruments=kit.instruments))
    assert bench.host.policy == {**DURING, Subcategory.PACKET_DROP: 0}
    assert list(bench.host.leases) == [theirs]


def test_a_restore_steps_back_from_another_controllers_audit(kit: Kit) -> None:
    bench = kit.bench(kit.fake_host(policy=dict(DURING)))
    leave(kit, bench.host, run_id="theirs", deadline=kit.start + timedelta(hours=1))
    bench.journal.owe(kit.debts())
    record = bench.carry_out(restore_plan("web01", kit.debts(), instruments=kit.instruments))
    assert record.restoration is Restoration.OWED
    assert bench.host.policy == DURING
