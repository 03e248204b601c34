from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.errors import (
    CredentialsHeldBackError,
    CredentialsRefusedError,
    HostError,
    HostFailedError,
    HostRefusedError,
    HostRubbishError,
    HostTimedOutError,
    HostUnreachableError,
    HostUnsupportedError,
    ScriptFailedError,
)
from fleetaudit.orchestrator.plan import check_plan, collect_plan, restore_plan, sweep_plan
from fleetaudit.orchestrator.steps import Connect, Owe, Pause, Run, Settle, Urgency
from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.call import ScriptCall, ScriptOutput, ToolExit
from fleetaudit.records.evidence import Phase
from fleetaudit.records.host_record import HostRecord, Restoration
from fleetaudit.records.outcome import HOST, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.orchestrator.conftest import Bench, FakeHost, Kit

BEFORE = {Subcategory.PACKET_DROP: 0, Subcategory.CONNECTION: 1}
DURING = {Subcategory.PACKET_DROP: 2, Subcategory.CONNECTION: 3}
SWEEP = 45
"""Steps of a sweep without a fault, and then some: faults in the longer ones are drawn too."""
ERRORS: dict[str, Callable[[], BaseException]] = {
    cls.__name__: (lambda cls=cls: cls("broke", host="web01"))  # type: ignore[misc]  # bound now
    for cls in (
        HostUnreachableError,
        HostRefusedError,
        CredentialsRefusedError,
        CredentialsHeldBackError,
        HostTimedOutError,
        HostUnsupportedError,
        HostFailedError,
        HostRubbishError,
    )
}
ERRORS |= {
    "ScriptFailedError": lambda: ScriptFailedError("broke", host="web01", script="X"),
    "OSError": lambda: OSError(28, "No space left on device"),
    "RuntimeError": lambda: RuntimeError("a defect"),
    "KeyboardInterrupt": KeyboardInterrupt,
    "SystemExit": SystemExit,
}
LOCKS_OUT = ("CredentialsRefusedError", "CredentialsHeldBackError")
AMBIGUOUS = ("HostFailedError", "HostTimedOutError", "KeyboardInterrupt")
"""After these a step may still be carried out, later."""
THROWN = [
    (name, mode)
    for name in sorted(ERRORS)
    for mode in ("lost", "done", "late")
    if mode != "late" or name in AMBIGUOUS
]


def kinds(record: HostRecord) -> dict[str, OutcomeKind]:
    return {one.source: one.kind for one in record.outcomes}


def is_safe(bench: Bench) -> bool:
    """Say whether each setting is as before, or owed by the journal."""
    return all(
        bench.host.policy[subcategory] == before
        or (bench.host.name, subcategory.braced) in bench.journal.debts
        for subcategory, before in BEFORE.items()
    )


def settled_truly(bench: Bench) -> bool:
    return all(value == debt.before for debt, _, value in bench.at_settle)


def sweep(kit: Kit, bench: Bench) -> HostRecord:
    return bench.carry_out(sweep_plan("web01", kit.settings, instruments=kit.instruments))


@pytest.fixture
def bench(kit: Kit) -> Bench:
    return kit.bench(kit.fake_host())


def test_a_sweep_audits_for_exactly_the_window_and_puts_back_what_was(
    kit: Kit, bench: Bench
) -> None:
    record = sweep(kit, bench)
    assert set(kinds(record).values()) == {OutcomeKind.COLLECTED}
    assert set(kinds(record)) == {HOST, *kit.instruments.collectors}
    assert record.restoration is Restoration.RESTORED
    (window,) = record.windows
    pauses = [step for step in bench.steps if isinstance(step, Pause)]
    assert pauses[0].until - window.opened_at == timedelta(minutes=10)
    assert pauses[0].urgency is Urgency.RESTORE
    assert window.first_record == 500
    assert window.leases == ("fleetaudit-run",)
    assert window.closed_at is not None
    assert bench.host.policy == BEFORE
    assert bench.journal.open_debts() == ()
    assert settled_truly(bench)


def test_a_sweep_snapshots_then_restores_then_reads_the_logs(kit: Kit, bench: Bench) -> None:
    sweep(kit, bench)
    assert bench.scripts() == [
        *("Get-HostFact", "Get-AuditPolicy", "Get-Lease", "Get-HostContext", "Get-WfpState"),
        *("Register-Lease", "Set-AuditPolicy", "Set-AuditPolicy", "Get-AuditPolicy"),
        *("Get-WfpState", "Get-AuditPolicy"),
        *("Set-AuditPolicy", "Set-AuditPolicy", "Get-AuditPolicy", "Remove-Lease"),
        *("Read-FirewallLog", "Get-FirewallRule", "Get-HostContext", "Get-HostFact"),
        "Export-SecurityEvent",
    ]


def test_debts_are_written_down_before_the_first_change_is_sent(kit: Kit, bench: Bench) -> None:
    sweep(kit, bench)
    owed = next(i for i, step in enumerate(bench.steps) if isinstance(step, Owe))
    changes = [
        i
        for i, step in enumerate(bench.steps)
        if isinstance(step, Run) and step.call.script == "Set-AuditPolicy"
    ]
    assert owed < min(changes)


def test_no_session_is_open_during_a_pause(kit: Kit, bench: Bench) -> None:
    sweep(kit, bench)  # the bench asserts it
    assert sum(isinstance(step, Connect) for step in bench.steps) == 3


@pytest.mark.parametrize(("name", "mode"), THROWN)
def test_an_error_at_any_step_leaves_the_host_as_it_was_or_owed(
    kit: Kit, name: str, mode: str
) -> None:
    for at in range(SWEEP):
        bench = kit.bench(kit.fake_host(), faults={at: kit.fault(ERRORS[name](), mode)})
        record = sweep(kit, bench)
        assert is_safe(bench), at
        assert settled_truly(bench), at
        is_owed = bool(bench.journal.debts)
        assert record.restoration is Restoration.OWED or not is_owed, at
        if name not in LOCKS_OUT:
            # One fault is never too much: the host answers again, so it is put back.
            assert bench.host.policy == BEFORE, at
            assert not is_owed, at


@pytest.mark.parametrize("name", [*AMBIGUOUS, "CredentialsRefusedError", "OSError"])
def test_a_host_that_is_lost_at_any_step_is_owed_and_paid_later(kit: Kit, name: str) -> None:
    for at in range(SWEEP):
        faults = {i: kit.fault(ERRORS[name](), "lost") for i in range(at, 200)}
        bench = kit.bench(kit.fake_host(), faults=faults)
        sweep(kit, bench)
        assert is_safe(bench), at
        debts = bench.journal.open_debts()
        later = kit.bench(bench.host, bench.journal)
        record = later.carry_out(restore_plan("web01", debts, instruments=kit.instruments))
        assert bench.host.policy == BEFORE, at
        assert bench.journal.open_debts() == ()
        wanted = Restoration.RESTORED if debts else Restoration.NOT_NEEDED
        assert record.restoration is wanted
        assert settled_truly(later)


@settings(max_examples=150, deadline=None)
@given(
    faults=st.dictionaries(
        st.integers(0, 80),
        st.tuples(st.sampled_from(sorted(ERRORS)), st.sampled_from(("lost", "done"))),
        max_size=12,
    )
)
def test_no_series_of_errors_makes_a_change_be_forgotten(
    kit: Kit, faults: dict[int, tuple[str, str]]
) -> None:
    planned = {at: kit.fault(ERRORS[name](), mode) for at, (name, mode) in faults.items()}
    bench = kit.bench(kit.fake_host(), faults=planned)
    record = sweep(kit, bench)
    assert is_safe(bench)
    assert settled_truly(bench)
    assert set(kinds(record)) == {HOST, *kit.instruments.collectors}
    if bench.journal.debts:
        assert record.restoration is Restoration.OWED


def test_the_restore_is_attempted_although_the_policy_cannot_be_read(kit: Kit) -> None:
    host = kit.fake_host()
    seen: list[str] = []

    def reply(call: ScriptCall) -> ScriptOutput | None:
        seen.append(call.script)
        if call.script == "Get-AuditPolicy" and seen.count("Set-AuditPolicy") >= 2:
            return ScriptOutput(exits=(ToolExit(tool="auditpol", code=112),))
        return None

    host.reply = reply
    bench = kit.bench(host)
    record = sweep(kit, bench)
    assert host.policy == BEFORE
    assert record.restoration is Restoration.OWED
    assert len(bench.journal.debts) == 2


def test_a_setting_that_somebody_else_changed_in_the_window_is_left_alone(kit: Kit) -> None:
    host = kit.fake_host()

    def reply(call: ScriptCall) -> ScriptOutput | None:
        if call.script == "Get-WfpState" and host.policy == DURING:
            host.policy[Subcategory.PACKET_DROP] = 1
        return None

    host.reply = reply
    bench = kit.bench(host)
    record = sweep(kit, bench)
    assert host.policy == {Subcategory.PACKET_DROP: 1, Subcategory.CONNECTION: 1}
    assert record.restoration is Restoration.LEFT
    assert bench.journal.open_debts() == ()
    notes = [note for _, note, _ in bench.at_settle if note]
    assert len(notes) == 1
    assert "somebody else set it" in notes[0]
    assert [gap.kind for gap in record.gaps] == ["left-to-others"]


def test_settings_that_are_on_already_stay_on_and_nothing_is_owed(kit: Kit) -> None:
    bench = kit.bench(kit.fake_host(policy=dict(DURING)))
    record = sweep(kit, bench)
    assert bench.host.policy == DURING
    assert "Set-AuditPolicy" not in bench.scripts()
    assert not any(isinstance(step, Owe | Settle) for step in bench.steps)
    assert record.restoration is Restoration.NOT_NEEDED
    (window,) = record.windows
    assert window.closed_at is not None


@pytest.mark.parametrize(
    ("change", "kind", "word"),
    [
        ({"facts": {"CrashOnAuditFail": 1}}, OutcomeKind.REFUSED, "CrashOnAuditFail"),
        ({"facts": {"LanguageMode": "RestrictedLanguage"}}, OutcomeKind.REFUSED, "language mode"),
        ({"is_elevated": False}, OutcomeKind.REFUSED, "not elevated"),
        ({"policy": {Subcategory.CONNECTION: 0}}, OutcomeKind.UNSUPPORTED, "PACKET_DROP"),
    ],
)
def test_a_host_that_must_not_be_audited_is_not_changed(
    kit: Kit, change: dict[str, object], kind: OutcomeKind, word: str
) -> None:
    bench = kit.bench(replace(kit.fake_host(), **change))  # type: ignore[arg-type]  # test data
    record = sweep(kit, bench)
    assert kinds(record)[HOST] is kind
    assert word in record.outcomes[0].reason
    assert "Set-AuditPolicy" not in bench.scripts()
    assert kinds(record)["security-events"] is kind
    assert record.windows == ()


@pytest.mark.parametrize("is_allowed", [True, False])
def test_a_constrained_host_is_audited_unless_that_is_ruled_out(
    kit: Kit, *, is_allowed: bool
) -> None:
    bench = kit.bench(kit.fake_host(facts={"LanguageMode": "ConstrainedLanguage"}))
    settings = replace(kit.settings, is_constrained_allowed=is_allowed)
    record = bench.carry_out(sweep_plan("web01", settings, instruments=kit.instruments))
    expected = OutcomeKind.COLLECTED if is_allowed else OutcomeKind.REFUSED
    assert kinds(record)[HOST] is expected


def test_a_group_policy_that_holds_auditing_off_is_not_fought(kit: Kit) -> None:
    head = "Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,"
    row = f",System,Name,{Subcategory.PACKET_DROP.braced},No Auditing,,"
    text = f"{head}Exclusion Setting,Setting Value\r\n{row}4\r\n"
    bench = kit.bench(kit.fake_host(group_policy=text))
    record = sweep(kit, bench)
    assert kinds(record)[HOST] is OutcomeKind.REFUSED
    assert "group policy" in record.outcomes[0].reason
    unchanged = kit.bench(kit.fake_host(group_policy=text.replace("4\r\n", "0\r\n")))
    assert kinds(sweep(kit, unchanged))[HOST] is OutcomeKind.COLLECTED


def test_a_failing_source_does_not_end_the_plan(kit: Kit) -> None:
    def reply(call: ScriptCall) -> ScriptOutput | None:
        if call.script == "Get-WfpState":
            return ScriptOutput(exits=(ToolExit(tool="netsh", code=1),))
        return None

    host = kit.fake_host()
    host.reply = reply
    record = sweep(kit, kit.bench(host))
    assert kinds(record) == {
        name: OutcomeKind.FAILED if name == "wfp-state" else OutcomeKind.COLLECTED
        for name in kinds(record)
    }


def test_a_lost_session_is_opened_anew_and_the_source_asked_again(kit: Kit, bench: Bench) -> None:
    at = 6  # the first source that is asked before the window, beside facts and policy
    bench.faults = {at: kit.fault(HostFailedError("cut", host="web01"))}
    record = sweep(kit, bench)
    assert set(kinds(record).values()) == {OutcomeKind.COLLECTED}
    assert sum(isinstance(step, Connect) for step in bench.steps) == 4


def test_an_earlier_runs_debt_is_paid_before_the_snapshot_is_taken(kit: Kit) -> None:
    bench = kit.bench(kit.fake_host(policy=dict(DURING)))
    bench.journal.owe(kit.debts())
    record = sweep(kit, bench)
    assert bench.host.policy == BEFORE
    assert record.restoration is Restoration.RESTORED
    assert bench.journal.open_debts() == ()


def test_a_host_that_another_living_run_audits_is_left_alone(kit: Kit) -> None:
    bench = kit.bench(kit.fake_host(policy=dict(DURING)))
    bench.journal.owe(kit.debts(run_id="other"))
    bench.journal.live.add("other")
    record = sweep(kit, bench)
    assert kinds(record)[HOST] is OutcomeKind.REFUSED
    assert bench.host.policy == DURING
    assert len(bench.journal.debts) == 2


def test_a_host_that_another_run_began_to_audit_meanwhile_is_left_alone(kit: Kit) -> None:
    host = kit.fake_host()
    bench = kit.bench(host)

    def reply(call: ScriptCall) -> ScriptOutput | None:
        if call.script == "Get-WfpState":
            bench.journal.owe(kit.debts(run_id="other"))
            host.policy.update(DURING)
        return None

    host.reply = reply
    record = sweep(kit, bench)
    assert kinds(record)[HOST] is OutcomeKind.FAILED
    assert host.policy == DURING
    assert len(bench.journal.debts) == 2


def test_auditing_that_does_not_read_as_on_is_put_back(kit: Kit) -> None:
    host = kit.fake_host()

    def reply(call: ScriptCall) -> ScriptOutput | None:
        if call.parameters.get("Subcategory") == Subcategory.CONNECTION.braced:
            return ScriptOutput(exits=(ToolExit(tool="auditpol", code=0),))
        return None

    host.reply = reply
    bench = kit.bench(host)
    record = sweep(kit, bench)
    assert kinds(record)[HOST] is OutcomeKind.REFUSED
    assert host.policy == BEFORE
    assert record.restoration is Restoration.RESTORED
    assert record.windows == ()


def test_a_host_that_restarts_at_the_end_of_the_window_is_still_collected(
    kit: Kit, bench: Bench
) -> None:
    sweep(kit, bench)
    second = [i for i, step in enumerate(bench.steps) if isinstance(step, Connect)][1]
    gone = HostUnreachableError("no answer", host="web01")
    restarted: Bench = kit.bench(
        kit.fake_host(), faults={at: kit.fault(gone) for at in range(second, second + 2)}
    )
    record = sweep(kit, restarted)
    assert set(kinds(record).values()) == {OutcomeKind.COLLECTED}
    assert record.restoration is Restoration.RESTORED


def test_a_host_that_sends_no_facts_is_said_to_have_sent_none(kit: Kit) -> None:
    host = kit.fake_host()
    host.reply = lambda call: ScriptOutput() if call.script == "Get-HostFact" else None
    record = sweep(kit, kit.bench(host))
    assert record.outcomes[0].kind is OutcomeKind.FAILED
    assert record.outcomes[0].reason == "while reading the facts: it sent no facts.json"


def test_a_check_changes_nothing(kit: Kit, bench: Bench) -> None:
    record = bench.carry_out(check_plan("web01", instruments=kit.instruments))
    assert bench.scripts() == ["Get-HostFact", "Get-AuditPolicy", "Get-Lease"]
    assert set(kinds(record)) == {HOST, "host-facts", "audit-policy", "leases"}
    assert record.windows == ()


def test_a_collection_asks_every_source_and_leaves_auditing_alone(kit: Kit, bench: Bench) -> None:
    record = bench.carry_out(collect_plan("web01", instruments=kit.instruments))
    assert "Set-AuditPolicy" not in bench.scripts()
    assert set(kinds(record)) == {HOST, *kit.instruments.collectors}
    assert {step.phase for step in bench.steps if isinstance(step, Run)} == {Phase.AFTER}


def test_an_unreachable_host_gives_every_source_that_outcome(kit: Kit) -> None:
    host: FakeHost = kit.fake_host(is_reachable=False)
    record = sweep(kit, kit.bench(host))
    assert set(kinds(record).values()) == {OutcomeKind.UNREACHABLE}
    assert len(record.outcomes) == 8


def test_a_debt_is_not_paid_blindly_days_later(kit: Kit) -> None:
    host = kit.fake_host(policy=dict(DURING))
    host.reply = lambda call: (
        ScriptOutput(exits=(ToolExit(tool="auditpol", code=112),))
        if call.script == "Get-AuditPolicy"
        else None
    )
    bench = kit.bench(host)
    bench.journal.owe(kit.debts())
    record = bench.carry_out(restore_plan("web01", kit.debts(), instruments=kit.instruments))
    assert record.restoration is Restoration.OWED
    assert host.policy == DURING
    assert len(bench.journal.debts) == 2


def test_every_error_of_the_tree_is_thrown_here() -> None:
    tree = {HostError}
    for _ in range(3):
        tree |= {cls for parent in tree for cls in parent.__subclasses__()}
    ours = {cls.__name__ for cls in tree if cls.__module__ == "fleetaudit.errors"}
    assert ours - {"HostError"} <= set(ERRORS)
