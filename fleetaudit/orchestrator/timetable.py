"""Which host is worked on when: many plans, few workers, nobody waiting in a thread."""

from __future__ import annotations

import heapq
import itertools
import queue
import random
from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fleetaudit.orchestrator.steps import Pause

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future
    from datetime import datetime

    from fleetaudit.clock import Clock
    from fleetaudit.orchestrator.driver import Driver
    from fleetaudit.orchestrator.executor import Executor
    from fleetaudit.orchestrator.steps import Urgency
    from fleetaudit.records.host import Host
    from fleetaudit.records.host_record import HostRecord

__all__ = ["Timetable"]

_LOOK_AGAIN: Final = timedelta(hours=1)
"""How long to wait for running work at most; longer waits overflow a lock's timeout."""


class Timetable:
    """Works through hosts with an executor.

    A plan that pauses is put aside until it is due; its worker takes another host. When more are
    due than there are workers, windows that have to be closed go first, then evidence that has to
    be fetched, then hosts that were not begun.

    Args:
        driver_for: Makes the driver of a host, at the moment when the host is begun.
        executor: Where the work is done.
        clock: Tells the time and waits.
        interrupted: Is set when the run was interrupted; drivers look at it before each step.
        seed: Of the order in which hosts are begun; it is shuffled, so that neighbours in an
            inventory, which often share a site's link, are not worked on at the same time.
    """

    def __init__(
        self,
        driver_for: Callable[[Host], Driver],
        *,
        executor: Executor,
        clock: Clock,
        interrupted: threading.Event,
        seed: int = 0,
    ) -> None:
        self._driver_for = driver_for
        self._executor = executor
        self._clock = clock
        self._interrupted = interrupted
        self._random = random.Random(seed)  # noqa: S311 - an order, not a secret
        self._fresh: deque[Host] = deque()
        self._waiting: list[tuple[datetime, int, Urgency, Driver]] = []
        self._ready: list[tuple[Urgency, datetime, int, Driver]] = []
        self._running: dict[Future[Pause | HostRecord], Driver] = {}
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._numbers = itertools.count()

    def run(self, hosts: Iterable[Host], finish: Callable[[HostRecord], None]) -> None:
        """Work through ``hosts``; ``finish`` is told of each that is done, in this thread."""
        shuffled = list(hosts)
        self._random.shuffle(shuffled)
        self._fresh.extend(shuffled)
        while self._fresh or self._waiting or self._ready or self._running:
            self._wake()
            self._fill()
            self._await()
            for future in [one for one in self._running if one.done()]:
                self._take(future, finish)

    def interrupt(self) -> None:
        """Have every plan put its host back and end; called from another thread."""
        self._interrupted.set()
        self._bell.put(None)

    def _wake(self) -> None:
        now = self._clock.now()
        while self._waiting and (self._waiting[0][0] <= now or self._interrupted.is_set()):
            due, number, urgency, driver = heapq.heappop(self._waiting)
            heapq.heappush(self._ready, (urgency, due, number, driver))

    def _fill(self) -> None:
        while len(self._running) < self._executor.capacity and (self._ready or self._fresh):
            if self._ready:
                driver = heapq.heappop(self._ready)[3]
            else:
                driver = self._driver_for(self._fresh.popleft())
            self._submit(driver)

    def _submit(self, driver: Driver) -> None:
        future = self._executor.submit(driver.proceed)
        self._running[future] = driver
        future.add_done_callback(lambda _: self._bell.put(None))

    def _await(self) -> None:
        """Return when a piece of work is done, a pause is over, or the run is interrupted."""
        if not self._running and not self._waiting:
            return
        moment = self._next_look()
        patience = self._clock.patience(moment)
        if patience is None and not self._running:
            self._clock.sleep_until(moment)
            return
        try:
            self._bell.get(timeout=patience)
        except queue.Empty:
            return
        while not self._bell.empty():
            self._bell.get()

    def _next_look(self) -> datetime:
        latest = self._clock.now() + _LOOK_AGAIN
        has_room = len(self._running) < self._executor.capacity
        return min(latest, self._waiting[0][0]) if has_room and self._waiting else latest

    def _take(
        self, future: Future[Pause | HostRecord], finish: Callable[[HostRecord], None]
    ) -> None:
        driver = self._running.pop(future)
        result = future.result()
        if isinstance(result, Pause):
            entry = (result.until, next(self._numbers), result.urgency, driver)
            heapq.heappush(self._waiting, entry)
        else:
            finish(result)
