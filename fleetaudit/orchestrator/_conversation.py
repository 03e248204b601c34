"""One host's conversation: what was asked, how it ended, and whether a session is open."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from fleetaudit.errors import (
    HostFailedError,
    HostRefusedError,
    HostUnreachableError,
    HostUnsupportedError,
    ScriptFailedError,
)
from fleetaudit.orchestrator.outcomes import outcome_of
from fleetaudit.orchestrator.steps import Answer, Connect, Disconnect, Run, Step
from fleetaudit.records.call import ScriptCall
from fleetaudit.records.host_record import HostRecord, Restoration
from fleetaudit.records.outcome import HOST, Outcome, OutcomeKind
from fleetaudit.records.window import Window

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from fleetaudit.collectors import Collector
    from fleetaudit.orchestrator.instruments import Instruments
    from fleetaudit.records.evidence import Phase
    from fleetaudit.records.figures import Gap

__all__ = ["THROWN", "Conversation", "Steps", "loses_the_session"]

T = TypeVar("T")
Steps = Generator[Step, Answer, T]
"""A part of a plan: yields steps, returns a ``T``."""

THROWN: Final = (Exception, KeyboardInterrupt, SystemExit)
"""What can be thrown into a plan; GeneratorExit must pass, because no step can follow it."""

_SESSION_IS_FINE: Final = (ScriptFailedError, HostUnsupportedError, HostRefusedError)


def loses_the_session(error: BaseException) -> bool:
    """Return whether the session cannot be trusted after ``error``, so a new one is opened."""
    return not isinstance(error, _SESSION_IS_FINE)


class Conversation:
    """The state of one plan; its methods are parts of the plan.

    Attributes:
        host: The inventory name.
        window: When the host was audited, once that is known; of several bursts the last.
        restoration: What became of the change.
        is_connected: Whether a session is open.
        last_at: When the last step was done.
        gaps: What the record will say beside the outcomes.
    """

    def __init__(
        self, host: str, *, instruments: Instruments, expected: Mapping[str, frozenset[Phase]]
    ) -> None:
        self.host = host
        self.instruments = instruments
        self.window: Window | None = None
        self._earlier: list[Window] = []
        self.restoration = Restoration.NOT_NEEDED
        self.is_connected = False
        self.last_at: datetime | None = None
        self.gaps: list[Gap] = []
        self._expected = expected
        self._asked: set[tuple[str, Phase]] = set()
        self._ended: dict[str, Outcome] = {}
        self._may_repeat = True

    def do(self, step: Step) -> Steps[Answer]:
        """Ask for one step and remember when it was done."""
        answer = yield step
        self.last_at = answer.at
        return answer

    def connect(self, *, is_restoring: bool = False) -> Steps[None]:
        """Open a session where none is open."""
        if not self.is_connected:
            yield from self.do(Connect(is_restoring=is_restoring))
            self.is_connected = True

    def disconnect(self) -> Steps[None]:
        """Close the session where one is open."""
        if self.is_connected:
            self.is_connected = False
            yield from self.do(Disconnect())

    def ask(
        self, call: ScriptCall, *, is_restoring: bool = False, with_files: bool = False
    ) -> Steps[Answer]:
        """Run a script whose files are not evidence; a failed tool is raised as its error."""
        run = Run(call=call, with_files=with_files, is_restoring=is_restoring)
        return (yield from self._checked(run))

    def require(self, collector: Collector, phase: Phase, *, window: Window) -> Steps[Answer]:
        """Ask a source and store what it sends; record how it ended, and raise where it failed.

        The first source of a plan whose session is lost is asked once more on a new one.
        """
        self._asked.add((collector.name, phase))
        call = ScriptCall(
            script=collector.script,
            parameters=collector.parameters(window),
            deadline_s=collector.deadline_s,
        )
        run = Run(call=call, source=collector.name, phase=phase, with_files=True)
        while True:
            try:
                yield from self.connect()
                answer = yield from self._checked(run)
            except THROWN as error:
                if not (yield from self._mend(error)):
                    self._end(outcome_of(error, host=self.host, source=collector.name))
                    raise
            else:
                self._end(_collected(self.host, collector.name))
                return answer

    def collect(
        self, collector: Collector, phase: Phase, *, window: Window
    ) -> Steps[Answer | None]:
        """Ask a source; where it fails, the plan goes on. Raises only where no session opens."""
        yield from self.connect()
        try:
            return (yield from self.require(collector, phase, window=window))
        except Exception:  # noqa: BLE001 - require() has recorded it as the source's outcome
            return None

    @property
    def windows(self) -> tuple[Window, ...]:
        """Return every window that was opened, the last included."""
        return (*self._earlier, *(() if self.window is None else (self.window,)))

    def begin(self, window: Window) -> None:
        """Remember that a window is open now; one before it is over."""
        if self.window is not None:
            self._earlier.append(self.window)
        self.window = window

    def span(self) -> Window:
        """Return the whole time from the first window to the last; of no length without any."""
        if self.window is None:
            return self.no_window()
        first = self._earlier[0] if self._earlier else self.window
        return replace(first, closed_at=self.window.closed_at)

    def no_window(self) -> Window:
        """Return a window of no length, for sources that are asked outside of one."""
        if self.last_at is None:
            raise HostFailedError("nothing was asked yet", host=self.host)
        return Window(opened_at=self.last_at)

    def is_asked(self, collector: Collector, phase: Phase) -> bool:
        """Return whether the source was asked in this phase."""
        return (collector.name, phase) in self._asked

    def conclude(self, error: BaseException | None = None) -> HostRecord:
        """Return the host's record; ``error`` is what ended the plan early."""
        outcomes = [
            outcome_of(error, host=self.host, source=HOST) if error else _collected(self.host, HOST)
        ]
        for source, phases in self._expected.items():
            ended = self._ended.get(source)
            is_whole = all((source, phase) in self._asked for phase in phases)
            if ended is not None and (is_whole or ended.kind is not OutcomeKind.COLLECTED):
                outcomes.append(ended)
            elif error is not None:
                outcomes.append(outcome_of(error, host=self.host, source=source))
            else:
                never = HostFailedError("it was never asked", host=self.host)
                outcomes.append(outcome_of(never, host=self.host, source=source))
        return HostRecord(
            host=self.host,
            outcomes=tuple(outcomes),
            windows=self.windows,
            restoration=self.restoration,
            gaps=tuple(self.gaps),
        )

    def _checked(self, run: Run) -> Steps[Answer]:
        answer = yield from self.do(run)
        error = self.instruments.explain_failure(self.host, run.call, answer)
        if error is not None:
            raise error
        return answer

    def _mend(self, error: BaseException) -> Steps[bool]:
        if not loses_the_session(error):
            return False
        was_connected = self.is_connected
        yield from self.disconnect()
        is_lost = isinstance(error, HostFailedError | HostUnreachableError)
        if not (is_lost and was_connected and self._may_repeat):
            return False
        self._may_repeat = False
        return True

    def _end(self, outcome: Outcome) -> None:
        before = self._ended.get(outcome.source)
        if before is None or before.kind is OutcomeKind.COLLECTED:
            self._ended[outcome.source] = outcome


def _collected(host: str, source: str) -> Outcome:
    return Outcome(host=host, source=source, kind=OutcomeKind.COLLECTED)
