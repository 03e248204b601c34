"""What truly happened on the simulated fleet, known without reading any of its evidence.

The model notes every drop at the moment it decides it. Nothing here comes from a parser or from
the analysis, so figures of a report can be scored against it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from fleetaudit.records.figures import RuleKind

__all__ = ["FleetTruth", "HostTruth", "RuleFigures", "TrueDrop", "TrueRule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueRule:
    """What dropped a packet, as one host has it.

    Attributes:
        key: The same for the same rule on every host, whatever its id or translated name.
        kind: What kind of thing it is.
        rule_id: The rule's InstanceID on this host: a GUID or a built-in name; empty for defaults.
        origin: The filter origin as this host stores it; empty where its Windows has none.
        name: The filter's display name on this host.
        provider: The WFP provider's display name; empty where a filter has none.
    """

    key: str
    kind: RuleKind
    rule_id: str = ""
    origin: str = ""
    name: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueDrop:
    r"""One dropped attempt: one try with its retransmissions and all records it left.

    Attributes:
        rule: Whose filter decided.
        filter_ids: The run-time ids of that filter; several where a refresh came in between.
        layer_id: Where it was dropped.
        direction: ``inbound`` or ``outbound``.
        protocol: The IANA number.
        local_port: With ICMP the type.
        remote_port: With ICMP the code.
        program: Lower case, without the volume: ``\windows\system32\svchost.exe``; ``System``;
            ``-`` where no endpoint was there.
        record_ids: Of every record that was written, twins included; in order.
        moments: The true time of the packet behind each of them.
    """

    host: str
    rule: TrueRule
    filter_ids: tuple[int, ...]
    layer_id: int
    direction: str
    protocol: int
    local_ip: str
    local_port: int
    remote_ip: str
    remote_port: int
    program: str
    process_id: int
    record_ids: tuple[int, ...]
    moments: tuple[datetime, ...]

    @property
    def first_at(self) -> datetime:
        """Return when the first packet came that left a record."""
        return self.moments[0]

    @property
    def last_at(self) -> datetime:
        """Return when the last packet came that left a record."""
        return self.moments[-1]

    @property
    def records(self) -> int:
        """Return how many records were written."""
        return len(self.record_ids)

    @property
    def port(self) -> str:
        """Return ``tcp/445``, ``icmp/8:0``: local when inbound, remote when outbound."""
        names = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp"}
        name = names.get(self.protocol, str(self.protocol))
        if self.protocol in (1, 58):
            return f"{name}/{self.local_port}:{self.remote_port}"
        return f"{name}/{self.local_port if self.direction == 'inbound' else self.remote_port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFigures:
    """What one rule dropped."""

    rule: TrueRule
    attempts: int
    records: int
    hosts: tuple[str, ...]
    first_at: datetime
    last_at: datetime
    programs: Mapping[str, int]
    remotes: Mapping[str, int]
    ports: Mapping[str, int]
    directions: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTruth:
    """What truly happened on one host while its failure auditing was on.

    Attributes:
        drops: Every attempt that left at least one record in the Security log.
        exported: Record ids that the last export held, whatever their event; None before one.
        unaudited: Dropped attempts of which no packet fell into an audited stretch.
        log_drops: DROP lines written to ``pfirewall.log`` and its ``.old``.
    """

    host: str
    drops: tuple[TrueDrop, ...]
    exported: frozenset[int] | None
    unaudited: int
    log_drops: int

    @property
    def exported_drops(self) -> tuple[TrueDrop, ...]:
        """Return the drops of which at least one record was in the last export."""
        kept = self.exported or frozenset()
        return tuple(drop for drop in self.drops if not kept.isdisjoint(drop.record_ids))

    def attempts_in(self, windows: Iterable[tuple[datetime, datetime]]) -> tuple[int, ...]:
        """Return for each window, from and to, how many exported attempts were first seen in it.

        An attempt is seen when it leaves the first of its records that was exported. One that goes
        on in a later window is not counted there once more.
        """
        kept = self.exported or frozenset()
        seen = sorted(
            next(
                at for number, at in zip(one.record_ids, one.moments, strict=True) if number in kept
            )
            for one in self.exported_drops
        )
        return tuple(
            bisect_right(seen, closed_at) - bisect_left(seen, opened_at)
            for opened_at, closed_at in windows
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetTruth:
    """What truly happened on every host."""

    hosts: tuple[HostTruth, ...]

    def of(self, host: str) -> HostTruth:
        """Return the truth of one host.

        Raises:
            KeyError: No such host.
        """
        for one in self.hosts:
            if one.host == host:
                return one
        raise KeyError(host)

    @property
    def drops(self) -> tuple[TrueDrop, ...]:
        """Return every dropped attempt of every host."""
        return tuple(drop for one in self.hosts for drop in one.drops)

    def by_rule(self, *, exported_only: bool = False) -> Mapping[str, RuleFigures]:
        """Return the figures of every rule on the fleet, by its key.

        ``exported_only`` leaves out attempts of which no record was in the host's last export.
        """
        grouped: dict[str, list[TrueDrop]] = {}
        for one in self.hosts:
            for drop in one.exported_drops if exported_only else one.drops:
                grouped.setdefault(drop.rule.key, []).append(drop)
        return {key: _figures(drops) for key, drops in sorted(grouped.items())}


def _figures(drops: list[TrueDrop]) -> RuleFigures:
    return RuleFigures(
        rule=drops[0].rule,
        attempts=len(drops),
        records=sum(drop.records for drop in drops),
        hosts=tuple(sorted({drop.host for drop in drops})),
        first_at=min(drop.first_at for drop in drops),
        last_at=max(drop.last_at for drop in drops),
        programs=Counter(drop.program for drop in drops),
        remotes=Counter(drop.remote_ip for drop in drops),
        ports=Counter(drop.port for drop in drops),
        directions=Counter(drop.direction for drop in drops),
    )
