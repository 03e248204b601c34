"""Every script, run by a real PowerShell with stand-ins for the tools and cmdlets of Windows.

Runs where ``pwsh`` is on the PATH or FLEETAUDIT_PWSH names one. PowerShell 7 on Linux is not
Windows PowerShell 5.1: this proves that the scripts run, answer in the agreed form and leave
nothing behind, not that Windows answers them.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import shutil
import stat
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fleetaudit import scripts
from fleetaudit.records.host import LanguageMode
from fleetaudit.records.wire import PIECE_BYTES, Encoding, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

PWSH = os.environ.get("FLEETAUDIT_PWSH") or shutil.which("pwsh")
STAND_INS = Path(__file__).parents[1] / "cases" / "scripts" / "windows.ps1"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PWSH is None, reason="no pwsh on the PATH, and FLEETAUDIT_PWSH names none"),
]

TOOLS = {
    "auditpol": 'for a; do case $a in /file:*) printf policy > "${a#/file:}";; esac; done',
    "certutil": '{ echo "-----BEGIN CERTIFICATE-----"; base64 -w 64 "$2"; '
    'echo "-----END CERTIFICATE-----"; } > "$3"',
    "fltmc": "printf 'C: \\\\Device\\\\HarddiskVolume3 NTFS\\n'",
    "icacls": ":",
    "netsh": 'for a; do case $a in file=*) cat "$WFPSTATE" > "${a#file=}";; esac; done',
    "reg": 'printf "\\377\\376W" > "$3"',
    "wevtutil": 'printf "ElfFile" > "$3"',
    "whoami": 'printf \'"x","Label","S-1-16-12288","y"\\n\'',
}


@dataclass(frozen=True)
class Answer:
    files: Mapping[str, bytes]
    trailers: Mapping[str, Mapping[str, Any]]
    exits: list[tuple[str, int]]
    error: str


class FakeHost:
    """A folder that stands for a Windows host."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tools = folder / "tools"
        self.windows = folder / "Windows"
        self.calls = folder / "calls"
        self.tools.mkdir()
        (self.windows / "Temp").mkdir(parents=True)
        self.environment = {
            "PATH": f"{self.tools}:{os.environ['PATH']}",
            "HOME": str(folder),
            "SystemRoot": str(self.windows),
            "COMPUTERNAME": "WEB01",
            "WFPSTATE": str(self.file("wfpstate.xml", b"<wfpstate/>")),
            "POWERSHELL_TELEMETRY_OPTOUT": "1",
            "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1",
        }
        for tool, body in TOOLS.items():
            self.tool(tool, body)

    def file(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def tool(self, name: str, body: str) -> None:
        path = self.tools / name
        log = f"printf '{name}' >> '{self.calls}'; printf ' [%s]' \"$@\" >> '{self.calls}'"
        path.write_text(f"#!/bin/sh\n{log}\necho >> '{self.calls}'\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def called(self, tool: str) -> list[str]:
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [line for line in lines if line.split(" ")[0] == tool]

    def run(
        self, name: str, mode: LanguageMode = LanguageMode.FULL, **parameters: object
    ) -> Answer:
        functions = self.file("functions.ps1", scripts.functions(mode).encode())
        script = self.file(f"{name}.ps1", scripts.text(name).encode())
        given = " ".join(f"-{key} '{value}'" for key, value in parameters.items())
        lines = [f". '{STAND_INS}'"]
        if mode is not LanguageMode.FULL:
            lines.append(f"$ExecutionContext.SessionState.LanguageMode = '{mode}'")
        lines += [
            f". '{functions}'",
            "try {",
            f"    & '{script}' {given} |",
            "        ForEach-Object -Process { ConvertTo-Json -InputObject $_ -Compress }",
            "}",
            'catch { "ERROR $($_.FullyQualifiedErrorId)" }',
        ]
        harness = self.file("harness.ps1", "\n".join(lines).encode())
        assert PWSH is not None
        ended = subprocess.run(
            [PWSH, "-NoProfile", "-NonInteractive", "-File", str(harness)],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.stderr == ""
        assert list((self.windows / "Temp").iterdir()) == []
        return decode(ended.stdout)


def decode(text: str) -> Answer:
    pieces: dict[str, list[bytes]] = defaultdict(list)
    files: dict[str, bytes] = {}
    trailers: dict[str, Mapping[str, Any]] = {}
    exits: list[tuple[str, int]] = []
    error = ""
    for line in text.splitlines():
        if line.startswith("ERROR "):
            error = line.removeprefix("ERROR ")
            continue
        record = json.loads(line)
        match Kind(record["Kind"]):
            case Kind.EXIT:
                exits.append((record["Tool"], record["Code"]))
            case Kind.PIECE:
                assert record["Index"] == len(pieces[record["Name"]])
                piece = base64.b64decode(record["Data"], validate=True)
                assert 0 < len(piece) <= PIECE_BYTES
                pieces[record["Name"]].append(piece)
            case Kind.TRAILER:
                name = record["Name"]
                assert name not in trailers
                assert record["Pieces"] == len(pieces[name])
                data = b"".join(pieces[name])
                if Encoding(record["Encoding"]) is Encoding.GZIP:
                    data = gzip.decompress(data)
                assert record["Length"] == len(data)
                assert record["Sha256"] == hashlib.sha256(data).hexdigest()
                files[name], trailers[name] = data, record
    assert set(pieces) <= set(trailers)
    return Answer(files=files, trailers=trailers, exits=exits, error=error)


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def read_json(data: bytes) -> Any:
    return json.loads(data.decode("utf-8-sig"))


def test_host_facts_come_as_json(host: FakeHost) -> None:
    answer = host.run("Get-HostFact")
    facts = read_json(answer.files["facts.json"])
    assert facts["ComputerName"] == "WEB01"
    assert facts["OSBuild"] == 20348
    assert facts["OSCaption"] == "Microsoft Windows Server 2022 Standard"
    assert facts["Culture"] == "de-DE"
    assert facts["BootTime"] == "2026-11-20T05:11:09.0000000Z"
    assert facts["LanguageMode"] == "FullLanguage"
    assert facts["TimeZone"]["TimeZoneKeyName"] == "W. Europe Standard Time"
    assert facts["TimeZone"]["StandardStart"] == "00000a00050003000000000000000000"
    assert facts["SecurityLog"]["OldestRecordNumber"] == 118
    assert facts["SecurityLog"]["OldestRecordTime"] == "2026-11-18T22:10:00.0000000Z"
    assert facts["SystemDriveFreeBytes"] == 42_949_672_960
    assert facts["ShellQuotas"] == {"MaxMemoryPerShellMB": 1024, "MaxShellsPerUser": 30}
    assert facts["CrashOnAuditFail"] == 0
    assert answer.exits == [("whoami", 0)]
    assert b"S-1-16-12288" in answer.files["groups.csv"]


def test_the_audit_policy_comes_with_that_of_group_policy(host: FakeHost) -> None:
    assert set(host.run("Get-AuditPolicy").files) == {"policy.csv"}
    host.file("Windows/security/audit/audit.csv", b"gpo")
    answer = host.run("Get-AuditPolicy")
    assert answer.files == {"policy.csv": b"policy", "gpo-audit.csv": b"gpo"}
    assert answer.exits == [("auditpol", 0)]


def test_a_subcategory_is_set_with_both_flags(host: FakeHost) -> None:
    guid = "{0CCE9225-69AE-11D9-BED3-505054503030}"
    answer = host.run("Set-AuditPolicy", Subcategory=guid, Success="disable", Failure="enable")
    assert answer.exits == [("auditpol", 0)]
    assert host.called("auditpol") == [
        f"auditpol [/set] [/subcategory:{guid}] [/success:disable] [/failure:enable]"
    ]


def test_nothing_is_set_once_the_lease_is_gone(host: FakeHost) -> None:
    answer = host.run(
        "Set-AuditPolicy",
        Subcategory="{0CCE9225-69AE-11D9-BED3-505054503030}",
        Success="disable",
        Failure="enable",
        LeaseName="fleetaudit-r",
    )
    assert "Fleetaudit.NoLease" in answer.error
    assert host.called("auditpol") == []


@pytest.mark.parametrize(
    ("subcategory", "success"),
    [
        ("Logon", "enable"),
        ("{0CCE9225-69AE}", "enable"),
        ("{0CCE9225-69AE-11D9-BED3-505054503030}", "maybe"),
    ],
)
def test_a_wrong_subcategory_or_flag_never_reaches_the_tool(
    host: FakeHost, subcategory: str, success: str
) -> None:
    answer = host.run("Set-AuditPolicy", Subcategory=subcategory, Success=success, Failure="enable")
    assert "ParameterArgumentValidationError" in answer.error
    assert host.called("auditpol") == []


def test_a_failing_tool_ends_the_script_with_its_code_and_what_it_said(host: FakeHost) -> None:
    host.tool("auditpol", "echo 'Zugriff verweigert' >&2; exit 5")
    answer = host.run("Get-AuditPolicy")
    assert answer.error == ""
    assert answer.exits == [("auditpol", 5)]
    assert set(answer.files) == {"stderr.txt"}
    assert b"Zugriff verweigert" in answer.files["stderr.txt"]


def test_a_tool_that_complains_on_stdout_is_heard_too(host: FakeHost) -> None:
    host.tool("netsh", "echo 'needs elevation'; exit 1")
    answer = host.run("Get-WfpState")
    assert answer.exits == [("netsh", 1)]
    assert b"needs elevation" in answer.files["stderr.txt"]


@pytest.mark.parametrize(
    ("asked", "subject", "name"),
    [
        ("Get-WfpState", "state", "wfpstate.xml"),
        ("Get-WfpNetEvent", "netevents", "netevents.xml"),
        ("Get-BootTimePolicy", "boottimepolicy", "btpol.xml"),
    ],
)
def test_netsh_is_asked_to_write_into_a_file(
    host: FakeHost, asked: str, subject: str, name: str
) -> None:
    host.file("wfpstate.xml", b"<wfp/>")
    answer = host.run(asked)
    (call,) = host.called("netsh")
    assert call.startswith(f"netsh [wfp] [show] [{subject}] [file=")
    assert answer.files == {name: b"<wfp/>"}


def test_a_missing_tool_is_unsupported(host: FakeHost) -> None:
    (host.tools / "netsh").unlink()
    assert host.run("Get-WfpState").error.startswith("Fleetaudit.Unsupported")


def test_a_folder_that_cannot_be_made_private_is_not_used(host: FakeHost) -> None:
    host.tool("icacls", "exit 5")
    answer = host.run("Get-WfpState")
    assert answer.error.startswith("Fleetaudit.PrivateFolder")
    assert host.called("netsh") == []


def test_a_folder_is_private_before_a_tool_writes(host: FakeHost) -> None:
    host.tool("icacls", 'test -d "$1" && test -z "$(ls -A "$1")"')
    assert host.run("Get-WfpState").exits == [("netsh", 0)]
    assert "[*S-1-5-32-544:(OI)(CI)F]" in host.called("icacls")[0]


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, 3 * PIECE_BYTES + 17])
@pytest.mark.parametrize("mode", [LanguageMode.FULL, LanguageMode.CONSTRAINED])
def test_a_file_of_any_size_arrives_whole(host: FakeHost, mode: LanguageMode, size: int) -> None:
    block = hashlib.shake_256(b"fleetaudit").digest(size)
    host.file("wfpstate.xml", block)
    answer = host.run("Get-WfpState", mode)
    assert answer.files == {"wfpstate.xml": block}
    packed = mode is LanguageMode.FULL and size > 0
    assert answer.trailers["wfpstate.xml"]["Encoding"] == ("gzip" if packed else "none")


def test_security_events_are_asked_for_with_one_query(host: FakeHost) -> None:
    answer = host.run("Export-SecurityEvent", AfterRecord=4711)
    (call,) = host.called("wevtutil")
    assert call.startswith("wevtutil [epl] [Security] [")
    assert "[/q:*[System[(EventID=5031 or EventID=4719 or" in call
    assert call.endswith(") and EventRecordID>4711]]] [/ow:true]")
    assert answer.files["security.evtx"] == b"ElfFile"
    facts = read_json(answer.files["facts.json"])
    assert facts == {"OldestRecordNumber": 118, "RecordCount": 40211, "TasksProblem": None}
    assert set(answer.files) == {"security.evtx", "facts.json"}


@pytest.mark.parametrize("mode", [LanguageMode.FULL, LanguageMode.CONSTRAINED])
def test_records_of_the_leases_own_task_are_asked_for_apart(
    host: FakeHost, mode: LanguageMode
) -> None:
    answer = host.run("Export-SecurityEvent", mode, AfterRecord=4711, LeaseName="fleetaudit-1")
    call = host.called("wevtutil")[1]
    assert call.endswith(
        "[/q:*[System[(EventID=4698 or EventID=4699 or EventID=4702) and EventRecordID>4711]"
        " and EventData[Data[@Name='TaskName']='\\fleetaudit\\fleetaudit-1']]] [/ow:true]"
    )
    assert answer.exits == [("wevtutil", 0)]
    assert answer.files["security-tasks.evtx"] == b"ElfFile"


@pytest.mark.parametrize("body", ["exit 5", ":"])
def test_tasks_that_cannot_be_exported_cost_nothing_and_are_told(host: FakeHost, body: str) -> None:
    host.tool("wevtutil", f'case "$3" in *tasks*) {body};; *) printf ElfFile > "$3";; esac')
    answer = host.run("Export-SecurityEvent", LeaseName="fleetaudit-1")
    assert answer.exits == [("wevtutil", 0)]
    assert set(answer.files) == {"security.evtx", "facts.json"}
    assert read_json(answer.files["facts.json"])["TasksProblem"]


def test_a_name_that_no_lease_has_is_refused(host: FakeHost) -> None:
    answer = host.run("Export-SecurityEvent", LeaseName="x]or[Data")
    assert answer.error.startswith("ParameterArgumentValidationError")


def test_the_firewall_log_is_read_where_group_policy_puts_it(host: FakeHost) -> None:
    host.file("Windows/gpo.log", b"live")
    host.file("Windows/gpo.log.old", b"old")
    host.file("Windows/local.log", b"not in use")
    answer = host.run("Read-FirewallLog")
    facts = read_json(answer.files.pop("facts.json"))  # type: ignore[attr-defined]  # a dict here
    assert answer.files == {"pfirewall-1.log": b"live", "pfirewall-1.log.old": b"old"}
    assert [(one["Profile"], one["Store"]) for one in facts["Profiles"]] == [
        ("Public", "local"),
        ("Public", "gpo"),
    ]
    assert facts["Logs"] == [
        {"Name": "pfirewall-1.log", "Path": f"{host.windows}/gpo.log", "Length": 4},
        {"Name": "pfirewall-1.log.old", "Path": f"{host.windows}/gpo.log.old", "Length": 3},
    ]


def test_a_firewall_log_that_is_missing_is_unsupported_after_the_settings(host: FakeHost) -> None:
    answer = host.run("Read-FirewallLog")
    assert answer.error.startswith("Fleetaudit.Unsupported")
    assert set(answer.files) == {"facts.json"}
    assert read_json(answer.files["facts.json"])["Logs"] == []


@pytest.mark.parametrize("name", ["Read-FirewallLog", "Get-FirewallRule"])
def test_a_host_without_a_firewall_policy_is_unsupported(host: FakeHost, name: str) -> None:
    host.environment["FLEETAUDIT_TEST_WITHOUT_FIREWALL"] = "1"
    assert host.run(name).error.startswith("Fleetaudit.Unsupported")


def test_firewall_rules_come_as_reg_wrote_them(host: FakeHost) -> None:
    answer = host.run("Get-FirewallRule")
    assert answer.exits == [("reg", 0), ("reg", 0)]
    assert set(answer.files) == {"firewall-local.reg", "firewall-gpo.reg"}
    assert set(answer.files.values()) == {b"\xff\xfeW"}


@pytest.mark.parametrize("mode", [LanguageMode.FULL, LanguageMode.CONSTRAINED])
def test_host_context_survives_a_lone_surrogate(host: FakeHost, mode: LanguageMode) -> None:
    answer = host.run("Get-HostContext", mode)
    (service,) = read_json(answer.files["services.json"])
    assert service["DisplayName"] == "\N{REPLACEMENT CHARACTER}Basisfiltermodul"
    idle, process = read_json(answer.files["processes.json"])
    assert idle["CreationDate"] is None
    assert process["CreationDate"] == "2026-11-20T05:11:09.0000000Z"
    (address,) = read_json(answer.files["addresses.json"])
    assert address["PrefixLength"] == 24
    listeners = read_json(answer.files["listeners.json"])
    assert [(one["Protocol"], one["LocalPort"]) for one in listeners] == [(6, 135), (17, 5353)]
    (interface,) = read_json(answer.files["interfaces.json"])
    assert interface["NetworkCategory"] == 2
    assert "unsupported.json" not in answer.files
    assert b"\\Device\\HarddiskVolume3" in answer.files["volumes.txt"]
    assert answer.exits == [("fltmc", 0)]


def test_a_stopped_script_removes_its_folder(host: FakeHost) -> None:
    ready = host.folder / "ready"
    host.tool("netsh", f"touch '{ready}'; sleep 60")
    functions = host.file("functions.ps1", scripts.functions().encode())
    script = host.file("stopped.ps1", scripts.text("Get-WfpState").encode())
    harness = host.file(
        "harness.ps1",
        f"""
        $Shell = [powershell]::Create()
        $null = $Shell.AddScript(". '{functions}'; & '{script}'")
        $null = $Shell.BeginInvoke()
        while (-not (Test-Path -LiteralPath '{ready}')) {{ Start-Sleep -Milliseconds 50 }}
        $Shell.Stop()
        """.encode(),
    )
    assert PWSH is not None
    subprocess.run(
        [PWSH, "-NoProfile", "-NonInteractive", "-File", str(harness)],
        env=host.environment,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert list((host.windows / "Temp").iterdir()) == []
