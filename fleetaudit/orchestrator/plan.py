"""The plans: everything that happens to one host, decided without touching it.

Why a sweep takes its steps in this order stands in
``docs/decisions/snapshot-restore-then-read.md``, who yields to whom in
``docs/decisions/two-controllers.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleetaudit.orchestrator import _check, _hold, _lease, _sweep
from fleetaudit.orchestrator._conversation import THROWN, Conversation, Steps
from fleetaudit.orchestrator.bursts import Bursts
from fleetaudit.orchestrator.settings import (
    RESTORE_PAUSES,
    HoldSettings,
    NoiseBudget,
    SweepSettings,
)
from fleetaudit.records.evidence import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from fleetaudit.orchestrator.instruments import Instruments
    from fleetaudit.orchestrator.steps import Plan
    from fleetaudit.records.debt import Debt

__all__ = [
    "Bursts",
    "HoldSettings",
    "NoiseBudget",
    "SweepSettings",
    "check_plan",
    "collect_plan",
    "hold_plan",
    "restore_plan",
    "status_plan",
    "sweep_plan",
]

_EXAMINED: Final = ("host-facts", "audit-policy")


def sweep_plan(host: str, settings: SweepSettings, *, instruments: Instruments) -> Plan:
    """Return the plan that audits ``host`` for a window and surely puts auditing back."""
    expected = {name: one.phases for name, one in instruments.collectors.items()}
    talk = Conversation(host, instruments=instruments, expected=expected)
    return _concluded(talk, _sweep.sweep(talk, settings))


def check_plan(
    host: str, *, instruments: Instruments, overrides_group_policy: bool = False
) -> Plan:
    """Return the plan that asks ``host`` what a sweep would look at, and changes nothing.

    A host that a sweep would refuse ends as refused, for the sweep's reason.
    """
    expected = {name: frozenset((Phase.BEFORE,)) for name in (*_EXAMINED, _lease.SOURCE.name)}
    talk = Conversation(host, instruments=instruments, expected=expected)
    steps = _check.check(talk, overrides_group_policy=overrides_group_policy)
    return _concluded(talk, steps)


def collect_plan(host: str, *, instruments: Instruments) -> Plan:
    """Return the plan that fetches every source of ``host`` and leaves auditing as it is."""
    expected = {name: frozenset((Phase.AFTER,)) for name in instruments.collectors}
    talk = Conversation(host, instruments=instruments, expected=expected)
    return _concluded(talk, _collect(talk))


def hold_plan(host: str, settings: HoldSettings, *, instruments: Instruments) -> Plan:
    """Return the plan that switches auditing on and leaves it on, until its lease ends."""
    expected = {name: frozenset((Phase.BEFORE,)) for name in _EXAMINED}
    talk = Conversation(host, instruments=instruments, expected=expected)
    return _concluded(talk, _hold.hold(talk, settings))


def status_plan(host: str, *, instruments: Instruments) -> Plan:
    """Return the plan that stores what leases a host holds, and changes nothing."""
    expected = {_lease.SOURCE.name: frozenset((Phase.AFTER,))}
    talk = Conversation(host, instruments=instruments, expected=expected)
    return _concluded(talk, _hold.status(talk))


def restore_plan(
    host: str,
    debts: Sequence[Debt],
    *,
    instruments: Instruments,
    pauses: Sequence[timedelta] = RESTORE_PAUSES[:1],
    from_host: bool = False,
) -> Plan:
    """Return the plan that pays what an earlier run owes ``host``.

    With ``from_host`` it pays too what the leases on the host say, whoever left them; but not
    that of a run which is being worked on.
    """
    talk = Conversation(host, instruments=instruments, expected={})
    return _concluded(talk, _hold.restore(talk, debts, pauses=pauses, from_host=from_host))


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


def _collect(talk: Conversation) -> Steps[None]:
    yield from talk.connect()
    yield from _sweep.collect_rest(talk)
