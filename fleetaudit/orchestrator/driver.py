"""Performs the steps of one host's plan."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import HostFailedError, HostTimedOutError
from fleetaudit.orchestrator.events import (
    HostStarted,
    HostSuspended,
    Remarked,
    StepFinished,
    StepStarted,
    WindowClosed,
    WindowOpened,
)
from fleetaudit.orchestrator.outcomes import outcome_of
from fleetaudit.orchestrator.steps import (
    Answer,
    Connect,
    Disconnect,
    Note,
    Owe,
    Pause,
    Recall,
    Run,
    Settle,
    Step,
)
from fleetaudit.records.host_record import HostRecord, Restoration
from fleetaudit.records.outcome import HOST
from fleetaudit.records.wire import STDERR
from fleetaudit.transport import MemorySink

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping

    from fleetaudit.clock import Clock
    from fleetaudit.orchestrator.events import Observers
    from fleetaudit.orchestrator.folders import Folder, Folders
    from fleetaudit.orchestrator.journal import Journal
    from fleetaudit.orchestrator.steps import Plan
    from fleetaudit.records.call import ScriptCall, ScriptOutput
    from fleetaudit.records.debt import Debt
    from fleetaudit.records.host import Host
    from fleetaudit.transport import Session, Sink, Transport

__all__ = ["Driver"]

_LARGEST_READ: Final = 4 * 1024 * 1024
"""Bytes of a file that is handed to a plan; the largest real one is a policy of some 6 KB."""
_SHORTEST_CALL_S: Final = 1.0


class Driver:
    """One host's plan with its session, between two pauses or to the end.

    Used by one thread at a time. While the plan is paused, no session is open.
    """

    def __init__(
        self,
        host: Host,
        plan_for: Callable[[Host], Plan],
        *,
        transport: Transport,
        run: Folders,
        journal: Journal,
        clock: Clock,
        announce: Observers,
        interrupted: threading.Event,
        deadline_s: float,
    ) -> None:
        self.host = host
        self._plan_for = plan_for
        self._plan: Plan | None = None
        self._transport = transport
        self._run = run
        self._journal = journal
        self._clock = clock
        self._announce = announce
        self._interrupted = interrupted
        self._seconds_left = deadline_s
        self._since = 0.0
        self._session: Session | None = None
        self._pause: Pause | None = None
        self._owed: list[Debt] = []

    def proceed(self) -> Pause | HostRecord:
        """Perform steps until the plan pauses or ends; the record of an ended one is committed.

        Whatever goes wrong goes into the plan, by ``throw``, never by ``close``: a plan that still
        has to put auditing back has to be asked for its next step.
        """
        self._since = self._clock.monotonic()
        try:
            step = self._begin() if self._pause is None else self._resume(self._pause)
            while not (isinstance(step, Pause) and self._forbidden(step) is None):
                step = self._advance(step)
        except StopIteration as end:
            return self._conclude(end.value)
        except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 - see _broken
            return self._conclude(self._broken(error))
        self._close_session()
        self._pause = step
        self._seconds_left -= self._clock.monotonic() - self._since
        now = self._clock.now()
        self._announce(HostSuspended(host=self.host.name, at=now, until=step.until))
        return step

    def _begin(self) -> Step:
        self._announce(HostStarted(host=self.host.name, at=self._clock.now()))
        self._plan = self._plan_for(self.host)
        return next(self._plan)

    def _resume(self, pause: Pause) -> Step:
        self._pause = None
        error = self._forbidden(pause)
        if error is not None:
            return self._live_plan().throw(error)
        return self._live_plan().send(Answer(at=self._clock.now()))

    def _advance(self, step: Step) -> Step:
        try:
            answer = self._perform(step)
        except (Exception, KeyboardInterrupt, SystemExit) as thrown:  # noqa: BLE001 - told to the plan
            if not isinstance(thrown, Exception):
                self._interrupted.set()
            return self._live_plan().throw(thrown)
        return self._live_plan().send(answer)

    def _forbidden(self, step: Step) -> BaseException | None:
        """Return why ``step`` is not to be performed; what undoes a change always is."""
        if isinstance(step, Disconnect | Note | Settle):
            return None
        if isinstance(step, Connect | Run | Pause) and step.is_restoring:
            return None
        if self._interrupted.is_set():
            return KeyboardInterrupt()
        if self._left() <= 0:
            return HostTimedOutError(
                "the time for this host is used up",
                host=self.host.name,
                stage="working through its plan",
                remedy="Allow more time for a host, or ask fewer sources",
            )
        return None

    def _left(self) -> float:
        return self._seconds_left - (self._clock.monotonic() - self._since)

    def _perform(self, step: Step) -> Answer:
        error = self._forbidden(step)
        if error is not None:
            raise error
        match step:
            case Connect():
                return self._timed("connect", "", self._connect)
            case Run():
                return self._timed(step.call.script, step.source, lambda: self._run_script(step))
            case Recall():
                return self._recall()
            case Owe():
                return self._timed("owe", "", lambda: self._owe(step))
            case Settle():
                return self._timed("settle", "", lambda: self._settle(step))
            case Note():
                self._note(step)
            case Disconnect():
                self._close_session()
            case Pause():
                # Reached where proceed() may not suspend: the pause was refused by _forbidden.
                raise HostFailedError("a pause cannot be performed here", host=self.host.name)
        return Answer(at=self._clock.now())

    def _timed(self, what: str, source: str, perform: Callable[[], Answer]) -> Answer:
        name, began = self.host.name, self._clock.monotonic()
        self._announce(StepStarted(host=name, at=self._clock.now(), what=what, source=source))
        error = ""
        complaints: tuple[str, ...] = ()
        try:
            answer = perform()
            complaints = answer.output.complaints
        except BaseException as thrown:
            error = outcome_of(thrown, host=name, source=source).reason
            raise
        finally:
            self._announce(
                StepFinished(
                    host=name,
                    at=self._clock.now(),
                    what=what,
                    source=source,
                    duration_s=self._clock.monotonic() - began,
                    error=error,
                    complaints=complaints,
                )
            )
        return answer

    def _connect(self) -> Answer:
        self._close_session()
        self._session = self._transport.connect(self.host)
        return Answer(at=self._clock.now())

    def _run_script(self, step: Run) -> Answer:
        if self._session is None:
            raise HostFailedError("no session is open", host=self.host.name)
        sink: Sink = MemorySink()
        if step.source and step.phase is not None:
            sink = self._folder().sink(step.source, step.phase, self._clock.now())
        output = self._session.run(self._shortened(step), sink)
        files = _content(sink, output, is_wanted=step.with_files)
        return Answer(at=self._clock.now(), output=output, files=files)

    def _shortened(self, step: Run) -> ScriptCall:
        if step.is_restoring:
            return step.call
        left = max(_SHORTEST_CALL_S, self._left())
        return replace(step.call, deadline_s=min(step.call.deadline_s, left))

    def _recall(self) -> Answer:
        debts = self._journal.open_debts(self.host.name)
        live = frozenset(debt.run_id for debt in debts if self._journal.is_live(debt.run_id))
        damaged = tuple(str(path) for path in self._journal.damaged(self.host.name))
        return Answer(at=self._clock.now(), debts=debts, live_runs=live, damaged=damaged)

    def _owe(self, step: Owe) -> Answer:
        self._journal.owe(step.debts)
        self._owed.extend(step.debts)
        return Answer(at=self._clock.now())

    def _settle(self, step: Settle) -> Answer:
        self._journal.settle(step.debt, note=step.note)
        if step.debt in self._owed:
            self._owed.remove(step.debt)
        return Answer(at=self._clock.now())

    def _note(self, step: Note) -> None:
        name, now = self.host.name, self._clock.now()
        if step.text:
            self._announce(Remarked(host=name, at=now, text=step.text))
        if step.window is not None:
            event = WindowOpened if step.window.closed_at is None else WindowClosed
            self._announce(event(host=name, at=now, window=step.window))

    def _broken(self, error: BaseException) -> HostRecord:
        """Return the record of a plan that itself raised, which only a defect in it can do."""
        return HostRecord(
            host=self.host.name, outcomes=(outcome_of(error, host=self.host.name, source=HOST),)
        )

    def _conclude(self, record: HostRecord) -> HostRecord:
        self._close_session()
        if self._owed and record.restoration is not Restoration.HELD:
            record = replace(record, restoration=Restoration.OWED)
        try:
            folder = self._folder()
            record = _with_evidence(record, folder)
            folder.commit(record)
        except Exception as error:  # noqa: BLE001 - a full disk ends this host, not the sweep
            ended = outcome_of(error, host=self.host.name, source=HOST)
            others = tuple(one for one in record.outcomes if one.source != HOST)
            record = replace(record, outcomes=(ended, *others))
        return record

    def _close_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _folder(self) -> Folder:
        return self._run.host(self.host.name)

    def _live_plan(self) -> Plan:
        if self._plan is None:
            raise HostFailedError("the plan was not begun", host=self.host.name)
        return self._plan


def _content(sink: Sink, output: ScriptOutput, *, is_wanted: bool) -> Mapping[str, bytes]:
    return MappingProxyType(
        {
            one.name: sink.read(one.name)
            for one in output.attachments
            if one.length <= _LARGEST_READ and (is_wanted or one.name == STDERR)
        }
    )


def _with_evidence(record: HostRecord, folder: Folder) -> HostRecord:
    stored = folder.evidence()
    outcomes = tuple(
        replace(one, evidence=tuple(e for e in stored if e.source == one.source))
        for one in record.outcomes
    )
    return replace(record, outcomes=outcomes)
