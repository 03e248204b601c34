"""The schemas of the bulk tables; names are ECS fields with ``_`` for ``.``.

Times are UTC. Identifiers are unsigned and full width: WFP weights reach 2**64 - 1
(windows-facts 4.2). Repeated texts are dictionary-encoded. ``snapshot_time`` is when the host made
a list, by its own clock; null where nobody knows, as of a list that was gathered by hand.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import pyarrow as pa

from fleetaudit.records._name_tables import DNS_CACHE, DNS_EVENTS, SYSMON_EVENTS
from fleetaudit.records._wfp_tables import (
    BOOT_FILTERS,
    DYNAMIC_KEYWORDS,
    NET_EVENTS,
    WFP_FILTERS,
)

__all__ = [
    "ADDRESSES",
    "AUDIT_EVENTS",
    "AUDIT_POLICY",
    "BOOT_FILTERS",
    "DNS_CACHE",
    "DNS_EVENTS",
    "DROPS",
    "DYNAMIC_KEYWORDS",
    "FIREWALL_LOG",
    "FIREWALL_PROFILES",
    "FIREWALL_RULES",
    "GROUP_AUDIT_POLICY",
    "INTERFACES",
    "LISTENERS",
    "NET_EVENTS",
    "PROCESSES",
    "SCHEMAS",
    "SECURITY_EVENTS",
    "SERVICES",
    "SYSMON_EVENTS",
    "TASK_EVENTS",
    "VOLUMES",
    "WFP_FILTERS",
]

_TEXT = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("ns", tz="UTC")

SECURITY_EVENTS: Final = pa.schema(
    [
        ("record_id", pa.uint64()),
        ("time", _TIME),
        ("event_code", pa.uint16()),
        ("event_version", pa.uint8()),
        ("computer", _TEXT),
        ("is_failure", pa.bool_()),
        ("process_pid", pa.uint64()),
        ("process_executable", _TEXT),
        ("direction_code", pa.uint32()),
        ("source_ip", pa.string()),
        ("source_port", pa.uint32()),
        ("destination_ip", pa.string()),
        ("destination_port", pa.uint32()),
        ("network_iana_number", pa.uint16()),
        ("filter_rtid", pa.uint64()),
        ("filter_origin", _TEXT),
        ("filter_name", _TEXT),
        ("layer_code", pa.uint32()),
        ("layer_rtid", pa.uint32()),
        ("interface_index", pa.uint32()),
        ("original_profile_code", pa.uint32()),
        ("current_profile_code", pa.uint32()),
        ("is_loopback", pa.bool_()),
        ("other_fields", pa.string()),
    ]
)
"""Blocked and permitted traffic: Security 5031 and 5148 to 5159 (and unknown newer ones).

Fields of the event that have no column stand in ``other_fields`` as a JSON object, values as
they were. ``*_code`` columns hold the number behind ``%%``; an unknown number is kept.
For ICMP the two ports are type and code, as Windows writes them; which is which depends on the end
that is the host, so only ``drops`` tells them apart (windows-facts 1.3).
"""

AUDIT_EVENTS: Final = pa.schema(
    [
        ("record_id", pa.uint64()),
        ("time", _TIME),
        ("event_code", pa.uint16()),
        ("provider", _TEXT),
        ("computer", _TEXT),
        ("other_fields", pa.string()),
    ]
)
"""Every other kept record of the Security log: 1100 to 1105, 4612, 4719, 544x, 494x."""

TASK_EVENTS: Final = pa.schema(
    [
        ("record_id", pa.uint64()),
        ("time", _TIME),
        ("event_code", pa.uint16()),
        ("computer", _TEXT),
        ("user_sid", _TEXT),
        ("user_name", _TEXT),
        ("user_domain", _TEXT),
        ("task_name", _TEXT),
        ("other_fields", pa.string()),
    ]
)
"""Tasks of the folder ``\\fleetaudit\\`` made, removed or changed: Security 4698, 4699 and 4702.

Records of any other task are left out and counted: their definitions may hold secrets.
"""

FIREWALL_LOG: Final = pa.schema(
    [
        ("time", pa.timestamp("s", tz="UTC")),
        ("local_time", pa.timestamp("s")),
        ("is_time_ambiguous", pa.bool_()),
        ("action", _TEXT),
        ("network_transport", _TEXT),
        ("source_ip", pa.string()),
        ("destination_ip", pa.string()),
        ("source_port", pa.uint16()),
        ("destination_port", pa.uint16()),
        ("network_bytes", pa.uint64()),
        ("tcp_flags", _TEXT),
        ("tcp_syn", pa.uint64()),
        ("tcp_ack", pa.uint64()),
        ("tcp_window", pa.uint64()),
        ("icmp_type", pa.uint16()),
        ("icmp_code", pa.uint16()),
        ("info", pa.string()),
        ("path", _TEXT),
        ("process_pid", pa.uint64()),
        ("other_fields", pa.string()),
    ]
)
"""``pfirewall.log``. ``time`` is null where the host's offset from UTC is not known.

``is_time_ambiguous`` says that ``local_time`` comes twice (``time`` is the first) or never, when
clocks are put back or forward; null where the rules of the host's time zone are not known.
"""

FIREWALL_RULES: Final = pa.schema(
    [
        ("store", _TEXT),
        ("rule_id", pa.string()),
        ("rule_name", pa.string()),
        ("rule_group", _TEXT),
        ("schema_version", _TEXT),
        ("action", _TEXT),
        ("is_active", pa.bool_()),
        ("direction", _TEXT),
        ("network_iana_number", pa.uint16()),
        ("profiles", _TEXT),
        ("local_ports", _TEXT),
        ("remote_ports", _TEXT),
        ("local_addresses", _TEXT),
        ("remote_addresses", _TEXT),
        ("program", _TEXT),
        ("service", _TEXT),
        ("other_fields", pa.string()),
    ]
)
"""Firewall rules as the registry has them; lists are comma-separated."""

FIREWALL_PROFILES: Final = pa.schema(
    [
        ("store", _TEXT),
        ("profile", _TEXT),
        ("is_enabled", pa.bool_()),
        ("default_inbound_action", pa.uint32()),
        ("default_outbound_action", pa.uint32()),
        ("log_path", pa.string()),
        ("log_maximum_kilobytes", pa.uint32()),
        ("is_log_dropped", pa.bool_()),
        ("is_log_allowed", pa.bool_()),
        ("other_fields", pa.string()),
    ]
)
"""Firewall profiles as the registry has them; null where a store does not say.

``other_fields`` holds the profile's other values as a JSON object, by their names.
"""

AUDIT_POLICY: Final = pa.schema(
    [
        ("subcategory_guid", pa.string()),
        ("subcategory_name", pa.string()),
        ("inclusion", pa.uint8()),
    ]
)
"""The system audit policy; ``inclusion`` is 0 none, 1 success, 2 failure, 3 both.

It is null where the evidence has only a text in the host's language.
"""

GROUP_AUDIT_POLICY: Final = pa.schema(
    [
        ("subcategory_guid", pa.string()),
        ("subcategory_name", pa.string()),
        ("group_setting", pa.uint8()),
    ]
)
"""What group policy sets; ``group_setting`` is 0 unchanged, 1 success, 2 failure, 3 both, 4 none.

The numbers are not those of ``audit_policy`` (windows-facts 5), hence another name.
"""

SERVICES: Final = pa.schema(
    [
        ("snapshot_time", _TIME),
        ("service_name", pa.string()),
        ("service_sid", pa.string()),
        ("display_name", pa.string()),
        ("process_pid", pa.uint64()),
        ("state", _TEXT),
        ("start_mode", _TEXT),
        ("account", _TEXT),
        ("command_line", pa.string()),
    ]
)
"""``Win32_Service``; ``service_sid`` follows from the name."""

PROCESSES: Final = pa.schema(
    [
        ("snapshot_time", _TIME),
        ("process_pid", pa.uint64()),
        ("process_name", _TEXT),
        ("process_executable", _TEXT),
        ("process_start", _TIME),
    ]
)
"""``Win32_Process``."""

ADDRESSES: Final = pa.schema(
    [
        ("snapshot_time", _TIME),
        ("ip", pa.string()),
        ("prefix_length", pa.uint8()),
        ("interface_index", pa.uint32()),
        ("interface_alias", _TEXT),
    ]
)
"""The host's own addresses."""

LISTENERS: Final = pa.schema(
    [
        ("snapshot_time", _TIME),
        ("network_iana_number", pa.uint16()),
        ("local_ip", pa.string()),
        ("local_port", pa.uint16()),
        ("process_pid", pa.uint64()),
    ]
)
"""Where the host listens: TCP in state Listen, and every UDP endpoint."""

INTERFACES: Final = pa.schema(
    [
        ("snapshot_time", _TIME),
        ("interface_index", pa.uint32()),
        ("interface_alias", _TEXT),
        ("network_name", pa.string()),
        ("firewall_profile", _TEXT),
    ]
)
"""Connected interfaces; ``firewall_profile`` is public, private, domain or an unknown number."""

VOLUMES: Final = pa.schema(
    [
        ("snapshot_time", _TIME),
        ("device", pa.string()),
        ("mount_point", pa.string()),
    ]
)
"""NT device (``\\Device\\HarddiskVolume3``) and where it is mounted (``C:``).

A device has its number until the next boot only (windows-facts 1.3).
"""

DROPS: Final = pa.schema(
    [
        ("first_time", _TIME),
        ("last_time", _TIME),
        ("records", pa.uint32()),
        ("rule_key", _TEXT),
        ("attribution", _TEXT),
        ("network_direction", _TEXT),
        ("network_iana_number", pa.int32()),
        ("local_ip", pa.string()),
        ("local_port", pa.int32()),
        ("remote_ip", pa.string()),
        ("remote_port", pa.int32()),
        ("icmp_type", pa.int32()),
        ("icmp_code", pa.int32()),
        ("port", _TEXT),
        ("process_executable", _TEXT),
        ("process_path", _TEXT),
        ("layer", _TEXT),
        ("original_profile", _TEXT),
        ("current_profile", _TEXT),
        ("local_decided_by", _TEXT),
        ("window", pa.uint32()),
    ]
)
"""Attempts of one host, derived from its blocked events; -1 for a port, ICMP type or code, or
protocol that is not named, and for what the protocol does not have.

``process_executable`` is without its volume, and so the same on every host; ``process_path`` is
where the program lies by the host's own drive letters, null where that is not known for sure.
``layer`` and the profiles are words for the event's numbers, ``code-14999`` for one without.
``window`` counts the host's windows from 0: the one in whose observed time the attempt was first
seen; null where that was in none.
"""

SCHEMAS: Final = MappingProxyType(
    {
        "security_events": SECURITY_EVENTS,
        "audit_events": AUDIT_EVENTS,
        "firewall_log": FIREWALL_LOG,
        "wfp_filters": WFP_FILTERS,
        "boot_filters": BOOT_FILTERS,
        "dns_cache": DNS_CACHE,
        "dns_events": DNS_EVENTS,
        "net_events": NET_EVENTS,
        "dynamic_keywords": DYNAMIC_KEYWORDS,
        "firewall_rules": FIREWALL_RULES,
        "firewall_profiles": FIREWALL_PROFILES,
        "audit_policy": AUDIT_POLICY,
        "group_audit_policy": GROUP_AUDIT_POLICY,
        "services": SERVICES,
        "sysmon_events": SYSMON_EVENTS,
        "task_events": TASK_EVENTS,
        "processes": PROCESSES,
        "addresses": ADDRESSES,
        "listeners": LISTENERS,
        "interfaces": INTERFACES,
        "volumes": VOLUMES,
        "drops": DROPS,
    }
)
"""Every bulk table by name."""
