"""What ``Get-EventChannel`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.records.wire import FACTS
from fleetaudit.simulation.answers._answer import Answer, Asked, file_records, unsupported
from fleetaudit.simulation.formats.context import render_json
from fleetaudit.simulation.model.specs import Trait
from fleetaudit.simulation.model.switches import DNS_CHANNEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]


def _give(asked: Asked) -> Iterator[Emission]:
    is_on = asked.host.switches.is_dns_logged
    if is_on is None:
        message = f"Fleetaudit.Unsupported: the host has no channel {DNS_CHANNEL}."
        yield unsupported("EventChannel", message)
        return
    has_mark = Trait.BYTE_ORDER_MARK in asked.host.spec.traits
    facts = render_json({"Channel": DNS_CHANNEL, "IsEnabled": is_on}, has_mark=has_mark)
    yield from file_records(FACTS, facts)


ANSWER = Answer(name="Get-EventChannel", give=_give)
