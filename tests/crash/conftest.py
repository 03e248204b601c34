"""One simulated host, controllers that take a step at a time, and all that can go wrong."""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import pytest

from fleetaudit.collectors import catalogue
from fleetaudit.errors import (
    HostFailedError,
    HostUnreachableError,
    HostUnsupportedError,
    JournalError,
    ScriptFailedError,
)
from fleetaudit.orchestrator.bursts import Bursts
from fleetaudit.orchestrator.instruments import default_instruments
from fleetaudit.orchestrator.plan import SweepSettings, restore_plan, sweep_plan
from fleetaudit.orchestrator.steps import (
    Answer,
    Connect,
    Disconnect,
    Owe,
    Pause,
    Plan,
    Recall,
    Run,
    Settle,
    Step,
)
from fleetaudit.records.audit_policy import Inclusion, Subcategory
from fleetaudit.records.call import ScriptCall, ScriptOutput
from fleetaudit.records.debt import Wanted
from fleetaudit.simulation._seam import Output, ScriptRequest, TerminatingError
from fleetaudit.simulation.clock import SIMULATION_START, SimulatedClock
from fleetaudit.simulation.engine import ModelEngine
from fleetaudit.simulation.model._languages import Language
from fleetaudit.simulation.model.generations import GENERATIONS
from fleetaudit.simulation.model.host import SimulatedHost
from fleetaudit.simulation.model.specs import HostSpec, Role
from fleetaudit.transport import MemorySink
from fleetaudit.transport.framing import Decoder, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fleetaudit.records.debt import Debt
    from fleetaudit.records.host_record import HostRecord
    from fleetaudit.simulation.model.fleet import SimulatedFleet

AUDITED = (Subcategory.PACKET_DROP, Subcategory.CONNECTION)
WINDOW = timedelta(minutes=10)
CHEAP = ("host-facts", "audit-policy", "host-context")
"""What a plan cannot do without, and one source that may fail: ten thousand sweeps have to run."""
TOOLS = default_instruments({name: catalogue()[name] for name in CHEAP})
BESIDE = tuple(name for name in TOOLS.operations if name != "audit-policy")
MORE = Wanted(log_kilobytes=32_767)
BURSTS = Bursts(length=timedelta(seconds=40), every=timedelta(minutes=2))
FOREIGN = (
    "sl Microsoft-Windows-DNS-Client/Operational /e:true",
    "sl Microsoft-Windows-DNS-Client/Operational /e:false",
    "wfp set options keywords=bcast",
    "advfirewall set domainprofile logging droppedconnections enable",
    "advfirewall set publicprofile logging droppedconnections disable",
    "advfirewall set domainprofile logging maxfilesize 10000",
)
"""What an administrator may do meanwhile to what a run changes beside the audit policy."""
LONGEST_OUTAGE = timedelta(hours=5, minutes=1)
SKEWS = (timedelta(0), timedelta(minutes=7), timedelta(hours=-3), timedelta(days=-1))


class Journal:
    """The journal of one controller; it outlives the processes that write it."""

    def __init__(self) -> None:
        self.debts: dict[str, Debt] = {}
        self.live: set[str] = set()

    def owe(self, debts: Sequence[Debt]) -> None:
        if any(self.debts.get(debt.setting, debt) != debt for debt in debts):
            raise JournalError("another run owes this already")
        self.debts |= {debt.setting: debt for debt in debts}

    def settle(self, debt: Debt) -> None:
        if self.debts.get(debt.setting) == debt:
            del self.debts[debt.setting]


@dataclass
class Controller:
    """A process that carries out one plan."""

    plan: Plan
    journal: Journal
    run_id: str
    step: Step | None = None
    record: HostRecord | None = None
    is_connected: bool = False
    is_dead: bool = False
    late: list[ScriptCall] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.is_dead or self.record is not None


class World:
    """A host, its hands, and the controllers that work on it."""

    def __init__(self, seed: object, *, before: tuple[int, int] | None = None) -> None:
        self.dice = random.Random(f"{seed}")  # noqa: S311 - a story, not a secret
        self.clock = SimulatedClock()
        spec = HostSpec(
            name="web01",
            number=1,
            generation=GENERATIONS["2022"],
            language=Language.ENGLISH,
            role=Role.FILE_SERVER,
            skew=self.dice.choice(SKEWS),
        )
        self.host = SimulatedHost(
            spec,
            seed=1,
            start=SIMULATION_START,
            behaviours=(),
            neighbours=((IPv4Address("10.0.0.2"), IPv6Address("fe80::2")),),
        )
        self.hosts = {"web01": self.host}
        self.engine = ModelEngine(cast("SimulatedFleet", self))
        self._before = values = before or (self.dice.randrange(4), self.dice.randrange(4))
        self.allowed: dict[object, set[object]] = {}
        for subcategory, value in zip(AUDITED, values, strict=True):
            self.host.audit.set(subcategory.value, Inclusion(value))
            self.allowed[subcategory] = {value}
        self._throw_switches()
        self._switches = self.host.switches.values()
        self.allowed |= {name: {value} for name, value in self._switches.items()}
        self.controllers: list[Controller] = []
        self.steps = 0
        self.is_lease_lost = False
        self.is_powered = True

    def _throw_switches(self) -> None:
        """Let the settings beside the audit policy be as somebody may have left them."""
        switches = self.host.switches
        for profile in switches.log_blocked:
            switches.log_blocked[profile] = self.dice.random() < 0.3
            switches.log_kilobytes[profile] = self.dice.choice((4096, 16_384, 32_767))
        switches.is_dns_logged = self.dice.random() < 0.3
        self.host.net_events.keywords = self.dice.choice(("none", "none", "mcast"))

    def locked(self) -> contextlib.AbstractContextManager[object]:
        return contextlib.nullcontext()

    # -- what controllers do ------------------------------------------------------------------

    def sweep(self, journal: Journal, run_id: str, **options: Any) -> Controller:
        settings = SweepSettings(run_id=run_id, window=WINDOW, **options)
        return self.begin(sweep_plan("web01", settings, instruments=TOOLS), journal, run_id)

    def restore(self, journal: Journal) -> Controller:
        debts = tuple(journal.debts.values())
        return self.begin(restore_plan("web01", debts, instruments=TOOLS), journal, "restore")

    def begin(self, plan: Plan, journal: Journal, run_id: str) -> Controller:
        one = Controller(plan=plan, journal=journal, run_id=run_id)
        journal.live.add(run_id)
        one.step = next(plan)
        self.controllers.append(one)
        return one

    def kill(self, one: Controller) -> None:
        """End a process as SIGKILL does: no step, no answer, and its lock is free."""
        one.is_dead = True
        one.journal.live.discard(one.run_id)
        one.plan.close()

    def play(self, events: Callable[[int], None] = lambda _: None) -> None:
        """Let every controller go on, in the order in which they are due, until all are over."""
        while alive := [one for one in self.controllers if not one.is_over]:
            events(self.steps)
            alive = [one for one in alive if not one.is_over]
            if not alive:
                continue
            one = min(alive, key=self._due)
            self.wait_until(self._due(one))
            self.advance(one)

    def advance(self, one: Controller, fault: str = "") -> None:
        """Perform the step that ``one`` asks for, or break it, and tell the plan."""
        assert one.step is not None
        self.steps += 1
        self.wait_until(self.clock.now() + timedelta(seconds=1))
        late, one.late = one.late, []
        step = one.step
        try:
            try:
                if fault and isinstance(step, Run | Connect):
                    self._break(one, step, fault)
                answer = self._perform(one, step)
            finally:
                for call in late:
                    with contextlib.suppress(Exception):
                        self.run(call, MemorySink())
        except Exception as error:  # noqa: BLE001 - as the driver: all goes into the plan
            self._tell(one, error)
        else:
            self._tell(one, answer)

    def _tell(self, one: Controller, what: Answer | Exception) -> None:
        try:
            if isinstance(what, Exception):
                one.step = one.plan.throw(what)
            else:
                one.step = one.plan.send(what)
        except StopIteration as end:
            one.record = end.value
            one.journal.live.discard(one.run_id)

    def _due(self, one: Controller) -> Any:
        return one.step.until if isinstance(one.step, Pause) else self.clock.now()

    def _break(self, one: Controller, step: Step, fault: str) -> None:
        if isinstance(step, Run):
            if fault == "after":
                self.run(step.call, MemorySink())
            elif fault == "late":
                one.late.append(step.call)
        one.is_connected = False
        raise HostFailedError("the connection was cut", host="web01")

    def _perform(self, one: Controller, step: Step) -> Answer:
        match step:
            case Connect():
                self._reach()
                one.is_connected = True
            case Disconnect():
                one.is_connected = False
            case Run():
                if not one.is_connected:
                    raise HostFailedError("no session is open", host="web01")
                sink = MemorySink()
                output = self.run(step.call, sink)
                files = {file.name: sink.read(file.name) for file in output.attachments}
                return Answer(at=self.clock.now(), output=output, files=files)
            case Recall():
                debts = tuple(one.journal.debts.values())
                live = frozenset(one.journal.live - {one.run_id})
                return Answer(at=self.clock.now(), debts=debts, live_runs=live)
            case Owe():
                one.journal.owe(step.debts)
            case Settle():
                one.journal.settle(step.debt)
            case _:
                pass
        return Answer(at=self.clock.now())

    def _reach(self) -> None:
        if not self.host.is_up:
            raise HostUnreachableError("no answer", host="web01")

    def run(self, call: ScriptCall, sink: MemorySink) -> ScriptOutput:
        """Let the host answer a script, as a session of the transport does."""
        self._reach()
        request = ScriptRequest(
            host="web01",
            script=call.script,
            text="",
            parameters=MappingProxyType(dict(call.parameters)),
        )
        with Decoder(sink, Limits()) as decoder:
            for emission in self.engine.answer(request):
                if isinstance(emission, Output):
                    decoder.feed(emission.value)
                elif isinstance(emission, TerminatingError):
                    if "Unsupported" in emission.error.fully_qualified_id:
                        raise HostUnsupportedError(emission.error.message, host="web01")
                    raise ScriptFailedError(
                        emission.error.message, host="web01", script=call.script
                    )
            decoder.finish()
            return ScriptOutput(attachments=decoder.attachments, exits=decoder.exits)

    # -- what happens to the host -------------------------------------------------------------

    def wait_until(self, moment: Any) -> None:
        self.clock.sleep_until(moment)
        self.host.advance(self.clock.now())

    def reboot(self) -> None:
        self.host.power_off(self.clock.now())
        self.host.power_on(self.clock.now() + timedelta(seconds=35))
        self.host.advance(self.clock.now())

    def power_loss(self, length: timedelta) -> None:
        """Let the power be gone for ``length``."""
        self.host.power_off(self.clock.now())
        self.host.power_on(self.clock.now() + length)
        self.host.advance(self.clock.now())

    def jump(self, delta: timedelta) -> None:
        self.host.jump_clock(delta)
        self.host.advance(self.clock.now())

    def meddle(self, subcategory: Subcategory, value: int) -> None:
        """Let somebody else set the policy: an administrator, an agent, a group policy."""
        if self.host.is_up:
            self.host.audit.set(subcategory.value, Inclusion(value))
            self.allowed[subcategory].add(value)

    def refresh_group_policy(self) -> None:
        """Let a group policy begin to own one subcategory; it is applied now and at each start."""
        subcategory, value = self.dice.choice(AUDITED), self.dice.randrange(4)
        self.host.audit.group_policy[subcategory.value] = Inclusion(value)
        self.allowed[subcategory].add(value)
        if self.host.is_up:
            self.host.audit.refresh_group_policy()

    def meddle_beside(self) -> None:
        """Let somebody else change a setting beside the audit policy."""
        if self.host.is_up:
            switches, said = self.host.switches, self.dice.choice(FOREIGN)
            before = switches.values()
            (switches.wevtutil if said.startswith("sl ") else switches.netsh)(said)
            for name, value in switches.values().items():
                if value != before[name]:
                    self.allowed[name].add(value)

    def lose_the_lease(self) -> None:
        """Let somebody delete every task of ours."""
        for name in tuple(self.host.scheduler.tasks):
            self.host.scheduler.delete(name)
            self.is_lease_lost = True

    # -- what is left -------------------------------------------------------------------------

    def settings(self) -> dict[object, object]:
        settings = dict[object, object](self.host.switches.values().items())
        return settings | {one: int(self.host.audit.settings[one.value]) for one in AUDITED}

    def first(self) -> dict[object, object]:
        """Return the settings that stood before anything happened."""
        settings = dict[object, object](self._switches.items())
        return settings | dict(zip(AUDITED, self._before, strict=True))

    def is_as_before(self) -> bool:
        return all(value in self.allowed[one] for one, value in self.settings().items())

    def pass_the_deadlines(self) -> None:
        """Let the host's clock come to the last lease's deadline and a minute past it."""
        if not self.host.is_up:
            self.wait_until(self.clock.now() + LONGEST_OUTAGE)
        ends = [task.starts_at for task in self.host.scheduler.tasks.values() if task.starts_at]
        if ends:
            # A clock that jumped past the deadline before the lease was left: it ends in a minute.
            end = max(max(ends) - self.host.skew, self.clock.now())
            self.wait_until(end + timedelta(minutes=1))

    def orphans(self) -> str:
        """Say what is wrong in the end; empty where nothing is."""
        self.pass_the_deadlines()
        journals = {id(one.journal): one.journal for one in self.controllers}.values()
        is_listed = any(journal.debts for journal in journals)
        if not self.is_as_before() and not (self.is_lease_lost and is_listed):
            return f"left changed: {self.settings()}, allowed {self.allowed}"
        for journal in journals:
            if journal.debts:
                self.restore(journal)
        self.play()
        if not self.is_as_before():
            return f"not restored: {self.settings()}, allowed {self.allowed}"
        if open_debts := [debt for journal in journals for debt in journal.debts.values()]:
            return f"still owed: {open_debts}"
        if self.host.scheduler.tasks or self.host.files or self.host.scheduler.failures:
            return f"left behind: {list(self.host.files)}, {self.host.scheduler.failures}"
        return ""


@dataclass(frozen=True)
class Kit:
    """For tests, which cannot import a conftest."""

    world: type[World] = World
    audited: tuple[Subcategory, ...] = AUDITED
    beside: tuple[str, ...] = BESIDE
    more: Wanted = MORE
    bursts: Bursts = BURSTS
    journal: type[Journal] = Journal


@pytest.fixture(scope="session")
def crash() -> Kit:
    return Kit()
