from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.errors import (
    HostError,
    HostRefusedError,
    HostUnsupportedError,
    ScriptFailedError,
)
from fleetaudit.records.call import ToolExit
from fleetaudit.scripts.exits import explain_exit, readable_complaint

WINDOWS_POWERSHELL = (
    "auditpol : Error 0x00000522 occurred:\r\nAt line:31 char:9\r\n"
    "+         & $Tool @Arguments 2> $ComplaintPath | Set-Content -LiteralPath ...\r\n"
    "+         ~~~~~~~~~~~~~~~~~~~~\r\n"
    "    + CategoryInfo          : NotSpecified: (Error 0x00000522:String) [], RemoteException\r\n"
    "    + FullyQualifiedErrorId : NativeCommandError\r\n \r\n"
    "A required privilege is not held by the client.\r\n"
)


def explained(tool: str, code: int, complaint: bytes = b"") -> HostError:
    return explain_exit(
        ToolExit(tool=tool, code=code), host="web01", script="Set-AuditPolicy", complaint=complaint
    )


@pytest.mark.parametrize(
    ("tool", "code", "kind"),
    [
        ("auditpol", 5, HostRefusedError),
        ("auditpol", 1314, HostRefusedError),
        ("auditpol", 87, HostUnsupportedError),
        ("netsh", 1, ScriptFailedError),
        ("wevtutil", 87, ScriptFailedError),
        ("wevtutil", 15007, HostUnsupportedError),
        ("wevtutil", 112, ScriptFailedError),
        ("fltmc", -2147024891, HostRefusedError),
        ("fltmc", 0x80070005, HostRefusedError),
        ("schtasks", 1, ScriptFailedError),
        ("schtasks", 0x80070005, HostRefusedError),
        ("schtasks", 0x80070002, ScriptFailedError),
        ("schtasks", 0x80070422, ScriptFailedError),
        ("schtasks", 0x8004130C - 2**32, HostUnsupportedError),
        ("schtasks", 0x80041315, ScriptFailedError),
    ],
)
def test_an_exit_code_stands_for_an_error(tool: str, code: int, kind: type[HostError]) -> None:
    assert type(explained(tool, code)) is kind


def test_an_error_says_host_tool_code_and_remedy() -> None:
    error = explained("auditpol", 1314)
    assert str(error).startswith(
        "web01: while running Set-AuditPolicy: auditpol ended with 1314, so the account lacks a "
        "privilege. Give the account"
    )


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, "so Windows did not do this to the scheduled task"),
        (0x80070002, "so the host has no such task"),
        (0x80070422, "so a service that it needs is disabled"),
        (0x80041315 - 2**32, "so the Task Scheduler is not running"),
    ],
)
def test_schtasks_is_understood_with_whatever_code_it_ends(code: int, said: str) -> None:
    assert explained("schtasks", code).happened == f"schtasks ended with {code}, {said}"


def test_an_unknown_code_is_a_failed_script_that_quotes_the_tool() -> None:
    error = explained("netsh", 1, b"Zugriff verweigert.\r\n")
    assert isinstance(error, ScriptFailedError)
    assert error.exit_code == 1
    assert error.happened == 'netsh ended with 1 (it said "Zugriff verweigert.")'


def test_windows_powershell_adds_nothing_to_what_a_tool_said() -> None:
    assert readable_complaint(WINDOWS_POWERSHELL.encode("utf-16")) == (
        "auditpol : Error 0x00000522 occurred: A required privilege is not held by the client."
    )


def test_a_complaint_is_one_short_line_without_control_characters() -> None:
    said = readable_complaint(b"\xef\xbb\xbfa\x1b[31m\xffb\n\n" + b"x" * 1000)
    assert said.startswith("a\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}b xxx")
    assert len(said) == 300


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=400) | st.text().map(lambda text: text.encode("utf-16", "replace")))
def test_any_complaint_is_readable(data: bytes) -> None:
    said = readable_complaint(data)
    assert said.isprintable()
    assert len(said) <= 300
