"""The numbers behind ``%%`` in the Security log: words for those we know, the number for the rest.

An event says ``%%14592`` where a person reads "Inbound" in the language of the host, so the number
is what counts (windows-facts 1.3 and 1.4). Windows adds numbers; a new one is a member too::

    >>> Direction(14592).word, Direction(14999).word
    ('inbound', 'code-14999')
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["AuditChange", "Direction", "EventCode", "LayerKind", "NetworkProfile"]


class EventCode(IntEnum):
    """A number behind ``%%``; one that has no name here is kept as ``CODE_n``."""

    @classmethod
    def _missing_(cls, value: object) -> EventCode | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"CODE_{value}"
        member._value_ = value
        return member

    @property
    def word(self) -> str:
        """Return the name as people read it: ``receive-accept``, ``code-14999``."""
        return self.name.lower().replace("_", "-")

    @property
    def mark(self) -> str:
        """Return it as the event writes it: ``%%14592``."""
        return f"%%{self.value}"


class Direction(EventCode):
    """Where to, seen from the host; of a virtual switch, seen from its guest."""

    INBOUND = 14592
    OUTBOUND = 14593
    FORWARD = 14594
    BIDIRECTIONAL = 14595
    VSWITCH_INGRESS = 14641
    VSWITCH_EGRESS = 14642


class LayerKind(EventCode):
    """What ``LayerName`` names; the number of the layer itself tells IPv4 from IPv6."""

    IP_PACKET = 14596
    TRANSPORT = 14597
    FORWARD = 14598
    STREAM = 14599
    DATAGRAM_DATA = 14600
    ICMP_ERROR = 14601
    MAC_802_3 = 14602
    MAC_NATIVE = 14603
    VSWITCH = 14604
    RESOURCE_ASSIGNMENT = 14608
    LISTEN = 14609
    RECEIVE_ACCEPT = 14610
    CONNECT = 14611
    FLOW_ESTABLISHED = 14612
    RESOURCE_RELEASE = 14614
    ENDPOINT_CLOSURE = 14615
    CONNECT_REDIRECT = 14616
    BIND_REDIRECT = 14617
    STREAM_PACKET = 14624
    ACCEPT_REDIRECT = 14625
    OUTBOUND_NETWORK_CONNECTION_POLICY = 14626
    ICMP_ECHO_REQUEST = 14640


class NetworkProfile(EventCode):
    """The firewall's profile of a network."""

    NONE = 14643
    PUBLIC = 14644
    PRIVATE = 14645
    DOMAIN = 14646


class AuditChange(EventCode):
    """One entry of ``AuditPolicyChanges`` of event 4719."""

    SUCCESS_REMOVED = 8448
    SUCCESS_ADDED = 8449
    FAILURE_REMOVED = 8450
    FAILURE_ADDED = 8451
