"""The audit policy of a host: subcategories by GUID, settings by number."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntFlag
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["AuditPolicy", "Debt", "Inclusion", "Subcategory"]


class Subcategory(Enum):
    """The audit subcategories that fleetaudit speaks of (windows-facts 1.1)."""

    PACKET_DROP = UUID("0CCE9225-69AE-11D9-BED3-505054503030")
    CONNECTION = UUID("0CCE9226-69AE-11D9-BED3-505054503030")
    OTHER_OBJECT_ACCESS = UUID("0CCE9227-69AE-11D9-BED3-505054503030")
    POLICY_CHANGE = UUID("0CCE922F-69AE-11D9-BED3-505054503030")
    FILTERING_POLICY_CHANGE = UUID("0CCE9233-69AE-11D9-BED3-505054503030")
    OTHER_POLICY_CHANGE = UUID("0CCE9234-69AE-11D9-BED3-505054503030")

    @property
    def braced(self) -> str:
        """Return the GUID as Windows' tools write it: ``{0CCE9225-...}``."""
        return f"{{{str(self.value).upper()}}}"


class Inclusion(IntFlag):
    """The inclusion setting, as ``auditpol /backup`` numbers it (windows-facts 5)."""

    NONE = 0
    SUCCESS = 1
    FAILURE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPolicy:
    """The system audit policy of a host at one moment."""

    settings: Mapping[UUID, Inclusion]

    def of(self, subcategory: Subcategory) -> Inclusion | None:
        """Return the setting of ``subcategory``; None where the host did not name it."""
        return self.settings.get(subcategory.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What a run owes a host: one audit subcategory, to be put back to ``before``.

    Attributes:
        run_id: The run that made the debt.
        host: The inventory name.
        subcategory: What was changed.
        before: The snapshot; what has to stand again.
        during: What the run set.
        lease: The name of the lease that guards it on the host; empty where none does.
        until: For how long the change was ordered to stand, by the controller's clock; None where
            it stands no longer than its run. A debt is the same with another ``until``: it was
            renewed.
    """

    run_id: str
    host: str
    subcategory: Subcategory
    before: Inclusion
    during: Inclusion
    lease: str = ""
    until: datetime | None = field(default=None, compare=False)
