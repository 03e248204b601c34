from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from fleetaudit.errors import (
    CredentialsRefusedError,
    HostError,
    HostFailedError,
    HostTimedOutError,
    HostUnreachableError,
    Retry,
    ScriptFailedError,
)
from fleetaudit.records.call import ScriptCall, ScriptOutput
from fleetaudit.records.host import Connection, Host
from fleetaudit.transport import MemorySink, Sink
from fleetaudit.transport.retry import RetryingTransport, RetryPolicy

WEB01 = Host(name="web01", connection=Connection(server="web01"))
READ = ScriptCall(script="Get-AuditPolicy")
WRITE = ScriptCall(script="Set-AuditPolicy", is_repeatable=False)


class FakeClock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds

    def sleep_until(self, moment: datetime) -> None:
        self.sleep((moment - self.now()).total_seconds())

    def patience(self, moment: datetime) -> float | None:
        raise AssertionError(moment)


class Highest:
    """Dice that always show the most."""

    def uniform(self, a: float, b: float) -> float:
        assert a < b
        return b


class ScriptedSession:
    def __init__(self, transport: ScriptedTransport) -> None:
        self._transport = transport
        self.is_open = True
        self.closed = 0

    def run(self, call: ScriptCall, sink: Sink) -> ScriptOutput:
        assert self.is_open
        assert call.script
        sink.open("policy.csv")
        ending = self._transport.runs.pop(0)
        if isinstance(ending, HostError):
            self.is_open = isinstance(ending, ScriptFailedError)
            raise ending
        return ScriptOutput(complaints=(f"session {len(self._transport.sessions)}",))

    def close(self) -> None:
        self.closed += 1
        self.is_open = False


class ScriptedTransport:
    """Connects and runs as two lists say: None is well, an error is raised."""

    def __init__(
        self, connects: list[HostError | None], runs: list[HostError | None] | None = None
    ) -> None:
        self.connects = connects
        self.runs = runs or []
        self.sessions: list[ScriptedSession] = []

    def connect(self, host: Host) -> ScriptedSession:
        assert host is WEB01
        ending = self.connects.pop(0)
        if ending is not None:
            raise ending
        self.sessions.append(ScriptedSession(self))
        return self.sessions[-1]


def lost(retry: Retry = Retry.FEW) -> HostFailedError:
    return HostFailedError("the connection was lost", host="web01", retry=retry)


def down() -> HostUnreachableError:
    return HostUnreachableError("refused", host="web01", retry=Retry.FEW)


def retrying(inner: ScriptedTransport, clock: FakeClock) -> RetryingTransport:
    return RetryingTransport(inner, clock, dice=Highest())


def test_a_host_that_comes_back_is_connected_to_at_last() -> None:
    clock = FakeClock()
    inner = ScriptedTransport([down(), down(), None])
    retrying(inner, clock).connect(WEB01)
    assert clock.pauses == [2.0, 8.0]


def test_a_host_that_stays_away_is_given_up_after_three_tries() -> None:
    clock = FakeClock()
    inner = ScriptedTransport([down(), down(), down(), None])
    with pytest.raises(HostUnreachableError):
        retrying(inner, clock).connect(WEB01)
    assert inner.connects == [None]


def test_a_busy_host_gets_long_pauses() -> None:
    clock = FakeClock()
    retrying(ScriptedTransport([lost(Retry.LATER), None]), clock).connect(WEB01)
    assert clock.pauses == [120.0]


def test_what_is_worth_one_more_try_gets_one() -> None:
    clock = FakeClock()
    inner = ScriptedTransport([lost(Retry.ONCE), lost(Retry.ONCE), None])
    with pytest.raises(HostFailedError):
        retrying(inner, clock).connect(WEB01)
    assert len(clock.pauses) == 1


def test_a_refused_credential_is_never_tried_again() -> None:
    clock = FakeClock()
    inner = ScriptedTransport([CredentialsRefusedError("wrong password", host="web01")])
    with pytest.raises(CredentialsRefusedError):
        retrying(inner, clock).connect(WEB01)
    assert clock.pauses == []


def test_no_try_begins_after_the_patience_has_run_out() -> None:
    clock = FakeClock()
    inner = ScriptedTransport([lost(Retry.LATER), lost(Retry.LATER), None])
    policy = RetryPolicy(patience_s=100.0)
    with pytest.raises(HostFailedError):
        RetryingTransport(inner, clock, dice=Highest(), policy=policy).connect(WEB01)
    assert clock.pauses == [120.0]


def test_a_repeatable_script_is_run_again_in_a_new_session() -> None:
    clock = FakeClock()
    inner = ScriptedTransport([None, None], [lost(), None])
    session = retrying(inner, clock).connect(WEB01)
    assert session.run(READ, MemorySink()).complaints == ("session 2",)
    assert inner.sessions[0].closed == 1


def test_a_change_is_never_sent_twice() -> None:
    clock = FakeClock()
    inner = ScriptedTransport([None, None], [lost(), None])
    session = retrying(inner, clock).connect(WEB01)
    with pytest.raises(HostFailedError):
        session.run(WRITE, MemorySink())
    assert inner.runs == [None]


def test_after_a_lost_change_the_next_script_connects_anew() -> None:
    clock = FakeClock()
    inner = ScriptedTransport([None, down(), None], [lost(), None])
    session = retrying(inner, clock).connect(WEB01)
    with pytest.raises(HostFailedError):
        session.run(WRITE, MemorySink())
    assert session.run(WRITE, MemorySink()).complaints == ("session 2",)


def test_a_failed_script_is_a_result_and_not_repeated() -> None:
    clock = FakeClock()
    failed = ScriptFailedError("gone wrong", host="web01", script="Get-AuditPolicy")
    inner = ScriptedTransport([None], [failed, None])
    session = retrying(inner, clock).connect(WEB01)
    with pytest.raises(ScriptFailedError):
        session.run(READ, MemorySink())
    assert session.run(READ, MemorySink()).complaints == ("session 1",)


def test_a_script_at_its_deadline_is_not_repeated() -> None:
    clock = FakeClock()
    inner = ScriptedTransport([None], [HostTimedOutError("stopped", host="web01"), None])
    session = retrying(inner, clock).connect(WEB01)
    with pytest.raises(HostTimedOutError):
        session.run(READ, MemorySink())
    assert inner.runs == [None]


def test_tries_of_a_script_and_of_connecting_do_not_multiply() -> None:
    clock = FakeClock()
    inner = ScriptedTransport([None, *(down() for _ in range(9))], [lost()])
    session = retrying(inner, clock).connect(WEB01)
    with pytest.raises(HostUnreachableError):
        session.run(READ, MemorySink())
    assert len(inner.connects) == 9 - 2


def test_closing_closes_the_session_below() -> None:
    inner = ScriptedTransport([None])
    retrying(inner, FakeClock()).connect(WEB01).close()
    assert inner.sessions[0].closed == 1
