"""A fleet of hosts that are nothing but an audit policy, and a journal in memory."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from fleetaudit.collectors import Collector
from fleetaudit.errors import HostUnreachableError, JournalError
from fleetaudit.operations.audit_policy import WORDS
from fleetaudit.orchestrator.instruments import Instruments, default_instruments
from fleetaudit.orchestrator.plan import SweepSettings
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
from fleetaudit.records.call import Attachment, ScriptCall, ScriptOutput, ToolExit
from fleetaudit.records.debt import Debt
from fleetaudit.records.evidence import Phase
from fleetaudit.records.host import Connection, Host
from fleetaudit.transport import MemorySink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from fleetaudit.records.host_record import HostRecord
    from fleetaudit.transport import Sink

CHANNEL = "Microsoft-Windows-DNS-Client/Operational"
START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
BOTH = frozenset((Phase.BEFORE, Phase.AFTER))
AFTER = frozenset((Phase.AFTER,))
SOURCES = {
    "audit-policy": ("Get-AuditPolicy", BOTH),
    "firewall-log": ("Read-FirewallLog", AFTER),
    "firewall-rules": ("Get-FirewallRule", AFTER),
    "host-context": ("Get-HostContext", BOTH),
    "host-facts": ("Get-HostFact", BOTH),
    "security-events": ("Export-SecurityEvent", AFTER),
    "wfp-state": ("Get-WfpState", BOTH),
}


def collector(name: str) -> Collector:
    script, phases = SOURCES[name]
    return Collector(
        name=name,
        title=name,
        script=script,
        phases=phases,
        readings=(),
        tables=(),
        privilege="",
        reference="",
    )


@dataclass
class FakeHost:
    """Two settings that really change, and files that say so.

    ``reply`` may raise or answer in place of a script; ``is_reachable`` cuts everything off.
    """

    name: str = "web01"
    policy: dict[Subcategory, int] = field(
        default_factory=lambda: {Subcategory.PACKET_DROP: 0, Subcategory.CONNECTION: 1}
    )
    group_policy: str = ""
    facts: dict[str, object] = field(default_factory=dict)
    is_elevated: bool = True
    is_reachable: bool = True
    is_dns_logged: bool = False
    calls: list[ScriptCall] = field(default_factory=list)
    leases: dict[str, dict[str, bytes | None]] = field(default_factory=dict)
    reply: Callable[[ScriptCall], ScriptOutput | None] = lambda _: None

    def run(self, call: ScriptCall, sink: Sink) -> ScriptOutput:
        self.reach()
        self.calls.append(call)
        instead = self.reply(call)
        if instead is not None:
            return instead
        if call.script == "Set-AuditPolicy":
            return self._set(call)
        if call.script == "Set-EventChannel":
            self.is_dns_logged = call.parameters["Enabled"] == "true"
            return ScriptOutput(exits=(ToolExit(tool="wevtutil", code=0),))
        name = str(call.parameters.get("LeaseName", ""))
        if call.script == "Register-Lease":
            self.hold(name, str(call.parameters["TaskXml"]), str(call.parameters["Baseline"]))
            return ScriptOutput(exits=(ToolExit(tool="schtasks", code=0),))
        if call.script == "Remove-Lease":
            self.leases.pop(name, None)
            return ScriptOutput()
        sent = [_send(sink, name, data) for name, data in self._files(call.script).items()]
        exits = (ToolExit(tool="tool", code=0),)
        return ScriptOutput(attachments=tuple(sent), exits=exits)

    def reach(self) -> None:
        if not self.is_reachable:
            raise HostUnreachableError("no answer", host=self.name, stage="connecting")

    def hold(self, name: str, task: str, baseline: str) -> None:
        self.leases[name] = {
            "Task": task.encode("utf-16"),
            "Baseline": baseline.encode(),
            "Marker": None,
        }

    def value(self, setting: str) -> str:
        values = {one.braced: WORDS[Inclusion(value)] for one, value in self.policy.items()}
        return {**values, CHANNEL: "on" if self.is_dns_logged else "off"}[setting]

    def _held(self) -> bytes:
        entries = [
            {
                "Name": name,
                **{
                    key: None if part is None else base64.b64encode(part).decode()
                    for key, part in parts.items()
                },
            }
            for name, parts in self.leases.items()
        ]
        return json.dumps({"Leases": entries}).encode()

    def _set(self, call: ScriptCall) -> ScriptOutput:
        named = [s for s in self.policy if s.braced == call.parameters["Subcategory"]]
        bits = (("Success", 1), ("Failure", 2))
        value = sum(bit for flag, bit in bits if call.parameters[flag] == "enable")
        for subcategory in named:
            self.policy[subcategory] = value
        return ScriptOutput(exits=(ToolExit(tool="auditpol", code=0),))

    def _files(self, script: str) -> dict[str, bytes]:
        if script == "Get-AuditPolicy":
            files = {"policy.csv": self._backup()}
            if self.group_policy:
                files["gpo-audit.csv"] = self.group_policy.encode()
            return files
        if script == "Get-HostFact":
            return self._facts()
        if script == "Get-SecurityLog":
            facts = json.loads(self._facts()["facts.json"])
            return {"facts.json": json.dumps(facts["SecurityLog"]).encode()}
        if script == "Get-EventChannel":
            return {"facts.json": json.dumps({"IsEnabled": self.is_dns_logged}).encode()}
        if script == "Get-Lease":
            return {"leases.json": self._held()}
        return {f"{script}.bin": script.encode() * 100}

    def _backup(self) -> bytes:
        head = (
            "Machine Name,Policy Target,Subcategory,Subcategory GUID,"
            "Inclusion Setting,Exclusion Setting,Setting Value\r\n"
        )
        rows = (f"WEB01,System,Name,{s.braced},Text,,{value}" for s, value in self.policy.items())
        return (head + "\r\n".join(rows) + "\r\n").encode()

    def _facts(self) -> dict[str, bytes]:
        facts: dict[str, object] = {
            "ComputerName": "WEB01",
            "OSBuild": 20348,
            "OSCaption": "Microsoft Windows Server 2022 Standard",
            "Culture": "de-DE",
            "BootTime": "2026-11-20T05:11:09.0000000Z",
            "HostTime": "2026-11-21T08:00:00.0000000Z",
            "LanguageMode": "FullLanguage",
            "PSVersion": "5.1.20348.2849",
            "TimeZone": {
                "TimeZoneKeyName": "W. Europe Standard Time",
                "ActiveTimeBias": -60,
                "Bias": -60,
                "StandardBias": 0,
                "DaylightBias": -60,
                "StandardStart": "00000a00050003000000000000000000",
                "DaylightStart": "00000300050002000000000000000000",
            },
            "SecurityLog": {
                "MaximumSizeInBytes": 20971520,
                "LogMode": "Circular",
                "IsEnabled": True,
                "RecordCount": 400,
                "OldestRecordNumber": 101,
            },
            "CrashOnAuditFail": 0,
            "SCENoApplyLegacyAuditPolicy": 1,
        } | self.facts
        label = "S-1-16-12288" if self.is_elevated else "S-1-16-8192"
        groups = f'"Mandatory Label\\High Mandatory Level","Label","{label}",""\r\n'
        return {"facts.json": json.dumps(facts).encode(), "groups.csv": groups.encode()}


def _send(sink: Sink, name: str, data: bytes) -> Attachment:
    stored = gzip.compress(data, mtime=0)
    with sink.open(name) as stream:
        stream.write(stored)
    attachment = Attachment(
        name=name,
        length=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        stored_length=len(stored),
    )
    sink.keep(attachment)
    return attachment


class MemoryJournal:
    """A journal that remembers what was struck out, and why."""

    def __init__(self) -> None:
        self.debts: dict[tuple[str, str], Debt] = {}
        self.settled: list[tuple[Debt, str]] = []
        self.live: set[str] = set()
        self.unread: list[Path] = []

    def owe(self, debts: Sequence[Debt]) -> None:
        for debt in debts:
            if self.debts.get((debt.host, debt.setting), debt) != debt:
                raise JournalError("another run owes this already")
        self.debts |= {(debt.host, debt.setting): debt for debt in debts}

    def settle(self, debt: Debt, *, note: str = "") -> None:
        if self.debts.get((debt.host, debt.setting)) == debt:
            del self.debts[debt.host, debt.setting]
            self.settled.append((debt, note))

    def open_debts(self, host: str | None = None) -> tuple[Debt, ...]:
        return tuple(debt for debt in self.debts.values() if host in (None, debt.host))

    def damaged(self, host: str | None = None) -> tuple[Path, ...]:
        return tuple(path for path in self.unread if host in (None, path.name))

    def is_live(self, run_id: str) -> bool:
        return run_id in self.live


@dataclass(frozen=True)
class Fault:
    """An error at one step; ``mode`` says what became of the step: lost, done, or done late."""

    error: BaseException
    mode: str = "lost"


class Bench:
    """Performs a plan on a fake host, step by step, with faults at numbered steps."""

    def __init__(
        self,
        host: FakeHost,
        journal: MemoryJournal | None = None,
        faults: Mapping[int, Fault] = MappingProxyType({}),
    ) -> None:
        self.host = host
        self.journal = journal or MemoryJournal()
        self.faults = faults
        self.steps: list[Step] = []
        self.now = START
        self.is_connected = False
        self.at_settle: list[tuple[Debt, str, str]] = []
        self._late: Step | None = None

    def carry_out(self, plan: Plan) -> HostRecord:
        try:
            step = next(plan)
            while True:
                fault = self.faults.get(len(self.steps))
                self.steps.append(step)
                step = self._go_on(plan, step, fault)
        except StopIteration as end:
            record: HostRecord = end.value
            return record

    def scripts(self) -> list[str]:
        return [step.call.script for step in self.steps if isinstance(step, Run)]

    def _go_on(self, plan: Plan, step: Step, fault: Fault | None) -> Step:
        late, self._late = self._late, None
        try:
            is_done = fault is None or fault.mode == "done" or isinstance(step, Disconnect)
            answer = self._perform(step) if is_done else None
            if late is not None:
                self._perform(late)
            if fault and fault.mode == "late" and isinstance(step, Run):
                self._late = step
            if fault:
                raise fault.error  # noqa: TRY301 - as if the step itself had raised it
        except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 - as the driver
            return plan.throw(error)
        assert answer is not None
        return plan.send(answer)

    def _perform(self, step: Step) -> Answer:
        self.now += timedelta(seconds=1)
        match step:
            case Connect():
                self.host.reach()
                self.is_connected = True
            case Disconnect():
                self.is_connected = False
            case Run():
                return self._run(step)
            case Recall():
                mine = self.journal.open_debts(self.host.name)
                return Answer(
                    at=self.now,
                    debts=mine,
                    live_runs=frozenset(self.journal.live),
                    damaged=tuple(str(path) for path in self.journal.damaged(self.host.name)),
                )
            case Owe():
                self.journal.owe(step.debts)
            case Settle():
                value = self.host.value(step.debt.setting)
                self.at_settle.append((step.debt, step.note, value))
                self.journal.settle(step.debt, note=step.note)
            case Pause():
                assert not self.is_connected
                self.now = max(self.now, step.until)
            case _:
                pass
        return Answer(at=self.now)

    def _run(self, step: Run) -> Answer:
        sink = MemorySink()
        output = self.host.run(step.call, sink)
        return Answer(
            at=self.now,
            output=output,
            files={one.name: sink.read(one.name) for one in output.attachments},
        )


class InstantClock:
    """Time that stands still while anything runs, and jumps over pauses."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - START).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def sleep_until(self, moment: datetime) -> None:
        self.time = max(self.time, moment)

    def patience(self, moment: datetime) -> float | None:  # noqa: ARG002 - the protocol's
        return None


class FakeTransport:
    """Opens sessions of fake hosts and counts the open ones."""

    def __init__(self, *hosts: FakeHost) -> None:
        self.hosts = {host.name: host for host in hosts}
        self.open = 0
        self.most_open = 0

    def connect(self, host: Host) -> FakeSession:
        self.hosts[host.name].reach()
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        return FakeSession(self.hosts[host.name], self)


class FakeSession:
    """A session of a fake host."""

    def __init__(self, host: FakeHost, transport: FakeTransport) -> None:
        self._host = host
        self._transport = transport

    def run(self, call: ScriptCall, sink: Sink) -> ScriptOutput:
        return self._host.run(call, sink)

    def close(self) -> None:
        self._transport.open -= 1


@dataclass(frozen=True)
class Kit:
    """Everything above, for tests that cannot import a conftest."""

    instruments: Instruments
    settings: SweepSettings
    fault: type[Fault] = Fault
    bench: type[Bench] = Bench
    fake_host: type[FakeHost] = FakeHost
    journal: type[MemoryJournal] = MemoryJournal
    transport: type[FakeTransport] = FakeTransport
    clock: type[InstantClock] = InstantClock
    start: datetime = START

    def host(self, name: str = "web01") -> Host:
        return Host(name=name, connection=Connection(server=name))

    def debts(self, before: Iterable[int] = (0, 1), run_id: str = "earlier") -> tuple[Debt, ...]:
        pairs = zip((Subcategory.PACKET_DROP, Subcategory.CONNECTION), before, strict=True)
        return tuple(
            Debt(
                run_id=run_id,
                host="web01",
                operation="audit-policy",
                setting=subcategory.braced,
                before=WORDS[Inclusion(value)],
                during=WORDS[Inclusion(value | 2)],
            )
            for subcategory, value in pairs
        )


@pytest.fixture(scope="session")
def kit() -> Kit:
    return Kit(
        instruments=default_instruments({name: collector(name) for name in SOURCES}),
        settings=SweepSettings(run_id="run", window=timedelta(minutes=10)),
    )
