"""The plans: everything that happens to one host, decided without touching it.

Why a sweep takes its steps in this order stands in
``docs/decisions/snapshot-restore-then-read.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import HostError, HostRefusedError
from fleetaudit.orchestrator._conversation import THROWN, Conversation, Steps, loses_the_session
from fleetaudit.orchestrator._preflight import examine, refuse, standing_debts
from fleetaudit.orchestrator._repayment import pay, read_policy, strike_out
from fleetaudit.orchestrator.steps import Note, Owe, Pause, Plan, Recall, Urgency
from fleetaudit.records.evidence import Phase
from fleetaudit.records.host_record import Restoration
from fleetaudit.records.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetaudit.orchestrator.instruments import Instruments
    from fleetaudit.records.audit_policy import AuditPolicy, Debt

__all__ = ["SweepSettings", "check_plan", "collect_plan", "restore_plan", "sweep_plan"]

_FACTS: Final = "host-facts"
_POLICY: Final = "audit-policy"
_WFP: Final = "wfp-state"
"""Asked once more at the end of the window, while auditing is still on (windows-facts 3)."""
_LAST: Final = "security-events"
"""Asked last: the longest transfer, and what auditing wrote is in the log by then."""
_RESTORE_PAUSES: Final = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2))
"""Before the 2nd to 4th try; together they outlast a restart of the WinRM service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepSettings:
    """How a sweep is done.

    Attributes:
        run_id: Whose debts these are.
        window: For how long a host is audited.
        settling: Between the restore and the reading of the logs; nothing is held meanwhile.
        with_success: Whether permitted traffic is audited too.
        is_constrained_allowed: Whether hosts in ConstrainedLanguage are audited.
        overrides_group_policy: Whether to audit where a group policy says that it be off.
        restore_pauses: Before each further try to put auditing back.
    """

    run_id: str
    window: timedelta
    settling: timedelta = timedelta(seconds=5)
    with_success: bool = False
    is_constrained_allowed: bool = True
    overrides_group_policy: bool = False
    restore_pauses: tuple[timedelta, ...] = _RESTORE_PAUSES


def sweep_plan(host: str, settings: SweepSettings, *, instruments: Instruments) -> Plan:
    """Return the plan that audits ``host`` for a window and surely puts auditing back."""
    expected = {name: one.phases for name, one in instruments.collectors.items()}
    talk = Conversation(host, instruments=instruments, expected=expected)
    return _concluded(talk, _sweep(talk, settings))


def check_plan(host: str, *, instruments: Instruments) -> Plan:
    """Return the plan that asks ``host`` for its facts and audit policy and changes nothing."""
    expected = {name: frozenset((Phase.BEFORE,)) for name in (_FACTS, _POLICY)}
    talk = Conversation(host, instruments=instruments, expected=expected)
    return _concluded(talk, _check(talk))


def collect_plan(host: str, *, instruments: Instruments) -> Plan:
    """Return the plan that fetches every source of ``host`` and leaves auditing as it is."""
    expected = {name: frozenset((Phase.AFTER,)) for name in instruments.collectors}
    talk = Conversation(host, instruments=instruments, expected=expected)
    return _concluded(talk, _collect(talk))


def restore_plan(
    host: str,
    debts: Sequence[Debt],
    *,
    instruments: Instruments,
    pauses: Sequence[timedelta] = _RESTORE_PAUSES[:1],
) -> Plan:
    """Return the plan that pays what an earlier run owes ``host``."""
    talk = Conversation(host, instruments=instruments, expected={})
    return _concluded(talk, _restore(talk, list(debts), pauses=pauses))


def _concluded(talk: Conversation, steps: Steps[None]) -> Plan:
    error: BaseException | None = None
    try:
        yield from steps
    except THROWN as thrown:
        error = thrown
    try:
        yield from talk.disconnect()
    except THROWN as thrown:
        error = error or thrown
    return talk.conclude(error)


def _check(talk: Conversation) -> Steps[None]:
    yield from talk.connect()
    yield from examine(talk)


def _collect(talk: Conversation) -> Steps[None]:
    yield from talk.connect()
    yield from _collect_rest(talk)


def _restore(talk: Conversation, owed: list[Debt], *, pauses: Sequence[timedelta]) -> Steps[None]:
    yield from talk.connect()
    yield from pay(talk, owed, sent=(), pauses=pauses, is_blind=False)
    if owed:
        raise _unpaid(talk)


def _sweep(talk: Conversation, settings: SweepSettings) -> Steps[None]:
    yield from talk.connect()
    yield from _pay_earlier(talk)
    snapshot = yield from examine(talk)
    refuse(
        talk.host,
        snapshot,
        is_constrained_allowed=settings.is_constrained_allowed,
        overrides_group_policy=settings.overrides_group_policy,
    )
    debts = standing_debts(
        talk, snapshot, run_id=settings.run_id, with_success=settings.with_success
    )
    window = Window(opened_at=snapshot.at, first_record=snapshot.newest_record)
    for collector in talk.instruments.collectors.values():
        if Phase.BEFORE in collector.phases and not talk.is_asked(collector, Phase.BEFORE):
            yield from talk.collect(collector, Phase.BEFORE, window=window)
    error = yield from _audit(talk, settings, debts, window=window)
    if error is not None and (talk.window is None or not isinstance(error, HostError)):
        raise error
    if talk.restoration is Restoration.OWED:
        raise error or _unpaid(talk)
    yield from _settle_down(talk, settings.settling)
    yield from _collect_rest(talk)


def _pay_earlier(talk: Conversation) -> Steps[None]:
    answer = yield from talk.do(Recall())
    if any(debt.run_id in answer.live_runs for debt in answer.debts):
        raise _stopped(talk, "another run is auditing this host now", "Wait for that run to end")
    if answer.debts:
        owed = list(answer.debts)
        yield from pay(talk, owed, sent=(), pauses=(), is_blind=False)
        if owed:
            raise _unpaid(talk)
        talk.restoration = Restoration.NOT_NEEDED


def _audit(
    talk: Conversation, settings: SweepSettings, debts: Sequence[Debt], *, window: Window
) -> Steps[BaseException | None]:
    """Hold the window open and put auditing back, whatever was thrown in; return what was."""
    sent: list[Debt] = []
    error: BaseException | None = None
    known: AuditPolicy | None = None
    try:
        yield from _open(talk, debts, sent, window=window)
        yield from talk.disconnect()
        if talk.last_at is not None:
            until = talk.last_at if talk.window is None else talk.window.opened_at + settings.window
            yield from talk.do(Pause(until=until, urgency=Urgency.RESTORE))
        known = yield from _look_once_more(talk)
    except THROWN as thrown:
        error = thrown
    if error is not None and loses_the_session(error):
        yield from _forsake(talk)
    if sent:
        pauses = settings.restore_pauses
        yield from pay(talk, list(sent), sent=sent, pauses=pauses, is_blind=True, known=known)
    yield from strike_out(talk, [debt for debt in debts if debt not in sent])
    if talk.window is not None and talk.restoration is not Restoration.OWED:
        talk.window = replace(talk.window, closed_at=talk.last_at)
        yield from talk.do(Note(window=talk.window))
    return error


def _open(
    talk: Conversation, debts: Sequence[Debt], sent: list[Debt], *, window: Window
) -> Steps[None]:
    yield from talk.connect()
    if debts:
        yield from talk.do(Owe(debts=tuple(debts)))
    for debt in debts:
        sent.append(debt)
        yield from talk.ask(talk.instruments.policy.apply(debt))
    answer = yield from talk.ask(talk.instruments.policy.capture(), with_files=True)
    policy = read_policy(talk, answer)
    if any(policy.of(debt.subcategory) != debt.during for debt in debts):
        raise _stopped(
            talk,
            "auditing was switched on but does not read as on",
            "Look for a group policy or an agent that enforces the audit policy",
        )
    talk.window = replace(window, opened_at=answer.at)
    yield from talk.do(Note(window=talk.window))


def _forsake(talk: Conversation) -> Steps[None]:
    try:
        yield from talk.disconnect()
    except THROWN:
        return


def _look_once_more(talk: Conversation) -> Steps[AuditPolicy | None]:
    """Take the last snapshots of the window; return the policy where it could be read."""
    if talk.window is None:
        return None
    yield from talk.connect()
    collectors = talk.instruments.collectors
    if _WFP in collectors:
        yield from talk.collect(collectors[_WFP], Phase.AFTER, window=talk.window)
    answer = yield from talk.collect(collectors[_POLICY], Phase.AFTER, window=talk.window)
    try:
        return None if answer is None else read_policy(talk, answer)
    except HostError:
        return None


def _settle_down(talk: Conversation, settling: timedelta) -> Steps[None]:
    if settling > timedelta(0) and talk.last_at is not None:
        yield from talk.disconnect()
        until = talk.last_at + settling
        yield from talk.do(Pause(until=until, urgency=Urgency.COLLECT))


def _collect_rest(talk: Conversation) -> Steps[None]:
    collectors = talk.instruments.collectors
    yield from talk.connect()
    window = talk.window or talk.no_window()
    for name in sorted(collectors, key=lambda name: (name == _LAST, name)):
        collector = collectors[name]
        if Phase.AFTER in collector.phases and not talk.is_asked(collector, Phase.AFTER):
            yield from talk.collect(collector, Phase.AFTER, window=window)


def _unpaid(talk: Conversation) -> HostError:
    return _stopped(
        talk,
        "auditing could not be put back to what it was; the debt stays in the journal",
        "Run `fleetaudit restore` once the host answers again",
    )


def _stopped(talk: Conversation, happened: str, remedy: str) -> HostRefusedError:
    return HostRefusedError(happened, host=talk.host, stage="auditing", remedy=remedy)
