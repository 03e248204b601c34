"""The audit policy of a host: subcategories by GUID, settings by number."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AuditPolicy", "Inclusion", "Subcategory"]


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
