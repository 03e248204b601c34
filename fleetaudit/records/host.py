"""A host of the inventory, how to reach it, and what it said of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from fleetaudit.records.secret import Secret

__all__ = [
    "Auth",
    "Connection",
    "Encryption",
    "Host",
    "HostFacts",
    "LanguageMode",
    "PolicyRefresh",
    "SecurityLog",
    "TimeZone",
]


class Auth(StrEnum):
    """How a host is told who we are."""

    BASIC = "basic"
    CERTIFICATE = "certificate"
    NEGOTIATE = "negotiate"
    KERBEROS = "kerberos"
    NTLM = "ntlm"
    CREDSSP = "credssp"


class Encryption(StrEnum):
    """Whether messages are sealed with the authentication's session key."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach one host over PSRP; the defaults are those of Ansible's psrp connection."""

    server: str
    port: int = 5986
    ssl: bool = True
    path: str = "wsman"
    username: str | None = None
    password: Secret | None = None
    auth: Auth = Auth.NEGOTIATE
    verify: bool = True
    trust_path: str | None = None
    connection_timeout_s: int = 30
    read_timeout_s: int = 30
    operation_timeout_s: int = 20
    reconnection_retries: int = 0
    reconnection_backoff_s: float = 2.0
    encryption: Encryption = Encryption.AUTO
    proxy: Secret | None = None
    ignore_proxy: bool = False
    max_envelope_size: int = 153_600
    certificate_pem: str | None = None
    certificate_key_pem: str | None = None
    credssp_auth_mechanism: str = "auto"
    credssp_disable_tlsv1_2: bool = False
    credssp_minimum_version: int = 2
    negotiate_delegate: bool = False
    negotiate_hostname_override: str | None = None
    negotiate_send_cbt: bool = True
    negotiate_service: str = "WSMAN"
    configuration_name: str = "Microsoft.PowerShell"
    no_profile: bool = False
    idle_timeout_s: int = 300

    @property
    def is_jea(self) -> bool:
        """Return whether the endpoint is not one of PowerShell's own, so has its own functions."""
        return not self.configuration_name.lower().startswith(("microsoft.", "powershell."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One host of the inventory."""

    name: str
    connection: Connection
    groups: tuple[str, ...] = ()


class LanguageMode(StrEnum):
    """What a session may do: ``$ExecutionContext.SessionState.LanguageMode``."""

    FULL = "FullLanguage"
    CONSTRAINED = "ConstrainedLanguage"
    RESTRICTED = "RestrictedLanguage"
    NONE = "NoLanguage"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityLog:
    """The Security log's limits and what it holds (``Get-WinEvent -ListLog Security``).

    Attributes:
        mode: ``Circular`` overwrites the oldest, ``AutoBackup`` archives the full file,
            ``Retain`` keeps the old and loses the new.
        oldest_record_time: By the host's clock; None where it did not say.
        file_bytes: The file's present length; None where the host did not say.
    """

    maximum_bytes: int
    mode: str
    is_enabled: bool
    record_count: int
    oldest_record: int
    oldest_record_time: datetime | None = None
    file_bytes: int | None = None

    @property
    def newest_record(self) -> int:
        """Return the newest record's number; 0 for a log that never held one."""
        return max(0, self.oldest_record + self.record_count - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeZone:
    """The host's time zone as the registry has it; minutes are UTC minus local time."""

    name: str
    active_bias_minutes: int
    bias_minutes: int
    standard_bias_minutes: int
    daylight_bias_minutes: int
    standard_start: bytes = field(default=b"", repr=False)
    daylight_start: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRefresh:
    """When group policy was last applied to the host, and how soon it will be again.

    Attributes:
        applied_at: When the last application began, by the host's clock.
        every: The time to the next one, at least; the host adds up to ``at_random``.
    """

    applied_at: datetime
    every: timedelta
    at_random: timedelta

    def next_after(self, moment: datetime) -> tuple[datetime, datetime]:
        """Return between when the next one is due, seen from ``moment`` by the host's clock."""
        earliest = self.applied_at + self.every
        return max(earliest, moment), max(earliest + self.at_random, moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What a host said of itself when it was asked, changing nothing.

    Attributes:
        system_drive_free_bytes: None where the host did not say; so the next two.
        shell_memory_mb: What a remote shell and its programs may use; 0 is no limit.
        shells_per_user: How many remote shells one account may have open; 0 is no limit.
        policy_refresh: None where no group policy was ever applied, as outside of a domain.
    """

    computer_name: str
    os_build: int
    os_caption: str
    culture: str
    boot_time: datetime
    host_time: datetime
    clock_offset: timedelta
    time_zone: TimeZone
    language_mode: LanguageMode
    powershell_version: str
    is_elevated: bool
    security_log: SecurityLog | None
    crash_on_audit_fail: int
    subcategory_override: int | None
    system_drive_free_bytes: int | None = None
    shell_memory_mb: int | None = None
    shells_per_user: int | None = None
    policy_refresh: PolicyRefresh | None = None
