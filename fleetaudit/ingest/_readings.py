"""Which reading a file gets: by its name, and by how it begins where somebody gathered it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from fleetaudit.parsers.recognition import Form

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.collectors import Collector, Reading

__all__ = ["reading_of", "sources_of"]


def reading_of(collector: Collector, name: str, form: Form | None = None) -> Reading | None:
    """Return how ``collector`` reads a file of that name, or of that form where it is known.

    What a file is counts more than what it is called. A reading without forms goes by name alone.
    """
    named = _named(collector, name)
    if form is None or (named and _fits(named, form)):
        return named
    formed = (reading for reading in collector.readings if form in reading.forms)
    return next(formed, named)


def sources_of(
    name: str, form: Form | None, collectors: Mapping[str, Collector]
) -> tuple[str, ...]:
    """Return the collectors that read a gathered file: one, two of a capture, or none."""
    named = {one.name: reading for one in collectors.values() if (reading := _named(one, name))}
    formed = [
        one.name
        for one in collectors.values()
        if any(form in reading.forms for reading in one.readings)
    ]
    if form is Form.CAPTURE:
        return tuple(formed)
    fitting = [source for source, reading in named.items() if form is None or _fits(reading, form)]
    return tuple((fitting or formed or list(named))[:1])


def _fits(reading: Reading, form: Form) -> bool:
    return not reading.forms or form in reading.forms


def _named(collector: Collector, name: str) -> Reading | None:
    folded = name.casefold()
    for reading in collector.readings:
        if fnmatchcase(folded, reading.pattern.casefold()):
            return reading
    return None
