"""What an observer of a run hears; observers are told, never asked."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from fleetaudit.records.host_record import HostRecord
    from fleetaudit.records.window import Window

__all__ = [
    "Event",
    "HostFinished",
    "HostStarted",
    "HostSuspended",
    "Observer",
    "Observers",
    "Remarked",
    "StepFinished",
    "StepStarted",
    "WindowClosed",
    "WindowOpened",
]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStarted:
    """A host is being worked on for the first time."""

    host: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A step of a host's plan begins; ``what`` is as in :class:`StepFinished`."""

    host: str
    at: datetime
    what: str
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """A step of a host's plan is over.

    Attributes:
        host: The inventory name.
        at: When it ended.
        what: ``connect``, ``owe``, ``settle`` or the script's stem.
        source: The evidence source it served; empty where none.
        duration_s: How long it took.
        error: What went wrong, as a sentence; empty where nothing did.
        complaints: What the script wrote to its error stream.
    """

    host: str
    at: datetime
    what: str
    source: str = ""
    duration_s: float = 0.0
    error: str = ""
    complaints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOpened:
    """Auditing was read back as on."""

    host: str
    at: datetime
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowClosed:
    """Auditing was put back, or somebody else had changed it."""

    host: str
    at: datetime
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSuspended:
    """Nothing is held for this host until the moment comes."""

    host: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Remarked:
    """Something that a reader of the run log should know of a host."""

    host: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFinished:
    """A host is done; its record was committed."""

    host: str
    at: datetime
    record: HostRecord


Event = (
    HostStarted
    | StepStarted
    | StepFinished
    | WindowOpened
    | WindowClosed
    | HostSuspended
    | Remarked
    | HostFinished
)

Observer = Callable[[Event], None]
"""Hears events one at a time, from several threads; what it raises is only logged."""


class Observers:
    """Passes events to every observer, one event at a time; a broken one is not called again."""

    def __init__(self, observers: Iterable[Observer] = ()) -> None:
        self._observers = list(observers)
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Tell every observer; never raises an Exception."""
        with self._lock:
            for observer in tuple(self._observers):
                try:
                    observer(event)
                except Exception as error:  # noqa: BLE001 - a sweep that owes must not die of it
                    name = type(error).__name__
                    _LOG.error("an observer failed and hears nothing more: %s: %s", name, error)
                    self._observers.remove(observer)
