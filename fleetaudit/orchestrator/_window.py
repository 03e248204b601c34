"""Open a window on a host and surely close it again, whatever is thrown in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from fleetaudit.errors import HostRefusedError
from fleetaudit.orchestrator import _lease
from fleetaudit.orchestrator._conversation import THROWN, loses_the_session
from fleetaudit.orchestrator._repayment import pay, read_policy, release, strike_out
from fleetaudit.orchestrator.steps import Note, Owe
from fleetaudit.records.host_record import Restoration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from fleetaudit.orchestrator._conversation import Conversation, Steps
    from fleetaudit.records.audit_policy import AuditPolicy, Debt
    from fleetaudit.records.window import Window

__all__ = ["Change", "close", "forsake", "host_now", "open_window"]


@dataclass(slots=True, kw_only=True)
class Change:
    """What was and will be changed on a host.

    Attributes:
        debts: What is owed once the change is made; empty where nothing has to be changed.
        host_offset: How far the host's clock is ahead of ours.
        lease_for: How long the lease lasts from when it is left.
        is_leased: Whether a lease was sent, or may have been.
        sent: The debts whose change was sent, or may have been.
    """

    debts: tuple[Debt, ...]
    host_offset: timedelta
    lease_for: timedelta
    is_leased: bool = False
    sent: list[Debt] = field(default_factory=list)


def open_window(talk: Conversation, change: Change, *, window: Window) -> Steps[None]:
    """Owe, leave a lease, switch auditing on and read it back; in this order.

    Raises:
        HostRefusedError: The host can hold no lease, or auditing does not read as on.
    """
    yield from talk.connect()
    if change.debts:
        yield from talk.do(Owe(debts=change.debts))
        yield from _leave_lease(talk, change)
    for debt in change.debts:
        change.sent.append(debt)
        yield from talk.ask(talk.instruments.policy.apply(debt))
    answer = yield from talk.ask(talk.instruments.policy.capture(), with_files=True)
    policy = read_policy(talk, answer)
    if any(policy.of(debt.subcategory) != debt.during for debt in change.debts):
        raise HostRefusedError(
            "auditing was switched on but does not read as on",
            host=talk.host,
            stage="auditing",
            remedy="Look for a group policy or an agent that enforces the audit policy",
        )
    talk.window = replace(window, opened_at=answer.at)
    yield from talk.do(Note(window=talk.window))


def close(
    talk: Conversation,
    change: Change,
    *,
    pauses: Sequence[timedelta],
    error: BaseException | None = None,
    known: AuditPolicy | None = None,
) -> Steps[None]:
    """Put back what was sent, take the lease off, and settle; never raises what is thrown in.

    ``error`` is what ended the window; ``known`` the policy, where it was just read.
    """
    if error is not None and loses_the_session(error):
        yield from forsake(talk)
    is_guarded = change.is_leased
    if change.sent:
        yield from pay(
            talk, list(change.sent), sent=change.sent, pauses=pauses, is_blind=True, known=known
        )
        is_guarded = False  # a lease that could not be removed is told of by what is still owed
    elif is_guarded:
        is_guarded = not (yield from release(talk, change.debts[0].lease, pauses=pauses))
    if is_guarded:
        talk.restoration = Restoration.OWED
    else:
        unsent = [debt for debt in change.debts if debt not in change.sent]
        yield from strike_out(talk, unsent)
    if talk.window is not None and talk.restoration is not Restoration.OWED:
        talk.window = replace(talk.window, closed_at=talk.last_at)
        yield from talk.do(Note(window=talk.window))


def forsake(talk: Conversation) -> Steps[None]:
    """Close the session; whatever happens to that is of no interest any more."""
    try:
        yield from talk.disconnect()
    except THROWN:
        return


def host_now(talk: Conversation, offset: timedelta) -> datetime:
    """Return the time by the host's clock, given how far it is ahead."""
    return talk.no_window().opened_at + offset


def _leave_lease(talk: Conversation, change: Change) -> Steps[None]:
    if not change.debts[0].lease:
        return
    now = host_now(talk, change.host_offset)
    change.is_leased = True
    yield from _lease.register(talk, change.debts, deadline=now + change.lease_for, host_now=now)
