"""The joint: inventory, transport, plans, run directory and journal, put together for a command."""

from __future__ import annotations

import getpass
import platform
import random
from typing import TYPE_CHECKING

from fleetaudit import __version__, scripts
from fleetaudit.cli._progress import watching
from fleetaudit.orchestrator.executor import ThreadExecutor
from fleetaudit.orchestrator.fleet import FleetSummary, run_fleet
from fleetaudit.orchestrator.instruments import default_instruments as instruments
from fleetaudit.records.figures import RunInfo
from fleetaudit.store import JournalFile, RunDirectory, RunLog
from fleetaudit.transport.fleet import fleet_transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from fleetaudit.cli._options import Work
    from fleetaudit.clock import Clock
    from fleetaudit.orchestrator.steps import Plan
    from fleetaudit.records.host import Host
    from fleetaudit.transport import Transport
    from fleetaudit.transport.settings import PsrpSettings

__all__ = ["FleetRun", "instruments", "new_run_id"]


def new_run_id(clock: Clock) -> str:
    """Return the name of a run that begins now: ``20261121T080000Z``."""
    return f"{clock.now():%Y%m%dT%H%M%SZ}"


class FleetRun:
    """One run of a command over hosts.

    Args:
        command: The command's name, for the manifest.
        clock: The time.
        path: The run directory to make.
        state: The folder of the journal.
        parameters: For the manifest; no secrets.
        work: How much at a time.
        run_id: The run's name; by default the present time.
        started_by: Who runs it; by default the user and this machine.
        transport: Deadlines and limits of one session; the defaults suit real hosts.
    """

    def __init__(
        self,
        command: str,
        *,
        clock: Clock,
        path: Path,
        state: Path,
        parameters: Mapping[str, str],
        work: Work,
        run_id: str = "",
        started_by: str = "",
        transport: PsrpSettings | None = None,
    ) -> None:
        self.clock = clock
        self.state = state
        self._work = work
        self._settings = transport
        self.directory = RunDirectory.create(
            path,
            RunInfo(
                run_id=run_id or new_run_id(clock),
                command=command,
                started_at=clock.now(),
                ended_at=None,
                tool_version=__version__,
                started_by=started_by or f"{_user()}@{platform.node()}",
                parameters=parameters,
            ),
        )

    def perform(
        self,
        hosts: tuple[Host, ...],
        plan_for: Callable[[Host], Plan],
        *,
        transport: Transport | None = None,
    ) -> FleetSummary:
        """Carry out the plans and return how the hosts ended; the run is then finished."""
        executor = ThreadExecutor(self._work.jobs)
        manifest = self.directory.manifest
        with (
            JournalFile(self.state) as journal,
            RunLog(self.directory.path / "run.log.jsonl", run_id=manifest.run_id) as log,
            watching(len(hosts), quiet=self._work.is_quiet) as observers,
        ):
            try:
                summary = run_fleet(
                    hosts,
                    plan_for,
                    transport=transport or self._transport(),
                    run=self.directory,
                    journal=journal,
                    clock=self.clock,
                    executor=executor,
                    observers=[log, *observers],
                )
            finally:
                executor.close()
        self.directory.finish(self.clock.now())
        return summary

    def _transport(self) -> Transport:
        return fleet_transport(
            self.clock,
            library=scripts,
            dice=random.Random(),  # noqa: S311 - the jitter of pauses is no secret
            settings=self._settings,
        )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for the user id, as in a container
        return "unknown"
