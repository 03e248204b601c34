"""Where the work on hosts is done: in threads, or at once in the calling thread."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DEFAULT_WORKERS", "Executor", "SerialExecutor", "ThreadExecutor"]

DEFAULT_WORKERS: Final = 64
"""Work on a host is waiting for a host: 64 threads fill a controller's two cores with decoding."""

T = TypeVar("T")


class Executor(Protocol):
    """Does pieces of work, at most ``capacity`` at a time."""

    @property
    def capacity(self) -> int:
        """Return how many pieces may be under way."""
        ...

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Begin a piece of work and return what will hold its result."""
        ...

    def close(self) -> None:
        """Let go of everything; work that is under way is not waited for."""
        ...


class ThreadExecutor:
    """A pool of threads."""

    def __init__(self, workers: int = DEFAULT_WORKERS) -> None:
        self.capacity = workers
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="host")

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Begin the work in a thread of the pool."""
        return self._pool.submit(work)

    def close(self) -> None:
        """End the threads as soon as each has done its piece."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class SerialExecutor:
    """Does each piece at once, so that an order of events can be followed with a debugger."""

    capacity = 1

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Do the work and return a future that is done."""
        future: Future[T] = Future()
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - Ctrl-C too is the result of this piece
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Do nothing."""
