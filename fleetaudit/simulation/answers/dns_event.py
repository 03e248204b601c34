"""What ``Export-DnsEvent`` answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from fleetaudit.simulation.answers._answer import Answer, Asked, unsupported
from fleetaudit.simulation.answers._names import event, export, known_names
from fleetaudit.simulation.formats.evtx import Field, Provider, ValueType
from fleetaudit.simulation.model._recorder import INTERFACE_INDEX
from fleetaudit.simulation.model.switches import DNS_CHANNEL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fleetaudit.simulation._seam import Emission
    from fleetaudit.simulation.answers._names import Resolved
    from fleetaudit.simulation.formats.evtx import EventRecord

__all__ = ["ANSWER"]

_PROVIDER: Final = Provider(
    "Microsoft-Windows-DNS-Client", UUID("1c95126e-7eea-49a9-a3fe-a378b03ddb4d")
)
_SOON: Final = timedelta(milliseconds=1)
_LATELY: Final = timedelta(seconds=90)


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
    names = known_names(asked)
    told = [(one.at, _from_server, one) for one in names]
    done = [(one.at + _SOON, _completed, one) for one in names]
    # A program that asks again has its answer from the cache, without a server.
    lately = asked.now - _LATELY
    again = [(lately, _completed, one) for one in names if one.at < lately]
    what = sorted((*told, *done, *again), key=lambda one: one[0])
    records = [make(asked, number, at, one) for number, (at, make, one) in enumerate(what, start=1)]
    yield from export(asked, "dns-client.evtx", records)


def _from_server(asked: Asked, number: int, at: datetime, one: Resolved) -> EventRecord:
    """Return 3020, the answer of a server (windows-facts 9)."""
    values = (
        (Field("NetworkIndex", ValueType.UINT32), 0),
        (Field("InterfaceIndex", ValueType.UINT32), INTERFACE_INDEX),
        (Field("Status", ValueType.UINT32), 0),
        (Field("QueryResults", ValueType.TEXT), f"{one.address};"),
    )
    return _record(asked, number, at, one, code=3020, values=values)


def _completed(asked: Asked, number: int, at: datetime, one: Resolved) -> EventRecord:
    """Return 3008, which a program's question ends with, whoever answered it."""
    values = (
        (Field("QueryOptions", ValueType.UINT64), 1073766400),
        (Field("QueryStatus", ValueType.UINT32), 0),
        (Field("QueryResults", ValueType.TEXT), f"::ffff:{one.address};"),
    )
    return _record(asked, number, at, one, code=3008, values=values)


def _record(
    asked: Asked,
    number: int,
    at: datetime,
    one: Resolved,
    *,
    code: int,
    values: tuple[tuple[Field, object], ...],
) -> EventRecord:
    """Return an event of the channel: the name and type that were asked for, then ``values``."""
    question = (
        (Field("QueryName", ValueType.TEXT), one.name),
        (Field("QueryType", ValueType.UINT32), 1),
    )
    return event(
        asked,
        provider=_PROVIDER,
        channel=DNS_CHANNEL,
        code=code,
        version=0,
        number=number,
        at=at,
        values=(*question, *values),
    )


ANSWER = Answer(name="Export-DnsEvent", give=_give)
