"""What a dropped packet leaves behind: records, a line in the firewall's log, and the truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.figures import RuleKind
from fleetaudit.simulation.formats.firewall_log import drop_line
from fleetaudit.simulation.model._events import blocked
from fleetaudit.simulation.model.policy import MPSSVC
from fleetaudit.simulation.model.truth import TrueDrop

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleetaudit.simulation.model.auditing import AuditState
    from fleetaudit.simulation.model.filters import Filter, Packet
    from fleetaudit.simulation.model.security_log import SecurityLog
    from fleetaudit.simulation.model.specs import HostSpec
    from fleetaudit.simulation.model.switches import Switches
    from fleetaudit.simulation.model.traffic import Attempt

__all__ = ["INTERFACE_INDEX", "Recorder"]

INTERFACE_INDEX = 12
_UNLOGGED = (RuleKind.STEALTH,)


@dataclass(slots=True)
class _Drop:
    """A drop that may still get packets."""

    attempt: Attempt
    packet: Packet
    by: Filter
    process: tuple[int, str]
    filter_ids: list[int] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)
    record_ids: list[int] = field(default_factory=list)


class Recorder:
    """Writes what one host records.

    ``switches`` say whether the firewall logs; ``host_time`` returns what the host's own clock
    says at a true time.
    """

    def __init__(
        self,
        spec: HostSpec,
        *,
        audit: AuditState,
        log: SecurityLog,
        switches: Switches,
        host_time: Callable[[datetime], datetime],
    ) -> None:
        self._spec = spec
        self._audit = audit
        self._log = log
        self._switches = switches
        self._host_time = host_time
        self._drops: dict[tuple[int, str], _Drop] = {}

    def drop(
        self,
        attempt: Attempt,
        packet: Packet,
        *,
        by: Filter,
        process: tuple[int, str],
        moment: datetime,
    ) -> None:
        """Record one dropped packet; ``moment`` is the true time."""
        key = (id(attempt), by.cause.key)
        drop = self._drops.setdefault(key, _Drop(attempt, packet, by, process))
        written = self._write_records(attempt, packet, by=by, process=process, moment=moment)
        if written:
            drop.record_ids += written
            drop.moments += [moment] * len(written)
            if by.id not in drop.filter_ids:
                drop.filter_ids.append(by.id)
        self._write_line(attempt, packet, by=by, process=process, moment=moment)

    def _write_records(
        self,
        attempt: Attempt,
        packet: Packet,
        *,
        by: Filter,
        process: tuple[int, str],
        moment: datetime,
    ) -> list[int]:
        """Write 5157 and, for what arrives, its twin 5152, as audited now (windows-facts 1.1)."""
        is_connection = packet.layer.is_connection
        kinds = []
        if is_connection and self._audit.fails(Subcategory.CONNECTION):
            kinds.append(True)
        has_packet = attempt.is_inbound
        if has_packet and self._audit.fails(Subcategory.PACKET_DROP):
            kinds.append(False)
        written = []
        for kind in kinds:
            record_id = self._log.next_record
            delay = timedelta(microseconds=40 + 90 * (not kind))
            self._log.write(
                blocked(
                    record_id,
                    self._host_time(moment) + delay,
                    is_connection=kind,
                    computer=self._spec.computer,
                    packet=packet,
                    by=by,
                    is_inbound=attempt.is_inbound,
                    generation=self._spec.generation,
                    process=process,
                    interface_index=INTERFACE_INDEX,
                )
            )
            written.append(record_id)
        return written

    def _write_line(
        self,
        attempt: Attempt,
        packet: Packet,
        *,
        by: Filter,
        process: tuple[int, str],
        moment: datetime,
    ) -> None:
        log, is_unlogged = self._switches.firewall_log, by.cause.kind in _UNLOGGED
        if not self._switches.is_logging or by.provider is not MPSSVC or is_unlogged:
            return
        bias = timedelta(minutes=self._spec.zone.active_bias)
        local = self._host_time(moment) - bias
        log.write(
            drop_line(
                local,
                packet,
                is_inbound=attempt.is_inbound,
                size=attempt.size,
                pid=process[0] if log.has_pid else None,
            )
        )

    def drops(self) -> tuple[TrueDrop, ...]:
        """Return every drop that left a record, in the order of the first one."""
        found = [self._true_drop(drop) for drop in self._drops.values() if drop.record_ids]
        return tuple(sorted(found, key=lambda drop: drop.record_ids))

    @property
    def unaudited(self) -> int:
        """Return how many drops left no record."""
        return sum(not drop.record_ids for drop in self._drops.values())

    def _true_drop(self, drop: _Drop) -> TrueDrop:
        packet = drop.packet
        return TrueDrop(
            host=self._spec.name,
            rule=drop.by.cause,
            filter_ids=tuple(drop.filter_ids),
            layer_id=packet.layer.id,
            direction="inbound" if drop.attempt.is_inbound else "outbound",
            protocol=packet.protocol,
            local_ip=str(packet.local_ip),
            local_port=packet.local_port,
            remote_ip=str(packet.remote_ip),
            remote_port=packet.remote_port,
            program=_program(drop.process[1]),
            process_id=drop.process[0],
            record_ids=tuple(drop.record_ids),
            moments=tuple(drop.moments),
        )


def _program(path: str) -> str:
    head, volume, rest = path.partition("\\device\\harddiskvolume")
    return rest[rest.index("\\") :] if volume and not head else path
