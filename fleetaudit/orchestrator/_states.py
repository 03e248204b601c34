"""Read the settings that operations change, and say what could not be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleetaudit.errors import (
    HostError,
    HostRefusedError,
    HostRubbishError,
    HostUnsupportedError,
    ScriptFailedError,
)
from fleetaudit.records.figures import Gap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fleetaudit.orchestrator._conversation import Conversation, Steps
    from fleetaudit.orchestrator.steps import Answer
    from fleetaudit.records.debt import Debt, State

__all__ = [
    "AUDIT",
    "SAYS_NO",
    "label",
    "left",
    "read_answer",
    "read_state",
    "read_states",
    "unchanged",
    "unreadable",
    "value_of",
]

AUDIT: Final = "audit-policy"
"""The operation that every window is about."""

SAYS_NO: Final = (HostRefusedError, HostUnsupportedError, ScriptFailedError)
"""The session is fine and the host has answered, so nothing of it arrives later."""


def read_state(talk: Conversation, name: str, *, is_restoring: bool = False) -> Steps[State]:
    """Ask for the settings of one operation.

    Raises:
        HostError: They could not be had, or cannot be read.
    """
    call = talk.instruments.operations[name].capture()
    answer = yield from talk.ask(call, is_restoring=is_restoring, with_files=True)
    return read_answer(talk, name, answer)


def read_states(
    talk: Conversation, debts: Iterable[Debt], *, is_restoring: bool = False
) -> Steps[dict[str, State]]:
    """Ask for the settings of every operation that ``debts`` speak of; by operation.

    Raises:
        HostError: Some could not be had, or cannot be read.
    """
    states = {}
    for name in dict.fromkeys(debt.operation for debt in debts):
        states[name] = yield from read_state(talk, name, is_restoring=is_restoring)
    return states


def read_answer(talk: Conversation, name: str, answer: Answer) -> State:
    """Return the settings that a host sent.

    Raises:
        HostRubbishError: They cannot be read.
    """
    try:
        return talk.instruments.operations[name].read(answer.files)
    except HostError:
        raise
    except Exception as error:
        what = "the audit policy" if name == AUDIT else f"the settings of {name}"
        raise unreadable(talk, what, error) from error


def unreadable(talk: Conversation, what: str, error: Exception) -> HostRubbishError:
    """Return the error that says that a host's answer cannot be read, and why."""
    happened = f"it sent no {error.args[0]}" if isinstance(error, KeyError) else str(error)
    return HostRubbishError(
        happened.rstrip("."),
        host=talk.host,
        stage=f"reading {what}",
        remedy="Try again; if it stays so, look for what stands between, such as a proxy",
    )


def label(talk: Conversation, debt: Debt) -> str:
    """Return what a debt is about, for people."""
    return talk.instruments.operations[debt.operation].label(debt.setting)


def value_of(states: Mapping[str, State], debt: Debt) -> str | None:
    """Return the value that stands; None where it was not read."""
    state = states.get(debt.operation)
    return None if state is None else state.values.get(debt.setting)


def left(talk: Conversation, debt: Debt, found: str | None) -> Gap:
    """Return the gap of a setting that somebody else changed meanwhile, and reads ``found``."""
    ours = f"neither {debt.before!r} as before nor {debt.during!r} as set by run {debt.run_id}"
    if found == debt.during:
        ours = f"although run {debt.run_id} had put it back to {debt.before!r}"
    return Gap(
        kind="left-to-others",
        host=talk.host,
        what=f"{label(talk, debt)} reads {found!r}, {ours}; somebody else set it, so it was left",
        effect="What was seen after that change is not what this run asked for",
        remedy="Look whether the setting is as it should be",
    )


def unchanged(talk: Conversation, name: str, why: str) -> Gap:
    """Return the gap of a host on which a change beside the auditing could not be made."""
    title = talk.instruments.operations[name].title
    return Gap(
        kind="not-changed",
        host=talk.host,
        what=f"{title}: not done here, because {why}",
        effect="What it would have shown is missing for this host; the rest is not touched by it",
    )
