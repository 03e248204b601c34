"""What it means that a native tool ended with a code other than 0."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import (
    HostError,
    HostRefusedError,
    HostUnsupportedError,
    ScriptFailedError,
)

if TYPE_CHECKING:
    from fleetaudit.records.call import ToolExit

__all__ = ["explain_exit", "readable_complaint"]

_LONGEST_COMPLAINT: Final = 300
_HRESULT_OF_WIN32: Final = 0x8007
_ELEVATE: Final = (
    "Use an account that gets an elevated token over the network: a domain administrator, the "
    "built-in Administrator, or another local administrator where LocalAccountTokenFilterPolicy "
    "is 1"
)


@dataclass(frozen=True, slots=True)
class _Meaning:
    happened: str
    remedy: str
    kind: type[HostError] = ScriptFailedError


_MEANINGS: Final = {
    5: _Meaning("access was denied", _ELEVATE, HostRefusedError),
    32: _Meaning("a file was in use", "Try again"),
    39: _Meaning("the disk is full", "Free space on the drive of the system"),
    112: _Meaning("the disk is full", "Free space on the drive of the system"),
    1058: _Meaning("a service that it needs is disabled", "Enable the service on the host"),
    1062: _Meaning("a service that it needs is not running", "Start the service on the host"),
    1314: _Meaning(
        "the account lacks a privilege",
        "Give the account 'Manage auditing and security log' (SeSecurityPrivilege). " + _ELEVATE,
        HostRefusedError,
    ),
    1717: _Meaning("a service that it needs is not running", "Start the service on the host"),
    1722: _Meaning("a service that it needs is not running", "Start the service on the host"),
    15007: _Meaning("the host has no such event log", "", HostUnsupportedError),
}
"""System error codes, as learn.microsoft.com/windows/win32/debug/system-error-codes has them."""

_TOOL_MEANINGS: Final = {
    ("auditpol", 87): _Meaning(
        "the host does not know this audit subcategory",
        "See auditpol /list /subcategory:* /v on the host",
        HostUnsupportedError,
    ),
    ("schtasks", 1): _Meaning(
        "Windows did not do this to the scheduled task",
        "Make sure that the account is an elevated administrator, that policy lets it make tasks, "
        "and that the service Schedule runs",
    ),
    ("schtasks", 2): _Meaning("the host has no such task", ""),
    ("schtasks", 0x8004130C): _Meaning("the host has no Task Scheduler", "", HostUnsupportedError),
    ("schtasks", 0x80041315): _Meaning(
        "the Task Scheduler is not running", "Start the service Schedule on the host"
    ),
    ("schtasks", 0x80041318): _Meaning(
        "Windows does not accept a value in the task's definition", ""
    ),
    ("schtasks", 0x8004131A): _Meaning("Windows cannot read the task's definition", ""),
}
"""Of schtasks, 1 is all that it says as a rule, for a missing task and a refused one alike; the
others are of learn.microsoft.com/windows/win32/taskschd/task-scheduler-error-and-success-constants
and come where it passes the service's answer on."""


def explain_exit(
    tool_exit: ToolExit, *, host: str, script: str, complaint: bytes = b""
) -> HostError:
    """Return the error that a tool's exit code stands for; it is not raised.

    ``complaint`` is the attachment :data:`fleetaudit.records.wire.STDERR`, where one came. It is
    in the host's language, so it is quoted for the reader and never interpreted. Codes are
    Win32 errors (windows-facts 5), also as HRESULT (``0x80070005`` is 5).
    """
    code = _win32(tool_exit.code)
    meaning = _TOOL_MEANINGS.get((tool_exit.tool, code)) or _MEANINGS.get(code)
    happened = f"{tool_exit.tool} ended with {tool_exit.code}"
    if meaning is not None:
        happened += f", so {meaning.happened}"
    said = readable_complaint(complaint)
    if said:
        happened += f' (it said "{said}")'
    remedy = meaning.remedy if meaning is not None else ""
    if meaning is None or meaning.kind is ScriptFailedError:
        return ScriptFailedError(
            happened, host=host, script=script, exit_code=tool_exit.code, remedy=remedy
        )
    return meaning.kind(happened, host=host, stage=f"running {script}", remedy=remedy)


def readable_complaint(data: bytes) -> str:
    r"""Return what a tool said as one line of at most 300 printable characters.

    Windows PowerShell writes stderr as UTF-16 with a byte order mark, PowerShell 7 as the tool's
    own bytes. Windows PowerShell also adds where in the script the tool was called::

        auditpol : Error 0x00000522 occurred:
        At line:31 char:9
        +         & $Tool @Arguments 2> $ComplaintPath | Set-Content ...
            + CategoryInfo          : NotSpecified: (Error 0x00000522 occurred::String) [], ...

    The lines that begin with ``+`` and the one before the first of them are left out.
    """
    lines = [line.strip() for line in _decoded(data).splitlines()]
    first = next((at for at, line in enumerate(lines) if line.startswith("+")), None)
    if first is not None:
        del lines[max(0, first - 1) : first]
    words = " ".join(line for line in lines if not line.startswith("+")).split()
    printable = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(one).startswith("C") else one
        for one in " ".join(words)
    )
    if len(printable) <= _LONGEST_COMPLAINT:
        return printable
    return printable[: _LONGEST_COMPLAINT - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


def _win32(code: int) -> int:
    unsigned = code & 0xFFFF_FFFF
    if unsigned >> 16 == _HRESULT_OF_WIN32:
        return unsigned & 0xFFFF
    return unsigned if unsigned >> 31 else code
