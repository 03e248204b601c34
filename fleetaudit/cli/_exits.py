"""The exit codes; a promise to schedules and playbooks."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from fleetaudit.records.outcome import OutcomeKind

if TYPE_CHECKING:
    from fleetaudit.orchestrator.fleet import FleetSummary

__all__ = ["Exit", "exit_of"]


class Exit(IntEnum):
    """What a command's exit code says."""

    OK = 0
    DEFECT = 1
    USAGE = 2
    PARTIAL = 3
    NO_HOST = 4
    STILL_ON = 6
    BUSY = 75
    INTERRUPTED = 130


def exit_of(summary: FleetSummary) -> Exit:
    """Return the code for a run over hosts; auditing that is still on outranks all else."""
    collected = summary.outcomes.get(OutcomeKind.COLLECTED, 0)
    if summary.owed:
        return Exit.STILL_ON
    if summary.is_interrupted:
        return Exit.INTERRUPTED
    if summary.hosts and not collected:
        return Exit.NO_HOST
    return Exit.PARTIAL if collected < summary.hosts or summary.partial else Exit.OK
