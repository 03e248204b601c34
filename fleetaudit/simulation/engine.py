"""The engine that ships: it answers from the model of the host, without any PowerShell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.registry import discover
from fleetaudit.simulation import answers
from fleetaudit.simulation.answers._answer import Answer, Asked, unsupported
from fleetaudit.simulation.answers._constrained import constrained
from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission, ScriptRequest
    from fleetaudit.simulation.model.fleet import SimulatedFleet

__all__ = ["ModelEngine"]


class ModelEngine:
    """Answers the project's own scripts for the hosts of a simulated fleet."""

    def __init__(self, fleet: SimulatedFleet) -> None:
        self._fleet = fleet
        self._answers = discover(answers, kind=Answer, attribute="ANSWER")

    def answer(self, request: ScriptRequest) -> Iterator[Emission]:
        """Return what the script emits, in order; the host is first brought up to the time.

        The host answers at once and whole, so that what one script changes is settled before the
        next one runs, however slowly the client reads.

        Raises:
            KeyError: The fleet has no such host.
        """
        host = self._fleet.hosts[request.host]
        found = self._answers.get(request.script)
        if found is None:
            message = "The simulated host knows this project's own scripts only."
            return iter((unsupported("UnknownScript", message),))
        with self._fleet.locked():
            now = self._fleet.clock.now()
            host.advance(now)
            asked = Asked(host=host, now=now, parameters=request.parameters)
            emissions = tuple(found.give(asked))
        if Trait.CONSTRAINED in host.spec.traits:
            return constrained(emissions)
        return iter(emissions)
