"""Pay debts: read, put back, read back, remove the lease, and only then settle."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import (
    CredentialsHeldBackError,
    CredentialsRefusedError,
    HostError,
    HostRefusedError,
    ScriptFailedError,
)
from fleetaudit.orchestrator import _lease
from fleetaudit.orchestrator._conversation import THROWN, Conversation, Steps, loses_the_session
from fleetaudit.orchestrator._states import label, left, read_state, value_of
from fleetaudit.orchestrator.steps import Note, Pause, Run, Settle, Urgency
from fleetaudit.records.host_record import Restoration

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import timedelta

    from fleetaudit.records.debt import Debt, State

__all__ = ["NOTHING", "pay", "release", "remark", "strike_out", "unpaid", "write_back"]

NOTHING: Final[Mapping[str, State]] = MappingProxyType({})
_HOPELESS: Final = (CredentialsRefusedError, CredentialsHeldBackError)
"""Another try would be another failed logon, and some of those lock the account."""


def pay(
    talk: Conversation,
    owed: list[Debt],
    *,
    sent: Collection[Debt],
    pauses: Sequence[timedelta],
    is_blind: bool,
    known: Mapping[str, State] = NOTHING,
    returned: Collection[Debt] = (),
) -> Steps[None]:
    """Pay ``owed`` and take out of the list what was settled; never raises what was thrown in.

    A setting that is neither the old nor the run's own was changed by somebody else meanwhile;
    it is left alone, and its debt settled with a note. ``sent`` are debts whose change was sent
    or may have been: they are put back even where the old setting is read, because a change whose
    answer never came may still arrive. ``is_blind`` says whether to put back where a setting
    cannot be read: right in the run that made the change, wrong days later. ``known`` are the
    settings that were read the moment before, by operation, which spares their first reading.
    ``returned`` are debts whose setting this run has put back and read since: whatever else it
    reads now, even the run's own value, is somebody else's.
    """
    error: BaseException | None = None
    for pause in (None, *pauses):
        if not owed or isinstance(error, _HOPELESS):
            break
        try:
            if pause is not None:
                yield from _wait(talk, pause)
            yield from _attempt(
                talk, owed, sent=sent, is_blind=is_blind, known=known, returned=returned
            )
        except THROWN as thrown:
            error, known = thrown, NOTHING
            yield from remark(talk, thrown)
    if owed:
        talk.restoration = Restoration.OWED
    elif talk.restoration is not Restoration.LEFT:
        talk.restoration = Restoration.RESTORED


def strike_out(talk: Conversation, debts: Sequence[Debt], *, note: str) -> Steps[None]:
    """Settle debts whose change does not stand; the host is not asked, and must not be touched.

    Where writing the debts down failed because another run owes the same, the setting that stands
    is that run's.
    """
    for debt in debts:
        try:
            yield from talk.do(Settle(debt=debt, note=note))
        except THROWN:
            talk.restoration = Restoration.OWED


def release(talk: Conversation, name: str, *, pauses: Sequence[timedelta]) -> Steps[bool]:
    """Take a lease off a host that was not changed; return whether it is gone. Never raises."""
    for pause in (None, *pauses):
        try:
            if pause is not None:
                yield from _wait(talk, pause)
            yield from talk.connect(is_restoring=True)
            yield from _lease.remove(talk, name)
        except THROWN as thrown:
            yield from remark(talk, thrown)
            if isinstance(thrown, _HOPELESS):
                return False
        else:
            return True
    return False


def _wait(talk: Conversation, pause: timedelta) -> Steps[None]:
    if talk.last_at is None:
        return
    yield from talk.disconnect()
    until = talk.last_at + pause
    yield from talk.do(Pause(until=until, urgency=Urgency.RESTORE, is_restoring=True))


def unpaid(talk: Conversation) -> HostRefusedError:
    """Return the error that says that something is still owed to the host."""
    return HostRefusedError(
        "not everything could be put back to what it was; the debt stays in the journal",
        host=talk.host,
        stage="auditing",
        remedy="Run `fleetaudit restore` once the host answers again",
    )


def remark(talk: Conversation, error: BaseException) -> Steps[None]:
    """Let go of a session that cannot be trusted any more, and tell the observers why."""
    try:
        if loses_the_session(error):
            yield from talk.disconnect()
        yield from talk.do(Note(text=f"a try failed and is repeated where there is time: {error}"))
    except THROWN:
        return


def _attempt(
    talk: Conversation,
    owed: list[Debt],
    *,
    sent: Collection[Debt],
    is_blind: bool,
    known: Mapping[str, State],
    returned: Collection[Debt],
) -> Steps[None]:
    yield from talk.connect(is_restoring=True)
    states, error = yield from _look(talk, owed, known=known, is_blind=is_blind)
    foreign = [debt for debt in owed if _is_foreign(states, debt, returned=returned)]
    pending = [
        debt
        for debt in owed
        if debt not in foreign
        and debt not in returned
        and (is_blind or debt.operation in states)
        and (debt in sent or value_of(states, debt) != debt.before)
    ]
    if pending:
        failed = yield from write_back(talk, pending)
        states, unread = yield from _look(talk, owed, known=NOTHING, is_blind=False)
        error = failed or unread
    yield from _close(talk, states, owed, foreign=foreign)
    if owed:
        raise error or _differs(talk, owed)


def _close(
    talk: Conversation, states: Mapping[str, State], owed: list[Debt], *, foreign: Collection[Debt]
) -> Steps[None]:
    """Settle what stands as it was or is somebody else's; first the leases go, if all does."""
    done = [debt for debt in owed if debt in foreign or value_of(states, debt) == debt.before]
    guards = sorted({debt.lease for debt in owed if debt.lease})
    if guards and len(done) < len(owed):
        return  # the lease guards what is still changed, and a debt is what tells of the lease
    for name in guards:
        yield from _lease.remove(talk, name)
    for debt in done:
        if debt in foreign:
            yield from _leave(talk, states, owed, debt=debt)
        else:
            yield from talk.do(Settle(debt=debt))
            owed.remove(debt)


def _look(
    talk: Conversation, owed: Sequence[Debt], *, known: Mapping[str, State], is_blind: bool
) -> Steps[tuple[dict[str, State], HostError | None]]:
    """Return the settings by operation, and why some are missing.

    One that cannot be read, or takes too long, does not keep the others from being paid: a new
    session is opened where that one was lost. Whatever is no error of the host ends the attempt,
    unless ``is_blind``.
    """
    states = dict(known)
    first: HostError | None = None
    for name in dict.fromkeys(debt.operation for debt in owed):
        if name in states:
            continue
        try:
            states[name] = yield from read_state(talk, name, is_restoring=True)
        except THROWN as error:
            if isinstance(error, _HOPELESS) or not (is_blind or isinstance(error, HostError)):
                raise
            first = first or (error if isinstance(error, HostError) else None)
            yield from remark(talk, error)
            yield from talk.connect(is_restoring=True)
    return states, first


def _is_foreign(states: Mapping[str, State], debt: Debt, *, returned: Collection[Debt]) -> bool:
    value = value_of(states, debt)
    if value is None or value == debt.before:
        return False
    return debt in returned or (bool(debt.during) and value != debt.during)


def _leave(
    talk: Conversation, states: Mapping[str, State], owed: list[Debt], *, debt: Debt
) -> Steps[None]:
    gap = left(talk, debt, value_of(states, debt))
    yield from talk.do(Settle(debt=debt, note=gap.what))
    owed.remove(debt)
    talk.restoration = Restoration.LEFT
    talk.gaps.append(gap)
    yield from talk.do(Note(text=gap.what))


def write_back(talk: Conversation, debts: Sequence[Debt]) -> Steps[HostError | None]:
    """Set what stood before; return the first error of a setting that was not put back.

    The others are put back all the same, on a new session where that one was lost.

    Raises:
        HostError: No session opens, or the credential is refused.
    """
    first: HostError | None = None
    for debt in debts:
        call = talk.instruments.operations[debt.operation].restore(debt)
        yield from talk.connect(is_restoring=True)
        try:
            answer = yield from talk.do(Run(call=call, is_restoring=True))
        except HostError as error:
            if isinstance(error, _HOPELESS):
                raise
            first = first or error
            yield from remark(talk, error)
        else:
            first = first or talk.instruments.explain_failure(talk.host, call, answer)
    if first is not None:
        yield from talk.connect(is_restoring=True)
    return first


def _differs(talk: Conversation, owed: Sequence[Debt]) -> ScriptFailedError:
    names = ", ".join(label(talk, debt) for debt in owed)
    script = talk.instruments.operations[owed[0].operation].restore(owed[0]).script
    return ScriptFailedError(
        f"{names} was put back but does not read as before", host=talk.host, script=script
    )
