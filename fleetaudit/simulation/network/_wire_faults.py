"""What the faults make of what a script emits; the model of the host knows nothing of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, final

from fleetaudit.records.wire import Kind
from fleetaudit.simulation._seam import Emission, ErrorText, NonTerminatingError, Output
from fleetaudit.simulation.faults import Fault

__all__ = ["FLOOD", "Hang", "spoil"]

FLOOD: Final = 2_000
"""Error records of a flood; 5 to 6 kB each on the wire."""


@final
class Hang:
    """Not an emission: from here on the script says nothing until it is stopped."""


def spoil(emissions: Iterator[Emission], fault: Fault) -> Iterator[Emission | Hang]:
    """Return what reaches the client of what the script emits."""
    if fault == Fault.HANG_SCRIPT:
        return iter((Hang(),))
    if fault == Fault.SURROGATE:
        return _with_surrogate(emissions)
    if fault == Fault.TRUNCATED:
        return _cut_short(emissions)
    if fault == Fault.ERROR_FLOOD:
        return _flooded(emissions)
    return emissions


def _with_surrogate(emissions: Iterator[Emission]) -> Iterator[Emission]:
    yield Output("a rule named \ud800")
    yield from emissions


def _cut_short(emissions: Iterator[Emission]) -> Iterator[Emission]:
    held: Emission | None = None
    for emission in emissions:
        if _kind(emission) == Kind.TRAILER:
            return
        if held is not None:
            yield held
        held = emission
    if held is not None:
        yield held


def _kind(emission: Emission) -> object:
    if isinstance(emission, Output) and isinstance(emission.value, Mapping):
        return emission.value.get("Kind")
    return None


def _flooded(emissions: Iterator[Emission]) -> Iterator[Emission]:
    for number in range(FLOOD):
        yield NonTerminatingError(
            ErrorText(
                message=f"Access to the path 'C:\\Windows\\{number}' is denied.",
                fully_qualified_id="UnauthorizedAccess",
                category=18,
            )
        )
    yield from emissions
