"""The names that the DNS client of a host remembers, before and after."""

from __future__ import annotations

from typing import Final

from fleetaudit.collectors._collector import Collector, Reading
from fleetaudit.parsers import dns_cache
from fleetaudit.parsers.recognition import Form
from fleetaudit.records.evidence import Phase

__all__ = ["COLLECTOR"]

_NAMES: Final = (
    "dns-cache*.json",
    "dnscache*.json",
    "*dnscache*.txt",
    "cachedns*.txt",
    "*dns-cache*.txt",
)
_FORMS: Final = frozenset({Form.DNS_CACHE})

COLLECTOR: Final = Collector(
    name="dns-cache",
    title="DNS cache",
    script="Get-DnsCache",
    phases=frozenset({Phase.BEFORE, Phase.AFTER}),
    readings=(*(Reading(pattern=one, parse=dns_cache.parse, forms=_FORMS) for one in _NAMES),),
    tables=("dns_cache",),
    privilege="an account that may use PowerShell remoting",
    reference="windows-facts 9; learn.microsoft.com/powershell/module/dnsclient/get-dnsclientcache",
    limits="Windows tells what remains of an entry's time and not how long it was given, so when a "
    "name was resolved is mostly unknown: the column resolved_how says what it rests on where it "
    "is known.",
)
