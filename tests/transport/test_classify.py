from __future__ import annotations

import errno
import inspect
import socket
import ssl
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest
import requests.exceptions
import spnego.exceptions
import urllib3.exceptions
from pypsrp import exceptions as psrp

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
from fleetaudit.transport._budget import AnswerTooLargeError, DeadlinePassedError
from fleetaudit.transport._classify import classify
from fleetaudit.transport._failure import Failure, FailureKind, Scene, Stage

if TYPE_CHECKING:
    from types import ModuleType

OPENING = Scene(host="web01", stage=Stage.OPENING)
RUNNING = Scene(host="web01", stage=Stage.RUNNING, script="Get-AuditPolicy")
PREPARING = Scene(host="web01", stage=Stage.PREPARING)
MODULES = (psrp, requests.exceptions, spnego.exceptions, urllib3.exceptions)


def exceptions_of(module: ModuleType) -> list[type[Exception]]:
    return [
        one
        for _, one in inspect.getmembers(module, inspect.isclass)
        if issubclass(one, Exception)
        and not issubclass(one, Warning)
        and one.__module__.partition(".")[0] in {"pypsrp", "requests", "spnego", "urllib3"}
    ]


def blank(kind: type[Exception]) -> Exception:
    """Return an instance that no constructor has filled: the worst that can be met."""
    return kind.__new__(kind)


EVERY = sorted(
    {one for module in MODULES for one in exceptions_of(module)},
    key=lambda one: f"{one.__module__}.{one.__qualname__}",
)
BUILT_IN = sorted(
    {
        one
        for one in vars(__import__("builtins")).values()
        if inspect.isclass(one)
        and issubclass(one, Exception)
        and not issubclass(one, (Warning, ExceptionGroup))
    },
    key=lambda one: one.__name__,
)


@pytest.mark.parametrize("scene", [OPENING, RUNNING, PREPARING], ids=lambda one: one.stage.name)
def test_every_exception_of_the_libraries_becomes_a_host_error(scene: Scene) -> None:
    assert len(EVERY) > 60
    for kind in EVERY:
        failure = classify(blank(kind), scene)
        assert isinstance(failure.error, HostError), kind
        assert failure.error.host == "web01"
        assert failure.error.happened
        # What is left over is rubbish; a library's own error has a place in the table instead.
        assert f"cannot be read ({kind.__name__})" not in failure.error.happened, kind


def test_every_built_in_exception_becomes_a_host_error() -> None:
    for kind in BUILT_IN:
        assert isinstance(classify(blank(kind), RUNNING).error, HostError), kind


def wrapped(reason: Exception) -> requests.exceptions.ConnectionError:
    pool = urllib3.HTTPSConnectionPool("web01")
    return requests.exceptions.ConnectionError(
        urllib3.exceptions.MaxRetryError(pool, "/wsman", reason)
    )


def tls(error: ssl.SSLError) -> requests.exceptions.SSLError:
    return requests.exceptions.SSLError(urllib3.exceptions.SSLError(error))


def certificate(code: int, message: str) -> requests.exceptions.SSLError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    error.verify_message = message
    return tls(error)


def refused_connection(number: int) -> Exception:
    connection = urllib3.connection.HTTPConnection("web01")
    error = urllib3.exceptions.NewConnectionError(connection, "no")
    error.__cause__ = OSError(number, "no")
    return wrapped(error)


def fault(code: object, reason: str = "Grund") -> psrp.WSManFaultError:
    return psrp.WSManFaultError(code, "web01", reason, None, None, None)


def status(code: object) -> psrp.WinRMTransportError:
    return psrp.WinRMTransportError("http", code, "<html>secret</html>")


def unknown_name() -> Exception:
    connection = urllib3.connection.HTTPConnection("web01")
    reason = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return wrapped(urllib3.exceptions.NameResolutionError("web01", connection, reason))


T, P, C, R = (
    FailureKind.TRANSIENT,
    FailureKind.PERMANENT,
    FailureKind.CONFIGURATION,
    FailureKind.RUBBISH,
)
_http = requests.exceptions
CASES: list[tuple[Exception, type[HostError], FailureKind, Retry]] = [
    (refused_connection(errno.ECONNREFUSED), HostUnreachableError, T, Retry.FEW),
    (refused_connection(errno.EHOSTUNREACH), HostUnreachableError, T, Retry.FEW),
    (_http.ConnectTimeout(), HostUnreachableError, T, Retry.FEW),
    (unknown_name(), HostUnreachableError, T, Retry.ONCE),
    (_http.ConnectionError(ConnectionResetError(104, "x")), HostFailedError, T, Retry.FEW),
    (_http.ChunkedEncodingError(), HostFailedError, T, Retry.FEW),
    (_http.ReadTimeout(), HostTimedOutError, T, Retry.FEW),
    (_http.ConnectionError(TimeoutError()), HostTimedOutError, T, Retry.FEW),
    (certificate(20, "unable to get local issuer certificate"), HostRefusedError, C, Retry.NEVER),
    (certificate(10, "certificate has expired"), HostRefusedError, C, Retry.NEVER),
    (tls(ssl.SSLEOFError(8, "EOF")), HostFailedError, T, Retry.ONCE),
    (tls(ssl.SSLError(1, "handshake")), HostRefusedError, C, Retry.NEVER),
    (_http.TooManyRedirects(), HostRefusedError, C, Retry.NEVER),
    (psrp.AuthenticationError("Failed"), CredentialsRefusedError, C, Retry.NEVER),
    (
        psrp.AuthenticationError("The server did not response with one of ..."),
        HostRefusedError,
        C,
        Retry.NEVER,
    ),
    (ValueError("Server responded with the auth protocol"), HostRefusedError, C, Retry.NEVER),
    (status(400), HostFailedError, T, Retry.FEW),
    (status(403), HostRefusedError, C, Retry.NEVER),
    (status(404), HostRefusedError, C, Retry.NEVER),
    (status(405), HostRefusedError, C, Retry.NEVER),
    (status(413), HostRefusedError, C, Retry.NEVER),
    (status(418), HostFailedError, P, Retry.NEVER),
    (status(429), HostFailedError, T, Retry.LATER),
    (status(502), HostFailedError, T, Retry.LATER),
    (status(503), HostFailedError, T, Retry.LATER),
    (status(500), HostFailedError, T, Retry.ONCE),
    (fault(None), HostFailedError, T, Retry.ONCE),
    (fault("wsman:InternalError"), HostFailedError, T, Retry.ONCE),
    (fault(5), HostRefusedError, C, Retry.NEVER),
    (fault(1326), CredentialsRefusedError, C, Retry.NEVER),
    (fault(2150858752), HostRefusedError, C, Retry.NEVER),
    *(
        (fault(code), HostFailedError, T, Retry.LATER)
        for code in (2150859173, 2150859174, 2150859236, 2150859237, 2150859238, 2150859240)
    ),
    *(
        (fault(code), HostFailedError, T, Retry.LATER)
        for code in (2150859241, 2150859175, 2150859176, 2150859179)
    ),
    *(
        (fault(code), HostFailedError, T, Retry.FEW)
        for code in (14, 170, 995, 2150858883, 2150858843)
    ),
    *(
        (fault(code), HostFailedError, P, Retry.NEVER)
        for code in (2150858767, 2150858790, 2150858817)
    ),
    (fault(2150858793), HostTimedOutError, T, Retry.FEW),
    (fault(4711), HostFailedError, T, Retry.ONCE),
    (psrp.FragmentError(), HostFailedError, T, Retry.FEW),
    (psrp.SerializationError(), HostRubbishError, R, Retry.ONCE),
    (psrp.InvalidPSRPOperation(), HostFailedError, T, Retry.FEW),
    (psrp.InvalidRunspacePoolStateError(), HostFailedError, P, Retry.NEVER),
    (psrp.WinRMError(), HostFailedError, T, Retry.FEW),
    (UnicodeDecodeError("utf-16-be", b"", 0, 1, "x"), HostRubbishError, R, Retry.ONCE),
    (AttributeError("x"), HostRubbishError, R, Retry.ONCE),
    (RecursionError("x"), HostRubbishError, R, Retry.ONCE),
    (ET.ParseError("x"), HostRubbishError, R, Retry.ONCE),
    (DeadlinePassedError(), HostTimedOutError, T, Retry.ONCE),
    (AnswerTooLargeError(), HostRubbishError, R, Retry.NEVER),
]


@pytest.mark.parametrize(
    ("exception", "kind", "blame", "retry"),
    CASES,
    ids=[f"{number}-{type(case[0]).__name__}" for number, case in enumerate(CASES)],
)
def test_the_table_of_failures_holds(
    exception: Exception, kind: type[HostError], blame: FailureKind, retry: Retry
) -> None:
    failure = classify(exception, OPENING)
    assert type(failure.error) is kind
    assert failure.kind is blame
    assert failure.error.retry is retry
    assert "secret" not in str(failure.error)


def test_a_host_error_is_passed_on_as_it_is() -> None:
    error = HostTimedOutError("x", host="web01")
    assert classify(error, OPENING) == Failure(kind=FailureKind.PERMANENT, error=error)


def test_an_operation_timeout_while_a_script_runs_is_not_about_opening() -> None:
    assert type(classify(fault(2150858793), RUNNING).error) is HostFailedError


def test_a_deadline_in_a_script_is_not_worth_the_same_again() -> None:
    assert classify(DeadlinePassedError(), RUNNING).error.retry is Retry.NEVER


def test_an_error_says_host_stage_what_happened_and_what_to_do() -> None:
    text = str(classify(fault(5, "Zugriff verweigert"), RUNNING).error)
    assert text.startswith(
        "web01: while running Get-AuditPolicy: access is denied (5): Zugriff verweigert. "
    )
    assert "LocalAccountTokenFilterPolicy" in text


def test_what_a_host_says_is_cut_and_made_visible() -> None:
    text = str(classify(fault(5, "\x1b[2Jboo\u202e" + "x" * 9000), OPENING).error)
    assert "\\x1b[2Jboo\\u202e" in text
    assert text.isprintable()
    assert len(text) < 1000


def test_an_expired_certificate_wants_another_remedy_than_an_untrusted_one() -> None:
    expired = classify(certificate(10, "certificate has expired"), OPENING).error
    untrusted = classify(certificate(20, "unable to get local issuer"), OPENING).error
    assert "Renew" in expired.remedy
    assert "ansible_psrp_cert_trust_path" in untrusted.remedy


def test_a_text_with_a_password_in_it_is_not_passed_on() -> None:
    leaky = requests.exceptions.InvalidProxyURL("Please check proxy http://u:hunter2@proxy")
    for scene in (PREPARING, OPENING, RUNNING):
        assert "hunter2" not in str(classify(leaky, scene).error)
    deeper = urllib3.exceptions.LocationParseError("http://u:hunter2@proxy")
    assert "hunter2" not in str(classify(deeper, OPENING).error)
