"""The fields of an event, and their values, as the columns of its table.

The one mapping of names to columns, whatever the event came as: EVTX, XML or JSON.

Fields are found by their names without case, never by position or version: ``ProcessID`` and
``ProcessId`` are one field, newer versions insert fields in the middle, and one version number
stands for two layouts (windows-facts 1.2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Final

import orjson

__all__ = ["HEAD_VALUES", "Layout", "layout_of"]

_SECURITY_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "processid": "process_pid",
        "application": "process_executable",
        "direction": "direction_code",
        "sourceaddress": "source_ip",
        "sourceport": "source_port",
        "destaddress": "destination_ip",
        "destport": "destination_port",
        "protocol": "network_iana_number",
        "filterrtid": "filter_rtid",
        "filterorigin": "filter_origin",
        "filtername": "filter_name",
        "layername": "layer_code",
        "layerrtid": "layer_rtid",
        "interfaceindex": "interface_index",
        "originalprofile": "original_profile_code",
        "currentprofile": "current_profile_code",
        "isloopback": "is_loopback",
    }
)
_DNS_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "queryname": "dns_name",
        "querytype": "dns_type_code",
        "querystatus": "dns_status_code",
        "dnsserveripaddress": "dns_server",
        "interfaceindex": "interface_index",
        "queryresults": "dns_results",
    }
)
_ALSO: Final = MappingProxyType({"status": "querystatus", "responsestatus": "querystatus"})
"""One thing has three names in the DNS client's events (windows-facts 9)."""
_SYSMON_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "processid": "process_pid",
        "image": "process_executable",
        "user": "user_name",
        "protocol": "network_transport",
        "initiated": "is_initiated",
        "sourceip": "source_ip",
        "sourcehostname": "source_host",
        "sourceport": "source_port",
        "destinationip": "destination_ip",
        "destinationhostname": "destination_host",
        "destinationport": "destination_port",
        "queryname": "dns_name",
        "querystatus": "dns_status_code",
        "queryresults": "dns_results",
    }
)
_TASK_COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "subjectusersid": "user_sid",
        "subjectusername": "user_name",
        "subjectdomainname": "user_domain",
        "taskname": "task_name",
    }
)

HEAD_VALUES: Final = 8
"""What every event has beside its fields: record id, time, event id, version, computer, Keywords,
process id of Execution, provider."""


@dataclass(frozen=True, slots=True)
class _Mapping:
    """Which of the head's values are a table's first columns, and which fields the next ones."""

    head: tuple[int, ...]
    columns: Mapping[str, str]
    no_others: str | None = None


_MAPPINGS: Final = MappingProxyType(
    {
        "security_events": _Mapping((0, 1, 2, 3, 4, 5), _SECURITY_COLUMNS),
        "audit_events": _Mapping((0, 1, 2, 7, 4), MappingProxyType({}), "{}"),
        "dns_events": _Mapping((0, 1, 2, 4, 6), _DNS_COLUMNS),
        "sysmon_events": _Mapping((0, 1, 2, 3, 4), _SYSMON_COLUMNS),
        "task_events": _Mapping((0, 1, 2, 4), _TASK_COLUMNS),
    }
)
"""Fields stand in the order of the table's columns."""

_MAC_EVENTS: Final = frozenset({5150, 5151})
"""Their SourceAddress and DestAddress are MAC addresses, which are no ``source_ip``."""
_MAC_FIELDS: Final = frozenset({"sourceaddress", "destaddress"})
_MOST_REMEMBERED: Final = 4096
_LONGEST_REMEMBERED: Final = 512

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """How one order of fields becomes the event's part of a row.

    Attributes:
        pick: Takes the head's values, those of all fields and None; gives a value a column.
        others: Names of the fields without a column.
        pick_others: Takes the same, gives their values; None where there are none.
        no_others: What stands for them where there are none.
        has_results: Whether the last column is the text of a DNS answer, which two more are read
            from.
        remembered: JSON texts already made, by their values: most rows repeat a few.
    """

    pick: Callable[[tuple[Any, ...]], tuple[Any, ...]]
    others: tuple[str, ...]
    pick_others: Callable[[tuple[Any, ...]], tuple[Any, ...]] | None
    no_others: str | None
    has_results: bool
    remembered: dict[Any, str]

    def row(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the values in the order of the columns, and the JSON text of the others.

        Raises:
            TypeError: A value is nested too deep for JSON.
        """
        if self.pick_others is None:
            return (*self.pick(values), self.no_others)
        other_values = self.pick_others(values)
        try:
            text = self.remembered.get(other_values)
        except TypeError:
            text = self.text(other_values)
        if text is None:
            text = self.text(other_values)
            if len(self.remembered) < _MOST_REMEMBERED and len(text) <= _LONGEST_REMEMBERED:
                self.remembered[other_values] = text
        return (*self.pick(values), text)

    def text(self, other_values: tuple[Any, ...]) -> str:
        """Return the JSON text of the fields without a column."""
        return orjson.dumps(dict(zip(self.others, other_values, strict=True))).decode()


def layout_of(table: str, code: int, names: tuple[str, ...]) -> Layout:
    """Return the layout for the fields ``names`` of event ``code`` in ``table``.

    A second field that differs from an earlier one in case only counts as unknown.
    """
    mapping = _MAPPINGS[table]
    missing = HEAD_VALUES + len(names)
    position: dict[str, int] = {}
    others: dict[str, int] = {}
    for index, name in enumerate(names, HEAD_VALUES):
        folded = name.casefold()
        if table == "dns_events":
            folded = _ALSO.get(folded, folded)
        column = mapping.columns.get(folded)
        is_mac = code in _MAC_EVENTS and folded in _MAC_FIELDS
        if column is None or column in position or is_mac:
            others[name] = index
        else:
            position[column] = index
    fields = (position.get(column, missing) for column in mapping.columns.values())
    return Layout(
        pick=itemgetter(*mapping.head, *fields),
        others=tuple(others),
        pick_others=_picker(*others.values()) if others else None,
        no_others=mapping.no_others,
        has_results="queryresults" in mapping.columns,
        remembered={},
    )


def _picker(first: int, *more: int) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Return what takes values from a tuple; itemgetter gives no tuple of one."""
    return itemgetter(first, *more) if more else lambda values: (values[first],)
