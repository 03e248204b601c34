from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fleetaudit.errors import (
    CredentialsHeldBackError,
    CredentialsRefusedError,
    HostError,
    HostUnreachableError,
)
from fleetaudit.records.host import Connection, Host
from fleetaudit.records.secret import Secret
from fleetaudit.transport.breaker import BreakerPolicy, BreakingTransport, CredentialBreaker

if TYPE_CHECKING:
    from fleetaudit.records.call import ScriptCall, ScriptOutput
    from fleetaudit.transport import Sink

GOOD = Connection(server="x", username="audit", password=Secret("right"))
WRONG = replace(GOOD, password=Secret("wrong"))


def hosts(count: int, connection: Connection = GOOD) -> list[Host]:
    return [Host(name=f"web{number:03}", connection=connection) for number in range(count)]


class OpenSession:
    is_open = True

    def run(self, call: ScriptCall, sink: Sink) -> ScriptOutput:
        raise AssertionError(call, sink)

    def close(self) -> None:
        pass


class Domain:
    """Accepts one password except on the hosts named; remembers what it was asked."""

    def __init__(self, *, strangers: set[str] | None = None, dead: set[str] | None = None) -> None:
        self.strangers = strangers or set()
        self.dead = dead or set()
        self.asked: list[str] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    def connect(self, host: Host) -> OpenSession:
        with self._lock:
            self.asked.append(host.name)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if host.name in self.dead:
                raise HostUnreachableError("refused", host=host.name)
            if host.name in self.strangers or host.connection.password != Secret("right"):
                raise CredentialsRefusedError("wrong password", host=host.name)
            return OpenSession()
        finally:
            with self._lock:
                self._at_once -= 1


def ask_all(transport: BreakingTransport, fleet: list[Host]) -> dict[str, HostError | None]:
    def ask(host: Host) -> HostError | None:
        try:
            transport.connect(host)
        except HostError as error:
            return error
        return None

    with ThreadPoolExecutor(16) as pool:
        return dict(zip([one.name for one in fleet], pool.map(ask, fleet), strict=True))


def test_a_wrong_password_is_sent_to_three_hosts_and_no_more() -> None:
    domain = Domain()
    answers = ask_all(BreakingTransport(domain, CredentialBreaker()), hosts(100, WRONG))
    assert len(domain.asked) == 3
    assert domain.most_at_once == 1
    held_back = [one for one in answers.values() if isinstance(one, CredentialsHeldBackError)]
    assert len(held_back) == 97
    assert "wrong" not in str(held_back[0]).replace("wrong password", "")
    assert "audit" in str(held_back[0])


def test_one_wrong_host_among_many_stops_nothing() -> None:
    domain = Domain(strangers={"web007", "web050", "web051", "web052", "web053"})
    answers = ask_all(BreakingTransport(domain, CredentialBreaker()), hosts(100))
    assert sum(one is None for one in answers.values()) == 95
    assert len(domain.asked) == 100


def test_a_password_that_is_changed_meanwhile_is_held_back_after_ten_refusals_in_a_row() -> None:
    domain = Domain()
    transport = BreakingTransport(domain, CredentialBreaker())
    fleet = hosts(40)
    transport.connect(fleet[0])
    domain.strangers = {one.name for one in fleet}
    errors = [type(_error(transport, host)) for host in fleet]
    assert errors.count(CredentialsRefusedError) == 10
    assert errors.count(CredentialsHeldBackError) == 30


def test_dead_hosts_count_neither_for_nor_against_a_credential() -> None:
    fleet = hosts(20)
    domain = Domain(dead={one.name for one in fleet[:19]})
    answers = ask_all(BreakingTransport(domain, CredentialBreaker()), fleet)
    assert answers["web019"] is None
    assert isinstance(answers["web000"], HostUnreachableError)


def test_another_password_is_another_credential() -> None:
    domain = Domain()
    transport = BreakingTransport(domain, CredentialBreaker(BreakerPolicy(failures=1)))
    stranger, friend = hosts(1, WRONG)[0], hosts(1)[0]
    assert isinstance(_error(transport, stranger), CredentialsRefusedError)
    assert isinstance(_error(transport, stranger), CredentialsHeldBackError)
    transport.connect(friend)


def test_a_dead_port_is_noticed_before_standing_in_the_queue() -> None:
    def knock(host: Host) -> None:
        raise HostUnreachableError("refused", host=host.name)

    domain = Domain()
    transport = BreakingTransport(domain, CredentialBreaker(), knock=knock)
    assert isinstance(_error(transport, hosts(1)[0]), HostUnreachableError)
    assert domain.asked == []


def test_a_proven_credential_needs_no_knocking() -> None:
    knocked: list[str] = []
    transport = BreakingTransport(
        Domain(), CredentialBreaker(), knock=lambda host: knocked.append(host.name)
    )
    for host in hosts(3):
        transport.connect(host)
    assert knocked == ["web000"]


def test_an_interrupted_try_lets_the_next_one_in() -> None:
    class Interrupted(Domain):
        def connect(self, host: Host) -> OpenSession:
            if not self.asked:
                self.asked.append(host.name)
                raise KeyboardInterrupt
            return super().connect(host)

    transport = BreakingTransport(Interrupted(), CredentialBreaker())
    first, second = hosts(2)
    with pytest.raises(KeyboardInterrupt):
        transport.connect(first)
    transport.connect(second)


def _error(transport: BreakingTransport, host: Host) -> HostError:
    with pytest.raises(HostError) as raised:
        transport.connect(host)
    return raised.value
