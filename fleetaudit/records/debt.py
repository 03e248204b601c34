"""Settings of a host that a run changes for a while, and what it owes the host for that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["Debt", "State", "Wanted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The settings that one operation changes, as a host has them at one moment.

    Attributes:
        values: By the setting's name. Names and values are words of the operation, the same in
            every language of Windows; a setting that the host did not name is missing.
        owned: Settings that a policy decides from elsewhere, so that changing them has no effect.
    """

    values: Mapping[str, str]
    owned: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person may choose about the changes.

    Attributes:
        with_success: Whether permitted traffic is audited too.
        log_kilobytes: How large the firewall's log may at least become; 0: as it is.
    """

    with_success: bool = False
    log_kilobytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What a run owes a host: one setting, to be put back to ``before``.

    Attributes:
        run_id: The run that made the debt.
        host: The inventory name.
        operation: The name of the operation whose setting it is, such as ``audit-policy``.
        setting: What was changed, as the operation names it.
        before: The snapshot; what has to stand again.
        during: What the run set; empty where that is not known, and whatever stands is its own.
        lease: The name of the lease that guards it on the host; empty where none does.
        until: For how long the change was ordered to stand, by the controller's clock; None where
            it stands no longer than its run. A debt is the same with another ``until``: it was
            renewed.
    """

    run_id: str
    host: str
    operation: str
    setting: str
    before: str
    during: str
    lease: str = ""
    until: datetime | None = field(default=None, compare=False)
