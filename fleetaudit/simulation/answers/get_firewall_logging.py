"""What ``Get-FirewallLogging`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.records.wire import FACTS
from fleetaudit.simulation.answers._answer import Answer, Asked, file_records
from fleetaudit.simulation.answers._switching import log_settings
from fleetaudit.simulation.formats.context import render_json
from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]


def _give(asked: Asked) -> Iterator[Emission]:
    has_mark = Trait.BYTE_ORDER_MARK in asked.host.spec.traits
    facts = render_json({"Profiles": log_settings(asked.host)}, has_mark=has_mark)
    yield from file_records(FACTS, facts)


ANSWER = Answer(name="Get-FirewallLogging", give=_give)
