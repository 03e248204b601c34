from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from fleetaudit import scripts
from fleetaudit.clock import SystemClock
from fleetaudit.errors import CredentialsHeldBackError, CredentialsRefusedError, HostError
from fleetaudit.records.call import ScriptCall
from fleetaudit.records.host import Auth, Host
from fleetaudit.records.secret import Secret
from fleetaudit.simulation._seam import Output
from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.network.server import ServedHost, serve
from fleetaudit.transport import MemorySink
from fleetaudit.transport.fleet import fleet_transport
from fleetaudit.transport.psrp import PsrpSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleetaudit.simulation._seam import Emission, ScriptRequest

JITTER = random.Random(1)  # noqa: S311 - pauses are no secret
SETTINGS = PsrpSettings(open_s=5, close_s=0.5)
CALL = ScriptCall(script="Get-WfpState", deadline_s=5)


class Engine:
    def answer(self, request: ScriptRequest) -> Iterator[Emission]:
        assert request.script == "Get-WfpState"
        yield Output({"Kind": "Exit", "Tool": "netsh", "Code": 0})


class EventfulClock(SystemClock):
    """A clock during whose pauses something happens instead of time passing."""

    def __init__(self, event: Callable[[], None]) -> None:
        self._event = event
        self.pauses = 0

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.pauses += 1
        self._event()


def served(name: str, *, fault: Fault = Fault.NONE) -> ServedHost:
    return ServedHost(
        name=name,
        username="audit",
        password=Secret("correct horse"),
        auths=(Auth.BASIC,),
        fault=fault,
    )


def test_a_wrong_password_reaches_three_hosts_of_a_fleet() -> None:
    fleet = [served(f"web{number:02}", fault=Fault.WRONG_PASSWORD) for number in range(20)]
    with serve(Engine(), fleet, identify=scripts.identify) as server:
        transport = fleet_transport(SystemClock(), library=scripts, dice=JITTER, settings=SETTINGS)

        def ask(name: str) -> type[HostError] | None:
            host = Host(name=name, connection=server.endpoints[name].connection)
            try:
                transport.connect(host)
            except HostError as error:
                return type(error)
            return None

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(ask, [one.name for one in fleet]))
    assert answers.count(CredentialsRefusedError) == 3
    assert answers.count(CredentialsHeldBackError) == 17


def test_a_host_that_comes_up_in_the_pause_is_collected() -> None:
    with serve(
        Engine(), [served("web01", fault=Fault.REFUSE)], identify=scripts.identify
    ) as server:
        clock = EventfulClock(lambda: server.revive("web01"))
        transport = fleet_transport(clock, library=scripts, dice=JITTER, settings=SETTINGS)
        session = transport.connect(
            Host(name="web01", connection=server.endpoints["web01"].connection)
        )
        assert session.run(CALL, MemorySink()).exits[0].tool == "netsh"
        session.close()
    assert clock.pauses == 1


def test_a_host_that_restarts_between_two_scripts_is_asked_in_a_new_session() -> None:
    with serve(Engine(), [served("web01")], identify=scripts.identify) as server:
        clock = EventfulClock(lambda: server.revive("web01"))
        transport = fleet_transport(clock, library=scripts, dice=JITTER, settings=SETTINGS)
        session = transport.connect(
            Host(name="web01", connection=server.endpoints["web01"].connection)
        )
        session.run(CALL, MemorySink())
        server.kill("web01")
        assert session.run(CALL, MemorySink()).exits
        session.close()
    assert clock.pauses >= 1
