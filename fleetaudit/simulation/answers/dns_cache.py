"""What ``Get-DnsCache`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.answers._answer import Answer, Asked, file_records, unsupported
from fleetaudit.simulation.answers._names import FULL_TTL, known_names
from fleetaudit.simulation.formats.context import iso, render_json
from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]

_LAST_WITHOUT: Final = 7601
"""The build of Windows 7, which has no ``Get-DnsClientCache``."""


def _give(asked: Asked) -> Iterator[Emission]:
    host = asked.host
    if host.spec.generation.build <= _LAST_WITHOUT:
        yield unsupported("DnsCache", "Fleetaudit.Unsupported: the host has no Get-DnsClientCache.")
        return
    entries = [
        {
            "Entry": one.name,
            "Name": one.name,
            "Type": 1,
            "Status": 0,
            "Section": 1,
            "TimeToLive": FULL_TTL - int((asked.now - one.at).total_seconds()),
            "DataLength": 4,
            "Data": one.address,
        }
        for one in known_names(asked)
    ]
    cache = {"HostTime": iso(host.host_time(asked.now)), "Entries": entries}
    has_mark = Trait.BYTE_ORDER_MARK in host.spec.traits
    yield from file_records("dns-cache.json", render_json(cache, has_mark=has_mark))


ANSWER = Answer(name="Get-DnsCache", give=_give)
