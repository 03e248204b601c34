"""The fields of a Security event, and their values, as the columns of two tables.

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

_COLUMN_OF: Final[Mapping[str, str]] = MappingProxyType(
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
"""In the order of the table's columns."""
HEAD_VALUES: Final = 6
"""Columns that come before those of the fields: they are the same in every event."""

_MAC_EVENTS: Final = frozenset({5150, 5151})
"""Their SourceAddress and DestAddress are MAC addresses, which are no ``source_ip``."""
_MAC_FIELDS: Final = frozenset({"sourceaddress", "destaddress"})
_MOST_REMEMBERED: Final = 4096

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Layout:
    """How one order of fields becomes the event's part of a row.

    Attributes:
        pick: Takes the head's values, those of all fields and None; gives a value a column.
        others: Names of the fields without a column.
        pick_others: Takes the same, gives their values; None where there are none.
        remembered: JSON texts already made, by their values: most rows repeat a few.
    """

    pick: Callable[[tuple[Any, ...]], tuple[Any, ...]]
    others: tuple[str, ...]
    pick_others: Callable[[tuple[Any, ...]], Any] | None
    remembered: dict[Any, str]

    def row(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the values in the order of the columns, and the JSON text of the others.

        Raises:
            TypeError: A value is nested too deep for JSON.
        """
        if self.pick_others is None:
            return (*self.pick(values), None)
        other_values = self.pick_others(values)
        try:
            text = self.remembered.get(other_values)
        except TypeError:
            text = self._text(other_values)
        if text is None:
            text = self._text(other_values)
            if len(self.remembered) < _MOST_REMEMBERED:
                self.remembered[other_values] = text
        return (*self.pick(values), text)

    def _text(self, other_values: Any) -> str:  # noqa: ANN401 -- itemgetter gives one or a tuple
        values = other_values if len(self.others) > 1 else (other_values,)
        return orjson.dumps(dict(zip(self.others, values, strict=True))).decode()


def layout_of(code: int, names: tuple[str, ...]) -> Layout:
    """Return the layout for the fields ``names`` of event ``code``.

    A second field that differs from an earlier one in case only counts as unknown.
    """
    missing = HEAD_VALUES + len(names)
    position: dict[str, int] = {}
    others: dict[str, int] = {}
    for index, name in enumerate(names, HEAD_VALUES):
        folded = name.casefold()
        column = _COLUMN_OF.get(folded)
        is_mac = code in _MAC_EVENTS and folded in _MAC_FIELDS
        if column is None or column in position or is_mac:
            others[name] = index
        else:
            position[column] = index
    fields = (position.get(column, missing) for column in _COLUMN_OF.values())
    return Layout(
        pick=itemgetter(*range(HEAD_VALUES), *fields),
        others=tuple(others),
        pick_others=itemgetter(*others.values()) if others else None,
        remembered={},
    )
