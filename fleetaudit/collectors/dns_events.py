"""What the DNS client of a host was asked for and answered, where its log is on."""

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
    name="dns-events",
    title="DNS client events",
    script="Export-DnsEvent",
    phases=frozenset({Phase.AFTER}),
    readings=(
        Reading(
            pattern="dns-client*.evtx",
            parse=security_evtx.parse,
            forms=frozenset({Form.DNS_LOG}),
        ),
    ),
    tables=("dns_events",),
    privilege="an elevated administrator",
    reference="windows-facts 9; "
    "learn.microsoft.com/windows-server/administration/windows-commands/wevtutil",
    parameters=_age,
    limits="Windows leaves the channel off. A query that was completed (3008) may have been "
    "answered by the cache; only 3020 is the answer of a server.",
)
