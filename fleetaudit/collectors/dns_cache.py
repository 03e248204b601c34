"""The names that the DNS client of a host remembers, before and after."""

from __future__ import annotations

from typing import Final

from fleetaudit.collectors._collector import Collector, Reading
from fleetaudit.parsers import dns_cache
from fleetaudit.records.evidence import Phase

__all__ = ["COLLECTOR"]

COLLECTOR: Final = Collector(
    name="dns-cache",
    title="DNS cache",
    script="Get-DnsCache",
    phases=frozenset({Phase.BEFORE, Phase.AFTER}),
    readings=(
        Reading(pattern="dns-cache*.json", parse=dns_cache.parse),
        Reading(pattern="dnscache*.json", parse=dns_cache.parse),
        Reading(pattern="*dnscache*.txt", parse=dns_cache.parse),
        Reading(pattern="cachedns*.txt", parse=dns_cache.parse),
        Reading(pattern="*dns-cache*.txt", parse=dns_cache.parse),
    ),
    tables=("dns_cache",),
    privilege="an account that may use PowerShell remoting",
    reference="windows-facts 9; learn.microsoft.com/powershell/module/dnsclient/get-dnsclientcache",
    limits="Windows tells what remains of an entry's time and not how long it was given, so when a "
    "name was resolved is mostly unknown: the column resolved_how says what it rests on where it "
    "is known.",
)
