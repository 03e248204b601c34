"""The audit policy of a simulated host, and the group policy that may own it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fleetaudit.records.audit_policy import Inclusion, Subcategory
from fleetaudit.simulation.model._subcategories import SUBCATEGORIES
from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from fleetaudit.simulation.model.specs import HostSpec

__all__ = ["AuditState", "Change", "policy_of"]

_AUDITORS: Final = (Subcategory.PACKET_DROP, Subcategory.CONNECTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One subcategory that was changed."""

    subcategory: UUID
    before: Inclusion
    after: Inclusion

    @property
    def codes(self) -> str:
        """Return the changes as event 4719 lists them (windows-facts 1.4)."""
        parts = []
        for bit, added, removed in (
            (Inclusion.SUCCESS, "%%8449", "%%8448"),
            (Inclusion.FAILURE, "%%8451", "%%8450"),
        ):
            if (self.before ^ self.after) & bit:
                parts.append(added if self.after & bit else removed)
        return ", ".join(parts)


class AuditState:
    """What the host audits now.

    Attributes:
        group_policy: What a GPO enforces; empty where none owns the policy.
    """

    def __init__(
        self,
        *,
        settings: Mapping[UUID, Inclusion] | None = None,
        group_policy: Mapping[UUID, Inclusion] | None = None,
    ) -> None:
        self._settings = {guid: Inclusion(value) for guid, (_, value) in SUBCATEGORIES.items()}
        self.group_policy = dict(group_policy or {})
        self._settings.update(settings or {})
        self._settings.update(self.group_policy)

    @property
    def settings(self) -> Mapping[UUID, Inclusion]:
        """Return every subcategory's setting."""
        return self._settings

    def fails(self, subcategory: Subcategory) -> bool:
        """Return whether failures of the subcategory are audited now."""
        return bool(self._settings[subcategory.value] & Inclusion.FAILURE)

    def succeeds(self, subcategory: Subcategory) -> bool:
        """Return whether successes of the subcategory are audited now."""
        return bool(self._settings[subcategory.value] & Inclusion.SUCCESS)

    def set(self, subcategory: UUID, inclusion: Inclusion) -> Change | None:
        """Set one subcategory; return what changed, None where nothing did.

        Raises:
            KeyError: There is no such subcategory.
        """
        before = self._settings[subcategory]
        if before == inclusion:
            return None
        self._settings[subcategory] = inclusion
        return Change(subcategory=subcategory, before=before, after=inclusion)

    def refresh_group_policy(self) -> list[Change]:
        """Apply the GPO's settings again; return what that changed (windows-facts 5)."""
        changes = [self.set(guid, value) for guid, value in self.group_policy.items()]
        return [change for change in changes if change is not None]


def policy_of(spec: HostSpec) -> AuditState:
    """Return what a host audits before anything happens on it."""
    both = Inclusion.SUCCESS | Inclusion.FAILURE
    settings: dict[UUID, Inclusion] = {}
    enforced: dict[UUID, Inclusion] = {}
    if Trait.AUDITED_BEFORE in spec.traits:
        settings = {one.value: Inclusion.FAILURE for one in _AUDITORS}
    if Trait.SUCCESS_BEFORE in spec.traits:
        settings = {Subcategory.CONNECTION.value: Inclusion.SUCCESS}
    if Trait.TASKS_AUDITED in spec.traits:
        settings |= {Subcategory.OTHER_OBJECT_ACCESS.value: Inclusion.SUCCESS}
    if Trait.GPO_AUDIT in spec.traits:
        enforced = {Subcategory.OTHER_POLICY_CHANGE.value: both}
    if Trait.GPO_REVERTS in spec.traits:
        enforced = {one.value: Inclusion.NONE for one in _AUDITORS}
    return AuditState(settings=settings, group_policy=enforced)
