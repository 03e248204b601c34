"""The drops that a simulated host's filtering platform remembers (windows-facts 4.6)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fleetaudit.simulation.model.filters import Filter, Packet

__all__ = ["NetEvent", "NetEventRing"]

_SIZE: Final = 256
"""Microsoft does not say how many a host keeps; this is few enough for a window to overflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetEvent:
    """One packet that was dropped.

    Attributes:
        at: By the host's clock, in UTC.
        by: The filter that dropped it.
        winners: What decided in each sublayer, the strongest sublayer first.
        user_sid: Whose endpoint it was; empty where there is none.
        process_id: Whose endpoint it was.
    """

    at: datetime
    packet: Packet
    by: Filter
    winners: tuple[Filter, ...]
    is_inbound: bool
    user_sid: str
    process_id: int
    interface_index: int


class NetEventRing:
    """The newest drops; a restart of the platform empties it.

    Attributes:
        keywords: What else is kept: ``none``, ``bcast``, ``mcast`` or ``bcast+mcast``.
    """

    def __init__(self, *, broadcast: IPv4Address) -> None:
        self.keywords = "none"
        self._broadcasts = (broadcast, IPv4Address("255.255.255.255"))
        self._events: deque[NetEvent] = deque(maxlen=_SIZE)

    def __iter__(self) -> Iterator[NetEvent]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)

    def record(self, event: NetEvent) -> None:
        """Keep a drop; what arrives for many at once only where a keyword says so."""
        address, keywords = event.packet.local_ip, self.keywords.split("+")
        is_multicast, is_broadcast = address.is_multicast, address in self._broadcasts
        if event.is_inbound and (
            (is_multicast and "mcast" not in keywords) or (is_broadcast and "bcast" not in keywords)
        ):
            return
        self._events.append(event)

    def clear(self) -> None:
        """Forget all."""
        self._events.clear()
