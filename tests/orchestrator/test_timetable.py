from __future__ import annotations

import heapq
import itertools
import threading
import tracemalloc
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import pytest

from fleetaudit.orchestrator.driver import Driver
from fleetaudit.orchestrator.events import Event, HostFinished, Observers, WindowClosed
from fleetaudit.orchestrator.fleet import run_fleet
from fleetaudit.orchestrator.plan import sweep_plan
from fleetaudit.orchestrator.timetable import Timetable
from fleetaudit.records.host_record import Restoration
from fleetaudit.transport import MemorySink

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleetaudit.orchestrator.fleet import FleetSummary
    from fleetaudit.records.evidence import Evidence, Phase
    from fleetaudit.records.host_record import HostRecord
    from fleetaudit.transport import Sink
    from tests.orchestrator.conftest import Kit

T = TypeVar("T")
START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=10)


class EventClock:
    """Time that jumps to the next thing that happens: a piece of work that ends, or a moment.

    It is also the executor whose pieces take ``piece_s`` seconds each, however many are under way.
    """

    def __init__(self, *, capacity: int, piece_s: float) -> None:
        self.capacity = capacity
        self.most = 0
        self._piece = timedelta(seconds=piece_s)
        self._time = START
        self._ends: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def now(self) -> datetime:
        return self._time

    def monotonic(self) -> float:
        return (self._time - START).total_seconds()

    def sleep(self, seconds: float) -> None:
        self._time += timedelta(seconds=seconds)

    def sleep_until(self, moment: datetime) -> None:
        self._time = max(self._time, moment)

    def patience(self, moment: datetime) -> float | None:
        if self._ends and self._ends[0][0] <= moment:
            self._time, _, end = heapq.heappop(self._ends)
            end()
        else:
            self._time = max(self._time, moment)
        return 0.0

    def submit(self, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()
        result = work()
        number = next(self._numbers)
        end = self._time + self._piece
        heapq.heappush(self._ends, (end, number, lambda: future.set_result(result)))
        self.most = max(self.most, len(self._ends))
        return future

    def close(self) -> None:
        """Do nothing."""


class NoFolders:
    """A run directory that forgets everything."""

    def host(self, name: str) -> NoFolders:
        del name
        return self

    def sink(self, source: str, phase: Phase, taken_at: datetime) -> Sink:
        del source, phase, taken_at
        return MemorySink()

    def evidence(self) -> tuple[Evidence, ...]:
        return ()

    def commit(self, record: HostRecord) -> None:
        """Forget it."""


class Late:
    """An observer that measures by how much each window was longer than it should be."""

    def __init__(self) -> None:
        self.by: list[timedelta] = []
        self.restorations: set[Restoration] = set()

    def __call__(self, event: Event) -> None:
        if isinstance(event, WindowClosed) and event.window.closed_at is not None:
            self.by.append(event.window.closed_at - event.window.opened_at - WINDOW)
        if isinstance(event, HostFinished):
            self.restorations.add(event.record.restoration)


def sweep(
    kit: Kit, clock: EventClock, hosts: int, *, settling_s: float = 5
) -> tuple[FleetSummary, Late]:
    fakes = [kit.fake_host(f"host{number:04}") for number in range(hosts)]
    late = Late()
    settings = type(kit.settings)(
        run_id="run", window=WINDOW, settling=timedelta(seconds=settling_s)
    )
    summary = run_fleet(
        [kit.host(fake.name) for fake in fakes],
        lambda host: sweep_plan(host.name, settings, instruments=kit.instruments),
        transport=kit.transport(*fakes),
        run=NoFolders(),
        journal=kit.journal(),
        clock=clock,
        executor=clock,
        observers=(late,),
    )
    return summary, late


def test_a_thousand_windows_are_exact_and_take_no_longer_than_one(kit: Kit) -> None:
    clock = EventClock(capacity=64, piece_s=3)
    summary, late = sweep(kit, clock, 1000)
    assert summary.hosts == len(late.by) == 1000
    assert late.restorations == {Restoration.RESTORED}
    assert clock.most == 64
    # Opening takes 16 rounds of 3 s. The last window closes 10 minutes after the last was opened,
    # then come the settling and the last logs: 48 + 600 + 3 + 5 + 3 s, and what waits for a worker.
    assert clock.now() - START <= timedelta(seconds=48 + 600 + 60)
    # Closing a window waits for no more than the piece of work that a worker is at, although the
    # logs of other hosts are fetched meanwhile.
    assert min(late.by) >= timedelta(0)
    assert max(late.by) <= timedelta(seconds=6)


def test_with_time_that_stands_still_every_window_is_exact(kit: Kit) -> None:
    clock = EventClock(capacity=64, piece_s=0)
    _, late = sweep(kit, clock, 200, settling_s=0)
    assert set(late.by) == {timedelta(0)}
    assert clock.now() - START == WINDOW


def test_one_worker_is_enough(kit: Kit) -> None:
    clock = EventClock(capacity=1, piece_s=1)
    summary, late = sweep(kit, clock, 50)
    assert summary.hosts == 50
    assert late.restorations == {Restoration.RESTORED}
    assert clock.most == 1


@pytest.mark.slow
def test_a_waiting_host_costs_few_kilobytes(kit: Kit) -> None:
    clock = EventClock(capacity=8, piece_s=0)
    waiting = 300
    fakes = [kit.fake_host(f"host{number:04}") for number in range(waiting)]
    interrupted = threading.Event()
    sizes: list[int] = []

    def driver_for(host: object) -> Driver:
        del host
        fake = fakes.pop()
        if not fakes:
            sizes.append(tracemalloc.get_traced_memory()[0])
        return Driver(
            kit.host(fake.name),
            lambda host: sweep_plan(host.name, kit.settings, instruments=kit.instruments),
            transport=kit.transport(fake),
            run=NoFolders(),
            journal=kit.journal(),
            clock=clock,
            announce=Observers(),
            interrupted=interrupted,
            deadline_s=600,
        )

    timetable = Timetable(driver_for, executor=clock, clock=clock, interrupted=interrupted)
    hosts = [kit.host(fake.name) for fake in fakes]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        timetable.run(hosts, lambda _: None)
    finally:
        tracemalloc.stop()
    # Of this the fake host and its list of calls are the larger part.
    assert (sizes[0] - before) / waiting < 24_000
