"""Auditing that is left on for long: switched on, looked at, and put back by another process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fleetaudit.operations.lease import lease_name
from fleetaudit.orchestrator import _lease
from fleetaudit.orchestrator._conversation import THROWN
from fleetaudit.orchestrator._preflight import examine, refuse, standing_debts
from fleetaudit.orchestrator._states import AUDIT, unchanged, value_of
from fleetaudit.orchestrator._sweep import prepare
from fleetaudit.orchestrator._takeover import find_or_pass, put_back, recall
from fleetaudit.orchestrator._window import Change, close, host_now, open_window
from fleetaudit.orchestrator.steps import Note, Owe, Recall
from fleetaudit.records.evidence import Phase
from fleetaudit.records.host_record import Restoration
from fleetaudit.records.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from fleetaudit.orchestrator._conversation import Conversation, Steps
    from fleetaudit.orchestrator._preflight import Snapshot
    from fleetaudit.orchestrator.settings import HoldSettings
    from fleetaudit.records.debt import Debt

__all__ = ["hold", "restore", "status"]


def hold(talk: Conversation, settings: HoldSettings) -> Steps[None]:
    """Switch auditing on, or renew the lease of what is on already, and leave it."""
    yield from talk.connect()
    held = yield from recall(talk, is_holding=True)
    if held and (yield from _renew(talk, held, settings)):
        talk.restoration = Restoration.HELD
        return

    def refuse_by(snapshot: Snapshot) -> None:
        refuse(
            talk.host,
            snapshot,
            is_constrained_allowed=True,
            overrides_group_policy=settings.overrides_group_policy,
        )

    snapshot = yield from prepare(talk, refuse_by, also=settings.also, is_holding=True)
    debts = standing_debts(
        talk,
        snapshot,
        run_id=settings.run_id,
        wanted=settings.wanted,
        lease=lease_name(settings.run_id),
        until=talk.no_window().opened_at + settings.lease,
    )
    if not debts:
        yield from talk.do(Note(text="the host is audited as wanted already; nothing is owed"))
        return
    change = Change(debts=debts, host_offset=snapshot.facts.clock_offset, lease_for=settings.lease)
    window = Window(
        opened_at=snapshot.at,
        first_record=snapshot.newest_record,
        leases=change.leases,
    )
    try:
        yield from open_window(talk, change, window=window)
    except THROWN as error:
        yield from close(talk, change, pauses=settings.restore_pauses, error=error)
        raise
    talk.restoration = Restoration.HELD


def status(talk: Conversation) -> Steps[None]:
    """Store what leases the host holds."""
    yield from talk.connect()
    yield from talk.require(_lease.SOURCE, Phase.AFTER, window=talk.no_window())


def restore(
    talk: Conversation, debts: Sequence[Debt], *, pauses: Sequence[timedelta], from_host: bool
) -> Steps[None]:
    """Pay ``debts`` and, where wanted, what the leases on the host say."""
    if debts:
        talk.restoration = Restoration.OWED
    yield from talk.connect()
    if from_host:
        answer = yield from talk.do(Recall())
        found = yield from _lease.find(talk, is_required=True)
        _lease.trust(talk.host, found, owed=debts)
        found = tuple(one for one in found if one.run_id not in answer.live_runs)
    else:
        # By the controller's clock: the host's is not asked, so this may step back too seldom.
        others = yield from find_or_pass(talk)
        _lease.allow(talk.host, others, owed=debts, host_now=talk.no_window().opened_at)
        own = {debt.lease for debt in debts}
        found = tuple(one for one in others if one.name in own)
    yield from put_back(talk, _lease.standing(debts, found), pauses=pauses)


def _renew(talk: Conversation, held: Sequence[Debt], settings: HoldSettings) -> Steps[bool]:
    """Give what is on already more time; return False where it is not on any more."""
    beside = tuple(dict.fromkeys(debt.operation for debt in held if debt.operation != AUDIT))
    snapshot = yield from examine(talk, beside)
    is_on = all(value_of(snapshot.states, debt) == debt.during for debt in held)
    if not is_on or any(debt.until is None or not debt.lease for debt in held):
        return False
    until = talk.no_window().opened_at + settings.lease
    debts = tuple(replace(debt, until=until) for debt in held)
    yield from talk.do(Owe(debts=debts))
    now = host_now(talk, snapshot.facts.clock_offset)
    yield from _lease.register(talk, debts, deadline=now + settings.lease, host_now=now)
    for name in settings.also:
        if name not in beside:
            talk.gaps.append(unchanged(talk, name, "what is on already was given more time only"))
    return True
