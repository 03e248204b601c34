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

from fleetaudit.records.audit_policy import Inclusion, Subcategory
from fleetaudit.simulation import _events as events
from fleetaudit.simulation._platform import Platform
from fleetaudit.simulation._recorder import Recorder
from fleetaudit.simulation._rulebook import rulebook
from fleetaudit.simulation._system_filters import INTERFACE_LUID
from fleetaudit.simulation.auditing import AuditState
from fleetaudit.simulation.filters import Layer, Packet, decide
from fleetaudit.simulation.formats.firewall_log import FirewallLogFile, lost_line
from fleetaudit.simulation.policy import PROFILES
from fleetaudit.simulation.rules import service_sid
from fleetaudit.simulation.security_log import SecurityLog
from fleetaudit.simulation.specs import Trait
from fleetaudit.simulation.traffic import (
    PROGRAMS,
    Attempt,
    Behaviour,
    World,
    minute_of,
)
from fleetaudit.simulation.truth import HostTruth

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from fleetaudit.simulation.auditing import Change
    from fleetaudit.simulation.faults import Fault
    from fleetaudit.simulation.formats.evtx import EventRecord
    from fleetaudit.simulation.specs import HostSpec

__all__ = ["SimulatedHost"]

_HISTORY: Final = timedelta(minutes=10)
_MINUTE: Final = timedelta(minutes=1)
_SPARING: Final = timedelta(seconds=30)
"""No flow is used again within this time, so that two attempts are two whoever counts them."""

_SYSTEM: Final = ("S-1-5-18", "SYSTEM", "NT AUTHORITY")
_DOMAIN_SID: Final = "S-1-5-21-3623811015-3361044348-30300820"
_AUDITORS: Final = (Subcategory.PACKET_DROP, Subcategory.CONNECTION)


def _policy(spec: HostSpec) -> AuditState:
    both = Inclusion.SUCCESS | Inclusion.FAILURE
    settings: dict[UUID, Inclusion] = {}
    enforced: dict[UUID, Inclusion] = {}
    if Trait.AUDITED_BEFORE in spec.traits:
        settings = {one.value: Inclusion.FAILURE for one in _AUDITORS}
    if Trait.SUCCESS_BEFORE in spec.traits:
        settings = {Subcategory.CONNECTION.value: Inclusion.SUCCESS}
    if Trait.GPO_AUDIT in spec.traits:
        enforced = {Subcategory.OTHER_POLICY_CHANGE.value: both}
    if Trait.GPO_REVERTS in spec.traits:
        enforced = {one.value: Inclusion.NONE for one in _AUDITORS}
    return AuditState(settings=settings, group_policy=enforced)


class SimulatedHost:
    """One host; not safe to use from several threads at once.

    Attributes:
        booted_at: True time of the last start.
        volume: The NT device of drive C, lower case; another one after a restart.
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
        self._is_up = True
        self._exported: frozenset[int] | None = None
        self.booted_at = start - timedelta(hours=self._rng.randint(30, 900))
        self.volume = r"\device\harddiskvolume3"
        self.rules = rulebook(spec)
        self.audit = _policy(spec)
        self.log = self._new_log()
        self.firewall_log = self._new_firewall_log()
        self.platform = Platform(spec, self.rules, self.volume, self._rng)
        self._recorder = Recorder(
            spec, audit=self.audit, log=self.log, firewall_log=self.firewall_log
        )
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

    def _new_log(self) -> SecurityLog:
        is_small = Trait.SMALL_LOG in self.spec.traits
        return SecurityLog(
            maximum_bytes=1_052_672 if is_small else 20_971_520,
            first_record=self._rng.randint(1_000, 400_000),
            old_records=1_100 if is_small else self._rng.randint(2_000, 15_000),
        )

    def _new_firewall_log(self) -> FirewallLogFile | None:
        if Trait.LOGS_DROPS not in self.spec.traits:
            return None
        is_small = Trait.SMALL_FIREWALL_LOG in self.spec.traits
        return FirewallLogFile(
            maximum_bytes=16_384 if is_small else 4_194_304,
            has_pid=self.spec.generation.log_has_pid,
        )

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

    def _at(self, moment: datetime, what: Callable[[datetime], None]) -> None:
        heapq.heappush(self._due, (moment, next(self._order), what))

    def advance(self, now: datetime) -> None:
        """Let everything happen that is due until ``now``, the true time."""
        while self._due and self._due[0][0] <= now:
            moment, _, what = heapq.heappop(self._due)
            self._now = moment
            what(moment)
        self._now = max(self._now, now)

    def _minute(self, start: datetime) -> None:
        for attempt in minute_of(self._seed, self._behaviours, self._world, start):
            self._at(attempt.at, lambda moment, one=attempt: self._begin(one, moment))  # type: ignore[misc] # the default binds the loop's value
        others = 40 if Trait.SMALL_LOG in self.spec.traits else 2
        for number in range(6):
            self._at(start + number * _MINUTE / 6, lambda _: self.log.write_others(others))
        self._at(start + _MINUTE, self._minute)

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
        for change in self.audit.refresh_group_policy():
            self._audit_changed(change, moment, _SYSTEM)
        self._at(moment + timedelta(minutes=90), self._refresh_group_policy)

    def _revert(self, moment: datetime) -> None:
        for subcategory, inclusion in _policy(self.spec).settings.items():
            change = self.audit.set(subcategory, inclusion)
            if change is not None:
                self._audit_changed(change, moment, _SYSTEM)

    def _lose_events(self, moment: datetime) -> None:
        if self.firewall_log is not None:
            local = self.local_time(moment)
            has_pid = self.firewall_log.has_pid
            self.firewall_log.write(lost_line(local, self._rng.randint(1, 60), has_pid=has_pid))
        self._at(moment + timedelta(minutes=4), self._lose_events)

    def _shut_down(self, moment: datetime) -> None:
        record_id, local = self.log.next_record, moment + self.spec.skew
        self.log.write(events.log_stopped(record_id, local, computer=self.spec.computer))
        self._is_up = False
        self._at(moment + timedelta(seconds=35), self._boot)

    def _boot(self, moment: datetime) -> None:
        self._is_up = True
        self.booted_at = moment
        self._start_programs()
        self.volume = self.platform.compiler.volume = r"\device\harddiskvolume4"
        self.platform.boot()
        world, group = self._world, IPv4Address("224.0.0.22")
        for second in (3, 6, 14, 17):
            attempt = Attempt(
                at=moment + timedelta(seconds=second),
                place="ALE_AUTH_RECV_ACCEPT",
                protocol=2,
                local_ip=group,
                local_port=0,
                remote_ip=world.neighbours[second % len(world.neighbours)][0],
                remote_port=0,
                program="system",
                size=40,
            )
            self._at(attempt.at, lambda at, one=attempt: self._begin(one, at))  # type: ignore[misc] # the default binds the loop's value
        self._at(moment + timedelta(seconds=12), lambda _: self.platform.start_firewall())
        self._at(moment + timedelta(seconds=20), lambda _: self.platform.release_interface())

    def host_time(self, moment: datetime) -> datetime:
        """Return what the host's own clock says in UTC."""
        return moment + self.spec.skew

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
            who = (f"{_DOMAIN_SID}-1105", "svc-fleetaudit", "CORP")
            self._audit_changed(change, now, who)

    def _audit_changed(self, change: Change, now: datetime, who: tuple[str, str, str]) -> None:
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
            log_drops=self.firewall_log.drops if self.firewall_log else 0,
        )
