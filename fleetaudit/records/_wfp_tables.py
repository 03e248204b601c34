"""The schemas of what the Windows Filtering Platform says; see :mod:`fleetaudit.records.tables`."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

__all__ = ["BOOT_FILTERS", "DYNAMIC_KEYWORDS", "NET_EVENTS", "WFP_FILTERS"]

_TEXT = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("ns", tz="UTC")

WFP_FILTERS: Final = pa.schema(
    [
        ("snapshot_time", _TIME),
        ("filter_id", pa.uint64()),
        ("filter_key", pa.string()),
        ("filter_name", _TEXT),
        ("filter_description", _TEXT),
        ("filter_flags", _TEXT),
        ("filter_origin", _TEXT),
        ("provider_key", _TEXT),
        ("provider_name", _TEXT),
        ("provider_context_key", _TEXT),
        ("layer_key", _TEXT),
        ("layer_id", pa.uint32()),
        ("sublayer_key", _TEXT),
        ("sublayer_name", _TEXT),
        ("action", _TEXT),
        ("callout_key", _TEXT),
        ("effective_weight", pa.uint64()),
        ("conditions", pa.string()),
    ]
)
"""WFP filters of one snapshot. ``filter_flags`` are space-separated, without their prefix;
``conditions`` is a JSON list of ``{"field", "match", "type", "value"}``. ``filter_origin`` is
decoded from the provider context."""

BOOT_FILTERS: Final = WFP_FILTERS
"""Filters that stand while Windows starts; the columns are those of ``wfp_filters``.

Apart from it, because they are stored policy: what has no number here has no number yet.
"""

NET_EVENTS: Final = pa.schema(
    [
        ("time", _TIME),
        ("event_type", _TEXT),
        ("network_iana_number", pa.uint16()),
        ("local_ip", pa.string()),
        ("local_port", pa.uint16()),
        ("remote_ip", pa.string()),
        ("remote_port", pa.uint16()),
        ("icmp_type", pa.uint16()),
        ("icmp_code", pa.uint16()),
        ("process_executable", _TEXT),
        ("process_pid", pa.uint64()),
        ("user_sid", _TEXT),
        ("package_sid", _TEXT),
        ("filter_rtid", pa.uint64()),
        ("filter_origin", _TEXT),
        ("layer_rtid", pa.uint32()),
        ("reauth_reason_code", pa.uint32()),
        ("original_profile_code", pa.uint32()),
        ("current_profile_code", pa.uint32()),
        ("direction", _TEXT),
        ("is_loopback", pa.bool_()),
        ("interface_index", pa.uint32()),
        ("terminating_filters", pa.string()),
        ("other_fields", pa.string()),
    ]
)
"""Drops that WFP remembers without any audit policy; a ring that forgets the oldest.

``direction`` is what WFP printed. ``terminating_filters`` is a JSON list of the winner in each
sublayer: ``{"filter", "sublayer", "action"}``. Fields that have no column stand in
``other_fields`` as a JSON object.
"""

DYNAMIC_KEYWORDS: Final = pa.schema(
    [
        ("snapshot_time", _TIME),
        ("keyword_id", pa.string()),
        ("keyword", pa.string()),
        ("flags", _TEXT),
        ("addresses", pa.string()),
        ("other_fields", pa.string()),
    ]
)
"""Names and addresses that firewall rules point to by a GUID; ``addresses`` comma-separated."""
