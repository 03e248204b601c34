"""What is looked at before anything is changed, and when nothing may be changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import (
    HostError,
    HostRefusedError,
    HostRubbishError,
    HostUnsupportedError,
)
from fleetaudit.orchestrator._states import (
    AUDIT,
    SAYS_NO,
    read_answer,
    read_state,
    unchanged,
    unreadable,
)
from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.evidence import Phase
from fleetaudit.records.host import LanguageMode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from fleetaudit.orchestrator._conversation import Conversation, Steps
    from fleetaudit.orchestrator.steps import Answer
    from fleetaudit.records.debt import Debt, State, Wanted
    from fleetaudit.records.figures import Gap
    from fleetaudit.records.host import HostFacts

__all__ = ["AUDITED", "Snapshot", "examine", "read_facts", "refuse", "standing_debts"]

AUDITED: Final = (Subcategory.PACKET_DROP, Subcategory.CONNECTION)
"""The subcategories that say which filter dropped what (windows-facts 1.1)."""

_FAILURE: Final = 2
_ENFORCED: Final = (1, 2, 3, 4)
"""The numbers by which a group policy says something: 0 means unchanged (windows-facts 5)."""
_STAGE: Final = "deciding whether to audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a host said of itself and of its settings before anything was changed.

    Attributes:
        at: When it was asked.
        facts: What it is.
        states: The settings that are to be changed, by operation; the audit policy always.
        group_policy: What a group policy says of the audit, in its own numbers.
        gaps: Which operations it cannot be asked for, and why.
    """

    at: datetime
    facts: HostFacts
    states: Mapping[str, State]
    group_policy: Mapping[UUID, int]
    gaps: tuple[Gap, ...] = ()

    @property
    def newest_record(self) -> int:
        """Return the newest record of the Security log; 0 where the host did not say."""
        return self.facts.security_log.newest_record if self.facts.security_log else 0

    @property
    def host_now(self) -> datetime:
        """Return the time by the host's clock when it was asked."""
        return self.at + self.facts.clock_offset


def examine(talk: Conversation, also: Sequence[str] = ()) -> Steps[Snapshot]:
    """Ask for facts and audit policy, store both, and return them read.

    Asked again, it stores the later answers in place of the earlier. ``also`` are operations whose
    settings are read too; one that the host does not have ends as a gap.
    """
    collectors = talk.instruments.collectors
    answer = yield from talk.require(
        collectors["host-facts"], Phase.BEFORE, window=talk.no_window()
    )
    facts = read_facts(talk, answer)
    at = answer.at
    answer = yield from talk.require(
        collectors["audit-policy"], Phase.BEFORE, window=talk.no_window()
    )
    states = {AUDIT: read_answer(talk, AUDIT, answer)}
    group_policy = _read_group_policy(talk, answer)
    gaps = []
    for name in also:
        try:
            states[name] = yield from read_state(talk, name)
        except (*SAYS_NO, HostRubbishError) as error:
            gaps.append(unchanged(talk, name, error.happened))
    return Snapshot(at=at, facts=facts, states=states, group_policy=group_policy, gaps=tuple(gaps))


def refuse(
    host: str, snapshot: Snapshot, *, is_constrained_allowed: bool, overrides_group_policy: bool
) -> None:
    """Raise where auditing must not be switched on.

    Raises:
        HostRefusedError: The account or the session may not, the host would halt when its log is
            full, or a group policy says otherwise.
        HostUnsupportedError: The host does not have the subcategories.
    """
    facts = snapshot.facts
    if facts.crash_on_audit_fail:
        happened = f"CrashOnAuditFail is {facts.crash_on_audit_fail}: a full log halts the host"
        raise _no(host, happened, "Leave this host out, or set CrashOnAuditFail to 0")
    if not facts.is_elevated:
        remedy = "Use an account whose remote token is elevated (LocalAccountTokenFilterPolicy)"
        raise _no(host, "the session's token is not elevated", remedy)
    allowed = {LanguageMode.FULL}
    if is_constrained_allowed:
        allowed.add(LanguageMode.CONSTRAINED)
    if facts.language_mode not in allowed:
        remedy = "Use an endpoint in FullLanguage"
        raise _no(host, f"the session's language mode is {facts.language_mode}", remedy)
    named = snapshot.states[AUDIT].values
    missing = [one.name for one in AUDITED if one.braced not in named]
    if missing:
        happened = f"its audit policy does not name {' and '.join(missing)}"
        raise HostUnsupportedError(happened, host=host, stage=_STAGE)
    if not overrides_group_policy and (held := _held_off(snapshot)):
        happened = f"a group policy says that {' and '.join(held)} be not audited for failure"
        raise _no(host, happened, "Change that policy, or sweep with --override-group-policy")


def standing_debts(
    talk: Conversation,
    snapshot: Snapshot,
    *,
    run_id: str,
    wanted: Wanted,
    lease: str = "",
    until: datetime | None = None,
) -> tuple[Debt, ...]:
    """Return what will be owed, the audit policy first; nothing for what stands as wanted.

    What cannot be changed is put down as gaps. ``lease`` is the name of the lease that will guard
    the changes, ``until`` as in :class:`Debt`.
    """
    talk.gaps.extend(snapshot.gaps)
    owed: list[Debt] = []
    for name, state in snapshot.states.items():
        operation = talk.instruments.operations[name]
        owed.extend(operation.owe(state, wanted, run_id=run_id, host=talk.host))
        withheld = operation.withheld(state, wanted)
        if withheld:
            talk.gaps.append(unchanged(talk, name, f"a policy owns {', '.join(withheld)}"))
    return tuple(replace(debt, lease=lease, until=until) for debt in owed)


def _no(host: str, happened: str, remedy: str) -> HostRefusedError:
    return HostRefusedError(happened, host=host, stage=_STAGE, remedy=remedy)


def _held_off(snapshot: Snapshot) -> list[str]:
    values = {one.name: snapshot.group_policy.get(one.value, 0) for one in AUDITED}
    return [name for name, value in values.items() if value in _ENFORCED and not _is_failure(value)]


def _is_failure(value: int) -> bool:
    return value in (_FAILURE, _FAILURE | 1)


def read_facts(talk: Conversation, answer: Answer) -> HostFacts:
    """Return the facts that a host sent.

    Raises:
        HostError: They cannot be read.
    """
    try:
        return talk.instruments.read_facts(answer.files, answer.at)
    except HostError:
        raise
    except Exception as error:
        raise unreadable(talk, "the facts", error) from error


def _read_group_policy(talk: Conversation, answer: Answer) -> Mapping[UUID, int]:
    try:
        return talk.instruments.read_group_policy(answer.files)
    except HostError:
        raise
    except Exception as error:
        raise unreadable(talk, "the group policy", error) from error
