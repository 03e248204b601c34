"""Which of several rules of one name a filter was compiled from, by what both say.

A rule's protocol and ports become conditions of each of its filters (windows-facts 4.3, 4.4), so a
rule that names another protocol or other ports is not the one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["sources_of"]

Row = Mapping[str, Any]
_Range = tuple[int, int]

_PROTOCOL: Final = "FWPM_CONDITION_IP_PROTOCOL"
_PORTS: Final = {
    "FWPM_CONDITION_IP_LOCAL_PORT": "local_ports",
    "FWPM_CONDITION_IP_REMOTE_PORT": "remote_ports",
}
_NUMBERS: Final = re.compile(r"(\d+)(?:-(\d+))?")


def sources_of(filter_row: Row, rules: Sequence[Row]) -> Sequence[Row]:
    """Return the rules that the filter can have come from; all of them if none fits.

    Args:
        filter_row: A row of ``wfp_filters``.
        rules: Rows of ``firewall_rules``.
    """
    said = _said_by_filter(filter_row["conditions"])
    fitting = [rule for rule in rules if _fits(rule, said)]
    return fitting or rules


def _fits(rule: Row, said: Mapping[str, frozenset[_Range]]) -> bool:
    protocol = rule["network_iana_number"]
    wanted = frozenset() if protocol is None else frozenset({(int(protocol), int(protocol))})
    if said.get(_PROTOCOL, frozenset()) != wanted:
        return False
    for field, column in _PORTS.items():
        ports = _ports_of_rule(rule[column])
        if ports is not None and said.get(field, frozenset()) != ports:
            return False
    return True


def _said_by_filter(conditions: object) -> Mapping[str, frozenset[_Range]]:
    said: dict[str, set[_Range]] = {}
    for condition in orjson.loads(str(conditions)) if conditions else ():
        value = condition.get("value")
        if isinstance(value, int):
            said.setdefault(condition["field"], set()).add((value, value))
        elif isinstance(value, dict) and isinstance(value.get("low"), int):
            said.setdefault(condition["field"], set()).add((value["low"], value["high"]))
    return {field: frozenset(ranges) for field, ranges in said.items()}


def _ports_of_rule(text: object) -> frozenset[_Range] | None:
    """Return the ranges that a rule names; None where it names a kind of port, such as RPC."""
    ranges = set()
    for part in str(text).split(",") if text else ():
        found = _NUMBERS.fullmatch(part.strip())
        if found is None:
            return None
        ranges.add((int(found[1]), int(found[2] or found[1])))
    return frozenset(ranges)
