"""What the analysis says: plain figures that the report prints and a caller can compare."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fleetaudit.records.outcome import Outcome, OutcomeKind

__all__ = [
    "Analysis",
    "Attribution",
    "Coverage",
    "Gap",
    "HostDrops",
    "RuleDrops",
    "RuleIdentity",
    "RuleKind",
    "RunInfo",
    "SourceCoverage",
    "Tally",
    "Trace",
    "WindowDrops",
]


class Attribution(StrEnum):
    """How a drop was joined to what caused it, surest first."""

    ORIGIN = "origin"
    """The record itself names its filter origin."""
    CONTEXT = "provider-context"
    """The filter stands in a snapshot of the same host and boot; its context names the origin."""
    FILTER = "filter"
    """The filter stands in such a snapshot; it has no origin, so its name and provider speak."""
    AMBIGUOUS = "ambiguous"
    """Snapshots disagree about the filter number; each candidate is named, none is chosen."""
    UNRESOLVED = "unresolved"
    """No snapshot of the same boot holds the filter number."""
    NO_FILTER = "no-filter-id"
    """The record says filter 0: Windows did not name a filter."""


class RuleKind(StrEnum):
    """What kind of thing dropped the packet (windows-facts 2 and 4.5)."""

    RULE = "rule"
    DEFAULT_INBOUND = "default-inbound"
    DEFAULT_OUTBOUND = "default-outbound"
    QUARANTINE = "quarantine"
    BOOT_TIME = "boot-time"
    STEALTH = "stealth"
    APP_ISOLATION = "app-isolation"
    SERVICE_HARDENING = "service-hardening"
    THIRD_PARTY = "third-party"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleIdentity:
    """One row on the fleet: what a rule is, whatever its name or number on a host.

    Attributes:
        key: Stable across hosts and boots; equal keys are one row.
        name: To be shown; never compared. Hostile.
        kind: What kind of thing it is.
        origin: The filter origin, where one was named.
        provider: The WFP provider's name, where known.
        other_names: Other names of the same rule, such as translations.
    """

    key: str
    name: str
    kind: RuleKind
    origin: str = ""
    provider: str = ""
    other_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often one value was seen, and on how many hosts."""

    value: str
    attempts: int
    hosts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDrops:
    """What one rule dropped on the fleet.

    Attributes:
        attempts: Distinct tries; a retransmission and its twin record are one.
        observed_attempts: Those of them that were first seen in observed time.
        records: Records of the Security log behind them.
        hosts: Names of the hosts, sorted.
        directions: ``inbound``, ``outbound``, ... by attempts.
        programs: The most frequent, volume stripped; likewise remotes and ports.
        ports: ``tcp/445``, or ``icmp/8:0`` as type and code; the local port when inbound, the
            remote port when outbound.
        attributions: By :class:`Attribution` value.
        rate_per_host_hour: Observed attempts by observed host-hours of the hosts that were
            observed; None where nothing was observed.
    """

    rule: RuleIdentity
    attempts: int
    observed_attempts: int
    records: int
    hosts: tuple[str, ...]
    directions: tuple[Tally, ...]
    programs: tuple[Tally, ...]
    remotes: tuple[Tally, ...]
    ports: tuple[Tally, ...]
    attributions: tuple[Tally, ...]
    first_seen: datetime
    last_seen: datetime
    rate_per_host_hour: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowDrops:
    """What was seen in one window of a host; each has its own denominator.

    Attributes:
        opened_at: When auditing had been read back as on; closed_at when it had been put back,
            None where nobody saw that.
        observed_seconds: For how long both subcategories were audited and the records are still
            there. The host's own records say when that began and ended, so it may be a little
            more or less than the time between the two.
        attempts: First seen in the observed time; None where the host's drops were not observed.
    """

    opened_at: datetime
    closed_at: datetime | None
    observed_seconds: float
    attempts: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostDrops:
    """What was seen on one host.

    Attributes:
        outcome: Of the host as a whole.
        attempts: None where the host's drops were not observed; 0 is an answer, None is not.
        log_drops: DROP lines of ``pfirewall.log``; None where the host does not log drops.
        observed_hours: For how long its drops were observed; the sum over its windows.
        windows: By time; a sweep in bursts has many. None for an import or a mere collection.
    """

    host: str
    outcome: Outcome
    os_caption: str
    os_build: int | None
    attempts: int | None
    records: int | None
    unresolved: int | None
    log_drops: int | None
    observed_hours: float
    first_seen: datetime | None
    last_seen: datetime | None
    windows: tuple[WindowDrops, ...] = ()

    @property
    def is_in_bursts(self) -> bool:
        """Return whether it was audited in several short windows."""
        return len(self.windows) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCoverage:
    """How one evidence source fared; the six counts add up to the number of hosts."""

    source: str
    title: str
    outcomes: Mapping[OutcomeKind, int]
    rows: int
    issues: int
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that was not seen, and what that means for the figures.

    Attributes:
        kind: Kebab-case class of gap: ``log-wrapped``, ``host-unreachable``, ``clock-skew``.
        host: The host; empty for the fleet.
        what: What was not seen, as a sentence.
        effect: What it means for the figures, as a sentence.
        remedy: What to do about it; empty when nothing helps.
    """

    kind: str
    host: str
    what: str
    effect: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A record in a host's Security log that fleetaudit itself caused.

    Attributes:
        host: The inventory name.
        time: Corrected by the host's clock offset, as all times of the report.
        event_code: 4719 audit policy changed, 4698, 4699 or 4702 task made, removed or changed.
        what: What the record says that fleetaudit did.
    """

    host: str
    time: datetime
    event_code: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What was seen and what was not; it opens the report."""

    hosts: int
    hosts_observed: int
    observed_hours: float
    outcomes: tuple[Outcome, ...]
    sources: tuple[SourceCoverage, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """Who, when and how; from the run's manifest, without secrets."""

    run_id: str
    command: str
    started_at: datetime
    ended_at: datetime | None
    tool_version: str
    started_by: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """Everything that a report says."""

    run: RunInfo
    coverage: Coverage
    rules: tuple[RuleDrops, ...]
    hosts: tuple[HostDrops, ...]
    traces: tuple[Trace, ...] = ()

    @property
    def attempts(self) -> int:
        """Return the attempts of all rules."""
        return sum(rule.attempts for rule in self.rules)

    @property
    def records(self) -> int:
        """Return the records behind the attempts of all rules."""
        return sum(rule.records for rule in self.rules)

    @property
    def bursts(self) -> int:
        """Return how many bursts there were; 0 where each host had one window at most."""
        return sum(len(host.windows) for host in self.hosts if host.is_in_bursts)
