"""The objects of the Windows Filtering Platform and how it decides (windows-facts 4.3).

Within a sublayer the filter with the highest effective weight that matches decides; of the
sublayers' decisions a block wins over any permit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from fleetaudit.simulation.model.truth import TrueRule

__all__ = [
    "Action",
    "Address",
    "Condition",
    "Filter",
    "Layer",
    "Network",
    "Packet",
    "Sublayer",
    "Verdict",
    "WfpProvider",
    "decide",
]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Layer(Enum):
    """The layers at which the simulated filters stand: run-time id, key, ``%%`` code."""

    INBOUND_TRANSPORT_V4 = (12, 14597)
    INBOUND_TRANSPORT_V4_DISCARD = (13, 14597)
    INBOUND_TRANSPORT_V6 = (14, 14597)
    INBOUND_TRANSPORT_V6_DISCARD = (15, 14597)
    INBOUND_ICMP_ERROR_V4 = (28, 14601)
    INBOUND_ICMP_ERROR_V6 = (30, 14601)
    OUTBOUND_ICMP_ERROR_V4 = (32, 14601)
    OUTBOUND_ICMP_ERROR_V6 = (34, 14601)
    ALE_RESOURCE_ASSIGNMENT_V4 = (36, 14608)
    ALE_RESOURCE_ASSIGNMENT_V6 = (38, 14608)
    ALE_AUTH_LISTEN_V4 = (40, 14609)
    ALE_AUTH_LISTEN_V6 = (42, 14609)
    ALE_AUTH_RECV_ACCEPT_V4 = (44, 14610)
    ALE_AUTH_RECV_ACCEPT_V6 = (46, 14610)
    ALE_AUTH_CONNECT_V4 = (48, 14611)
    ALE_AUTH_CONNECT_V6 = (50, 14611)

    @property
    def id(self) -> int:
        """Return the run-time id (windows-facts 1.3)."""
        return self.value[0]

    @property
    def code(self) -> int:
        """Return the number of the ``%%`` text that events show (windows-facts 1.3)."""
        return self.value[1]

    @property
    def key(self) -> str:
        """Return the symbolic key."""
        return f"FWPM_LAYER_{self.name}"

    @property
    def is_v6(self) -> bool:
        """Return whether the layer sees IPv6."""
        return "_V6" in self.name

    @property
    def is_connection(self) -> bool:
        """Return whether a block here is audited as a connection (windows-facts 1.1)."""
        return self.name.startswith(("ALE_AUTH_RECV", "ALE_AUTH_CONNECT"))


class Sublayer(Enum):
    """Sublayers with their weights (windows-facts 4.4)."""

    INSPECTION = 0
    TEREDO = 1
    MPSSVC_WF = 2
    MPSSVC_WSH = 3
    MPSSVC_QUARANTINE = 4
    MPSSVC_APP_ISOLATION = 7
    UNIVERSAL = 32768
    THIRD_PARTY = 40000

    @property
    def key(self) -> str:
        """Return the symbolic key, or for a third party's sublayer its GUID."""
        if self is Sublayer.THIRD_PARTY:
            return "{7d3c4f0e-64a2-4c1b-9a31-5d6f8f0b2c11}"
        return f"FWPM_SUBLAYER_{self.name}"


class Action(StrEnum):
    """What a filter does."""

    BLOCK = "FWP_ACTION_BLOCK"
    PERMIT = "FWP_ACTION_PERMIT"
    CALLOUT_TERMINATING = "FWP_ACTION_CALLOUT_TERMINATING"
    CALLOUT_UNKNOWN = "FWP_ACTION_CALLOUT_UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class WfpProvider:
    """Who owns a filter."""

    key: str
    guid: str
    name: str
    description: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """What a layer is asked to decide about.

    Attributes:
        program: The lower-case NT path; empty where there is no endpoint.
        package_sid: The AppContainer's; ``S-1-0-0`` outside of one.
    """

    layer: Layer
    protocol: int
    local_ip: Address
    remote_ip: Address
    local_port: int
    remote_port: int
    profile: int
    program: str = ""
    service_sid: str = ""
    package_sid: str = "S-1-0-0"
    interface_luid: int = 0

    def fact(self, name: str) -> object:
        """Return what the packet has in the field ``FWPM_CONDITION_<name>``."""
        return getattr(self, _FIELDS[name])


_FIELDS: Final[Mapping[str, str]] = {
    "IP_PROTOCOL": "protocol",
    "IP_LOCAL_PORT": "local_port",
    "IP_REMOTE_PORT": "remote_port",
    "ICMP_TYPE": "local_port",
    "ICMP_CODE": "remote_port",
    "IP_REMOTE_ADDRESS": "remote_ip",
    "IP_LOCAL_ADDRESS": "local_ip",
    "ALE_APP_ID": "program",
    "ALE_USER_ID": "service_sid",
    "ALE_PACKAGE_ID": "package_sid",
    "ORIGINAL_PROFILE_ID": "profile",
    "CURRENT_PROFILE_ID": "profile",
    "IP_LOCAL_INTERFACE": "interface_luid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition of a filter.

    Attributes:
        field: Without ``FWPM_CONDITION_``.
        type: How the value is typed, such as ``FWP_UINT16``.
        value: A number, a text, a network, or a pair of numbers (a range).
        is_negated: Whether it is FWP_MATCH_NOT_EQUAL.
    """

    field: str
    type: str
    value: int | str | Network | tuple[int, int]
    is_negated: bool = False

    @property
    def match(self) -> str:
        """Return the match type."""
        if isinstance(self.value, tuple):
            return "FWP_MATCH_RANGE"
        return "FWP_MATCH_NOT_EQUAL" if self.is_negated else "FWP_MATCH_EQUAL"

    def holds(self, packet: Packet) -> bool:
        """Return whether the packet meets the condition."""
        actual = packet.fact(self.field)
        if isinstance(self.value, tuple):
            return isinstance(actual, int) and self.value[0] <= actual <= self.value[1]
        if isinstance(self.value, (IPv4Network, IPv6Network)):
            return isinstance(actual, (IPv4Address, IPv6Address)) and actual in self.value
        return (actual == self.value) is not self.is_negated


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One filter; ``id`` is 0 until the platform has taken it in.

    Attributes:
        weight: The whole effective weight; its top 4 bits are the range.
        is_auto_weight: Whether the caller left the weight to the platform (FWP_EMPTY).
        origin: What its provider context holds; empty where it has none.
        cause: Whose filter it is.
        is_static: Whether it keeps its id when the firewall's policy is applied again.
    """

    key: UUID
    name: str
    layer: Layer
    sublayer: Sublayer
    action: Action
    weight: int
    cause: TrueRule
    description: str = ""
    provider: WfpProvider | None = None
    conditions: tuple[Condition, ...] = ()
    flags: tuple[str, ...] = ()
    origin: str = ""
    callout_key: str = ""
    is_auto_weight: bool = False
    is_static: bool = False
    id: int = 0
    _grouped: tuple[tuple[Condition, ...], ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        groups: dict[str, list[Condition]] = {}
        for condition in self.conditions:
            groups.setdefault(condition.field, []).append(condition)
        object.__setattr__(self, "_grouped", tuple(tuple(group) for group in groups.values()))

    @property
    def blocks(self) -> bool:
        """Return whether it blocks; the terminating callouts of the model always do."""
        return self.action in (Action.BLOCK, Action.CALLOUT_TERMINATING)

    def matches(self, packet: Packet) -> bool:
        """Return whether every field named has a condition that holds."""
        for group in self._grouped:
            for one in group:
                if one.holds(packet):
                    break
            else:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the platform decided, and by which filter; None where none matched.

    ``winners`` are what decided in each sublayer, the strongest sublayer first.
    """

    is_blocked: bool
    by: Filter | None
    winners: tuple[Filter, ...] = ()


def decide(filters: Iterable[Filter], packet: Packet) -> Verdict:
    """Return the decision of the filters of one layer, sorted by falling weight."""
    winners: dict[Sublayer, Filter] = {}
    for one in filters:
        if one.sublayer in winners or one.action is Action.CALLOUT_UNKNOWN:
            continue
        if one.matches(packet):
            winners[one.sublayer] = one
    ordered = sorted(winners.items(), key=lambda item: -item[0].value)
    for _, winner in ordered:
        if winner.blocks:
            winning = tuple(one for _, one in ordered)
            return Verdict(is_blocked=True, by=winner, winners=winning)
    return Verdict(is_blocked=False, by=ordered[0][1] if ordered else None)
