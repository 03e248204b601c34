"""Try again what may work the next time, with a new session and growing, random pauses."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception

from fleetaudit.errors import HostError, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fleetaudit.clock import Clock
    from fleetaudit.records.call import ScriptCall, ScriptOutput
    from fleetaudit.records.host import Host
    from fleetaudit.transport._protocol import Session, Sink

__all__ = ["Dice", "LiveSession", "LiveTransport", "RetryPolicy", "RetryingTransport"]

T = TypeVar("T")

_TRIES: Final[Mapping[Retry, int]] = MappingProxyType(
    {Retry.NEVER: 1, Retry.ONCE: 2, Retry.FEW: 3, Retry.LATER: 3}
)


class Dice(Protocol):
    """A source of chance, such as :class:`random.Random`."""

    def uniform(self, a: float, b: float) -> float:
        """Return a number between ``a`` and ``b``."""
        ...


class LiveSession(Protocol):
    """A session that knows whether it outlived its last error."""

    @property
    def is_open(self) -> bool:
        """Return whether another script can be run."""
        ...

    def run(self, call: ScriptCall, sink: Sink) -> ScriptOutput:
        """Run a script."""
        ...

    def close(self) -> None:
        """Close the shell."""
        ...


class LiveTransport(Protocol):
    """Opens such sessions."""

    def connect(self, host: Host) -> LiveSession:
        """Return an open session."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how long; the classifier says what.

    Attributes:
        pauses_s: The longest pause before the second, third and every further try; the pause is
            drawn between none and this, so that a fleet does not come back in step.
        busy_pause_s: The shortest and longest pause where the host has too much to do.
        patience_s: No new try begins so long after the first one began.
    """

    pauses_s: tuple[float, ...] = (2.0, 8.0, 30.0)
    busy_pause_s: tuple[float, float] = (30.0, 120.0)
    patience_s: float = 600.0


class RetryingTransport:
    """Connects again, and repeats scripts that may be repeated, while an error says it may help."""

    def __init__(
        self,
        inner: LiveTransport,
        clock: Clock,
        *,
        dice: Dice,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._dice = dice
        self._policy = policy or RetryPolicy()

    def connect(self, host: Host) -> Session:
        """Return a session that connects anew by itself when it was lost.

        Raises:
            HostError: The last try's.
        """
        return _RetryingSession(self, host, self.open(host))

    def open(self, host: Host) -> LiveSession:
        """Return one open session of the transport below, after as many tries as it takes."""
        return self.repeat(lambda: self.open_once(host))

    def open_once(self, host: Host) -> LiveSession:
        """Return one open session of the transport below, after one try."""
        return self._inner.connect(host)

    def repeat(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns, called again while its error says that it may help."""
        retrying = Retrying(
            sleep=self._clock.sleep,
            stop=self._stop_after(self._clock.monotonic()),
            wait=self._pause,
            retry=retry_if_exception(_is_worth_it),
            reraise=True,
        )
        return retrying(work)

    def _stop_after(self, begun: float) -> Callable[[RetryCallState], bool]:
        def stop(state: RetryCallState) -> bool:
            if state.attempt_number >= _TRIES[_hint(state)]:
                return True
            return self._clock.monotonic() - begun >= self._policy.patience_s

        return stop

    def _pause(self, state: RetryCallState) -> float:
        if _hint(state) is Retry.LATER:
            return self._dice.uniform(*self._policy.busy_pause_s)
        pauses = self._policy.pauses_s
        return self._dice.uniform(0.0, pauses[min(state.attempt_number, len(pauses)) - 1])


class _RetryingSession:
    """A session that survives the loss of the one below."""

    def __init__(self, transport: RetryingTransport, host: Host, session: LiveSession) -> None:
        self._transport = transport
        self._host = host
        self._session = session
        self._is_closed = False

    def run(self, call: ScriptCall, sink: Sink) -> ScriptOutput:
        """Run a script; once the host may have begun it, only a repeatable one is sent again."""
        if not call.is_repeatable:
            self._revive(self._transport.open)
            return self._session.run(call, sink)
        return self._transport.repeat(lambda: self._attempt(call, sink))

    def close(self) -> None:
        """Close the shell on the host; never raises."""
        self._is_closed = True
        self._session.close()

    def _attempt(self, call: ScriptCall, sink: Sink) -> ScriptOutput:
        # One try to connect only: the tries of the script are those of connecting, too.
        self._revive(self._transport.open_once)
        try:
            return self._session.run(call, sink)
        except HostError as error:
            if error.retry is not Retry.NEVER:
                self._session.close()
            raise

    def _revive(self, connect: Callable[[Host], LiveSession]) -> None:
        if not self._session.is_open and not self._is_closed:
            self._session = connect(self._host)


def _hint(state: RetryCallState) -> Retry:
    error = state.outcome.exception() if state.outcome is not None else None
    return error.retry if isinstance(error, HostError) else Retry.NEVER


def _is_worth_it(error: BaseException) -> bool:
    return isinstance(error, HostError) and error.retry is not Retry.NEVER
