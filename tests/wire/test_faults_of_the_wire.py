"""Each fault, as an unmodified pypsrp meets it."""

from __future__ import annotations

import contextlib
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest
import requests
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import AuthenticationError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from fleetaudit.records.host import Auth, Connection
from fleetaudit.records.secret import Secret
from fleetaudit.simulation._seam import Emission, Output, ScriptRequest, Value
from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.network._wire_faults import FLOOD
from fleetaudit.simulation.network.server import RunningServer, ServedHost, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

SOON: Any = 0.01  # pypsrp asks for whole seconds, and sends what it is given
EXIT: Value = {"Kind": "Exit", "Tool": "auditpol", "Code": 0}
PIECES: list[Value] = [
    {"Kind": "Piece", "Name": "a.csv", "Index": index, "Data": "QUJD"} for index in range(3)
]
TRAILER: Value = {"Kind": "Trailer", "Name": "a.csv", "Pieces": 3}


class FileSender:
    """An engine whose every script sends one file of three pieces."""

    def answer(self, _request: ScriptRequest) -> Iterator[Emission]:
        for value in (EXIT, *PIECES, TRAILER):
            yield Output(value)


def name_in_first_word(text: str) -> str:
    return text.split(maxsplit=1)[0]


@contextlib.contextmanager
def faulty(fault: Fault, **changes: Any) -> Iterator[tuple[RunningServer, Connection]]:
    fields: dict[str, Any] = {"username": "audit", "password": Secret("p")}
    hosts = [ServedHost(name="web01", fault=fault, **fields | changes)]
    hosts.append(ServedHost(name="ok", **fields))
    with serve(FileSender(), hosts, identify=name_in_first_word) as server:
        yield server, server.endpoints["web01"].connection
        run(server.endpoints["ok"].connection)


@contextlib.contextmanager
def pool_on(connection: Connection) -> Iterator[RunspacePool]:
    settings: dict[str, Any] = {
        "port": connection.port,
        "ssl": connection.ssl,
        "username": connection.username,
        "password": (connection.password or Secret("")).reveal(),
        "auth": connection.auth.value,
        "encryption": connection.encryption.value,
        "cert_validation": connection.trust_path,
        "no_proxy": True,
        "connection_timeout": 0.2,
        "read_timeout": 0.2,
        "reconnection_backoff": 0,
    }
    wsman = WSMan(connection.server, **settings)
    try:
        pool = RunspacePool(wsman)
        pool.open()
        yield pool
    finally:
        if wsman.transport.session is not None:
            wsman.transport.session.close()


def run(connection: Connection, script: str = "Get it") -> PowerShell:
    with pool_on(connection) as pool:
        shell = PowerShell(pool).add_script(script)
        shell.invoke()
        pool.close()
    return shell


auths = pytest.mark.parametrize(
    "changes",
    [{"auths": (Auth.BASIC,)}, {"auths": (Auth.NTLM,)}, {"auths": (Auth.NEGOTIATE,), "tls": True}],
    ids=["basic", "ntlm", "https"],
)


@auths
def test_a_closed_port_refuses_until_the_host_is_revived(changes: dict[str, Any]) -> None:
    with faulty(Fault.REFUSE, **changes) as (server, connection):
        with pytest.raises(requests.exceptions.ConnectionError, match="refused"):
            run(connection)
        server.revive("web01")
        assert run(connection).output[0] == EXIT


@auths
def test_a_host_that_accepts_and_says_nothing_is_a_read_timeout(changes: dict[str, Any]) -> None:
    with (
        faulty(Fault.HANG_CONNECT, **changes) as (_, connection),
        pytest.raises(requests.exceptions.ReadTimeout),
    ):
        run(connection)


@auths
def test_a_script_that_hangs_can_be_stopped_and_the_pool_used_on(changes: dict[str, Any]) -> None:
    with faulty(Fault.HANG_SCRIPT, **changes) as (_, connection), pool_on(connection) as pool:
        for _ in range(2):
            shell = PowerShell(pool).add_script("Get it")
            shell.begin_invoke()
            shell.poll_invoke(timeout=SOON)
            assert (shell.output, shell.state) == ([], PSInvocationState.RUNNING)
            shell.stop()
        pool.close()


@auths
def test_a_reset_breaks_an_answer_in_the_middle(changes: dict[str, Any]) -> None:
    broken = (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)
    with (
        faulty(Fault.RESET, **changes) as (_, connection),
        pool_on(connection) as pool,
        pytest.raises(broken),
    ):
        PowerShell(pool).add_script("Get it").invoke()


def test_rubbish_is_a_page_of_html() -> None:
    with (
        faulty(Fault.RUBBISH, auths=(Auth.BASIC,)) as (_, connection),
        pytest.raises(ET.ParseError),
    ):
        run(connection)


def test_a_lone_surrogate_kills_pypsrp() -> None:
    with (
        faulty(Fault.SURROGATE) as (_, connection),
        pytest.raises(UnicodeDecodeError),
    ):
        run(connection)


@auths
def test_a_password_changed_on_the_host_is_refused(changes: dict[str, Any]) -> None:
    with (
        faulty(Fault.WRONG_PASSWORD, **changes) as (_, connection),
        pytest.raises(AuthenticationError),
    ):
        run(connection)


def test_an_account_without_rights_may_open_a_shell() -> None:
    with faulty(Fault.NO_RIGHTS) as (_, connection):
        assert run(connection).output[0] == EXIT


def test_a_jea_endpoint_that_is_not_there_is_a_fault() -> None:
    with faulty(Fault.NO_JEA, jea=("Get",)) as (_, connection):
        with pool_on(connection) as pool, pytest.raises(WSManFaultError) as caught:
            RunspacePool(pool.connection, configuration_name="Fleetaudit").open()
        assert caught.value.code == 2150858752


def test_a_truncated_file_lacks_its_last_piece_and_its_trailer() -> None:
    with faulty(Fault.TRUNCATED) as (_, connection):
        shell = run(connection)
    assert shell.output == [EXIT, *PIECES[:-1]]
    assert (shell.state, shell.had_errors) == (PSInvocationState.COMPLETED, False)


def test_a_flood_of_errors_comes_before_the_output_and_can_be_stopped() -> None:
    with faulty(Fault.ERROR_FLOOD) as (_, connection), pool_on(connection) as pool:
        shell = PowerShell(pool).add_script("Get it")
        shell.begin_invoke()
        shell.poll_invoke()
        assert 10 < len(shell.streams.error) < FLOOD
        shell.stop()
        pool.close()


@auths
def test_a_host_dies_when_the_shell_that_opened_the_window_is_closed(
    changes: dict[str, Any],
) -> None:
    with faulty(Fault.DIES_IN_WINDOW, **changes) as (server, connection):
        run(connection, "Get-AuditPolicy")
        with pool_on(connection) as pool:
            for _ in range(2):
                PowerShell(pool).add_script("Set-AuditPolicy").invoke()
            pool.close()
        with pytest.raises(requests.exceptions.ConnectionError, match="refused"):
            run(connection)
        server.revive("web01")
        run(connection, "Set-AuditPolicy")
        run(connection, "Get-AuditPolicy")
