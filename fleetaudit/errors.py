"""Every error a user can meet, in one tree.

Each error holds its facts as attributes and says, in this order: which host or file, what was
being done, what happened, what to do::

    FleetauditError
    ├── UsageError
    │   ├── InventoryError
    │   └── ConfigurationError
    ├── FileError
    │   ├── EvidenceError
    │   ├── RunDirectoryError
    │   │   └── RunDirectoryInUseError
    │   └── JournalError
    └── HostError
        ├── HostUnreachableError
        ├── HostRefusedError
        │   ├── CredentialsRefusedError
        │   └── CredentialsHeldBackError
        ├── HostTimedOutError
        ├── HostUnsupportedError
        └── HostFailedError
            ├── HostRubbishError
            └── ScriptFailedError

``tests/test_errors.py`` compares this drawing with the classes.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "ConfigurationError",
    "CredentialsHeldBackError",
    "CredentialsRefusedError",
    "EvidenceError",
    "FileError",
    "FleetauditError",
    "HostError",
    "HostFailedError",
    "HostRefusedError",
    "HostRubbishError",
    "HostTimedOutError",
    "HostUnreachableError",
    "HostUnsupportedError",
    "InventoryError",
    "JournalError",
    "Retry",
    "RunDirectoryError",
    "RunDirectoryInUseError",
    "ScriptFailedError",
    "UsageError",
]


class Retry(StrEnum):
    """Whether the same, asked again, may end in another way."""

    NEVER = "never"
    ONCE = "once"
    FEW = "few"
    LATER = "later"
    """The host is there and has too much to do: a few tries with long pauses."""


class FleetauditError(Exception):
    """Something went wrong that the user can read about and act on.

    Attributes:
        happened: What happened, as a clause without a full stop.
        remedy: What to do about it, as a sentence without a full stop; empty where nothing helps.
    """

    def __init__(self, happened: str, *, remedy: str = "") -> None:
        self.happened = happened
        self.remedy = remedy
        super().__init__(happened, remedy)

    def subject(self) -> str:
        """Return which host, file or option this is about; empty where there is none."""
        return ""

    def __str__(self) -> str:
        parts = [part for part in (self.subject(), self.happened) if part]
        sentence = ": ".join(parts).removesuffix(".") + "."
        return f"{sentence} {self.remedy}." if self.remedy else sentence


class UsageError(FleetauditError):
    """What the user typed or wrote cannot be used."""


class InventoryError(UsageError):
    """An inventory file cannot be used.

    Attributes:
        file: The file, as the user named it.
        line: The line (1-based), where it is known.
    """

    def __init__(
        self, happened: str, *, file: str = "", line: int | None = None, remedy: str = ""
    ) -> None:
        self.file = file
        self.line = line
        super().__init__(happened, remedy=remedy)

    def subject(self) -> str:
        """Return ``FILE, line N``."""
        return f"{self.file}, line {self.line}" if self.line is not None else self.file


class ConfigurationError(UsageError):
    """An option, an environment variable or a host variable has a value that cannot be used."""


class FileError(FleetauditError):
    """A file that fleetaudit reads or writes cannot be used.

    Attributes:
        file: The file or folder.
    """

    def __init__(self, happened: str, *, file: str = "", remedy: str = "") -> None:
        self.file = file
        super().__init__(happened, remedy=remedy)

    def subject(self) -> str:
        """Return the file."""
        return self.file


class EvidenceError(FileError):
    """A file of evidence cannot be read at all; damage inside a file is an issue, not an error."""


class RunDirectoryError(FileError):
    """A run directory is missing, damaged or from a newer version of fleetaudit."""


class RunDirectoryInUseError(RunDirectoryError):
    """Another process is writing the run directory; waiting helps."""


class JournalError(FileError):
    """The journal of debts cannot be read or written, so nothing on a host may be changed."""


class HostError(FleetauditError):
    """One host could not do what was asked; the other hosts go on.

    Attributes:
        host: The host's inventory name.
        stage: What was being done, as a gerund: "connecting", "opening the shell", "running X".
        retry: Whether asking again, with a new session, may help.
    """

    def __init__(
        self,
        happened: str,
        *,
        host: str,
        stage: str = "",
        remedy: str = "",
        retry: Retry = Retry.NEVER,
    ) -> None:
        self.host = host
        self.stage = stage
        self.retry = retry
        super().__init__(happened, remedy=remedy)

    def subject(self) -> str:
        """Return ``HOST: while STAGE``."""
        return f"{self.host}: while {self.stage}" if self.stage else self.host


class HostUnreachableError(HostError):
    """No conversation came about: name unknown, refused, no route, no answer to connecting."""


class HostRefusedError(HostError):
    """The host answered and said no: rights, policy, language mode, missing JEA function, trust."""


class CredentialsRefusedError(HostRefusedError):
    """The host refused the user name, password, ticket or certificate."""


class CredentialsHeldBackError(HostRefusedError):
    """The credential was refused elsewhere, so it was not tried here: that spares a lock-out."""


class HostTimedOutError(HostError):
    """The host did not finish before the deadline."""


class HostUnsupportedError(HostError):
    """The host has no such thing; that is an answer, not a failure."""


class HostFailedError(HostError):
    """The conversation broke, or the host could not do what was asked."""


class HostRubbishError(HostFailedError):
    """What the host sent cannot be what a Windows host sends, or was damaged on the way."""


class ScriptFailedError(HostFailedError):
    """A script ended with an error, or a native tool with an exit code other than 0.

    Attributes:
        script: The script's name.
        exit_code: The native tool's exit code, where one is the cause.
    """

    def __init__(
        self,
        happened: str,
        *,
        host: str,
        script: str,
        exit_code: int | None = None,
        stage: str = "",
        remedy: str = "",
    ) -> None:
        self.script = script
        self.exit_code = exit_code
        super().__init__(happened, host=host, stage=stage or f"running {script}", remedy=remedy)
