"""The lease from the controller's side: look for leases, decide about them, leave and remove one.

Who yields to whom stands in ``docs/decisions/two-controllers.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from fleetaudit.collectors import Collector
from fleetaudit.errors import HostRefusedError, HostRubbishError, HostUnsupportedError
from fleetaudit.operations import catalogue
from fleetaudit.operations import lease as leases
from fleetaudit.orchestrator._states import SAYS_NO
from fleetaudit.records.debt import Debt, State, Wanted
from fleetaudit.records.evidence import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from fleetaudit.operations.lease import FoundLease
    from fleetaudit.orchestrator._conversation import Conversation, Steps
    from fleetaudit.orchestrator.steps import Answer

__all__ = ["SOURCE", "Found", "allow", "find", "read", "register", "remove", "standing", "trust"]

SOURCE: Final = Collector(
    name="leases",
    title="Leases on the host",
    script=leases.find().script,
    phases=frozenset((Phase.BEFORE, Phase.AFTER)),
    readings=(),
    tables=(),
    privilege="an elevated administrator",
    reference="windows-facts 10",
)
"""The leases as evidence, for whoever only looks."""

_STAGE: Final = "looking at its leases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A lease that a host holds, with what it says that is to be put back.

    Attributes:
        name: The lease's name.
        run_id: Whose it is; empty where nothing says so.
        deadline: By the host's clock; None where nothing says so.
        debts: What is to be put back; empty where the lease has done that already.
        problem: Why it cannot be trusted; empty where it can.
    """

    name: str
    run_id: str
    deadline: datetime | None
    debts: tuple[Debt, ...]
    problem: str


def find(
    talk: Conversation, *, is_required: bool = False, is_restoring: bool = False
) -> Steps[tuple[Found, ...]]:
    """Return the leases on the host; none where it cannot have any, unless that ``is_required``.

    Raises:
        HostError: It could not be asked, or its answer cannot be read.
    """
    try:
        answer = yield from talk.ask(leases.find(), is_restoring=is_restoring, with_files=True)
    except (HostRefusedError, HostUnsupportedError):
        if is_required:
            raise
        return ()
    return read(talk.host, answer)


def read(host: str, answer: Answer) -> tuple[Found, ...]:
    """Return the leases that an answer speaks of.

    Raises:
        HostRubbishError: It cannot be read.
    """
    try:
        found = leases.read_leases(answer.files)
    except Exception as error:
        raise HostRubbishError(str(error).rstrip("."), host=host, stage=_STAGE) from error
    return tuple(_found(host, one) for one in found)


def trust(host: str, found: Iterable[Found], *, owed: Iterable[Debt]) -> None:
    """Raise where a lease cannot be trusted and the journal does not know better.

    Raises:
        HostRefusedError: Somebody edited a lease, or it is damaged.
    """
    own = {debt.lease for debt in owed}
    for one in found:
        if one.problem and one.name not in own:
            raise HostRefusedError(
                f"its lease {one.name} cannot be trusted: {one.problem.rstrip('.')}",
                host=host,
                stage=_STAGE,
                remedy="Put the host's audit policy right by hand, then remove the lease",
            )


def allow(
    host: str, found: Iterable[Found], *, owed: Iterable[Debt], host_now: datetime
) -> tuple[Found, ...]:
    """Return the leases to take over: those of our dead runs, and those that have ended.

    ``owed`` are the debts of our dead runs.

    Raises:
        HostRefusedError: A lease cannot be trusted, or is another controller's and has not ended.
    """
    taken, debts = tuple(found), tuple(owed)
    trust(host, taken, owed=debts)
    own = {debt.lease for debt in debts}
    for one in taken:
        is_ahead = one.deadline is not None and one.deadline > host_now
        if one.debts and is_ahead and one.name not in own:
            raise HostRefusedError(
                f"another controller audits this host until {one.deadline:%Y-%m-%d %H:%M:%S} UTC "
                f"by its clock (run {one.run_id or 'unknown'})",
                host=host,
                stage=_STAGE,
                remedy="Wait until then; if that controller is lost, run"
                " `fleetaudit restore --from-hosts`",
            )
    return taken


def standing(owed: Iterable[Debt], found: Iterable[Found]) -> list[tuple[str, list[Debt]]]:
    """Return the leases with what has to be put back, newest run first: the last is undone first.

    The journal's word goes before a lease's where both speak of the same setting; what the lease
    of a run knows beside that is put back with it, because the journal may have been damaged and
    the lease goes. A lease that has fired comes last, with nothing. Names are empty where no lease
    guards a debt.
    """
    groups: dict[str, list[Debt]] = {}
    for debt in owed:
        groups.setdefault(debt.run_id, []).append(debt)
    runs = {debts[0].lease: run_id for run_id, debts in groups.items()}
    fired: list[tuple[str, list[Debt]]] = []
    for one in found:
        if one.name in runs:
            groups[runs[one.name]] += _beside(groups[runs[one.name]], one)
        elif one.debts:
            groups[f"{one.run_id} {one.name}"] = list(one.debts)
        else:
            fired.append((one.name, []))
    newest_first = [groups[key] for key in sorted(groups, reverse=True)]
    return [(debts[0].lease, debts) for debts in newest_first] + fired


def register(
    talk: Conversation, debts: Sequence[Debt], *, deadline: datetime, host_now: datetime
) -> Steps[None]:
    """Leave a lease on the host, or renew the one of that name.

    Raises:
        HostRefusedError: The host cannot hold one.
        HostError: It is not known whether it holds one.
    """
    lease = leases.Lease(
        name=debts[0].lease,
        run_id=debts[0].run_id,
        host=talk.host,
        deadline=deadline,
        debts=tuple(debts),
    )
    try:
        yield from talk.ask(leases.register(lease, host_now=host_now))
    except SAYS_NO as error:
        raise HostRefusedError(
            f"no lease can be left on this host: {error.happened}",
            host=talk.host,
            stage="leaving a lease",
            remedy="Allow scheduled tasks to the account, or sweep with --no-lease",
        ) from error


def remove(talk: Conversation, name: str) -> Steps[None]:
    """Take a lease off the host; one that is not there any more is fine.

    Raises:
        HostError: It may still be there.
    """
    try:
        yield from talk.ask(leases.remove(name), is_restoring=True)
    except SAYS_NO:
        if any(one.name == name for one in (yield from find(talk, is_restoring=True))):
            raise


def _beside(known: Sequence[Debt], one: Found) -> list[Debt]:
    """Return what a lease of ours puts back that the journal does not tell; nothing if edited."""
    told = {(debt.operation, debt.setting) for debt in known}
    return [
        debt for debt in one.debts if not one.problem and (debt.operation, debt.setting) not in told
    ]


def _found(host: str, one: FoundLease) -> Found:
    deadline = one.lease.deadline if one.lease is not None else None
    if deadline is None and one.task is not None:
        deadline = one.task.deadline
    return Found(
        name=one.name,
        run_id=one.run_id,
        deadline=deadline,
        debts=() if one.has_fired else _debts(host, one),
        problem=" ".join(one.problems),
    )


def _debts(host: str, one: FoundLease) -> tuple[Debt, ...]:
    if one.lease is not None:
        return tuple(replace(debt, host=host, lease=one.name) for debt in one.lease.debts)
    # A task without its baseline says what was, not what was set: what any run sets.
    return tuple(
        Debt(
            run_id=one.run_id,
            host=host,
            operation=operation,
            setting=setting,
            before=before,
            during=_set_by_any_run(operation, setting, before),
            lease=one.name,
        )
        for (operation, setting), before in one.before.items()
    )


def _set_by_any_run(operation: str, setting: str, before: str) -> str:
    """Return what a run sets; empty where that depends on its options, which nothing tells."""
    state = State(values={setting: before})
    wish = catalogue()[operation].wish
    plain, more = (
        wish(state, Wanted(with_success=option)).get(setting, "") for option in (False, True)
    )
    return plain if plain == more else ""
