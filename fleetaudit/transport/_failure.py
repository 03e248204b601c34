"""What a failure of the transport amounts to, before anyone decides what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from fleetaudit.errors import (
    CredentialsRefusedError,
    HostFailedError,
    HostRefusedError,
    HostRubbishError,
    HostTimedOutError,
    HostUnreachableError,
    Retry,
)

if TYPE_CHECKING:
    from fleetaudit.errors import HostError

__all__ = ["Failure", "FailureKind", "Scene", "Stage"]


class FailureKind(StrEnum):
    """Whose fault it is, and so whether asking again helps."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    CONFIGURATION = "configuration"
    RUBBISH = "rubbish"


class Stage(StrEnum):
    """What was being done; a script's run is told apart by its name."""

    PREPARING = "preparing the connection"
    OPENING = "opening the shell"
    RUNNING = "running the script"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A classified exception.

    Attributes:
        kind: Whose fault it is.
        error: What is raised through the seam; its ``retry`` is the hint for the next try.
    """

    kind: FailureKind
    error: HostError


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where an exception happened; makes failures that say so.

    Attributes:
        host: The inventory name.
        stage: What was being done.
        script: The script, while one runs.
    """

    host: str
    stage: Stage
    script: str = ""

    @property
    def doing(self) -> str:
        """Return the stage in words."""
        return f"running {self.script}" if self.script else self.stage.value

    def unreachable(self, happened: str, remedy: str, *, retry: Retry = Retry.FEW) -> Failure:
        """Return: no conversation came about."""
        error = HostUnreachableError(
            happened, host=self.host, stage="connecting", remedy=remedy, retry=retry
        )
        kind = FailureKind.PERMANENT if retry is Retry.NEVER else FailureKind.TRANSIENT
        return Failure(kind=kind, error=error)

    def refused(self, happened: str, remedy: str) -> Failure:
        """Return: the host, or our trust in it, says no; asking again gives the same answer."""
        error = HostRefusedError(happened, host=self.host, stage=self.doing, remedy=remedy)
        return Failure(kind=FailureKind.CONFIGURATION, error=error)

    def credentials(self, happened: str, remedy: str) -> Failure:
        """Return: the credential was refused."""
        error = CredentialsRefusedError(
            happened, host=self.host, stage="authenticating", remedy=remedy
        )
        return Failure(kind=FailureKind.CONFIGURATION, error=error)

    def timed_out(self, happened: str, remedy: str, *, retry: Retry = Retry.FEW) -> Failure:
        """Return: no answer in time."""
        error = HostTimedOutError(
            happened, host=self.host, stage=self.doing, remedy=remedy, retry=retry
        )
        return Failure(kind=FailureKind.TRANSIENT, error=error)

    def broken(self, happened: str, remedy: str = "", *, retry: Retry = Retry.FEW) -> Failure:
        """Return: the conversation broke and may work the next time."""
        error = HostFailedError(
            happened, host=self.host, stage=self.doing, remedy=remedy, retry=retry
        )
        return Failure(kind=FailureKind.TRANSIENT, error=error)

    def impossible(self, happened: str, remedy: str = "") -> Failure:
        """Return: the conversation cannot work as it stands."""
        error = HostFailedError(happened, host=self.host, stage=self.doing, remedy=remedy)
        return Failure(kind=FailureKind.PERMANENT, error=error)

    def rubbish(self, happened: str, remedy: str = "", *, retry: Retry = Retry.NEVER) -> Failure:
        """Return: what came cannot be what a Windows host sends."""
        error = HostRubbishError(
            happened, host=self.host, stage=self.doing, remedy=remedy, retry=retry
        )
        return Failure(kind=FailureKind.RUBBISH, error=error)
