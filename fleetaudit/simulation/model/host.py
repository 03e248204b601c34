"""A simulated Windows host: its state, and how it moves on when time does.

Nothing happens on a host by itself. Whoever asks it says what time it is; everything that was due
until then happens first, in order, and the same whether it is asked once or a hundred times.
"""

from __future__ import annotations

import heapq
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.formats.firewall_log import lost_line
from fleetaudit.simulation.model import _events as events
from fleetaudit.simulation.model._accounts import AUDITOR, SYSTEM, user_sid
from fleetaudit.simulation.model._logs import firewall_log_of, security_log_of
from fleetaudit.simulation.model._platform import Platform
from fleetaudit.simulation.model._recorder import INTERFACE_INDEX, Recorder
from fleetaudit.simulation.model._rulebook import rulebook
from fleetaudit.simulation.model._system_filters import INTERFACE_LUID
from fleetaudit.simulation.model._task_audit import TaskAudit
from fleetaudit.simulation.model.auditing import policy_of
from fleetaudit.simulation.model.filters import Layer, Packet, decide
from fleetaudit.simulation.model.net_events import NetEvent, NetEventRing
from fleetaudit.simulation.model.policy import PROFILES
from fleetaudit.simulation.model.rules import service_sid
from fleetaudit.simulation.model.scheduler import Scheduler
from fleetaudit.simulation.model.specs import Trait
from fleetaudit.simulation.model.switches import Switches
from fleetaudit.simulation.model.traffic import (
    PROGRAMS,
    Attempt,
    Behaviour,
    World,
    minute_of,
    start_of,
)
from fleetaudit.simulation.model.truth import HostTruth

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from fleetaudit.records.audit_policy import Inclusion
    from fleetaudit.simulation.faults import Fault
    from fleetaudit.simulation.formats.evtx import EventRecord
    from fleetaudit.simulation.model._accounts import Account
    from fleetaudit.simulation.model.auditing import Change
    from fleetaudit.simulation.model.specs import HostSpec

__all__ = ["SimulatedHost"]

_HISTORY: Final = timedelta(minutes=10)
_MINUTE: Final = timedelta(minutes=1)
_SPARING: Final = timedelta(seconds=30)
"""No flow is used again within this time, so that two attempts are two whoever counts them."""


class SimulatedHost:
    r"""One host; not safe to use from several threads at once.

    Attributes:
        neighbours: Addresses of the hosts it talks to.
        booted_at: True time of the last start.
        volume: The NT device of drive C, lower case; another one after a restart.
        skew: How far its clock is ahead of the true time now.
        files: What lies below ``C:\ProgramData``, by full path.
        scheduler: Its Task Scheduler.
        switches: What can be switched on it beside the audit policy.
    """

    def __init__(
        self,
        spec: HostSpec,
        *,
        seed: int,
        start: datetime,
        behaviours: tuple[Behaviour, ...],
        neighbours: tuple[tuple[IPv4Address, IPv6Address], ...],
    ) -> None:
        self.spec = spec
        self._seed = f"{seed} {spec.name}"
        self._rng = Random(self._seed)  # noqa: S311 - reproducible on purpose
        self._behaviours = behaviours
        self.neighbours = neighbours
        self._world = World(
            local_v4=spec.v4,
            local_v6=spec.v6,
            neighbours=neighbours,
            gateway=IPv4Address(f"{str(spec.v4).rpartition('.')[0]}.1"),
        )
        self._due: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._order = count()
        self._flows: dict[tuple[object, ...], datetime] = {}
        self._now = start - _HISTORY
        self._is_up = self._has_power = True
        self._exported: frozenset[int] | None = None
        self.skew = spec.skew
        self.booted_at = start - timedelta(hours=self._rng.randint(30, 900))
        self.volume = r"\device\harddiskvolume3"
        self.rules = rulebook(spec)
        self.audit = policy_of(spec)
        self.log = security_log_of(spec, self._rng)
        self.net_events = NetEventRing(broadcast=self._world.broadcast)
        self.switches = Switches(
            spec=spec, firewall_log=firewall_log_of(spec), net_events=self.net_events
        )
        self.platform = Platform(spec, self.rules, self.volume, self._rng)
        self._recorder = Recorder(
            spec,
            audit=self.audit,
            log=self.log,
            switches=self.switches,
            host_time=self.host_time,
        )
        self.files: dict[str, bytes] = {}
        self._tasks = TaskAudit(spec, audit=self.audit, log=self.log)
        self.scheduler = self._new_scheduler()
        self._pids: dict[str, int] = {}
        self._start_programs()
        self._plan(start)

    @property
    def name(self) -> str:
        """Return the inventory name."""
        return self.spec.name

    @property
    def fault(self) -> Fault:
        """Return how it misbehaves at the level of the wire."""
        return self.spec.fault

    def _new_scheduler(self) -> Scheduler:
        scheduler = Scheduler(
            host_time=self.host_time,
            set_audit=self._set_audit_as_system,
            files=self.files,
            on_change=lambda change: self._tasks.note(change, self.host_time(self._now)),
        )
        scheduler.programs["netsh.exe"] = lambda said, _: self.switches.netsh(said)
        scheduler.programs["wevtutil.exe"] = lambda said, _: self.switches.wevtutil(said)
        scheduler.is_enabled = Trait.NO_TASK_SCHEDULER not in self.spec.traits
        return scheduler

    def _start_programs(self) -> None:
        taken = self._rng.sample(range(300, 3000), len(PROGRAMS))
        self._pids = {name: 4 * number for name, number in zip(PROGRAMS, taken, strict=True)}
        self._pids |= {"system": 4, "none": 0}

    def _plan(self, start: datetime) -> None:
        self.platform.boot()
        self.platform.start_firewall()
        self.platform.release_interface()
        self._at(self._now, self._minute)
        if Trait.REFRESHES in self.spec.traits or Trait.REUSES_IDS in self.spec.traits:
            self._at(start + timedelta(minutes=4), self._refresh)
        if Trait.GPO_REVERTS in self.spec.traits:
            self._at(start + timedelta(minutes=5), self._refresh_group_policy)
        if Trait.AGENT_REVERTS in self.spec.traits:
            self._at(start + timedelta(minutes=6), self._revert)
        if Trait.REBOOTS in self.spec.traits:
            self._at(start + timedelta(minutes=5), self._shut_down)
        if Trait.LOSES_EVENTS in self.spec.traits:
            self._at(start + timedelta(minutes=3), self._lose_events)
        if Trait.TASKS_AUDITED in self.spec.traits:
            self._at(start + timedelta(minutes=2), self._make_anothers_task)

    def _at(self, moment: datetime, what: Callable[[datetime], None]) -> None:
        heapq.heappush(self._due, (moment, next(self._order), what))

    def advance(self, now: datetime) -> None:
        """Let everything happen that is due until ``now``, the true time."""
        while True:
            due = self._due[0][0] if self._due else None
            task = self._task_due()
            if task is not None and task <= now and (due is None or task <= due):
                self._now = max(self._now, task)
                self.scheduler.run(self._now)
                continue
            if due is None or due > now:
                break
            moment, _, what = heapq.heappop(self._due)
            self._now = moment
            what(moment)
        self._now = max(self._now, now)

    def _task_due(self) -> datetime | None:
        """Return the true time at which the next scheduled task starts."""
        due = self.scheduler.due() if self._is_up else None
        return None if due is None else due - self.skew

    def power_off(self, at: datetime) -> None:
        """Let the power go at ``at``, the true time: nothing is shut down in order."""
        self._at(max(at, self._now), self._lose_power)

    def power_on(self, at: datetime) -> None:
        """Let the host start at ``at``, the true time; nothing happens where it is on."""
        self._at(max(at, self._now), lambda moment: None if self._is_up else self._boot(moment))

    def jump_clock(self, delta: timedelta) -> None:
        """Set the host's own clock forward by ``delta`` now, or back where that is negative."""
        self.skew += delta
        self.scheduler.replan(self._now)

    @property
    def is_up(self) -> bool:
        """Return whether the host runs now, as of the last :meth:`advance`."""
        return self._is_up

    def _minute(self, start: datetime) -> None:
        for attempt in minute_of(self._seed, self._behaviours, self._world, start):
            self._at(attempt.at, lambda moment, one=attempt: self._begin(one, moment))  # type: ignore[misc] # the default binds the loop's value
        others = 40 if Trait.SMALL_LOG in self.spec.traits else 2
        for number in range(6):
            self._at(start + number * _MINUTE / 6, lambda _: self._write_others(others))
        self._at(start + _MINUTE, self._minute)

    def _write_others(self, number: int) -> None:
        if self._has_power:
            self.log.write_others(number)

    def _begin(self, attempt: Attempt, moment: datetime) -> None:
        last = self._flows.get(attempt.flow)
        if last is not None and moment - last < _SPARING:
            return
        repeats: tuple[float, ...] = attempt.repeats_s
        if attempt.is_repeated:
            repeats = self.spec.generation.retransmissions_s[1:]
        self._flows[attempt.flow] = moment + timedelta(seconds=max(repeats, default=0))
        if not self._send(attempt, moment) and attempt.is_repeated:
            return
        for seconds in repeats:
            self._at(moment + timedelta(seconds=seconds), lambda at: self._resend(attempt, at))

    def _resend(self, attempt: Attempt, moment: datetime) -> None:
        self._send(attempt, moment)

    def _send(self, attempt: Attempt, moment: datetime) -> bool:
        """Let the platform decide about one packet; return whether it was dropped."""
        if not self._is_up:
            return True
        program = PROGRAMS[attempt.program]
        path = self.program_path(attempt.program)
        packet = Packet(
            layer=Layer[attempt.layer],
            protocol=attempt.protocol,
            local_ip=attempt.local_ip,
            remote_ip=attempt.remote_ip,
            local_port=attempt.local_port,
            remote_port=attempt.remote_port,
            profile=PROFILES[self.spec.profile],
            program=path,
            service_sid=service_sid(program.service) if program.service else "",
            package_sid=attempt.package_sid,
            interface_luid=INTERFACE_LUID,
        )
        verdict = decide(self.platform.by_layer.get(packet.layer, ()), packet)
        if not verdict.is_blocked or verdict.by is None:
            return False
        process = (self._pids[attempt.program], path or "-")
        self._recorder.drop(attempt, packet, by=verdict.by, process=process, moment=moment)
        self.net_events.record(
            NetEvent(
                at=self.host_time(moment),
                packet=packet,
                by=verdict.by,
                winners=verdict.winners,
                is_inbound=attempt.is_inbound,
                user_sid=user_sid(attempt.program, program.service) if path else "",
                process_id=process[0],
                interface_index=INTERFACE_INDEX,
            )
        )
        return True

    def program_path(self, name: str) -> str:
        """Return the NT path of a program, lower case; ``System``; empty for none."""
        return self.platform.compiler.program(PROGRAMS[name].path)

    def process_id(self, name: str) -> int:
        """Return the id of a program's process since the last start."""
        return self._pids[name]

    def _refresh(self, moment: datetime) -> None:
        if self._is_up:
            self.platform.apply_policy()
        self._at(moment + timedelta(minutes=7), self._refresh)

    def _refresh_group_policy(self, moment: datetime) -> None:
        if self._is_up:
            self._apply_group_policy(moment)
        self._at(moment + timedelta(minutes=90), self._refresh_group_policy)

    def _apply_group_policy(self, moment: datetime) -> None:
        for change in self.audit.refresh_group_policy():
            self._audit_changed(change, moment, SYSTEM)

    def _revert(self, moment: datetime) -> None:
        if not self._is_up:
            return
        for subcategory, inclusion in policy_of(self.spec).settings.items():
            change = self.audit.set(subcategory, inclusion)
            if change is not None:
                self._audit_changed(change, moment, SYSTEM)

    def _make_anothers_task(self, moment: datetime) -> None:
        if self._is_up:
            self._tasks.note_others(self.host_time(moment))

    def _lose_events(self, moment: datetime) -> None:
        if self.switches.is_logging:
            local, log = self.local_time(moment), self.switches.firewall_log
            log.write(lost_line(local, self._rng.randint(1, 60), has_pid=log.has_pid))
        self._at(moment + timedelta(minutes=4), self._lose_events)

    def _shut_down(self, moment: datetime) -> None:
        if not self._is_up:
            return
        record_id, local = self.log.next_record, self.host_time(moment)
        self.log.write(events.log_stopped(record_id, local, computer=self.spec.computer))
        self._is_up = False
        self._at(moment + timedelta(seconds=35), self._start_again)

    def _lose_power(self, _: datetime) -> None:
        self._is_up = self._has_power = False

    def _start_again(self, moment: datetime) -> None:
        if self._has_power:
            self._boot(moment)

    def _boot(self, moment: datetime) -> None:
        self._is_up = self._has_power = True
        self.booted_at = moment
        self._start_programs()
        self.volume = self.platform.compiler.volume = r"\device\harddiskvolume4"
        self.net_events.clear()
        self.platform.boot()
        for attempt in start_of(self._world, moment):
            self._at(attempt.at, lambda at, one=attempt: self._begin(one, at))  # type: ignore[misc] # the default binds the loop's value
        self._at(moment + timedelta(seconds=12), lambda _: self.platform.start_firewall())
        self._at(moment + timedelta(seconds=20), lambda _: self.platform.release_interface())
        self._apply_group_policy(moment)
        self.scheduler.boot(moment)

    def host_time(self, moment: datetime) -> datetime:
        """Return what the host's own clock says in UTC."""
        return moment + self.skew

    def local_time(self, moment: datetime) -> datetime:
        """Return what the host's own clock says in local time, still marked as UTC."""
        return self.host_time(moment) - timedelta(minutes=self.spec.zone.active_bias)

    def set_audit(self, subcategory: UUID, inclusion: Inclusion, now: datetime) -> None:
        """Set one subcategory, as ``auditpol /set`` does; a change leaves a 4719.

        Raises:
            KeyError: There is no such subcategory.
        """
        change = self.audit.set(subcategory, inclusion)
        if change is not None:
            self._audit_changed(change, now, AUDITOR)

    def _set_audit_as_system(self, subcategory: UUID, inclusion: Inclusion, now: datetime) -> None:
        change = self.audit.set(subcategory, inclusion)
        if change is not None:
            self._audit_changed(change, now, SYSTEM)

    def _audit_changed(self, change: Change, now: datetime, who: Account) -> None:
        record_id = self.log.next_record
        self.log.write(
            events.policy_changed(
                record_id,
                self.host_time(now),
                computer=self.spec.computer,
                change=change,
                account=who,
            )
        )

    def export(self, *, after: int, wanted: frozenset[int]) -> list[EventRecord]:
        """Return the log's records of the wanted events above ``after``, and remember them."""
        found = [one for one in self.log.records(after=after) if one.event_id in wanted]
        self._exported = frozenset(record.record_id for record in found)
        return found

    def truth(self) -> HostTruth:
        """Return what truly happened here until now."""
        return HostTruth(
            host=self.name,
            drops=self._recorder.drops(),
            exported=self._exported,
            unaudited=self._recorder.unaudited,
            log_drops=self.switches.firewall_log.drops,
        )
