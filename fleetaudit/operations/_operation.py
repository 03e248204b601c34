"""The shape of an operation: what to change on a host, and how to undo it exactly."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.records.debt import Debt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fleetaudit.records.call import ScriptCall
    from fleetaudit.records.debt import State, Wanted

__all__ = ["Command", "Operation"]

_PROGRAM: Final = re.compile(r"[a-z0-9]+\.exe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a lease's task runs, as SYSTEM and without a shell, to put one setting to a value.

    Attributes:
        program: An executable of System32, such as ``netsh.exe``.
        arguments: As one command line. No secret, and nothing that a host chose.
    """

    program: str
    arguments: str

    def __post_init__(self) -> None:
        if not _PROGRAM.fullmatch(self.program):
            raise ValueError(f"{self.program!r} is not the bare name of a program")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One reversible change; a declaration of pure functions, never subclassed.

    Attributes:
        name: Unique, kebab-case.
        title: What it does, for people.
        reference: Where the facts come from.
        capture: Returns the call that reads the settings, changing nothing.
        read: Reads the files that ``capture`` sent, by name. Raises what its parser raises.
        wish: Returns what each setting is to be during a window, given what it is before.
        change: Returns the call that sets a setting to a value.
        command: Returns the command that does the same in a lease's task. Raises ValueError for a
            setting or a value that the operation does not have, whoever wrote it down.
        recognize: Returns the setting and the value that a command sets; None for another's.
        label: Returns a setting's name for people.
    """

    name: str
    title: str
    reference: str
    capture: Callable[[], ScriptCall]
    read: Callable[[Mapping[str, bytes]], State]
    wish: Callable[[State, Wanted], Mapping[str, str]]
    change: Callable[[str, str], ScriptCall]
    command: Callable[[str, str], Command]
    recognize: Callable[[Command], tuple[str, str] | None]
    label: Callable[[str], str]

    def owe(self, state: State, wanted: Wanted, *, run_id: str, host: str) -> tuple[Debt, ...]:
        """Return what a run owes once it has made the change; nothing where all stands already.

        A setting that a policy owns is left out: changing it would have no effect.
        """
        wish = self.wish(state, wanted)
        return tuple(
            Debt(
                run_id=run_id,
                host=host,
                operation=self.name,
                setting=setting,
                before=state.values[setting],
                during=during,
            )
            for setting, during in wish.items()
            if setting not in state.owned and during != state.values[setting]
        )

    def withheld(self, state: State, wanted: Wanted) -> tuple[str, ...]:
        """Return the labels of the settings that are not as wanted because a policy owns them."""
        wish = self.wish(state, wanted)
        return tuple(
            self.label(setting)
            for setting, during in wish.items()
            if setting in state.owned and during != state.values[setting]
        )

    def apply(self, debt: Debt) -> ScriptCall:
        """Return the call that sets ``debt.during``, while the lease that guards it stands.

        A lease may have ended between its making and now: then nothing would undo the change.
        """
        call = self.change(debt.setting, debt.during)
        if not debt.lease:
            return call
        guarded = {**call.parameters, "LeaseName": debt.lease}
        return replace(call, parameters=MappingProxyType(guarded))

    def restore(self, debt: Debt) -> ScriptCall:
        """Return the call that sets ``debt.before``, exactly."""
        return self.change(debt.setting, debt.before)
