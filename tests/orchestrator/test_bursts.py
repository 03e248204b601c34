"""Bursts: when they begin, and that a host is as it was between two of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetaudit.errors import CredentialsRefusedError, HostUnreachableError
from fleetaudit.orchestrator.bursts import APART, Bursts
from fleetaudit.orchestrator.plan import NoiseBudget, sweep_plan
from fleetaudit.orchestrator.steps import Pause, Run
from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.host_record import Restoration
from fleetaudit.records.outcome import OutcomeKind

if TYPE_CHECKING:
    from fleetaudit.records.call import ScriptCall, ScriptOutput
    from fleetaudit.records.host_record import HostRecord
    from tests.orchestrator.conftest import Bench, Kit

BEFORE = {Subcategory.PACKET_DROP: 0, Subcategory.CONNECTION: 1}
DURING = {Subcategory.PACKET_DROP: 2, Subcategory.CONNECTION: 3}
BEGUN = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
BURSTS = Bursts(length=timedelta(seconds=30), every=timedelta(minutes=5))
WINDOW = timedelta(minutes=30)


def starts(bursts: Bursts, window: timedelta, host: str = "web01") -> list[datetime]:
    return list(bursts.starts(window, begun_at=BEGUN, run_id="run", host=host))


def sweep(kit: Kit, bench: Bench, budget: NoiseBudget | None = None) -> HostRecord:
    settings = replace(kit.settings, window=WINDOW, bursts=BURSTS, noise_budget=budget)
    return bench.carry_out(sweep_plan("web01", settings, instruments=kit.instruments))


@pytest.fixture
def bench(kit: Kit) -> Bench:
    return kit.bench(kit.fake_host())


@given(
    length=st.integers(1, 600),
    rest=st.integers(20, 3600),
    number=st.integers(1, 50),
    host=st.text(max_size=20),
)
def test_each_stretch_has_one_burst_and_no_two_are_near(
    length: int, rest: int, number: int, host: str
) -> None:
    bursts = Bursts(length=timedelta(seconds=length), every=timedelta(seconds=length + rest))
    found = starts(bursts, number * bursts.every, host)
    assert len(found) == number
    for place, start in enumerate(found):
        assert timedelta(0) <= start - BEGUN - place * bursts.every <= bursts.every - bursts.length
    for first, second in pairwise(found):
        assert second - first - bursts.length >= APART - timedelta(milliseconds=1)


def test_hosts_take_turns_and_a_run_can_be_told_again() -> None:
    firsts = {starts(BURSTS, WINDOW, f"host{number}")[0] for number in range(200)}
    assert len(firsts) == 200
    early = sum(one < BEGUN + BURSTS.every / 2 for one in firsts)
    assert 70 < early < 160
    assert starts(BURSTS, WINDOW) == starts(BURSTS, WINDOW)


def test_a_window_shorter_than_a_stretch_has_a_burst_all_the_same() -> None:
    assert len(starts(BURSTS, timedelta(minutes=1))) == 1


@pytest.mark.parametrize(("length", "every"), [(0, 60), (41, 60), (60, 60), (90, 60)])
def test_bursts_that_would_touch_are_refused(length: int, every: int) -> None:
    with pytest.raises(ValueError, match="at least 20 s apart"):
        Bursts(length=timedelta(seconds=length), every=timedelta(seconds=every))


def test_auditing_is_on_in_bursts_only_and_the_lease_stands_all_the_time(
    kit: Kit, bench: Bench
) -> None:
    seen: list[tuple[bool, int]] = []

    def reply(call: ScriptCall) -> ScriptOutput | None:
        if call.script == "Get-SecurityLog" and bench.host.leases:
            seen.append((bench.host.policy == BEFORE, len(bench.host.leases)))
        return None

    bench.host.reply = reply
    record = sweep(kit, bench)
    assert record.outcomes[0].kind is OutcomeKind.COLLECTED
    assert record.restoration is Restoration.RESTORED
    assert record.gaps == ()
    assert seen == [(True, 1)] * 6
    assert bench.host.policy == BEFORE
    assert bench.host.leases == {}
    assert bench.journal.debts == {}


def test_each_burst_is_a_window_of_its_own(kit: Kit, bench: Bench) -> None:
    windows = sweep(kit, bench).windows
    assert len(windows) == 6
    planned = starts(BURSTS, WINDOW)
    for window, start in zip(windows, planned, strict=True):
        assert window.closed_at is not None
        assert timedelta(seconds=30) <= window.closed_at - window.opened_at < timedelta(seconds=40)
        assert timedelta(0) <= window.opened_at - start < timedelta(seconds=30)
        assert window.first_record == 500


def test_the_collectors_are_asked_for_the_whole_time(kit: Kit, bench: Bench) -> None:
    sweep(kit, bench)
    pauses = [step for step in bench.steps if isinstance(step, Pause)]
    assert sum(step.is_restoring for step in pauses) == 0
    assert bench.scripts().count("Get-WfpState") == 2 + 2 * 6


def test_a_burst_that_cannot_begin_is_left_out_and_counted(kit: Kit, bench: Bench) -> None:
    asked = 0

    def reply(call: ScriptCall) -> ScriptOutput | None:
        nonlocal asked
        if call.script == "Get-SecurityLog" and bench.host.leases:
            asked += 1
            if asked in {2, 3}:
                raise HostUnreachableError("no answer", host="web01")
        return None

    bench.host.reply = reply
    record = sweep(kit, bench)
    assert len(record.windows) == 4
    (gap,) = record.gaps
    assert (gap.kind, gap.what[:11]) == ("bursts-missed", "2 of 6 burs")
    assert bench.host.policy == BEFORE
    assert record.restoration is Restoration.RESTORED


def test_a_credential_that_is_refused_ends_the_bursts(kit: Kit, bench: Bench) -> None:
    def reply(call: ScriptCall) -> ScriptOutput | None:
        if call.script == "Get-SecurityLog" and bench.host.leases:
            raise CredentialsRefusedError("no", host="web01")
        return None

    bench.host.reply = reply
    sweep(kit, bench)
    looks = [step for step in bench.steps if isinstance(step, Run) and not step.source]
    assert sum(step.call.script == "Get-SecurityLog" for step in looks) == 1
    assert bench.host.policy == BEFORE


@pytest.mark.parametrize("value", [1, 2, 3])
def test_what_somebody_else_sets_between_two_bursts_ends_them_and_is_left(
    kit: Kit, bench: Bench, value: int
) -> None:
    def reply(call: ScriptCall) -> ScriptOutput | None:
        is_between = call.script == "Get-SecurityLog" and bench.host.leases
        if is_between and bench.scripts().count("Set-AuditPolicy") == 4:
            bench.host.policy[Subcategory.PACKET_DROP] = value
        return None

    bench.host.reply = reply
    record = sweep(kit, bench)
    assert len(record.windows) == 1
    assert bench.host.policy == {**BEFORE, Subcategory.PACKET_DROP: value}
    assert record.restoration is Restoration.LEFT
    gap, missed = record.gaps
    assert (gap.kind, missed.kind) == ("left-to-others", "bursts-missed")
    assert ("although run run had put it back" in gap.what) is (value == 2)
    assert bench.journal.debts == {}
    assert bench.host.leases == {}


def test_what_is_put_back_in_a_burst_by_somebody_ends_them(kit: Kit, bench: Bench) -> None:
    def reply(call: ScriptCall) -> ScriptOutput | None:
        if call.script == "Get-WfpState" and bench.host.policy == DURING:
            bench.host.policy.update(BEFORE)
        return None

    bench.host.reply = reply
    record = sweep(kit, bench)
    assert len(record.windows) == 1
    assert bench.host.policy == BEFORE
    assert bench.host.leases == {}


def test_a_noisy_burst_is_the_last(kit: Kit, bench: Bench) -> None:
    def reply(call: ScriptCall) -> ScriptOutput | None:
        if call.script == "Get-SecurityLog" and bench.host.policy == DURING:
            bench.host.facts["SecurityLog"] = {
                "MaximumSizeInBytes": 20971520,
                "LogMode": "Circular",
                "IsEnabled": True,
                "RecordCount": 20_000,
                "OldestRecordNumber": 101,
            }
        return None

    bench.host.reply = reply
    record = sweep(kit, bench, NoiseBudget())
    assert len(record.windows) == 1
    assert [gap.kind for gap in record.gaps] == ["cut-short"]
    assert bench.host.policy == BEFORE
    assert record.restoration is Restoration.RESTORED


@pytest.mark.parametrize("end", [KeyboardInterrupt(), CredentialsRefusedError("no", host="web01")])
def test_what_somebody_else_sets_in_a_pause_is_left_whatever_ends_the_pause(
    kit: Kit, bench: Bench, end: BaseException
) -> None:
    is_over = False

    def reply(call: ScriptCall) -> ScriptOutput | None:
        nonlocal is_over
        is_between = call.script == "Get-SecurityLog" and bench.host.leases
        if is_between and not is_over and bench.scripts().count("Set-AuditPolicy") == 4:
            bench.host.policy[Subcategory.PACKET_DROP] = 2
            is_over = True
            raise end
        return None

    bench.host.reply = reply
    record = sweep(kit, bench)
    assert bench.host.policy == {**BEFORE, Subcategory.PACKET_DROP: 2}
    assert record.restoration is Restoration.LEFT
    assert "left-to-others" in [gap.kind for gap in record.gaps]
    assert bench.journal.debts == {}
    assert bench.host.leases == {}


def test_bursts_that_end_early_are_told(kit: Kit, bench: Bench) -> None:
    def reply(call: ScriptCall) -> ScriptOutput | None:
        if call.script == "Get-WfpState" and bench.host.policy == DURING:
            bench.host.policy.update(BEFORE)
        return None

    bench.host.reply = reply
    (gap,) = sweep(kit, bench).gaps
    assert gap.kind == "bursts-missed"
    assert "5 of 6 bursts" in gap.what
    assert "where this run left" in gap.what


def test_bursts_without_a_lease_are_reported(kit: Kit, bench: Bench) -> None:
    settings = replace(kit.settings, window=WINDOW, bursts=BURSTS, needs_lease=False)
    record = bench.carry_out(sweep_plan("web01", settings, instruments=kit.instruments))
    assert [gap.kind for gap in record.gaps] == ["no-lease"]
    assert record.restoration is Restoration.RESTORED
