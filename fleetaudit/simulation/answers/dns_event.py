"""What ``Export-DnsEvent`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from fleetaudit.simulation.answers._answer import Answer, Asked, unsupported
from fleetaudit.simulation.answers._names import event, export, known_names
from fleetaudit.simulation.formats.evtx import Field, Provider, ValueType
from fleetaudit.simulation.model.switches import DNS_CHANNEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]

_PROVIDER: Final = Provider(
    "Microsoft-Windows-DNS-Client", UUID("1c95126e-7eea-49a9-a3fe-a378b03ddb4d")
)


def _give(asked: Asked) -> Iterator[Emission]:
    host = asked.host
    if host.switches.is_dns_logged is None:
        yield unsupported(
            "DnsEvent", f"Fleetaudit.Unsupported: the host has no channel {DNS_CHANNEL}."
        )
        return
    if not host.switches.was_dns_logged:
        message = f"Fleetaudit.Unsupported: the channel {DNS_CHANNEL} is off and holds nothing."
        yield unsupported("DnsEvent", message)
        return
    records = [
        event(
            asked,
            provider=_PROVIDER,
            channel=DNS_CHANNEL,
            code=3008,
            version=0,
            number=number,
            values=(
                (Field("QueryName", ValueType.TEXT), name),
                (Field("QueryType", ValueType.UINT32), 1),
                (Field("QueryOptions", ValueType.UINT64), 1073766400),
                (Field("QueryStatus", ValueType.UINT32), 0),
                (Field("QueryResults", ValueType.TEXT), f"::ffff:{address};"),
            ),
        )
        for number, (name, address) in enumerate(known_names(host), start=1)
    ]
    yield from export(asked, "dns-client.evtx", records)


ANSWER = Answer(name="Export-DnsEvent", give=_give)
