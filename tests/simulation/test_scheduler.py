from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.operations.audit_policy import WORDS
from fleetaudit.operations.lease import (
    Lease,
    find,
    lease_name,
    read_leases,
    register,
    remove,
    task_xml,
)
from fleetaudit.records.audit_policy import Inclusion, Subcategory
from fleetaudit.records.debt import Debt
from fleetaudit.simulation.clock import SimulatedClock
from fleetaudit.simulation.model.fleet import SimulatedFleet
from fleetaudit.simulation.model.scheduler import Scheduler, lease_file
from fleetaudit.simulation.model.specs import Trait
from tests.simulation.conftest import AUDITORS, Desk, make_desk

if TYPE_CHECKING:
    from uuid import UUID

    from fleetaudit.operations.lease import FoundLease
    from fleetaudit.simulation.model.host import SimulatedHost
    from tests.simulation.conftest import Replies

HOST = "fs-berlin-01"
NAME = lease_name("r1")
MINUTE = timedelta(minutes=1)


class Room:
    """One host with a lease on it, and the controller's clock."""

    def __init__(self, desk: Desk, name: str = HOST, *, ends_in: timedelta = 10 * MINUTE) -> None:
        self.desk = desk
        self.host: SimulatedHost = desk.fleet.hosts[name]
        self.before = {one: self.host.audit.settings[one.value] for one in AUDITORS}
        self.lease = Lease(
            name=NAME,
            run_id="r1",
            host=name,
            deadline=self.host_now() + ends_in,
            debts=tuple(
                Debt(
                    run_id="r1",
                    host=name,
                    operation="audit-policy",
                    setting=one.braced,
                    before=WORDS[before],
                    during=WORDS[before | Inclusion.FAILURE],
                )
                for one, before in self.before.items()
            ),
        )
        self.registered = self.register(self.lease)
        for one in AUDITORS:
            self.host.audit.set(one.value, self.before[one] | Inclusion.FAILURE)

    @property
    def now(self) -> datetime:
        return self.desk.fleet.clock.now()

    def host_now(self) -> datetime:
        return self.host.host_time(self.now)

    def register(self, lease: Lease) -> Replies:
        call = register(lease, host_now=self.host_now())
        return self.desk.ask(self.host.name, call.script, **call.parameters)

    def pass_time(self, time: timedelta) -> None:
        self.desk.wait(time / MINUTE)
        self.host.advance(self.now)

    def found(self) -> tuple[FoundLease, ...]:
        return read_leases(self.desk.ask(self.host.name, find().script).files)

    @property
    def is_back(self) -> bool:
        assert self.host.scheduler.failures == []
        settings = self.host.audit.settings
        return all(settings[one.value] == before for one, before in self.before.items())


@pytest.fixture
def room() -> Room:
    return Room(make_desk(3))


def test_a_lease_is_found_as_it_was_left(room: Room) -> None:
    assert room.registered.exits == {"icacls": 0, "schtasks": 0}
    (found,) = room.found()
    assert found.lease == room.lease
    assert found.task is not None
    assert found.task.deadline == room.lease.deadline
    assert not found.has_fired


def test_a_lease_puts_back_at_its_deadline_and_not_before(room: Room) -> None:
    room.pass_time(9.9 * MINUTE)
    assert not room.is_back
    room.pass_time(0.1 * MINUTE)
    assert room.is_back
    assert dict(room.host.scheduler.tasks) == {}
    (found,) = room.found()
    assert found.has_fired
    assert not found.has_task
    assert found.lease == room.lease


@pytest.mark.parametrize("name", ["web-boston-01", "dc-berlin-01"])
def test_a_lease_puts_back_what_was_audited_before(name: str) -> None:
    room = Room(make_desk(22), name)
    assert set(room.before.values()) & {Inclusion.SUCCESS, Inclusion.FAILURE}
    room.pass_time(10 * MINUTE)
    assert room.is_back


@pytest.mark.parametrize("name", ["ws-paris-01", "db-osaka-01", "old-boston-01", "fs-pune-01"])
def test_the_deadline_is_by_the_hosts_own_clock(name: str) -> None:
    room = Room(make_desk(22), name)
    assert room.host.skew != timedelta(0)
    room.pass_time(10 * MINUTE - timedelta(seconds=1))
    assert not room.is_back
    room.pass_time(timedelta(seconds=2))
    assert room.is_back


def test_what_a_lease_puts_back_is_on_record_as_done_by_system(room: Room) -> None:
    room.pass_time(11 * MINUTE)
    log = room.desk.ask(HOST, "Export-SecurityEvent", AfterRecord=0).files["security.evtx"]
    assert log.count("%%8450".encode("utf-16-le")) == 2
    assert "SYSTEM".encode("utf-16-le") in log


def test_a_removed_lease_does_nothing(room: Room) -> None:
    replies = room.desk.ask(HOST, remove(NAME).script, LeaseName=NAME)
    assert replies.exits == {"schtasks": 0}
    assert room.found() == ()
    room.pass_time(11 * MINUTE)
    assert not room.is_back
    assert room.host.files == {}


def test_removing_what_is_left_of_a_lease_that_fired_needs_no_task(room: Room) -> None:
    room.pass_time(11 * MINUTE)
    assert room.desk.ask(HOST, remove(NAME).script, LeaseName=NAME).exits == {}
    assert room.host.files == {}


def test_a_renewed_lease_ends_later(room: Room) -> None:
    room.pass_time(9 * MINUTE)
    later = replace(room.lease, deadline=room.host_now() + 5 * MINUTE)
    assert room.register(later).exits == {"icacls": 0, "schtasks": 0}
    assert [one.lease for one in room.found()] == [later]
    room.pass_time(4 * MINUTE)
    assert not room.is_back
    room.pass_time(1 * MINUTE)
    assert room.is_back


def test_a_host_that_was_off_at_the_deadline_puts_back_when_it_starts(room: Room) -> None:
    room.host.power_off(room.now + 2 * MINUTE)
    room.host.power_on(room.now + 300 * MINUTE)
    room.pass_time(299 * MINUTE)
    assert not room.host.is_up
    assert not room.is_back
    room.pass_time(1 * MINUTE)
    assert room.host.is_up
    assert room.is_back
    assert room.host.booted_at == room.now


def test_a_host_that_was_off_and_came_back_before_the_deadline_waits_for_it(room: Room) -> None:
    room.host.power_off(room.now + 2 * MINUTE)
    room.host.power_on(room.now + 4 * MINUTE)
    room.pass_time(9 * MINUTE)
    assert not room.is_back
    room.pass_time(1 * MINUTE)
    assert room.is_back


def test_nothing_happens_on_a_host_that_is_off(room: Room) -> None:
    room.host.power_off(room.now)
    room.pass_time(timedelta(0))
    before = room.host.log.next_record
    room.pass_time(600 * MINUTE)
    assert room.host.log.next_record == before
    assert not room.is_back


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=400), 10 * MINUTE])
def test_a_clock_that_jumps_past_the_deadline_delays_it_by_a_minute_at_most(
    room: Room, jump: timedelta
) -> None:
    room.pass_time(3.3 * MINUTE)
    room.host.jump_clock(jump)
    room.pass_time(MINUTE)
    assert room.is_back


def test_a_clock_that_jumps_back_delays_the_deadline_by_as_much(room: Room) -> None:
    room.pass_time(9 * MINUTE)
    room.host.jump_clock(-5 * MINUTE)
    room.pass_time(5 * MINUTE)
    assert not room.is_back
    room.pass_time(MINUTE)
    assert room.is_back


def test_a_restart_inside_of_the_window_does_not_end_it() -> None:
    desk = make_desk(22)
    room = Room(desk, "ws-osaka-01")
    booted = room.host.booted_at
    room.pass_time(9 * MINUTE)
    assert room.host.booted_at > booted
    assert not room.is_back
    room.pass_time(MINUTE)
    assert room.is_back


def test_a_group_policy_is_applied_when_its_host_starts() -> None:
    room = Room(make_desk(22), "fs-boston-02")
    room.host.power_off(room.now + MINUTE)
    room.host.power_on(room.now + 2 * MINUTE)
    room.pass_time(2 * MINUTE)
    assert room.is_back


@settings(max_examples=12, deadline=None)
@given(
    events=st.lists(
        st.tuples(
            st.sampled_from(["power", "jump"]),
            st.integers(0, 1_500),
            st.integers(-900, 1_500),
        ),
        max_size=4,
    )
)
def test_whatever_happens_a_host_is_back_a_minute_after_the_deadline(
    events: list[tuple[str, int, int]],
) -> None:
    room = Room(make_desk(2))
    for kind, wait, seconds in events:
        room.pass_time(timedelta(seconds=wait))
        if kind == "jump":
            room.host.jump_clock(timedelta(seconds=seconds))
        else:
            room.host.power_off(room.now)
            room.host.power_on(room.now + timedelta(seconds=abs(seconds)))
    room.pass_time(timedelta(seconds=1_501))
    room.pass_time(max(timedelta(0), room.lease.deadline + MINUTE - room.host_now()))
    assert room.host.is_up
    assert room.is_back


def test_a_host_whose_task_scheduler_is_disabled_keeps_no_baseline() -> None:
    room = Room(without_scheduler())
    assert room.registered.exits == {"icacls": 0, "schtasks": 1}
    assert "disabled" in room.registered.files["stderr.txt"].decode("utf-8-sig")
    assert room.host.files == {}
    assert room.found() == ()


def test_a_task_scheduler_that_is_disabled_later_cannot_say_what_it_holds(room: Room) -> None:
    room.host.scheduler.is_enabled = False
    for script, parameters in (("Get-Lease", {}), ("Remove-Lease", {"LeaseName": NAME})):
        replies = room.desk.ask(HOST, script, **parameters)
        assert replies.exits == {"schtasks": 1}
        assert set(replies.files) == {"stderr.txt"}
    room.pass_time(11 * MINUTE)
    assert not room.is_back
    room.host.scheduler.is_enabled = True
    assert len(room.found()) == 1


def without_scheduler() -> Desk:
    fleet = make_desk(3).fleet
    specs = [
        replace(host.spec, traits=host.spec.traits | {Trait.NO_TASK_SCHEDULER}) for host in fleet
    ]
    return Desk(SimulatedFleet(seed=7, specs=specs, clock=SimulatedClock()))


def test_a_renewal_that_fails_leaves_the_lease_as_it_was(room: Room) -> None:
    later = replace(room.lease, deadline=room.host_now() + 50 * MINUTE)
    call = register(later, host_now=room.host_now())
    replies = room.desk.ask(HOST, call.script, **{**call.parameters, "TaskXml": "<Task/>"})
    assert replies.exits["schtasks"] == 1
    assert [one.lease for one in room.found()] == [room.lease]
    room.pass_time(10 * MINUTE)
    assert room.is_back


def test_an_account_without_rights_leaves_and_finds_no_lease() -> None:
    desk = make_desk(28)
    parameters: dict[str, Any] = {"LeaseName": NAME, "TaskXml": "x", "Baseline": "x"}
    assert desk.ask("srv-lyon-92", "Register-Lease", **parameters).exits == {"icacls": 5}
    assert desk.ask("srv-lyon-92", "Remove-Lease", LeaseName=NAME).exits == {"schtasks": 5}
    assert "Unauthorized" in desk.ask("srv-lyon-92", "Get-Lease").error
    assert desk.fleet.hosts["srv-lyon-92"].files == {}


@pytest.mark.parametrize("script", ["Register-Lease", "Remove-Lease"])
@pytest.mark.parametrize("name", ["", "..\\x", "a b", "x" * 101])
def test_a_name_that_is_more_than_a_name_is_refused(room: Room, script: str, name: str) -> None:
    parameters = {"LeaseName": name, "TaskXml": "x", "Baseline": "x"}
    replies = room.desk.ask(HOST, script, **parameters)
    assert replies.error.startswith("ParameterArgumentValidationError")
    assert replies.exits == {}
    assert len(room.found()) == 1


class Bench:
    """A scheduler alone, whose host's clock is the true one."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.set: list[tuple[UUID, Inclusion]] = []
        self.start = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
        self.scheduler = Scheduler(
            host_time=lambda moment: moment,
            set_audit=lambda guid, inclusion, _: self.set.append((guid, inclusion)),
            files=self.files,
        )
        debt = Debt(
            run_id="r1",
            host="h",
            operation="audit-policy",
            setting=Subcategory.CONNECTION.braced,
            before="none",
            during="failure",
        )
        lease = Lease(
            name="t",
            run_id="r1",
            host="h",
            deadline=self.start + MINUTE,
            debts=(
                debt,
                replace(
                    debt,
                    operation="net-event-keywords",
                    setting="keywords",
                    before="none",
                    during="bcast+mcast",
                ),
            ),
        )
        self.xml = task_xml(lease)

    def register(self, xml: str = "") -> str:
        return self.scheduler.register("t", xml or self.xml, self.start)


def test_a_program_that_nobody_models_is_a_failure_and_the_actions_go_on() -> None:
    bench = Bench()
    assert bench.register() == ""
    bench.scheduler.run(bench.start + MINUTE)
    assert bench.scheduler.failures == ["t: there is no netsh.exe"]
    assert lease_file("t", "fired") in bench.files
    assert dict(bench.scheduler.tasks) == {}


def test_a_program_that_a_test_models_is_run() -> None:
    bench, ran = Bench(), []
    bench.scheduler.programs["netsh.exe"] = lambda arguments, at: ran.append((arguments, at))
    bench.register()
    bench.scheduler.run(bench.start + MINUTE)
    assert ran == [("wfp set options keywords=none", bench.start + MINUTE)]
    assert bench.scheduler.failures == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/set /subcategory", "/set /category:* /subcategory"),
        ("/failure:disable", ""),
        ("/success:disable", "/success:0"),
        ("{0CCE9226-69AE-11D9-BED3-505054503030}", "Verbindung"),
        ("echo fired", "del /q *"),
        ("\\fleetaudit\\t", "\\Microsoft\\t"),
    ],
)
def test_arguments_that_the_real_program_would_take_otherwise_are_failures(
    old: str, new: str
) -> None:
    bench = Bench()
    assert old in bench.xml
    bench.scheduler.programs["netsh.exe"] = lambda *_: None
    assert bench.register(bench.xml.replace(old, new)) == ""
    bench.scheduler.run(bench.start + MINUTE)
    assert len(bench.scheduler.failures) >= 1


def test_a_task_that_stays_starts_again_every_minute() -> None:
    bench = Bench()
    bench.register(bench.xml.replace("\\fleetaudit\\t", "\\fleetaudit\\other"))
    due = []
    for _ in range(3):
        at = bench.scheduler.due()
        assert at is not None
        due.append(at)
        bench.scheduler.run(at)
    assert due == [bench.start + number * MINUTE for number in (1, 2, 3)]
    assert len(bench.set) == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Repetition>\n        <Interval>PT1M</Interval>\n      </Repetition>", ""),
        ("<StartWhenAvailable>true</StartWhenAvailable>", ""),
    ],
)
def test_without_repetition_a_missed_start_is_lost_and_with_it_it_is_not(
    old: str, new: str
) -> None:
    bench = Bench()
    assert old in bench.xml
    bench.register(bench.xml.replace(old, new))
    bench.scheduler.replan(bench.start + 30 * MINUTE)
    due = bench.scheduler.due()
    assert (due is None) == ("Interval" in old)


def test_a_host_that_slept_past_the_deadline_starts_the_task_within_a_minute() -> None:
    bench = Bench()
    bench.register()
    woken = bench.start + 30.4 * MINUTE
    bench.scheduler.replan(woken)  # a host that wakes up does not boot
    assert bench.scheduler.due() == bench.start + 31 * MINUTE


def test_a_start_that_was_missed_waits_ten_minutes_where_repetition_is_rarer() -> None:
    bench = Bench()
    bench.register(bench.xml.replace("PT1M", "PT1H"))
    bench.scheduler.replan(bench.start + 5 * MINUTE)
    assert bench.scheduler.due() == bench.start + 15 * MINUTE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Task ", "<Job "),
        ("S-1-5-18", "S-1-5-19"),
        ("2026-11-21T08:01:00Z", "2026-11-21T08:01:00"),
        ("2026-11-21T08:01:00Z", "soon"),
        ("PT1M", "PT1S"),
        ("PT1M", "1"),
        ("Interval", "Duration"),
        ("BootTrigger", "IdleTrigger"),
        ("<Enabled>true", "<Enabled>false"),
        ("Exec>", "ShowMessage>"),
        ("%SystemRoot%\\System32\\netsh.exe", "netsh.exe"),
        ("</Task>", ""),
    ],
)
def test_a_definition_that_is_not_understood_is_refused(old: str, new: str) -> None:
    bench = Bench()
    assert old in bench.xml
    text = bench.xml.replace(old, new).replace("</Task>", "</Job>" if "Job" in new else "</Task>")
    assert bench.register(text).startswith("ERROR: ")
    assert dict(bench.scheduler.tasks) == {}


def test_a_task_that_is_not_there_cannot_be_deleted() -> None:
    assert Bench().scheduler.delete("t").startswith("ERROR: ")
