"""Connections and names asked for that Sysmon recorded, where it is installed."""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.collectors._collector import Collector, Reading
from fleetaudit.parsers import security_evtx
from fleetaudit.parsers.recognition import Form
from fleetaudit.records.evidence import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.records.call import Parameter
    from fleetaudit.records.window import Window

__all__ = ["COLLECTOR"]

_AROUND_HOURS: Final = 2
_MOST_HOURS: Final = 720


def _age(window: Window) -> Mapping[str, Parameter]:
    """Return the hours of the window and two, or what the script asks for by itself."""
    if window.closed_at is None:
        return MappingProxyType({})
    hours = (window.closed_at - window.opened_at) // timedelta(hours=1) + _AROUND_HOURS
    return MappingProxyType({"Hours": max(1, min(hours, _MOST_HOURS))})


COLLECTOR: Final = Collector(
    name="sysmon-events",
    title="Sysmon events",
    script="Export-SysmonEvent",
    phases=frozenset({Phase.AFTER}),
    readings=(
        Reading(
            pattern="sysmon.evtx", parse=security_evtx.parse, forms=frozenset({Form.SYSMON_LOG})
        ),
    ),
    tables=("sysmon_events",),
    privilege="an elevated administrator",
    reference="windows-facts 9; learn.microsoft.com/sysinternals/downloads/sysmon",
    parameters=_age,
)
