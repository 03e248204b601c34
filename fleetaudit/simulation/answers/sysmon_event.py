"""What ``Export-SysmonEvent`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from fleetaudit.simulation.answers._answer import Answer, Asked, unsupported
from fleetaudit.simulation.answers._names import draw, event, export, known_names
from fleetaudit.simulation.formats.evtx import Field, Provider, ValueType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]

_PROVIDER: Final = Provider(
    "Microsoft-Windows-Sysmon", UUID("5770385f-c22a-43e0-bf4c-06f5698ffbd9")
)
_CHANNEL: Final = "Microsoft-Windows-Sysmon/Operational"
_ONE_IN: Final = 3
"""On so many hosts Sysmon is installed."""
_T, _U32 = ValueType.TEXT, ValueType.UINT32


def _give(asked: Asked) -> Iterator[Emission]:
    host = asked.host
    if draw(host, _CHANNEL) % _ONE_IN:
        message = f"Fleetaudit.Unsupported: the host has no channel {_CHANNEL}."
        yield unsupported("SysmonEvent", message)
        return
    records = [
        event(
            asked,
            provider=_PROVIDER,
            channel=_CHANNEL,
            code=22,
            version=5,
            number=number,
            at=one.at,
            values=(
                (Field("RuleName", _T), "-"),
                (Field("UtcTime", _T), f"{host.host_time(one.at):%Y-%m-%d %H:%M:%S}.000"),
                (Field("ProcessId", _U32), host.process_id("agent")),
                (Field("QueryName", _T), one.name),
                (Field("QueryStatus", _T), "0"),
                (Field("QueryResults", _T), f"::ffff:{one.address};"),
                (Field("Image", _T), "C:\\Program Files\\Agent\\agent.exe"),
            ),
        )
        for number, one in enumerate(known_names(asked), start=1)
    ]
    yield from export(asked, "sysmon.evtx", records)


ANSWER = Answer(name="Export-SysmonEvent", give=_give)
