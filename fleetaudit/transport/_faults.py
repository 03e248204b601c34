"""WS-Management faults and HTTP statuses, by number: the texts beside them are translated.

Numbers: the public ``wsmerror.h`` list and Win32's system error codes. Which of them pass was
provoked or, where it could not be, follows from their meaning.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import Retry
from fleetaudit.transport._failure import Failure, Stage
from fleetaudit.transport._text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.transport._failure import Scene

__all__ = ["fault_failure", "status_failure"]

_ACCESS_DENIED: Final = 5
_NO_ENDPOINT: Final = 2150858752
_OPERATION_TIMEOUT: Final = 2150858793
_GONE: Final = 2150858843
_LOGON: Final = frozenset({1326, 1327, 1328, 1329, 1330, 1331, 1907, 1909})
_QUOTA: Final = frozenset(
    {2150859173, 2150859174, 2150859236, 2150859237, 2150859238, 2150859240, 2150859241}
)
_LOAD: Final = frozenset({2150859175, 2150859176, 2150859179})
_PASSING: Final[Mapping[int, str]] = MappingProxyType(
    {
        14: "the host is out of memory",
        170: "the host says that it is busy",
        995: "the host aborted the request",
        2150858883: "the host's WinRM plug-in failed",
    }
)
_INVALID: Final = frozenset({2150858767, 2150858790, 2150858817})

_ADMINISTRATOR: Final = (
    "Make the account a member of the host's Administrators (a local account that is not the"
    " built-in Administrator also needs LocalAccountTokenFilterPolicy = 1 under"
    r" HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System), or name a JEA endpoint"
    " that it may use in ansible_psrp_configuration_name"
)
_REGISTER: Final = (
    "Check ansible_psrp_configuration_name against Get-PSSessionConfiguration on the host, and"
    " register the endpoint or run Enable-PSRemoting there"
)
_QUOTAS: Final = (
    "Close abandoned shells on the host, or raise MaxShellsPerUser and"
    r" MaxConcurrentOperationsPerUser under WSMan:\localhost"
)

_STATUSES: Final[Mapping[int, tuple[str, str]]] = MappingProxyType(
    {
        403: ("the host forbids it (HTTP 403)", _ADMINISTRATOR),
        404: (
            "there is no WinRM at this path (HTTP 404)",
            "Check ansible_psrp_path and ansible_port",
        ),
        405: (
            "what answers is not WinRM (HTTP 405)",
            "Check ansible_psrp_path and ansible_port",
        ),
        407: ("the proxy wants to know who we are (HTTP 407)", "Check ansible_psrp_proxy"),
        413: (
            "the message is too large for the host (HTTP 413)",
            "Raise MaxEnvelopeSizekb on the host, or set ansible_psrp_max_envelope_size lower",
        ),
    }
)
_BUSY_STATUSES: Final = frozenset({429, 502, 503})


def fault_failure(scene: Scene, code: object, reason: object) -> Failure:
    """Classify a WS-Management fault.

    Args:
        scene: Where it happened.
        code: The number; a text or None where the answer was XML without one.
        reason: What the host says about it, in its own language.
    """
    said = f": {visible(reason)}" if reason else ""
    if not isinstance(code, int):
        return scene.broken(
            f"the host answered with a fault without a number{said}", retry=Retry.ONCE
        )
    if code == _ACCESS_DENIED:
        return scene.refused(f"access is denied (5){said}", _ADMINISTRATOR)
    if code in _LOGON:
        return scene.credentials(
            f"the host refuses the logon ({code}){said}", "Check the account and its password"
        )
    if code == _NO_ENDPOINT:
        return scene.refused(f"the host has no such endpoint ({code}){said}", _REGISTER)
    if code in _INVALID:
        return scene.impossible(f"the host finds our message invalid ({code}){said}")
    return _passing(scene, code, said)


def _passing(scene: Scene, code: int, said: str) -> Failure:
    if code in _QUOTA:
        return scene.broken(f"a quota is used up ({code}){said}", _QUOTAS, retry=Retry.LATER)
    if code in _LOAD:
        return scene.broken(
            f"the host is busy ({code}){said}",
            "Try again when it has less to do",
            retry=Retry.LATER,
        )
    if code == _OPERATION_TIMEOUT and scene.stage is not Stage.RUNNING:
        return scene.timed_out(
            f"the host did not open a shell in time ({code})",
            "Raise ansible_psrp_operation_timeout (and ansible_psrp_read_timeout above it)",
        )
    if code == _GONE:
        return scene.broken(f"the host no longer knows the shell ({code})", "It may have restarted")
    if code in _PASSING:
        return scene.broken(f"{_PASSING[code]} ({code}){said}")
    return scene.broken(f"the host answered with the fault {code}{said}", retry=Retry.ONCE)


def status_failure(scene: Scene, status: object) -> Failure:
    """Classify an HTTP status that came without a fault; its body is never shown."""
    if not isinstance(status, int):
        return scene.rubbish("the host answered with an HTTP status that is no number")
    if status in _STATUSES:
        return scene.refused(*_STATUSES[status])
    if status in _BUSY_STATUSES:
        return scene.broken(
            f"the host has no time for us (HTTP {status})",
            "Try again when it has less to do",
            retry=Retry.LATER,
        )
    if status == 400:  # noqa: PLR2004 - a sealed session that lost its connection answers so
        return scene.broken("the host no longer understands the sealed session (HTTP 400)")
    if status >= 500:  # noqa: PLR2004 - the server's side of HTTP
        return scene.broken(f"the host failed inside (HTTP {status})", retry=Retry.ONCE)
    return scene.impossible(
        f"what answers does not behave like WinRM (HTTP {status})",
        "Check ansible_port, ansible_psrp_protocol and ansible_psrp_path",
    )
