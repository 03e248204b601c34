"""One place that says what an exception of the layers below means for a host.

The order matters: requests' SSLError and ConnectTimeout are ConnectionErrors, and
ChunkedEncodingError and ReadTimeout are not. Texts of exceptions are not passed on, because they
may hold a proxy's password or a message's body; what is said is said in our words.
"""

from __future__ import annotations

import errno
import os
import ssl
from http.client import HTTPException
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import ParseError

import requests.exceptions as http
import urllib3.exceptions as lower
from pypsrp import exceptions as psrp
from pypsrp._pool_manager import NewConnectionDisabled

from fleetaudit.errors import HostError, Retry
from fleetaudit.transport import _authentication as authentication
from fleetaudit.transport._budget import AnswerTooLargeError, DeadlinePassedError
from fleetaudit.transport._failure import Failure, FailureKind, Stage
from fleetaudit.transport._faults import fault_failure, status_failure
from fleetaudit.transport._tls_failure import tls_failure
from fleetaudit.transport.framing import FramingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleetaudit.transport._failure import Scene

__all__ = ["causes", "classify"]

_ADDRESS: Final = "Check ansible_host, ansible_port and ansible_psrp_path"
_LISTENER: Final = (
    "Check that the host is up, that WinRM listens there (winrm enumerate winrm/config/listener)"
    " and that no firewall is in between"
)
_PORT: Final = "Check ansible_port and ansible_psrp_protocol, and what listens there"
_SLOW: Final = "Check that the host is not overloaded, or raise ansible_psrp_read_timeout"
_OURS: Final = "This is an error in fleetaudit; please report it"
_CHANGED: Final = "If it happens again, something between here and the host changes the traffic"


def classify(exception: BaseException, scene: Scene) -> Failure:
    """Return what ``exception`` amounts to; every Exception has an answer.

    What nothing here knows is rubbish of that host: damaged CLIXML surfaces as AttributeError,
    a lone surrogate as UnicodeDecodeError, a deep nesting as RecursionError.
    """
    if isinstance(exception, HostError):
        again = exception.retry is not Retry.NEVER
        kind = FailureKind.TRANSIENT if again else FailureKind.PERMANENT
        return Failure(kind=kind, error=exception)
    for types, answer in _RULES:
        if isinstance(exception, types):
            return answer(exception, scene)
    return authentication.foreign(exception, scene) or scene.rubbish(
        f"{_what_answers(scene)} ({type(exception).__name__})",
        _PORT if scene.stage is Stage.OPENING else _CHANGED,
        retry=Retry.ONCE,
    )


def _what_answers(scene: Scene) -> str:
    if scene.stage is Stage.OPENING:
        return "what answers there does not speak as WinRM does"
    return "its answer cannot be read"


def causes(exception: BaseException) -> Iterator[BaseException]:
    """Yield ``exception`` and what lies beneath it, as requests and urllib3 wrap it."""
    seen: set[int] = set()
    waiting: list[object] = [exception]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]


def _has(exception: BaseException, *types: type[BaseException]) -> bool:
    return any(isinstance(one, types) for one in causes(exception))


def _deadline(_exception: BaseException, scene: Scene) -> Failure:
    retry = Retry.NEVER if scene.stage is Stage.RUNNING else Retry.ONCE
    return scene.timed_out("the host had not answered when its time was up", _SLOW, retry=retry)


def _too_large(_exception: BaseException, scene: Scene) -> Failure:
    return scene.rubbish("one answer is longer than any answer of WinRM can be", _PORT)


def _framing(exception: BaseException, scene: Scene) -> Failure:
    return scene.rubbish(str(exception), retry=Retry.ONCE)


def _tls(exception: BaseException, scene: Scene) -> Failure:
    return tls_failure(tuple(causes(exception)), scene)


def _proxy(_exception: BaseException, scene: Scene) -> Failure:
    return scene.unreachable(
        "the proxy did not let us through", "Check ansible_psrp_proxy", retry=Retry.NEVER
    )


def _no_connection(_exception: BaseException, scene: Scene) -> Failure:
    return scene.unreachable("nothing answers at its address", _LISTENER)


def _silence(_exception: BaseException, scene: Scene) -> Failure:
    return scene.timed_out("the host did not answer in time", _SLOW)


def _connection(exception: BaseException, scene: Scene) -> Failure:
    if _has(exception, ssl.SSLError, lower.SSLError):
        return _tls(exception, scene)
    if _has(exception, lower.NameResolutionError):
        return scene.unreachable(
            "its name cannot be resolved",
            "Check the spelling, the DNS server and its suffixes, or set ansible_host",
            retry=Retry.ONCE,
        )
    if _has(exception, lower.NewConnectionError):
        return scene.unreachable(_why_not(exception), _LISTENER)
    if _has(exception, lower.ConnectTimeoutError):
        return _no_connection(exception, scene)
    if _has(exception, lower.ReadTimeoutError, TimeoutError):
        return _silence(exception, scene)
    return scene.broken("the host closed the connection without an answer", _PORT)


def _why_not(exception: BaseException) -> str:
    number = next(
        (one.errno for one in causes(exception) if isinstance(one, OSError) and one.errno), None
    )
    if number == errno.ECONNREFUSED:
        return "the connection is refused: nothing listens on that port"
    return f"no connection: {os.strerror(number)}" if number else "no connection"


def _cut(_exception: BaseException, scene: Scene) -> Failure:
    return scene.broken("its answer was cut off")


def _redirect(_exception: BaseException, scene: Scene) -> Failure:
    return scene.refused("what answers sends us elsewhere, which WinRM never does", _PORT)


def _address(_exception: BaseException, scene: Scene) -> Failure:
    return scene.unreachable("its address cannot be used", _ADDRESS, retry=Retry.NEVER)


def _encoding(_exception: BaseException, scene: Scene) -> Failure:
    return scene.rubbish("its answer is no proper HTTP", _PORT, retry=Retry.ONCE)


def _http(exception: BaseException, scene: Scene) -> Failure:
    return scene.broken(f"the conversation broke ({type(exception).__name__})", retry=Retry.ONCE)


def _status(exception: BaseException, scene: Scene) -> Failure:
    return status_failure(scene, _argument(exception, 1))


def _fault(exception: BaseException, scene: Scene) -> Failure:
    return fault_failure(scene, _argument(exception, 0), _argument(exception, 2))


def _argument(exception: BaseException, index: int) -> object:
    return exception.args[index] if len(exception.args) > index else None


def _fragment(_exception: BaseException, scene: Scene) -> Failure:
    return scene.broken("a part of its answer was lost on the way")


def _serialization(_exception: BaseException, scene: Scene) -> Failure:
    return scene.rubbish("its answer cannot be read (damaged objects)", retry=Retry.ONCE)


def _pool(_exception: BaseException, scene: Scene) -> Failure:
    return scene.broken("the host gave the shell up")


def _state(_exception: BaseException, scene: Scene) -> Failure:
    return scene.impossible("a step was taken out of order", _OURS)


def _winrm(_exception: BaseException, scene: Scene) -> Failure:
    return scene.broken("its answer does not belong to our question")


def _not_xml(_exception: BaseException, scene: Scene) -> Failure:
    return scene.rubbish(
        "its answer is not XML, so no WinRM answers there", _PORT, retry=Retry.ONCE
    )


def _value(exception: BaseException, scene: Scene) -> Failure:
    if scene.stage is Stage.PREPARING or str(exception).startswith("Server responded with"):
        return authentication.combination(scene)
    if isinstance(exception, UnicodeError):
        return scene.rubbish("a text in its answer is no valid Unicode", _CHANGED, retry=Retry.ONCE)
    return scene.rubbish(
        f"{_what_answers(scene)} ({type(exception).__name__})",
        _PORT if scene.stage is Stage.OPENING else _CHANGED,
        retry=Retry.ONCE,
    )


def _import(exception: BaseException, scene: Scene) -> Failure:
    return authentication.missing_library(exception, scene)


def _os(exception: BaseException, scene: Scene) -> Failure:
    if scene.stage is not Stage.PREPARING:
        return _connection(exception, scene)
    return scene.refused(
        f"a file cannot be used: {os.strerror(_number(exception))}",
        "Check ansible_psrp_cert_trust_path, ansible_psrp_certificate_pem and"
        " ansible_psrp_certificate_key_pem",
    )


def _number(exception: BaseException) -> int:
    number = getattr(exception, "errno", None)
    return number if isinstance(number, int) else errno.EIO


_Rule = tuple[
    "type[BaseException] | tuple[type[BaseException], ...]",
    "Callable[[BaseException, Scene], Failure]",
]

_RULES: Final[tuple[_Rule, ...]] = (
    (DeadlinePassedError, _deadline),
    (AnswerTooLargeError, _too_large),
    (FramingError, _framing),
    ((http.SSLError, lower.SSLError, ssl.SSLError), _tls),
    ((http.InvalidProxyURL, lower.ProxySchemeUnknown, lower.ProxySchemeUnsupported), _proxy),
    ((http.ProxyError, lower.ProxyError), _proxy),
    ((http.ConnectTimeout,), _no_connection),
    ((http.ReadTimeout, lower.ReadTimeoutError), _silence),
    ((http.ConnectionError, lower.NewConnectionError), _connection),
    (lower.ConnectTimeoutError, _no_connection),
    ((http.Timeout, lower.TimeoutError), _silence),
    (http.TooManyRedirects, _redirect),
    ((http.InvalidHeader, lower.InvalidHeader, lower.HeaderParsingError), _encoding),
    ((http.ContentDecodingError, lower.DecodeError, lower.BodyNotHttplibCompatible), _encoding),
    ((http.ChunkedEncodingError, lower.IncompleteRead, lower.InvalidChunkLength), _cut),
    (
        (http.InvalidURL, http.MissingSchema, http.InvalidSchema, http.URLRequired),
        _address,
    ),
    (lower.LocationValueError, _address),
    (lower.MaxRetryError, _connection),
    (lower.ProtocolError, _connection),
    ((http.RequestException, lower.HTTPError, HTTPException), _http),
    (psrp.AuthenticationError, authentication.refused),
    (psrp.WinRMTransportError, _status),
    (psrp.WSManFaultError, _fault),
    (psrp.FragmentError, _fragment),
    (psrp.SerializationError, _serialization),
    (psrp.InvalidPSRPOperation, _pool),
    (psrp._InvalidStateError, _state),  # noqa: SLF001 - the base of both state errors
    (psrp.WinRMError, _winrm),
    (NewConnectionDisabled, _http),
    (authentication.SECURITY_ERRORS, authentication.security),
    (ImportError, _import),
    (ParseError, _not_xml),
    (ValueError, _value),
    (OSError, _os),
)
