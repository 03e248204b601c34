from __future__ import annotations

import pytest

from fleetaudit import scripts
from fleetaudit.records.host import LanguageMode

NAMES = (
    "Export-DnsEvent",
    "Export-SecurityEvent",
    "Export-SysmonEvent",
    "Get-AuditPolicy",
    "Get-BootTimePolicy",
    "Get-DnsCache",
    "Get-EventChannel",
    "Get-FirewallLogging",
    "Get-FirewallRule",
    "Get-HostContext",
    "Get-HostFact",
    "Get-Lease",
    "Get-NetEventOption",
    "Get-SecurityLog",
    "Get-WfpNetEvent",
    "Get-WfpState",
    "Read-FirewallLog",
    "Register-Lease",
    "Remove-Lease",
    "Set-AuditPolicy",
    "Set-EventChannel",
    "Set-FirewallLogging",
    "Set-NetEventOption",
)


def test_the_scripts_are_those_of_the_contract() -> None:
    assert scripts.names() == NAMES


def test_there_is_no_text_of_an_unknown_script() -> None:
    with pytest.raises(KeyError):
        scripts.text("Format-Disk")


@pytest.mark.parametrize("name", NAMES)
def test_a_script_is_recognised_by_its_text_however_it_travelled(name: str) -> None:
    text = scripts.text(name)
    assert scripts.identify(text) == name
    assert scripts.identify("\ufeff" + text.replace("\n", "\r\n") + "\r\n") == name


@pytest.mark.parametrize("text", ["", "Get-Date", "exit"])
def test_a_foreign_text_is_not_recognised(text: str) -> None:
    assert scripts.identify(text) == ""
    assert scripts.identify(scripts.functions()) == ""


def test_every_language_mode_gets_each_function_once() -> None:
    found = {
        mode: sorted(
            line for line in scripts.functions(mode).splitlines() if line.startswith("function ")
        )
        for mode in LanguageMode
    }
    assert len({tuple(lines) for lines in found.values()}) == 1
    lines = found[LanguageMode.FULL]
    assert len(lines) == len(set(lines))
    assert "function Send-File {" in lines


def test_outside_of_full_language_a_file_is_sent_without_dotnet() -> None:
    assert "GZipStream" in scripts.functions()
    assert "GZipStream" not in scripts.functions(LanguageMode.CONSTRAINED)
    assert "certutil" in scripts.functions(LanguageMode.CONSTRAINED)
