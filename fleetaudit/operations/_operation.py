"""The shape of an operation: what to change on a host, and how to undo it exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fleetaudit.records.audit_policy import AuditPolicy, Debt
    from fleetaudit.records.call import ScriptCall

__all__ = ["Operation", "Owe"]


class Owe(Protocol):
    """Works out what a run will owe a host once it has made the change."""

    def __call__(
        self, *, run_id: str, host: str, policy: AuditPolicy, with_success: bool = False
    ) -> tuple[Debt, ...]:
        """Return the debts, in the order in which they are applied; none where nothing changes.

        Raises:
            HostUnsupportedError: The host does not have what would be changed.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One reversible change; a declaration of pure functions, never subclassed.

    Attributes:
        name: Unique, kebab-case.
        title: What it does, for people.
        reference: Where the facts come from.
        capture: Returns the call that reads the state, changing nothing.
        read: Reads the files that ``capture`` sent, by name. Raises what its parser raises.
        owe: Works out the debts; they are journaled before anything is applied.
        apply: Returns the call that sets ``debt.during``.
        restore: Returns the call that sets ``debt.before``, exactly.
        is_applied: Whether a state read back shows ``debt.during``.
        is_restored: Whether a state read back shows ``debt.before``.
    """

    name: str
    title: str
    reference: str
    capture: Callable[[], ScriptCall]
    read: Callable[[Mapping[str, bytes]], AuditPolicy]
    owe: Owe
    apply: Callable[[Debt], ScriptCall]
    restore: Callable[[Debt], ScriptCall]
    is_applied: Callable[[Debt, AuditPolicy], bool]
    is_restored: Callable[[Debt, AuditPolicy], bool]
