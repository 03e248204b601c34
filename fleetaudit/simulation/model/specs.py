"""What a simulated host is, before anything happens on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.faults import Fault

if TYPE_CHECKING:
    from fleetaudit.simulation.model._languages import Language
    from fleetaudit.simulation.model.generations import Generation

__all__ = ["ZONES", "HostSpec", "Role", "Trait", "Zone"]


class Role(StrEnum):
    """What a host is there for."""

    WORKSTATION = "workstation"
    FILE_SERVER = "file-server"
    WEB_SERVER = "web-server"
    DATABASE = "database"
    HARDENED = "hardened"
    """Blocks outbound traffic by default."""


class Trait(StrEnum):
    """What is special about a host."""

    REBOOTS = "reboots"
    """Restarts once, five minutes after the start."""
    REFRESHES = "refreshes"
    """Applies its firewall policy again every seven minutes, so its filters get new ids."""
    REUSES_IDS = "reuses-ids"
    """A refresh gives numbers of removed filters to other filters."""
    VPN = "vpn"
    """A third party's filters drop traffic too."""
    SMALL_LOG = "small-log"
    """The Security log is so small and busy that it overwrites evidence."""
    GPO_AUDIT = "gpo-audit"
    """A GPO names the audit subcategories, but leaves the two alone (0, unchanged)."""
    GPO_REVERTS = "gpo-reverts"
    """A GPO turns both subcategories off; its refresh undoes the enable."""
    AGENT_REVERTS = "agent-reverts"
    """Something on the host puts both subcategories back six minutes after the start, unasked."""
    AUDITED_BEFORE = "audited-before"
    """Failures of both subcategories were audited before anybody asked."""
    SUCCESS_BEFORE = "success-before"
    """Successes of one subcategory were audited before."""
    GPO_LOGGING = "gpo-logging"
    """A GPO says that the firewall log no drops in the domain profile."""
    LOGS_DROPS = "logs-drops"
    """The firewall writes ``pfirewall.log``."""
    SMALL_FIREWALL_LOG = "small-firewall-log"
    """... and it is so small that it rotates."""
    LOSES_EVENTS = "loses-events"
    """... and says that it lost some."""
    HOSTILE_NAMES = "hostile-names"
    """Rules are named with markup, control characters and separators."""
    PROMPTED_BLOCKS = "prompted-blocks"
    """Somebody declined the firewall's question, which made two block rules of one name."""
    UNSIGNED_BIAS = "unsigned-bias"
    """The registry's negative numbers arrive as unsigned ones."""
    BYTE_ORDER_MARK = "byte-order-mark"
    """JSON files begin with a byte order mark, as Windows PowerShell 5.1 writes them."""
    CONSTRAINED = "constrained"
    """Application control holds PowerShell in ConstrainedLanguage."""
    NO_AUDIT_OVERRIDE = "no-audit-override"
    """``SCENoApplyLegacyAuditPolicy`` is not set."""
    TASKS_AUDITED = "tasks-audited"
    """Successes of Other Object Access Events are audited, so what happens to tasks is recorded."""
    NO_TASK_SCHEDULER = "no-task-scheduler"
    """The Task Scheduler service is disabled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A time zone as the registry has it; minutes are UTC minus local time."""

    name: str
    bias: int
    daylight_bias: int
    active_bias: int
    standard_start: str
    daylight_start: str


_NEVER: Final = "0" * 32

ZONES: Final = MappingProxyType(
    {
        zone.name: zone
        for zone in (
            Zone(
                name="W. Europe Standard Time",
                bias=-60,
                daylight_bias=-60,
                active_bias=-60,
                standard_start="00000a00050003000000000000000000",
                daylight_start="00000300050002000000000000000000",
            ),
            Zone(
                name="Eastern Standard Time",
                bias=300,
                daylight_bias=-60,
                active_bias=300,
                standard_start="00000b00010002000000000000000000",
                daylight_start="00000300020002000000000000000000",
            ),
            Zone(
                name="AUS Eastern Standard Time",
                bias=-600,
                daylight_bias=-60,
                active_bias=-660,
                standard_start="00000400010003000000000000000000",
                daylight_start="00000a00010002000000000000000000",
            ),
            Zone(
                name="Tokyo Standard Time",
                bias=-540,
                daylight_bias=0,
                active_bias=-540,
                standard_start=_NEVER,
                daylight_start=_NEVER,
            ),
            Zone(
                name="India Standard Time",
                bias=-330,
                daylight_bias=0,
                active_bias=-330,
                standard_start=_NEVER,
                daylight_start=_NEVER,
            ),
            Zone(
                name="UTC",
                bias=0,
                daylight_bias=0,
                active_bias=0,
                standard_start=_NEVER,
                daylight_start=_NEVER,
            ),
        )
    }
)
"""The fleet's time zones, as they stand in November."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSpec:
    """One host of the fleet.

    Attributes:
        name: The NetBIOS name and the inventory name in upper and lower case.
        number: Its place in the fleet, from 1; addresses follow from it.
        skew: How far its clock is ahead of the true time.
    """

    name: str
    number: int
    generation: Generation
    language: Language
    role: Role
    profile: str = "Domain"
    zone: Zone = ZONES["UTC"]
    skew: timedelta = timedelta(0)
    fault: Fault = Fault.NONE
    traits: frozenset[Trait] = frozenset()
    domain: str = "corp.example"

    @property
    def computer(self) -> str:
        """Return the full name that events carry."""
        return f"{self.name}.{self.domain}" if self.domain else self.name

    @property
    def v4(self) -> IPv4Address:
        """Return the host's address."""
        return IPv4Address(f"10.20.{1 + self.number // 200}.{10 + self.number % 200}")

    @property
    def v6(self) -> IPv6Address:
        """Return the host's link-local address."""
        return IPv6Address(f"fe80::20:{self.number:x}")
