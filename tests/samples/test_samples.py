"""Captures of real hosts, read by ``fleetaudit import``, file by file.

What stands here was stated with the captures or counted by hand. A capture that is not expected
here fails a test.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from fleetaudit.cli._exits import Exit
from fleetaudit.cli.main import run
from fleetaudit.store import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fleetaudit.records.evidence import Issue

HOST = "capture"


@dataclass(frozen=True)
class Capture:
    """What a file must give.

    Attributes:
        rows: Of each table that has some.
        counts: Of a table's column, how often each value comes.
        left_out: Records of events that are no part of the question, by their one issue.
    """

    rows: Mapping[str, int]
    counts: Mapping[tuple[str, str], Mapping[object, int]] = field(default_factory=dict)
    left_out: int = 0


CAPTURES = {
    "auditpol/auditpol_backup_en.csv": Capture(
        {"audit_policy": 59}, {("audit_policy", "inclusion"): {0: 12, 1: 12, 2: 2, 3: 33}}
    ),
    "dns/CacheDns_Get-DnsClientCache_utf16.txt": Capture({"dns_cache": 42}),
    "evtx/DE_RDP_Tunnel_5156.evtx": Capture(
        {"security_events": 72, "audit_events": 1},
        {("security_events", "event_code"): {5156: 63, 5158: 9}},
        left_out=28,
    ),
    "evtx/ID2003-4950-Firewall_disabled.evtx": Capture(
        {"audit_events": 3}, {("audit_events", "event_code"): {4950: 3}}, left_out=3
    ),
    "evtx/ID2004-Any_any_firewall_rule_created.evtx": Capture({}, left_out=1),
    "evtx/ID4688_5140_5145-WMIexec_with_5447.evtx": Capture(
        {"audit_events": 9}, {("audit_events", "event_code"): {1102: 1, 5447: 8}}, left_out=88
    ),
    "netevents/netevent_drop_quarantine_default.xml": Capture({"net_events": 1}),
    "pfirewall/pfirewall_2021_17col_ipv6.log": Capture(
        {"firewall_log": 16_809},
        {("firewall_log", "action"): {"DROP": 11_688, "ALLOW": 5_119, "INFO-EVENTS-LOST": 2}},
    ),
    "pfirewall/pfirewall_xp_2005.log": Capture(
        {"firewall_log": 15},
        {("firewall_log", "action"): {"DROP": 9, "CLOSE": 3, "OPEN": 2, "INFO-EVENTS-LOST": 1}},
    ),
    "wfp/filters_fr.xml": Capture(
        {"wfp_filters": 286},
        {
            ("wfp_filters", "action"): {
                "FWP_ACTION_PERMIT": 210,
                "FWP_ACTION_BLOCK": 32,
                "FWP_ACTION_CALLOUT_TERMINATING": 24,
                "FWP_ACTION_CALLOUT_UNKNOWN": 20,
            }
        },
    ),
    "wfp/wfpstate_two_roots_zh.xml": Capture(
        {"wfp_filters": 200},
        {
            ("wfp_filters", "action"): {
                "FWP_ACTION_PERMIT": 156,
                "FWP_ACTION_BLOCK": 32,
                "FWP_ACTION_CALLOUT_INSPECTION": 12,
            }
        },
    ),
}

JSON_LINES = {
    "dns/empire_mimikatz_opth.events.jsonl.gz": {
        "security_events": {5156: 166, 5157: 1, 5158: 119},
        "dns_events": {
            3006: 71,
            3008: 73,
            3010: 28,
            3011: 4,
            3016: 60,
            3018: 60,
            3019: 6,
            3020: 7,
        },
        "sysmon_events": {3: 137},
    },
    "dns/psh_cmstp_execution_bypassuac.events.jsonl.gz": {
        "security_events": {5156: 7, 5158: 7},
        "sysmon_events": {3: 2, 22: 205},
    },
    "security-json/cmd_dumping_ntds_dit_file_ntdsutil.events.jsonl.gz": {
        "security_events": {5152: 10, 5156: 148, 5158: 53},
        "sysmon_events": {3: 89, 22: 3},
    },
    "security-json/covenant_dcom_registerxll.events.jsonl.gz": {
        "security_events": {5031: 4, 5154: 2, 5156: 87, 5158: 95},
        "sysmon_events": {3: 18, 22: 3},
    },
    "security-json/covenant_sharpsc_query_dcerpc_smb_svcctl.events.jsonl.gz": {
        "security_events": {5156: 53, 5157: 5, 5158: 22},
        "sysmon_events": {3: 12},
    },
    "security-json/empire_wmic_add_user_backdoor.events.jsonl.gz": {
        "security_events": {5154: 1_299, 5156: 148, 5158: 1_366},
        "audit_events": {4954: 1, 4957: 2, 5447: 1_430},
        "sysmon_events": {3: 86, 22: 11},
    },
    "security-json/metasploit_procdump_lsass_memory_dump.events.jsonl.gz": {
        "security_events": {5152: 13, 5156: 158, 5157: 1, 5158: 258},
        "sysmon_events": {3: 135, 22: 28},
    },
    "security-json/psh_powershell_httplistener.events.jsonl.gz": {
        "security_events": {5154: 1, 5156: 1, 5158: 3},
        "sysmon_events": {22: 1},
    },
    "security-json/psh_python_webserver.events.jsonl.gz": {
        "security_events": {5154: 1, 5156: 4, 5158: 4},
        "audit_events": {4946: 2, 5447: 8},
        "sysmon_events": {22: 1},
    },
}
"""Events of several channels in one file, by table and event."""

REMARKS = {
    "dns/empire_mimikatz_opth.events.jsonl.gz": "64 records of other events were left out",
    "security-json/covenant_dcom_registerxll.events.jsonl.gz": "209 events have a time without",
    "security-json/covenant_sharpsc_query_dcerpc_smb_svcctl.events.jsonl.gz": "92 events have a",
    "security-json/empire_wmic_add_user_backdoor.events.jsonl.gz": "4343 events have a time",
}
"""How the one issue of a file begins, which cost no row."""


def read(
    file: Path, out: Path
) -> tuple[dict[str, int], dict[tuple[str, str], Counter[object]], tuple[Issue, ...]]:
    assert run(["import", str(file), "--host", HOST, "--out", str(out)]) == Exit.OK
    with RunDirectory.open(out) as directory:
        folder = directory.host(HOST)
        rows: dict[str, int] = {}
        counts: dict[tuple[str, str], Counter[object]] = {}
        for name in folder.table_names():
            table = folder.table(name)
            if table is None or not table.num_rows or name == "drops":
                continue
            rows[name] = table.num_rows
            for column in {"event_code", "action", "inclusion"} & set(table.column_names):
                counts[name, column] = Counter(table[column].to_pylist())
        return rows, counts, folder.issues()


@pytest.mark.parametrize("name", sorted(CAPTURES))
def test_a_capture_is_read_whole(name: str, samples: Path, tmp_path: Path) -> None:
    file, expected = samples / name, CAPTURES[name]
    if not file.exists():
        pytest.skip(f"no {name} here")
    rows, counts, issues = read(file, tmp_path / "run")
    assert rows == expected.rows
    assert {key: dict(counts[key]) for key in expected.counts} == expected.counts
    assert [issue.lost for issue in issues] == [0] * len(issues)
    if not expected.left_out:
        assert issues == ()
        return
    (issue,) = issues
    assert issue.problem.startswith(f"{expected.left_out} records of other events were left out")


@pytest.mark.parametrize("name", sorted(JSON_LINES))
def test_events_of_several_channels_go_to_their_tables(
    name: str, samples: Path, tmp_path: Path
) -> None:
    file, expected = samples / name, JSON_LINES[name]
    if not file.exists():
        pytest.skip(f"no {name} here")
    rows, counts, issues = read(file, tmp_path / "run")
    assert {table: dict(counts[table, "event_code"]) for table in rows} == expected
    assert [issue.lost for issue in issues] == [0] * len(issues)
    beginnings = [REMARKS[name]] if name in REMARKS else []
    assert len(issues) == len(beginnings)
    for issue, beginning in zip(issues, beginnings, strict=True):
        assert issue.problem.startswith(beginning)


def test_every_capture_is_expected(samples: Path) -> None:
    found = {file.relative_to(samples).as_posix() for file in samples.rglob("*") if file.is_file()}
    evidence = {name for name in found if not name.startswith("psrp/") and name != "SOURCES.md"}
    assert evidence <= {*CAPTURES, *JSON_LINES}


def test_what_no_reader_knows_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("pfirewall.log", "notes.md"):
        (tmp_path / name).write_bytes(b"")
    assert run(["import", str(tmp_path), "--out", str(tmp_path / "run")]) == Exit.PARTIAL
    assert "notes.md" in capsys.readouterr().err
