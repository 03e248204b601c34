from __future__ import annotations

import contextlib
import http.client
import json
import os
import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import AuthenticationError, WinRMTransportError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from fleetaudit.records.host import Auth, Connection, LanguageMode
from fleetaudit.records.secret import Secret
from fleetaudit.simulation._seam import (
    Emission,
    ErrorText,
    NonTerminatingError,
    Output,
    ScriptRequest,
    TerminatingError,
    Value,
)
from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.network.server import RunningServer, ServedHost, serve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CASES = Path(__file__).parents[1] / "cases" / "psrp"
PASSWORD = Secret("Pass: wörd 1")
SOON: Any = 0.01  # pypsrp asks for whole seconds, and sends what it is given
PIECE: dict[str, Value] = {
    "Kind": "Piece",
    "Name": "a.txt",
    "Index": 0,
    "Data": "QUJD",
    "Whole": True,
    "None": None,
}


class Told:
    """An engine that answers by the script's name and remembers what it was asked."""

    def __init__(self, **answers: Iterable[Emission]) -> None:
        self.answers = answers
        self.requests: list[ScriptRequest] = []
        self.pulled = 0

    def answer(self, request: ScriptRequest) -> Iterator[Emission]:
        self.requests.append(request)
        for emission in self.answers.get(request.script, (Output(PIECE),)):
            self.pulled += 1
            yield emission


def name_in_first_word(text: str) -> str:
    return text.split(maxsplit=1)[0]


def a_host(name: str = "web01", **changes: Any) -> ServedHost:
    fields: dict[str, Any] = {"username": "CORP\\audit", "password": PASSWORD}
    return ServedHost(name=name, **fields | changes)


@contextlib.contextmanager
def one(engine: Told | None = None, **changes: Any) -> Iterator[tuple[RunningServer, Connection]]:
    with serve(engine or Told(), [a_host(**changes)], identify=name_in_first_word) as server:
        yield server, server.endpoints["web01"].connection


@contextlib.contextmanager
def client_of(connection: Connection, **changes: Any) -> Iterator[WSMan]:
    settings: dict[str, Any] = {
        "port": connection.port,
        "ssl": connection.ssl,
        "username": changes.pop("username", connection.username),
        "password": (connection.password or Secret("")).reveal() + changes.pop("typo", ""),
        "auth": connection.auth.value,
        "encryption": changes.pop("encryption", connection.encryption.value),
        "cert_validation": changes.pop("trust", connection.trust_path),
        "no_proxy": True,
    }
    wsman = WSMan(connection.server, **settings)
    try:
        yield wsman
    finally:
        if wsman.transport.session is not None:
            wsman.transport.session.close()


@contextlib.contextmanager
def pool_on(connection: Connection, **changes: Any) -> Iterator[RunspacePool]:
    with client_of(connection, **changes) as wsman:
        pool = RunspacePool(wsman, configuration_name=connection.configuration_name)
        pool.open()
        yield pool
        pool.close()


def run(pool: RunspacePool, script: str, **parameters: object) -> PowerShell:
    shell = PowerShell(pool)
    shell.add_script("function Send-File {}").add_statement()
    shell.add_script(script, use_local_scope=True).add_parameters(parameters)
    shell.invoke()
    shell.close()
    return shell


def said(shell: PowerShell) -> list[str]:
    return [str(error) for error in shell.streams.error]


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.NTLM, Auth.NEGOTIATE])
def test_an_unmodified_client_runs_a_script(auth: Auth, *, tls: bool) -> None:
    engine = Told()
    with one(engine, auths=(auth,), tls=tls) as (_, connection), pool_on(connection) as pool:
        shell = run(pool, "Get-Thing ...", Number=7, Big=2**40, Text="ü😀\n", On=True, List=["a"])
    assert shell.output == [PIECE | {"None": None}]
    assert (shell.state, said(shell)) == (4, [])
    assert [request.script for request in engine.requests] == ["Get-Thing"]
    assert engine.requests[0].host == "web01"
    assert dict(engine.requests[0].parameters) == {
        "Number": 7,
        "Big": 2**40,
        "Text": "ü😀\n",
        "On": True,
        "List": ("a",),
    }


@pytest.mark.parametrize("auth", [Auth.NTLM, Auth.NEGOTIATE])
def test_messages_over_http_are_sealed(auth: Auth) -> None:
    with one(auths=(auth,)) as (_, connection), pool_on(connection) as pool:
        assert pool.connection.transport.encryption is not None


def test_a_message_in_the_clear_is_refused_where_basic_is_not_allowed() -> None:
    with (
        one() as (_, connection),
        pytest.raises(WinRMTransportError) as caught,
        pool_on(connection, encryption="never"),
    ):
        pass
    assert caught.value.code == 400


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.NTLM, Auth.NEGOTIATE])
@pytest.mark.parametrize("wrong", [{"typo": "x"}, {"username": "CORP\\other"}])
def test_a_wrong_credential_is_refused(auth: Auth, wrong: dict[str, str], *, tls: bool) -> None:
    with (
        one(auths=(auth,), tls=tls) as (_, connection),
        pytest.raises(AuthenticationError),
        pool_on(connection, **wrong),
    ):
        pass


def test_hosts_with_one_user_name_have_passwords_of_their_own() -> None:
    hosts = [a_host(f"h{number}", password=Secret(f"p{number}")) for number in range(2)]
    with serve(Told(), hosts, identify=name_in_first_word) as server:
        for endpoint in server.endpoints.values():
            with pool_on(endpoint.connection):
                pass


def test_a_certificate_of_an_unknown_authority_is_refused() -> None:
    with (
        one(tls=True) as (_, connection),
        pytest.raises(requests.exceptions.SSLError),
        pool_on(connection, trust=True),
    ):
        pass


def test_all_hosts_have_the_same_port_and_an_address_of_their_own() -> None:
    hosts = [a_host(f"h{number}") for number in range(20)] + [a_host("g", address="127.9.8.7")]
    with serve(Told(), hosts, identify=name_in_first_word) as server:
        endpoints = server.endpoints.values()
        assert len({endpoint.address for endpoint in endpoints}) == 21
        assert len({endpoint.port for endpoint in endpoints}) == 1
        assert server.endpoints["g"].connection.server == "127.9.8.7"


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "10.0.0.1"},
        {"address": "0.0.0.0"},  # noqa: S104 - what must not be
        {"auths": (Auth.KERBEROS,)},
        {"auths": ()},
        {"username": "with:colon"},
    ],
)
def test_a_host_that_cannot_be_served_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"127/8|accept|colon"), one(**changes):
        pass


def test_large_objects_arrive_whole_in_answers_of_a_limited_size() -> None:
    text = "".join(chr(33 + number % 90) for number in range(300_000))
    engine = Told(Get=[Output(text), Output(b"\x00\xff" * 60_000), Output({"Text": text})])
    with one(engine, auths=(Auth.BASIC,)) as (_, connection), pool_on(connection) as pool:
        sizes: list[int] = []

        def note(response: requests.Response, *_args: object, **_more: object) -> None:
            sizes.append(len(response.content))

        session: Any = pool.connection.transport.session
        session.hooks["response"].append(note)
        shell = run(pool, "Get it")
    assert shell.output == [text, b"\x00\xff" * 60_000, {"Text": text}]
    assert 128_000 < max(sizes) < 140_000


def test_nothing_is_produced_before_the_client_asks_for_it() -> None:
    engine = Told(Get=[Output("A" * 50_000)] * 100)
    with one(engine, auths=(Auth.BASIC,)) as (_, connection), pool_on(connection) as pool:
        shell = PowerShell(pool).add_script("Get it")
        shell.begin_invoke()
        assert engine.pulled == 0
        shell.poll_invoke()
        assert engine.pulled <= 3
        shell.stop()
    assert engine.pulled <= 3


def test_a_script_of_several_fragments_arrives_whole() -> None:
    engine = Told()
    script = "Get " + "# filler\n" * 60_000
    with one(engine) as (_, connection), pool_on(connection) as pool:
        run(pool, script)
    assert engine.requests[0].text == script


def test_errors_arrive_as_powershell_sends_them() -> None:
    error = ErrorText(
        message="no such log\nat all",
        fully_qualified_id="Fleetaudit.Unsupported,Get",
        category=13,
        target="log",
        script_stack_trace="at line 3",
    )
    engine = Told(
        Get=[NonTerminatingError(error), Output("x"), TerminatingError(error), Output("")]
    )
    with one(engine) as (_, connection), pool_on(connection) as pool:
        shell = run(pool, "Get it")
        after = run(pool, "Other")
    assert (shell.output, shell.state, shell.had_errors) == (["x"], 5, True)
    assert said(shell) == ["no such log\nat all"] * 2
    records: list[Any] = shell.streams.error
    for record in records:
        assert record.fq_error == "Fleetaudit.Unsupported,Get"
        assert (record.category, record.target_name) == (13, "log")
        assert record.script_stacktrace == "at line 3"
    assert after.state == 4


def test_a_session_without_a_language_refuses_scripts_in_the_recorded_words() -> None:
    lines = (CASES / "no_language.jsonl").read_text(encoding="utf-8").splitlines()
    with one(language_mode=LanguageMode.NONE) as (_, connection), pool_on(connection) as pool:
        shell = run(pool, "Get it")
    assert said(shell) == json.loads(lines[1])["errors"]
    assert shell.state == 5


@pytest.mark.parametrize(
    ("script", "identifier"),
    [
        ("Get [datetime]::UtcNow.ToString('o'); [guid]::NewGuid()", None),
        ("Get [IO.File]::OpenRead('x')", "MethodInvocationNotSupportedInConstrainedLanguage"),
    ],
)
def test_constrained_language_refuses_methods_but_of_core_types(
    script: str, identifier: str | None
) -> None:
    with (
        one(language_mode=LanguageMode.CONSTRAINED) as (_, connection),
        pool_on(connection) as pool,
    ):
        shell = run(pool, script)
    errors: list[Any] = shell.streams.error
    assert [error.fq_error for error in errors] == ([identifier] if identifier else [])


def test_a_slow_host_answers_all_the_same() -> None:
    with one(latency_s=0.001) as (_, connection), pool_on(connection) as pool:
        assert run(pool, "Get it").output == [PIECE]


def test_a_jea_endpoint_runs_its_functions_and_nothing_else() -> None:
    engine = Told()
    with one(engine, jea=("Get-WfpState",)) as (_, connection), pool_on(connection) as pool:
        assert connection.configuration_name == "Fleetaudit"
        good = PowerShell(pool).add_cmdlet("Get-WfpState").add_parameter("AfterRecord", 5)
        good.invoke()
        unknown = PowerShell(pool).add_cmdlet("Get-Process")
        unknown.invoke()
        script = PowerShell(pool).add_script("'x'")
        script.invoke()
    assert good.output == [PIECE]
    assert engine.requests[0].script == "Get-WfpState"
    assert engine.requests[0].parameters == {"AfterRecord": 5}
    assert unknown.streams.error[0].fq_error == "CommandNotFoundException"
    assert script.streams.error[0].fq_error == "ScriptsNotAllowed"
    assert len(engine.requests) == 1


def test_an_unknown_session_configuration_is_a_fault() -> None:
    with one() as (_, connection), client_of(connection) as wsman:
        with pytest.raises(WSManFaultError) as caught:
            RunspacePool(wsman, configuration_name="Nope").open()
        assert caught.value.code == 2150858752


def test_a_shell_beyond_the_quota_is_a_fault() -> None:
    with one(max_shells=1) as (_, connection), pool_on(connection), client_of(connection) as more:
        with pytest.raises(WSManFaultError) as caught:
            RunspacePool(more).open()
        assert caught.value.code == 2150859173


def test_a_receive_without_an_answer_ends_in_the_operation_timeout() -> None:
    with (
        one(fault=Fault.HANG_SCRIPT) as (_, connection),
        client_of(connection) as wsman,
        RunspacePool(wsman) as pool,
    ):
        shell = PowerShell(pool).add_script("Get it")
        shell.begin_invoke()
        with pytest.raises(WSManFaultError) as caught:
            pool.shell.receive("stdout", command_id=shell.id, timeout=SOON)
        assert caught.value.code == 2150858793
        shell.poll_invoke(timeout=SOON)
        assert shell.state == PSInvocationState.RUNNING
        shell.stop()
        assert run_is_refused(pool, shell)


def test_what_is_no_psrp_is_a_fault_and_no_bug_of_ours() -> None:
    with one(auths=(Auth.BASIC,)) as (_, connection), pool_on(connection) as pool:
        for data in (b"short", bytes(21), bytes(200)):
            with pytest.raises(WSManFaultError) as caught:
                pool.shell.send("stdin", data)
            assert caught.value.code == 2150858817


def run_is_refused(pool: RunspacePool, shell: PowerShell) -> bool:
    """Return whether the stopped pipeline says so."""
    response = pool.shell.receive("stdout", command_id=shell.id)[2]["stdout"]
    return b"PipelineStoppedException" in response


def test_a_host_can_be_killed_and_revived() -> None:
    with one(auths=(Auth.BASIC,)) as (server, connection), client_of(connection) as wsman:
        pool = RunspacePool(wsman)
        pool.open()
        server.kill("web01")
        with pytest.raises(requests.exceptions.ConnectionError):
            run(pool, "Get it")
        server.revive("web01")
        server.revive("web01")
        with pytest.raises(WSManFaultError) as caught:
            run(pool, "Get it")
        assert caught.value.code == 2150858843
        with pool_on(connection) as another:
            assert run(another, "Get it").output == [PIECE]


def test_a_bug_of_the_engine_is_raised_to_whoever_serves() -> None:
    class Broken:
        def answer(self, request: ScriptRequest) -> Iterator[Emission]:
            raise ZeroDivisionError(request.script)

    with (  # noqa: SIM117 - the outer one catches what the inner one raises on leaving
        pytest.raises(ZeroDivisionError),
        serve(Broken(), [a_host()], identify=name_in_first_word) as server,
    ):
        with pool_on(server.endpoints["web01"].connection) as pool, contextlib.suppress(Exception):
            run(pool, "Get it")


def test_nothing_is_left_of_a_server() -> None:
    before = os.environ.get("NTLM_USER_FILE")
    with one() as (server, connection), pool_on(connection):
        inside = os.environ["NTLM_USER_FILE"]
        assert Path(inside).exists()
    assert os.environ.get("NTLM_USER_FILE") == before
    assert not Path(inside).exists()
    assert server.failures == ()
    assert "simulated-fleet" not in [thread.name for thread in threading.enumerate()]


def test_two_servers_can_run_at_once() -> None:
    with one() as (_, first), one(password=Secret("q")) as (_, second):
        for connection in (first, second):
            with pool_on(connection) as pool:
                assert run(pool, "Get it").output == [PIECE]


IDENTIFY = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:wsmid='
    '"http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"><s:Header/>'
    "<s:Body><wsmid:Identify/></s:Body></s:Envelope>"
)


@contextlib.contextmanager
def raw(connection: Connection) -> Iterator[http.client.HTTPConnection]:
    plain = http.client.HTTPConnection(connection.server, connection.port, timeout=10)
    try:
        yield plain
    finally:
        plain.close()


def basic(connection: Connection) -> dict[str, str]:
    secret = connection.password or Secret("")
    header = requests.auth._basic_auth_str(connection.username or "", secret.reveal())
    return {"Authorization": header, "Content-Type": "application/soap+xml;charset=UTF-8"}


def ask(
    plain: http.client.HTTPConnection, body: str, headers: dict[str, str], *, path: str = "/wsman"
) -> tuple[int, str]:
    plain.request("POST", path, body, headers)
    response = plain.getresponse()
    return response.status, response.read().decode()


def test_identify_names_vendor_and_product() -> None:
    with one(auths=(Auth.BASIC,)) as (_, connection), raw(connection) as plain:
        status, answer = ask(plain, IDENTIFY, basic(connection))
    assert status == 200
    assert "Microsoft Corporation" in answer


@pytest.mark.parametrize(
    ("body", "path", "status"),
    [("", "/elsewhere", 404), ("not xml", "/wsman", 500), ("<a/>", "/wsman", 500)],
)
def test_what_is_no_request_is_answered_all_the_same(body: str, path: str, status: int) -> None:
    with one(auths=(Auth.BASIC,)) as (_, connection), raw(connection) as plain:
        assert ask(plain, body, basic(connection), path=path)[0] == status


@pytest.mark.parametrize("head", [b"GET\r\n\r\n", b"POST /wsman HTTP/1.1\r\nno colon\r\n\r\n"])
def test_what_is_no_http_is_a_bad_request(head: bytes) -> None:
    with one() as (_, connection), raw(connection) as plain:
        plain.connect()
        plain.sock.sendall(head)
        assert plain.sock.recv(100).startswith(b"HTTP/1.1 400 ")


def test_a_repeated_receive_gets_the_same_answer() -> None:
    engine = Told(Get=[Output("A" * 90_000), Output("B" * 90_000)])
    with one(engine, auths=(Auth.BASIC,)) as (_, connection), pool_on(connection) as pool:
        shell = PowerShell(pool).add_script("Get it")
        shell.begin_invoke()
        body = receive(str(pool.shell.id), str(shell.id))
        with raw(connection) as plain:
            first = ask(plain, body, basic(connection))
            again = ask(plain, body, basic(connection))
            other = ask(plain, receive(str(pool.shell.id), shell.id), basic(connection))
    assert first == again
    assert first != other


def receive(shell: str, command: str) -> str:
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"'
        ' xmlns:r="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><s:Header>'
        "<a:Action>http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Receive</a:Action>"
        f"<a:MessageID>uuid:{uuid.uuid4()}</a:MessageID><w:SelectorSet>"
        f'<w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet></s:Header><s:Body>'
        f'<r:Receive><r:DesiredStream CommandId="{command}">stdout</r:DesiredStream></r:Receive>'
        "</s:Body></s:Envelope>"
    )
