from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fleetaudit.errors import HostTimedOutError
from fleetaudit.orchestrator.events import (
    Event,
    HostFinished,
    HostSuspended,
    StepFinished,
    WindowClosed,
    WindowOpened,
)
from fleetaudit.orchestrator.executor import SerialExecutor, ThreadExecutor
from fleetaudit.orchestrator.fleet import FleetSummary, run_fleet
from fleetaudit.orchestrator.plan import restore_plan, sweep_plan
from fleetaudit.orchestrator.steps import Answer, Connect, Plan, Step
from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.figures import RunInfo
from fleetaudit.records.host_record import Restoration
from fleetaudit.records.outcome import HOST, OutcomeKind
from fleetaudit.store import JournalFile, RunDirectory, RunLog

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from fleetaudit.records.call import ScriptCall, ScriptOutput
    from fleetaudit.records.host import Host
    from fleetaudit.records.host_record import HostRecord
    from tests.orchestrator.conftest import FakeHost, Kit

BEFORE = {Subcategory.PACKET_DROP: 0, Subcategory.CONNECTION: 1}


class Bed:
    """A run over fake hosts with a real run directory and a real journal."""

    def __init__(self, kit: Kit, path: Path, hosts: list[FakeHost]) -> None:
        self.kit = kit
        self.path = path
        self.hosts = hosts
        self.transport = kit.transport(*hosts)
        self.clock = kit.clock()
        self.events: list[Event] = []
        self.journal = JournalFile(path / "state")
        info = RunInfo(
            run_id="run",
            command="sweep",
            started_at=kit.start,
            ended_at=None,
            tool_version="0",
            started_by="tester",
            parameters={},
        )
        self.run = RunDirectory.create(path / "run", info)

    def plan_for(self, host: Host) -> Plan:
        return sweep_plan(host.name, self.kit.settings, instruments=self.kit.instruments)

    def sweep(self, **options: Any) -> FleetSummary:
        chosen: dict[str, Any] = {
            "plan_for": self.plan_for,
            "transport": self.transport,
            "run": self.run,
            "journal": self.journal,
            "clock": self.clock,
            "executor": SerialExecutor(),
            "observers": (self.events.append,),
        } | options
        return run_fleet([self.kit.host(host.name) for host in self.hosts], **chosen)


@pytest.fixture
def bed(kit: Kit, tmp_path: Path) -> Iterator[Bed]:
    one = Bed(kit, tmp_path, [kit.fake_host(f"host{number}") for number in range(5)])
    yield one
    one.journal.close()
    one.run.close()


def test_a_fleet_is_swept_and_every_host_is_committed_with_its_evidence(bed: Bed) -> None:
    summary = bed.sweep()
    assert summary.outcomes == {OutcomeKind.COLLECTED: 5}
    assert (summary.owed, summary.partial, summary.is_interrupted) == ((), (), False)
    assert bed.run.host_names() == tuple(f"host{number}" for number in range(5))
    folder = bed.run.host("host3")
    record = folder.record()
    stored = [evidence for outcome in record.outcomes for evidence in outcome.evidence]
    assert sorted(stored, key=lambda e: e.file) == sorted(folder.evidence(), key=lambda e: e.file)
    assert {e.source for e in stored} == set(bed.kit.instruments.collectors)
    with folder.open(stored[0]) as stream:
        assert len(stream.read()) == stored[0].length
    assert bed.transport.open == 0
    assert bed.journal.open_debts() == ()
    assert all(host.policy == BEFORE for host in bed.hosts)


def test_all_windows_are_open_at_the_same_time_without_a_session(bed: Bed) -> None:
    bed.sweep()
    assert bed.clock.now() - bed.kit.start == timedelta(minutes=10, seconds=5)
    kinds = [type(event) for event in bed.events]
    opened = [i for i, kind in enumerate(kinds) if kind is WindowOpened]
    closed = [i for i, kind in enumerate(kinds) if kind is WindowClosed]
    assert len(opened) == len(closed) == 5
    assert max(opened) < min(closed)
    assert bed.transport.most_open == 1


def test_threads_do_the_same_as_one_after_the_other(bed: Bed) -> None:
    executor = ThreadExecutor(4)
    summary = bed.sweep(executor=executor)
    executor.close()
    assert summary.outcomes == {OutcomeKind.COLLECTED: 5}
    assert all(host.policy == BEFORE for host in bed.hosts)


def test_an_observer_that_fails_is_not_called_again_and_breaks_nothing(bed: Bed) -> None:
    calls: list[Event] = []

    def broken(event: Event) -> None:
        calls.append(event)
        raise RuntimeError("no terminal")

    summary = bed.sweep(observers=(broken, bed.events.append))
    assert summary.outcomes == {OutcomeKind.COLLECTED: 5}
    assert len(calls) == 1
    assert sum(isinstance(event, HostFinished) for event in bed.events) == 5


def test_the_run_log_has_a_line_for_every_event(bed: Bed) -> None:
    path = bed.run.path / "run.log.jsonl"
    with RunLog(path, run_id="run") as log:
        bed.sweep(observers=(log, bed.events.append))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == len(bed.events)
    assert {line["run_id"] for line in lines} == {"run"}
    names = {line["event"] for line in lines}
    assert {"host-started", "step-finished", "window-opened", "host-finished"} <= names


def test_hosts_are_begun_in_a_shuffled_order_that_the_seed_decides(bed: Bed) -> None:
    orders = set()
    for seed in (1, 1, 2):
        bed.events.clear()
        bed.sweep(seed=seed)
        begun = [e.host for e in bed.events if isinstance(e, HostFinished)]
        orders.add(tuple(begun))
    assert len(orders) == 2


def test_an_interruption_restores_the_running_and_the_waiting_and_begins_no_others(
    bed: Bed,
) -> None:
    def reply(call: ScriptCall) -> ScriptOutput | None:
        waiting = sum(isinstance(event, HostSuspended) for event in bed.events)
        if call.script == "Get-AuditPolicy" and waiting == 2:
            raise KeyboardInterrupt
        return None

    for host in bed.hosts:
        host.reply = reply
    summary = bed.sweep()
    assert summary.is_interrupted
    assert summary.outcomes == {OutcomeKind.FAILED: 5}
    assert all(host.policy == BEFORE for host in bed.hosts)
    assert bed.journal.open_debts() == ()
    reasons = {bed.run.host(name).record().outcomes[0].reason for name in bed.run.host_names()}
    assert reasons == {"the run was interrupted"}
    assert bed.clock.now() - bed.kit.start < timedelta(minutes=10)
    assert sum(not host.calls for host in bed.hosts) == 2


def test_ctrl_c_in_the_main_thread_ends_all_windows(bed: Bed) -> None:
    main = threading.get_ident()

    def press(event: Event) -> None:
        opened = sum(isinstance(one, WindowOpened) for one in bed.events)
        if isinstance(event, WindowOpened) and opened == 3:
            signal.pthread_kill(main, signal.SIGINT)
            seen.wait(5)

    seen = threading.Event()
    previous = signal.signal(signal.SIGINT, _noticed(seen))
    try:
        summary = bed.sweep(observers=(bed.events.append, press))
    finally:
        signal.signal(signal.SIGINT, previous)
    assert summary.is_interrupted
    assert all(host.policy == BEFORE for host in bed.hosts)
    assert bed.journal.open_debts() == ()


def _noticed(seen: threading.Event) -> Any:
    def handle(_number: int, _frame: object) -> None:
        seen.set()
        raise KeyboardInterrupt

    return handle


def test_a_host_that_uses_up_its_time_is_put_back_all_the_same(bed: Bed) -> None:
    def reply(_call: ScriptCall) -> ScriptOutput | None:
        bed.clock.time += timedelta(seconds=10)
        return None

    bed.hosts[0].reply = reply
    summary = bed.sweep(deadline_s=95.0)
    assert summary.outcomes == {OutcomeKind.COLLECTED: 4, OutcomeKind.TIMED_OUT: 1}
    record = bed.run.host("host0").record()
    assert record.restoration is Restoration.RESTORED
    assert bed.hosts[0].policy == BEFORE
    kinds = {one.source: one.kind for one in record.outcomes}
    assert kinds["host-facts"] is OutcomeKind.TIMED_OUT
    assert kinds["security-events"] is OutcomeKind.TIMED_OUT


def test_a_call_may_not_take_longer_than_its_host_has_left(bed: Bed) -> None:
    bed.sweep(deadline_s=90.0)
    restoring = {"Set-AuditPolicy", "Get-AuditPolicy", "Remove-Lease"}
    for call in bed.hosts[0].calls:
        assert call.deadline_s <= 90.0 or call.script in restoring


def test_a_timed_out_source_keeps_what_had_arrived(bed: Bed) -> None:
    def reply(call: ScriptCall) -> ScriptOutput | None:
        if call.script == "Export-SecurityEvent":
            raise HostTimedOutError("took too long", host="host0", stage="running it")
        return None

    bed.hosts[0].reply = reply
    summary = bed.sweep()
    assert summary.partial == ("host0",)
    outcomes = bed.run.host("host0").record().outcomes
    ended = next(one for one in outcomes if one.source == "security-events")
    assert ended.kind is OutcomeKind.TIMED_OUT
    assert ended.reason == "while running it: took too long"
    assert outcomes[0].kind is OutcomeKind.COLLECTED


def test_a_plan_with_a_defect_fails_its_host_and_no_other(bed: Bed) -> None:
    def plan_for(host: Host) -> Plan:
        return _defective() if host.name == "host2" else bed.plan_for(host)

    summary = bed.sweep(plan_for=plan_for)
    assert summary.outcomes == {OutcomeKind.COLLECTED: 4, OutcomeKind.FAILED: 1}
    reason = bed.run.host("host2").record().outcomes[0].reason
    assert reason == "unexpected ZeroDivisionError: a defect"


def _defective() -> Generator[Step, Answer, HostRecord]:
    yield Connect()
    raise ZeroDivisionError("a defect")


def test_a_host_whose_folder_cannot_be_written_fails_and_is_restored(bed: Bed) -> None:
    (bed.run.path / "hosts" / "host1").write_text("in the way")
    summary = bed.sweep()
    assert summary.outcomes == {OutcomeKind.COLLECTED: 4, OutcomeKind.FAILED: 1}
    assert bed.hosts[1].policy == BEFORE


def test_each_step_is_heard_of_with_its_source_and_its_error(bed: Bed) -> None:
    bed.hosts[0].is_reachable = False
    bed.sweep()
    steps = [e for e in bed.events if isinstance(e, StepFinished) and e.host == "host0"]
    assert [(step.what, step.error) for step in steps] == [
        ("connect", "while connecting: no answer")
    ]
    sources = {e.source for e in bed.events if isinstance(e, StepFinished) and e.host == "host1"}
    assert set(bed.kit.instruments.collectors) <= sources


CRASH = """
import os, sys
from pathlib import Path
from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.debt import Debt
from fleetaudit.store import JournalFile

class Journal(JournalFile):
    def settle(self, debt, *, note=""):
        raise AssertionError("nothing is settled before the crash")

journal = Journal(Path(sys.argv[1]))
journal.owe([
    Debt(run_id="crashed", host="host0", operation="audit-policy",
         setting=Subcategory.PACKET_DROP.braced, before="none", during="failure"),
    Debt(run_id="crashed", host="host0", operation="audit-policy",
         setting=Subcategory.CONNECTION.braced, before="success", during="success+failure"),
])
assert journal.is_live("crashed")
os.kill(os.getpid(), 9)
"""


def test_a_controller_that_is_killed_after_it_owed_is_paid_for_by_the_next(
    bed: Bed, kit: Kit, tmp_path: Path
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CRASH, str(tmp_path / "state")], check=False, env=dict(os.environ)
    )
    assert ended.returncode == -signal.SIGKILL
    debts = bed.journal.open_debts()
    assert len(debts) == 2
    assert not bed.journal.is_live("crashed")
    bed.hosts[0].policy.update({Subcategory.PACKET_DROP: 2, Subcategory.CONNECTION: 3})
    bed.hosts = bed.hosts[:1]
    summary = bed.sweep(
        plan_for=lambda host: restore_plan(host.name, debts, instruments=kit.instruments)
    )
    assert summary.outcomes == {OutcomeKind.COLLECTED: 1}
    assert bed.hosts[0].policy == BEFORE
    assert bed.journal.open_debts() == ()


def test_a_host_that_cannot_be_restored_is_named(bed: Bed) -> None:
    def reply(call: ScriptCall) -> ScriptOutput | None:
        if call.script == "Get-WfpState" and bed.hosts[4].policy != BEFORE:
            bed.hosts[4].is_reachable = False
            bed.hosts[4].reach()
        return None

    bed.hosts[4].reply = reply
    summary = bed.sweep()
    assert summary.owed == ("host4",)
    assert {debt.host for debt in bed.journal.open_debts()} == {"host4"}
    record = bed.run.host("host4").record()
    assert record.restoration is Restoration.OWED
    (window,) = record.windows
    assert window.closed_at is None
    kinds = {one.source: one.kind for one in record.outcomes}
    assert kinds[HOST] is OutcomeKind.UNREACHABLE


def test_settings_are_values() -> None:
    assert replace(FleetSummary(outcomes={OutcomeKind.FAILED: 2}), owed=("a",)).hosts == 2
