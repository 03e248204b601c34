"""Open a window on a host and surely close it again, whatever is thrown in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from fleetaudit.errors import HostRefusedError
from fleetaudit.orchestrator import _lease
from fleetaudit.orchestrator._conversation import THROWN, loses_the_session
from fleetaudit.orchestrator._repayment import NOTHING, pay, release, strike_out
from fleetaudit.orchestrator._states import (
    AUDIT,
    SAYS_NO,
    label,
    read_state,
    read_states,
    unchanged,
    value_of,
)
from fleetaudit.orchestrator.steps import Note, Owe
from fleetaudit.records.host_record import Restoration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from fleetaudit.orchestrator._conversation import Conversation, Steps
    from fleetaudit.records.debt import Debt, State
    from fleetaudit.records.window import Window

__all__ = [
    "Change",
    "close",
    "end_window",
    "forsake",
    "guard",
    "host_now",
    "open_window",
    "switch_on",
]


@dataclass(slots=True, kw_only=True)
class Change:
    """What was and will be changed on a host.

    Attributes:
        debts: What is owed once the change is made; empty where nothing has to be changed.
        host_offset: How far the host's clock is ahead of ours.
        lease_for: How long the lease lasts from when it is left.
        is_leased: Whether a lease was sent, or may have been.
        sent: The debts whose change was sent, or may have been.
        returned: Those that were put back and read back since, because auditing pauses.
        given_up: Those whose setting somebody else has set since it was put back; it is theirs now.
    """

    debts: tuple[Debt, ...]
    host_offset: timedelta
    lease_for: timedelta
    is_leased: bool = False
    sent: list[Debt] = field(default_factory=list)
    returned: list[Debt] = field(default_factory=list)
    given_up: list[Debt] = field(default_factory=list)

    @property
    def leases(self) -> tuple[str, ...]:
        """Return the names of the leases that guard the changes, sorted."""
        return tuple(sorted({debt.lease for debt in self.debts} - {""}))

    @property
    def audited(self) -> list[Debt]:
        """Return the debts of the audit policy."""
        return [debt for debt in self.debts if debt.operation == AUDIT]


def open_window(talk: Conversation, change: Change, *, window: Window) -> Steps[None]:
    """Owe, leave a lease, make the changes and read them back; in this order, auditing last.

    Raises:
        HostRefusedError: The host can hold no lease, or auditing does not read as on.
    """
    yield from guard(talk, change)
    yield from switch_on(talk, change, window=window)


def guard(talk: Conversation, change: Change) -> Steps[None]:
    """Owe and leave a lease, and make the changes beside the auditing.

    Raises:
        HostRefusedError: The host can hold no lease.
    """
    yield from talk.connect()
    if change.debts:
        yield from talk.do(Owe(debts=change.debts))
        yield from _leave_lease(talk, change)
    yield from _apply_beside(talk, change)


def switch_on(talk: Conversation, change: Change, *, window: Window) -> Steps[None]:
    """Switch auditing on and read it back: the window is open.

    Raises:
        HostRefusedError: Auditing does not read as on.
    """
    audited = change.audited
    for debt in audited:
        change.sent.append(debt)
        if debt in change.returned:
            change.returned.remove(debt)
        yield from talk.ask(talk.instruments.operations[AUDIT].apply(debt))
    states = {AUDIT: (yield from read_state(talk, AUDIT))}
    if any(value_of(states, debt) != debt.during for debt in audited):
        raise HostRefusedError(
            "auditing was switched on but does not read as on",
            host=talk.host,
            stage="auditing",
            remedy="Look for a group policy or an agent that enforces the audit policy",
        )
    talk.begin(replace(window, opened_at=talk.no_window().opened_at))
    yield from talk.do(Note(window=talk.window))


def close(
    talk: Conversation,
    change: Change,
    *,
    pauses: Sequence[timedelta],
    error: BaseException | None = None,
    known: Mapping[str, State] = NOTHING,
) -> Steps[None]:
    """Put back what was sent, take the lease off, and settle; never raises what is thrown in.

    ``error`` is what ended the window; ``known`` the settings that were just read, by operation.
    """
    if error is not None and loses_the_session(error):
        yield from forsake(talk)
    is_guarded = change.is_leased
    owed = sorted((*change.sent, *change.returned), key=lambda debt: debt.operation != AUDIT)
    if owed:
        yield from pay(
            talk,
            list(owed),
            sent=change.sent,
            pauses=pauses,
            is_blind=True,
            known=known,
            returned=change.returned,
        )
        is_guarded = False  # a lease that could not be removed is told of by what is still owed
    elif is_guarded:
        is_guarded = not (yield from release(talk, change.debts[0].lease, pauses=pauses))
    if is_guarded:
        talk.restoration = Restoration.OWED
    else:
        yield from strike_out(talk, change.given_up, note="somebody else set it; it was left")
        rest = (*owed, *change.given_up)
        unsent = [debt for debt in change.debts if debt not in rest]
        yield from strike_out(talk, unsent, note="the change was never sent")
    if talk.restoration is not Restoration.OWED:
        yield from end_window(talk)


def end_window(talk: Conversation) -> Steps[None]:
    """Say that the window is over, where one is open."""
    if talk.window is not None and talk.window.closed_at is None:
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


def _apply_beside(talk: Conversation, change: Change) -> Steps[None]:
    """Make the changes beside the auditing; one that the host does not make ends as a gap."""
    applied: list[Debt] = []
    for debt in change.debts:
        if debt.operation == AUDIT:
            continue
        change.sent.append(debt)
        try:
            yield from talk.ask(talk.instruments.operations[debt.operation].apply(debt))
        except SAYS_NO as error:
            talk.gaps.append(unchanged(talk, debt.operation, error.happened))
        else:
            applied.append(debt)
    states = yield from read_states(talk, applied)
    for debt in applied:
        if value_of(states, debt) != debt.during:
            why = f"{label(talk, debt)} reads {value_of(states, debt)!r} after the change"
            talk.gaps.append(unchanged(talk, debt.operation, why))


def _leave_lease(talk: Conversation, change: Change) -> Steps[None]:
    if not change.debts[0].lease:
        return
    now = host_now(talk, change.host_offset)
    change.is_leased = True
    yield from _lease.register(talk, change.debts, deadline=now + change.lease_for, host_now=now)
