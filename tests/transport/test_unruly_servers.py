from __future__ import annotations

import gzip
import importlib.util
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from fleetaudit.clock import SystemClock
from fleetaudit.errors import (
    CredentialsRefusedError,
    HostError,
    HostFailedError,
    HostRefusedError,
    HostRubbishError,
    HostTimedOutError,
    HostUnreachableError,
    Retry,
)
from fleetaudit.records.host import Auth, Connection, Encryption, Host, LanguageMode
from fleetaudit.records.secret import Secret
from fleetaudit.transport.psrp import PsrpSettings, PsrpTransport

Conversation = Callable[[socket.socket, threading.Event], None]
Serve = Callable[[Conversation], AbstractContextManager[int]]

PACKED = gzip.compress(b"<a/>", mtime=0)
QUICK = PsrpSettings(open_s=0.3, close_s=0.1)


class NoScripts:
    def text(self, name: str) -> str:
        raise KeyError(name)

    def functions(self, language_mode: LanguageMode = LanguageMode.FULL) -> str:
        return str(language_mode)


def host_on(port: int, *, tls: bool = False, auth: Auth = Auth.BASIC) -> Host:
    connection = Connection(
        server="127.0.0.1",
        port=port,
        ssl=tls,
        username="audit",
        password=Secret("hunter2"),
        auth=auth,
        encryption=Encryption.NEVER if auth is Auth.BASIC and not tls else Encryption.AUTO,
        read_timeout_s=5,
    )
    return Host(name="web01", connection=connection)


def error_of(host: Host, settings: PsrpSettings = QUICK) -> HostError:
    transport = PsrpTransport(SystemClock(), library=NoScripts(), settings=settings)
    with pytest.raises(HostError) as raised:
        transport.connect(host)
    assert "hunter2" not in f"{raised.value} {raised.value!r}"
    assert raised.value.host == "web01"
    return raised.value


def answering(answer: bytes) -> Conversation:
    def converse(line: socket.socket, _over: threading.Event) -> None:
        line.recv(65536)
        line.sendall(answer)

    return converse


def dripping(head: bytes) -> Conversation:
    def converse(line: socket.socket, over: threading.Event) -> None:
        line.recv(65536)
        line.sendall(head)
        while not over.wait(0.02):
            line.sendall(b"a")

    return converse


def silent(_line: socket.socket, over: threading.Event) -> None:
    over.wait(2)


def http(status: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"],
    ids=["headers", "body"],
)
def test_a_dripping_server_ends_with_the_deadline(raw_server: Serve, head: bytes) -> None:
    with raw_server(dripping(head)) as port:
        error = error_of(host_on(port))
    assert isinstance(error, HostTimedOutError)


@pytest.mark.parametrize("tls", [False, True])
def test_a_silent_server_ends_with_the_deadline(raw_server: Serve, tls: bool) -> None:  # noqa: FBT001
    with raw_server(silent) as port:
        error = error_of(host_on(port, tls=tls))
    assert isinstance(error, HostTimedOutError)
    assert error.retry is not Retry.NEVER


def test_an_answer_that_hangs_in_the_middle_ends_with_the_deadline(raw_server: Serve) -> None:
    def converse(line: socket.socket, over: threading.Event) -> None:
        line.recv(65536)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<s:Env")
        over.wait(2)

    with raw_server(converse) as port:
        assert isinstance(error_of(host_on(port)), HostTimedOutError)


def test_an_endless_answer_is_cut_off(raw_server: Serve) -> None:
    def converse(line: socket.socket, _over: threading.Event) -> None:
        line.recv(65536)
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _block in range(64):
            line.sendall(b" " * (1 << 20))

    with raw_server(converse) as port:
        error = error_of(host_on(port), PsrpSettings(open_s=10, close_s=0.1))
    assert isinstance(error, HostRubbishError)
    assert "longer than any answer" in str(error)


def test_a_refused_connection_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = error_of(host_on(port))
    assert isinstance(error, HostUnreachableError)
    assert error.retry is Retry.FEW
    assert "refused" in str(error)


def test_a_name_that_cannot_be_an_address_is_unreachable() -> None:
    connection = Connection(server="web01.invalid..", port=5985, ssl=False, auth=Auth.NTLM)
    error = error_of(Host(name="web01", connection=connection))
    assert isinstance(error, HostUnreachableError)


def test_a_reset_is_worth_another_try(raw_server: Serve) -> None:
    def converse(line: socket.socket, _over: threading.Event) -> None:
        line.recv(65536)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with raw_server(converse) as port:
        error = error_of(host_on(port))
    assert isinstance(error, HostFailedError)
    assert error.retry is Retry.FEW


def test_an_answer_cut_short_is_worth_another_try(raw_server: Serve) -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<s:Env"
    with raw_server(answering(cut)) as port:
        error = error_of(host_on(port))
    assert isinstance(error, HostFailedError)
    assert error.retry is Retry.FEW


def test_a_plain_port_that_is_asked_for_tls_is_refused_with_the_remedy(raw_server: Serve) -> None:
    with raw_server(answering(http("400 Bad Request"))) as port:
        error = error_of(host_on(port, tls=True))
    assert isinstance(error, HostRefusedError)
    assert "ansible_psrp_protocol" in error.remedy


@pytest.mark.parametrize(
    ("answer", "kind", "retry"),
    [
        (http("401 Unauthorized"), CredentialsRefusedError, Retry.NEVER),
        (http("403 Forbidden"), HostRefusedError, Retry.NEVER),
        (http("404 Not Found"), HostRefusedError, Retry.NEVER),
        (http("400 Bad Request"), HostFailedError, Retry.FEW),
        (http("500 Oops", body=b"<html>&nbsp;</html>"), HostFailedError, Retry.ONCE),
        (http("500 Oops", body=b"<html></html>"), HostFailedError, Retry.ONCE),
        (http("503 Busy"), HostFailedError, Retry.LATER),
        (http("200 OK", body=b"hello"), HostRubbishError, Retry.ONCE),
        (http("200 OK", body=b"<a/>"), HostFailedError, Retry.FEW),
        (http("302 Found", "Location: http://127.0.0.1:9/"), HostRefusedError, Retry.NEVER),
        (http("200 OK", "Content-Encoding: gzip", body=PACKED), HostRubbishError, Retry.ONCE),
        (b"SSH-2.0-OpenSSH\r\n", HostFailedError, Retry.FEW),
    ],
)
def test_every_odd_answer_is_the_right_kind_of_error(
    raw_server: Serve, answer: bytes, kind: type[HostError], retry: Retry
) -> None:
    with raw_server(answering(answer)) as port:
        error = error_of(host_on(port), PsrpSettings(open_s=5, close_s=0.1))
    assert type(error) is kind
    assert error.retry is retry


def test_schemes_that_do_not_match_are_no_wrong_password(raw_server: Serve) -> None:
    offer = http("401 Unauthorized", "WWW-Authenticate: Basic realm=x")
    with raw_server(answering(offer)) as port:
        error = error_of(host_on(port, auth=Auth.NTLM))
    assert type(error) is HostRefusedError


def test_kerberos_without_its_library_names_the_packages(raw_server: Serve) -> None:
    if importlib.util.find_spec("gssapi"):
        pytest.skip("the Kerberos library is installed")
    offer = http("401 Unauthorized", "WWW-Authenticate: Kerberos")
    with raw_server(answering(offer)) as port:
        error = error_of(host_on(port, auth=Auth.KERBEROS))
    assert type(error) is HostRefusedError
    assert "libkrb5-dev" in error.remedy


def test_a_redirect_is_never_followed(raw_server: Serve) -> None:
    visits: list[bytes] = []

    def elsewhere(line: socket.socket, _over: threading.Event) -> None:
        visits.append(line.recv(100))

    with raw_server(elsewhere) as trap:
        answer = http("302 Found", f"Location: http://127.0.0.1:{trap}/wsman")
        with raw_server(answering(answer)) as port:
            error_of(host_on(port))
    assert visits == []


def proxied(proxy: int, *, tls: bool) -> Host:
    host = host_on(5985, tls=tls)
    connection = replace(
        host.connection, server="web01.invalid", proxy=Secret(f"http://u:hunter2@127.0.0.1:{proxy}")
    )
    return replace(host, connection=connection)


def test_the_proxy_of_the_inventory_is_asked(raw_server: Serve) -> None:
    asked: list[bytes] = []

    def proxy(line: socket.socket, _over: threading.Event) -> None:
        asked.append(line.recv(65536))
        line.sendall(http("401 Unauthorized"))

    with raw_server(proxy) as port:
        assert isinstance(error_of(proxied(port, tls=False)), CredentialsRefusedError)
    assert asked[0].startswith(b"POST http://web01.invalid:5985/wsman HTTP/1.1")


def test_a_proxy_that_lets_nobody_through_is_named(raw_server: Serve) -> None:
    with raw_server(answering(http("407 Proxy Authentication Required"))) as port:
        error = error_of(proxied(port, tls=True))
    assert isinstance(error, HostUnreachableError)
    assert "ansible_psrp_proxy" in error.remedy


def test_settings_that_exclude_each_other_are_told_before_anything_is_sent() -> None:
    connection = Connection(server="127.0.0.1", ssl=False, auth=Auth.BASIC, username="audit")
    error = error_of(Host(name="web01", connection=connection))
    assert type(error) is HostRefusedError
    assert "ansible_psrp_message_encryption" in error.remedy


def test_a_missing_trust_file_is_told_before_anything_is_sent() -> None:
    connection = Connection(server="127.0.0.1", trust_path="/nowhere/ca.pem")
    error = error_of(Host(name="web01", connection=connection))
    assert type(error) is HostRefusedError
    assert "No such file" in str(error)
