"""Work through a fleet: the one call that a command makes."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fleetaudit.orchestrator.driver import Driver
from fleetaudit.orchestrator.events import HostFinished, Observers
from fleetaudit.orchestrator.timetable import Timetable
from fleetaudit.records.host_record import Restoration
from fleetaudit.records.outcome import HOST, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fleetaudit.clock import Clock
    from fleetaudit.orchestrator.events import Observer
    from fleetaudit.orchestrator.executor import Executor
    from fleetaudit.orchestrator.folders import Folders
    from fleetaudit.orchestrator.journal import Journal
    from fleetaudit.orchestrator.steps import Plan
    from fleetaudit.records.host import Host
    from fleetaudit.records.host_record import HostRecord
    from fleetaudit.transport import Transport

__all__ = ["DEADLINE_S", "FleetSummary", "run_fleet"]

DEADLINE_S: Final = 1800.0
"""How long one host may be worked on; pauses do not count, nor does putting auditing back."""


_WHOLE: Final = (OutcomeKind.COLLECTED, OutcomeKind.UNSUPPORTED)
"""A host without Sysmon has answered the question whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSummary:
    """How a fleet was worked through, in figures; the records stand in the run directory.

    Attributes:
        outcomes: How many hosts ended how; adds up to the number of hosts.
        owed: The hosts that something is still owed to, sorted.
        partial: The hosts of which a source did not come whole, sorted; one that a host does not
            have is no such source.
        is_interrupted: Whether the run was interrupted.
    """

    outcomes: Mapping[OutcomeKind, int]
    owed: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()
    is_interrupted: bool = False

    @property
    def hosts(self) -> int:
        """Return how many hosts were worked on."""
        return sum(self.outcomes.values())


def run_fleet(
    hosts: Iterable[Host],
    plan_for: Callable[[Host], Plan],
    *,
    transport: Transport,
    run: Folders,
    journal: Journal,
    clock: Clock,
    executor: Executor,
    observers: Iterable[Observer] = (),
    seed: int = 0,
    deadline_s: float = DEADLINE_S,
) -> FleetSummary:
    """Carry out each host's plan and return how the hosts ended.

    Memory does not grow with evidence: files go to ``run`` while they arrive, and of a host that
    is done only its name and outcome are kept. On the first Ctrl-C every plan puts its host back
    and ends, and the summary says so. Work on hosts happens in other threads, so Ctrl-C never
    strikes in the middle of it.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed a second time; what is owed stands in the journal.
    """
    interrupted = threading.Event()
    announce = Observers(observers)

    def driver_for(host: Host) -> Driver:
        return Driver(
            host,
            plan_for,
            transport=transport,
            run=run,
            journal=journal,
            clock=clock,
            announce=announce,
            interrupted=interrupted,
            deadline_s=deadline_s,
        )

    timetable = Timetable(
        driver_for, executor=executor, clock=clock, interrupted=interrupted, seed=seed
    )
    tally = _Tally()

    def finish(record: HostRecord) -> None:
        tally.count(record)
        announce(HostFinished(host=record.host, at=clock.now(), record=record))

    _wait_for(_in_background(lambda: timetable.run(hosts, finish)), timetable, interrupted)
    return tally.summary(is_interrupted=interrupted.is_set())


class _Tally:
    def __init__(self) -> None:
        self._outcomes: Counter[OutcomeKind] = Counter()
        self._owed: list[str] = []
        self._partial: list[str] = []

    def count(self, record: HostRecord) -> None:
        self._outcomes.update(one.kind for one in record.outcomes if one.source == HOST)
        if record.restoration is Restoration.OWED:
            self._owed.append(record.host)
        if any(one.kind not in _WHOLE for one in record.outcomes):
            self._partial.append(record.host)

    def summary(self, *, is_interrupted: bool) -> FleetSummary:
        return FleetSummary(
            outcomes=dict(self._outcomes),
            owed=tuple(sorted(self._owed)),
            partial=tuple(sorted(self._partial)),
            is_interrupted=is_interrupted,
        )


def _in_background(work: Callable[[], None]) -> Future[None]:
    future: Future[None] = Future()

    def perform() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
            future.set_exception(error)
        else:
            future.set_result(None)

    threading.Thread(target=perform, name="timetable", daemon=True).start()
    return future


def _wait_for(done: Future[None], timetable: Timetable, interrupted: threading.Event) -> None:
    while not done.done():
        try:
            done.result()
        except KeyboardInterrupt:
            if done.done() or interrupted.is_set():
                raise
            timetable.interrupt()
    done.result()
