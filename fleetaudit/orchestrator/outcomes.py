"""From an error to the outcome that a report counts."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import (
    FleetauditError,
    HostError,
    HostFailedError,
    HostRefusedError,
    HostTimedOutError,
    HostUnreachableError,
    HostUnsupportedError,
)
from fleetaudit.records.outcome import Outcome, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["outcome_of"]

_KINDS: Final[Mapping[type[HostError], OutcomeKind]] = MappingProxyType(
    {
        HostUnreachableError: OutcomeKind.UNREACHABLE,
        HostRefusedError: OutcomeKind.REFUSED,
        HostTimedOutError: OutcomeKind.TIMED_OUT,
        HostUnsupportedError: OutcomeKind.UNSUPPORTED,
        HostFailedError: OutcomeKind.FAILED,
    }
)


def outcome_of(error: BaseException, *, host: str, source: str) -> Outcome:
    """Return how ``source`` ended on ``host``, given the error that ended it."""
    kind = next(
        (kind for cls, kind in _KINDS.items() if isinstance(error, cls)), OutcomeKind.FAILED
    )
    remedy = error.remedy if isinstance(error, FleetauditError) else ""
    return Outcome(host=host, source=source, kind=kind, reason=_reason(error), remedy=remedy)


def _reason(error: BaseException) -> str:
    if isinstance(error, HostError):
        return f"while {error.stage}: {error.happened}" if error.stage else error.happened
    if isinstance(error, FleetauditError):
        return f"{error.subject()}: {error.happened}".removeprefix(": ")
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return "the run was interrupted"
    return f"unexpected {type(error).__name__}: {error}".removesuffix(": ")
