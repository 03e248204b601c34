"""The schemas of the tables that tell which name an address was reached by."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

__all__ = ["DNS_CACHE", "DNS_EVENTS", "SYSMON_EVENTS"]

_TEXT = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("ns", tz="UTC")

DNS_EVENTS: Final = pa.schema(
    [
        ("record_id", pa.uint64()),
        ("time", _TIME),
        ("event_code", pa.uint16()),
        ("computer", _TEXT),
        ("execution_pid", pa.uint64()),
        ("dns_name", _TEXT),
        ("dns_type_code", pa.uint16()),
        ("dns_status_code", pa.uint32()),
        ("dns_server", _TEXT),
        ("interface_index", pa.uint32()),
        ("dns_results", pa.string()),
        ("dns_resolved_ips", pa.string()),
        ("dns_aliases", pa.string()),
        ("other_fields", pa.string()),
    ]
)
"""DNS-Client/Operational 3006, 3008, 3010, 3011, 3016 and 3018 to 3020.

``execution_pid`` is the process that raised the record: the one that asks in 3006 and 3008, the
DNS client's service in the others. ``dns_results`` is the text as it came; the addresses and the
aliases in it are comma-separated in the next two columns, IPv4 without its ``::ffff:``.
"""

SYSMON_EVENTS: Final = pa.schema(
    [
        ("record_id", pa.uint64()),
        ("time", _TIME),
        ("event_code", pa.uint16()),
        ("event_version", pa.uint8()),
        ("computer", _TEXT),
        ("process_pid", pa.uint64()),
        ("process_executable", _TEXT),
        ("user_name", _TEXT),
        ("network_transport", _TEXT),
        ("is_initiated", pa.bool_()),
        ("source_ip", pa.string()),
        ("source_host", _TEXT),
        ("source_port", pa.uint16()),
        ("destination_ip", pa.string()),
        ("destination_host", _TEXT),
        ("destination_port", pa.uint16()),
        ("dns_name", _TEXT),
        ("dns_status_code", pa.uint32()),
        ("dns_results", pa.string()),
        ("dns_resolved_ips", pa.string()),
        ("dns_aliases", pa.string()),
        ("other_fields", pa.string()),
    ]
)
"""Sysmon 3 (a connection was made or accepted) and 22 (a name was asked for).

``is_initiated`` says that the host began the connection. ``other_fields`` keeps ``UtcTime``,
Sysmon's own time of the event.
"""

DNS_CACHE: Final = pa.schema(
    [
        ("snapshot_time", _TIME),
        ("dns_entry", pa.string()),
        ("dns_name", pa.string()),
        ("dns_type", _TEXT),
        ("dns_status", _TEXT),
        ("dns_section", _TEXT),
        ("remaining_seconds", pa.uint32()),
        ("full_seconds", pa.uint32()),
        ("dns_data", pa.string()),
        ("is_cut", pa.bool_()),
        ("expires_at", _TIME),
        ("resolved_at", _TIME),
        ("resolved_how", _TEXT),
        ("resolved_by", _TEXT),
        ("resolved_earliest", _TIME),
        ("resolved_latest", _TIME),
    ]
)
"""The DNS client's cache at ``snapshot_time``; all times are by the host's own clock.

``remaining_seconds`` counts down and says when an entry dies, not when it was asked for
(windows-facts 9). ``resolved_at`` is null unless it is known to the second, and ``resolved_how``
says what it rests on, in the words of :class:`fleetaudit.records.names.ResolvedHow`;
``resolved_by`` names the record of another log that has it. ``resolved_earliest`` and
``resolved_latest`` bound it, null where nothing does: ``expires_at`` less the latter is the least
that the full time to live can have been. Type, status and section are numbers of Windows, or their
words where they were exported as a table, which also cuts names (``is_cut``).
"""
