"""What stands on a host from earlier runs: yield to it, or put it back, before anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.errors import HostError, HostRefusedError
from fleetaudit.orchestrator import _lease
from fleetaudit.orchestrator._repayment import pay, release, remark, unpaid
from fleetaudit.orchestrator.steps import Recall

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

    from fleetaudit.orchestrator._conversation import Conversation, Steps
    from fleetaudit.orchestrator._lease import Found
    from fleetaudit.orchestrator.steps import Answer
    from fleetaudit.records.debt import Debt

__all__ = ["find_or_pass", "look_around", "put_back", "recall", "take_over"]


def recall(talk: Conversation, *, is_holding: bool = False) -> Steps[tuple[Debt, ...]]:
    """Return what dead runs of this controller owe the host.

    Raises:
        HostRefusedError: A living run owes it, or it is being held on, unless ``is_holding``; or
            this version does not know what is owed, or a debt cannot be read.
    """
    answer = yield from talk.do(Recall())
    if answer.damaged:
        raise _no(
            talk,
            f"{answer.damaged[0]} may be what an earlier run owes it, and cannot be read",
            "Run `fleetaudit restore`, look at that setting on the host, then remove the file",
        )
    _know(talk, answer.debts)
    if any(debt.run_id in answer.live_runs for debt in answer.debts):
        raise _no(talk, "another run is auditing this host now", "Wait for that run to end")
    held = _held(answer)
    if held is not None and not is_holding:
        raise _no(
            talk,
            f"auditing is held on until {held:%Y-%m-%d %H:%M:%S} UTC",
            "Run `fleetaudit audit off` first; `fleetaudit collect` reads what was recorded",
        )
    return answer.debts


def look_around(
    talk: Conversation, owed: Sequence[Debt], *, host_now: datetime
) -> Steps[tuple[Found, ...]]:
    """Return the leases that this run takes over.

    Raises:
        HostRefusedError: Another controller audits the host, or a lease cannot be trusted.
    """
    found = yield from _lease.find(talk)
    return _lease.allow(talk.host, found, owed=owed, host_now=host_now)


def take_over(talk: Conversation, owed: Iterable[Debt], found: Iterable[Found]) -> Steps[bool]:
    """Put back what earlier runs left, newest first; return whether there was anything.

    Raises:
        HostRefusedError: It could not all be put back.
    """
    standing = _lease.standing(owed, found)
    yield from put_back(talk, standing, pauses=())
    return bool(standing)


def put_back(
    talk: Conversation,
    standing: Sequence[tuple[str, list[Debt]]],
    *,
    pauses: Sequence[timedelta],
) -> Steps[None]:
    """Pay the debts of each lease and take it off the host.

    Raises:
        HostRefusedError: It could not all be put back, or this version does not know what is owed.
    """
    for name, debts in standing:
        _know(talk, debts)
        if debts:
            yield from pay(talk, debts, sent=(), pauses=pauses, is_blind=False)
            if debts:
                raise unpaid(talk)
        else:
            yield from release(talk, name, pauses=pauses)


def find_or_pass(talk: Conversation) -> Steps[tuple[Found, ...]]:
    """Return the leases on the host; none where it cannot be asked for them."""
    try:
        return (yield from _lease.find(talk))
    except HostError as error:
        yield from remark(talk, error)
        yield from talk.connect(is_restoring=True)
        return ()


def _know(talk: Conversation, debts: Iterable[Debt]) -> None:
    for debt in debts:
        if debt.operation not in talk.instruments.operations:
            raise _no(
                talk,
                f"the journal owes it {debt.operation!r}, which this version cannot put back",
                "Run `fleetaudit restore` of the version that began it",
            )


def _held(answer: Answer) -> datetime | None:
    held = [debt.until for debt in answer.debts if debt.until is not None]
    return max(held) if held and max(held) > answer.at else None


def _no(talk: Conversation, happened: str, remedy: str) -> HostRefusedError:
    return HostRefusedError(happened, host=talk.host, stage="auditing", remedy=remedy)
