"""What a sweep would decide about a host, found out without changing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.errors import HostRefusedError, HostUnsupportedError
from fleetaudit.orchestrator import _lease
from fleetaudit.orchestrator._preflight import examine, refuse
from fleetaudit.orchestrator._takeover import recall
from fleetaudit.records.evidence import Phase

if TYPE_CHECKING:
    from fleetaudit.errors import HostError
    from fleetaudit.orchestrator._conversation import Conversation, Steps
    from fleetaudit.orchestrator._preflight import Snapshot
    from fleetaudit.records.debt import Debt

__all__ = ["check"]


def check(talk: Conversation, *, overrides_group_policy: bool) -> Steps[None]:
    """Store the host's facts, audit policy and leases, then decide as a sweep does.

    The order of the reasons is the sweep's; all evidence is stored before the first is raised.
    Whether the host can hold a lease is not found out: only leaving one would show it.

    Raises:
        HostError: A sweep would not audit the host, or it could not be asked.
    """
    yield from talk.connect()
    refused: HostError | None = None
    owed: tuple[Debt, ...] = ()
    try:
        owed = yield from recall(talk)
    except HostRefusedError as error:
        refused = error
    snapshot = yield from examine(talk)
    refused = refused or _refusal(talk, snapshot, overrides_group_policy=overrides_group_policy)
    if refused is not None:
        yield from talk.collect(_lease.SOURCE, Phase.BEFORE, window=talk.no_window())
        raise refused
    yield from _look_at_leases(talk, snapshot, owed)


def _refusal(
    talk: Conversation, snapshot: Snapshot, *, overrides_group_policy: bool
) -> HostError | None:
    try:
        refuse(
            talk.host,
            snapshot,
            is_constrained_allowed=True,
            overrides_group_policy=overrides_group_policy,
        )
    except (HostRefusedError, HostUnsupportedError) as error:
        return error
    return None


def _look_at_leases(talk: Conversation, snapshot: Snapshot, owed: tuple[Debt, ...]) -> Steps[None]:
    try:
        answer = yield from talk.require(_lease.SOURCE, Phase.BEFORE, window=talk.no_window())
    except (HostRefusedError, HostUnsupportedError):
        return  # a sweep takes it for a host without leases, too
    found = _lease.read(talk.host, answer)
    _lease.allow(talk.host, found, owed=owed, host_now=snapshot.host_now)
