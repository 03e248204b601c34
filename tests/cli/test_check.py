"""What ``check`` tells a person and a machine of three hosts, one of which no sweep would audit."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.cli._check_table import _HEADS, WIDTH, table
from fleetaudit.cli._exits import Exit
from fleetaudit.cli._readiness import log_lifetime_s
from fleetaudit.cli.main import run
from fleetaudit.clock import SystemClock
from fleetaudit.records.host import Auth, SecurityLog
from fleetaudit.records.secret import Secret
from fleetaudit.simulation.engine import ModelEngine
from fleetaudit.simulation.model.fleet import build_fleet
from fleetaudit.simulation.network.server import ServedHost, serve

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("db-boston-01", "fs-boston-02", "web-boston-01")
READY: dict[str, Any] = {
    "host": "web01",
    "outcome": "collected",
    "would_audit": True,
    "reason": "",
    "remedy": "",
    "problems": [],
}


@pytest.fixture
def inventory(tmp_path: Path) -> Any:
    fleet = build_fleet(size=17, seed=7, clock=SystemClock())
    served = [
        ServedHost(name=name, username="a", password=Secret("made up"), auths=(Auth.NTLM,))
        for name in NAMES
    ]
    with serve(ModelEngine(fleet), served) as server:
        hosts = {
            name: {"ansible_host": one.address, "ansible_port": one.port}
            for name, one in server.endpoints.items()
        }
        variables = {
            "ansible_user": "a",
            "ansible_password": "made up",
            "ansible_psrp_protocol": "http",
            "ansible_psrp_auth": "ntlm",
        }
        path = tmp_path / "inventory.yml"
        content = {"windows": {"hosts": hosts, "vars": variables}}
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        before = [dict(fleet.hosts[name].audit.settings) for name in NAMES]
        yield ["-i", str(path), "--no-progress", "--state-dir", str(tmp_path / "state")]
        assert [dict(fleet.hosts[name].audit.settings) for name in NAMES] == before
        assert not any(host.scheduler.tasks or host.files for host in fleet)


@pytest.mark.slow
def test_a_fleet_is_a_table_and_json(
    inventory: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["check", *inventory]) == Exit.PARTIAL
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [*_HEADS]
    hosts = {line.split()[0]: line.split()[1:] for line in lines if line.startswith(NAMES)}
    assert hosts["db-boston-01"][:5] == ["would", "audit", "14393", "0/0", "-/-"]
    assert hosts["fs-boston-02"][:4] == ["refused", "20348", "0/0", "4/4"]
    assert hosts["web-boston-01"][3:5] == ["2/2", "-/-"]
    assert "    Both are audited for failure already; a sweep changes nothing here." in lines
    assert "3 hosts: 2 would be audited, 1 refused." in lines
    assert max(map(len, lines)) <= WIDTH

    assert run(["check", *inventory, "--json"]) == Exit.PARTIAL
    rows = {row["host"]: row for row in json.loads(capsys.readouterr().out)["hosts"]}
    refused = rows["fs-boston-02"]
    assert not refused["would_audit"]
    assert refused["outcome"] == "refused"
    assert "a group policy says" in refused["reason"]
    assert refused["remedy"]
    assert refused["audit"]["connection"] == {
        "setting": 0,
        "group_policy": 4,
        "is_owned_by_group_policy": True,
    }
    ready = rows["db-boston-01"]
    assert ready["would_audit"]
    assert ready["leases"] == []
    assert ready["is_elevated"]
    assert ready["security_log_records_per_s"] == 4.0
    assert 0 < ready["security_log_lifetime_s"] < 3_600
    assert ready["system_drive_free_bytes"] == 30 * 2**30
    assert (ready["shell_memory_mb"], ready["shells_per_user"]) == (1024, 30)

    assert run(["check", *inventory, "--override-group-policy", "--limit", "fs*"]) == Exit.OK
    assert "fs-boston-02  would audit" in capsys.readouterr().out


def said(**known: object) -> str:
    return table([READY | known])


def test_what_is_not_known_is_a_dash() -> None:
    assert said().splitlines()[1].split() == ["web01", "would", "audit", *"-------"]


@pytest.mark.parametrize(
    ("known", "text"),
    [
        ({"sce_no_apply_legacy_audit_policy": 0}, "SCENoApplyLegacyAuditPolicy is 0"),
        ({"security_log_mode": "Retain"}, "new records are lost"),
        ({"security_log_mode": "AutoBackup", "security_log_auto_backup": True}, "archived"),
        ({"security_log_is_enabled": False}, "disabled"),
        ({"security_log_bytes": None}, "did not say what its Security log holds"),
        ({"security_log_lifetime_s": 600.0}, "holds 10 min only"),
        ({"system_drive_free_bytes": 300 * 2**20}, "300 MiB free"),
        ({"clock_offset_s": -420.0}, "off by 7 min"),
        ({"language_mode": "ConstrainedLanguage"}, "run in ConstrainedLanguage"),
        ({"is_elevated": False}, "not elevated"),
        ({"shell_memory_mb": 150}, "150 MB only"),
        ({"shells_per_user": 1}, "1 remote shells only"),
        ({"problems": ["facts.json: it is no JSON"]}, "it is no JSON"),
        (
            {
                "leases": [
                    {
                        "lease": "fleetaudit-1",
                        "run_id": "",
                        "deadline": None,
                        "has_fired": False,
                        "problems": ["its baseline was edited"],
                    }
                ]
            },
            "Lease fleetaudit-1 of run unknown ends unknown. Its baseline was edited.",
        ),
    ],
)
def test_what_to_know_stands_below_its_host(known: dict[str, object], text: str) -> None:
    remarks = [line for line in said(**known).splitlines() if line.startswith("    ")]
    assert text in " ".join(line.strip() for line in remarks)


@given(
    host=st.text(min_size=1, max_size=260),
    reason=st.text(max_size=300),
    offset=st.floats(min_value=-1e12, max_value=1e12),
)
@settings(max_examples=80, deadline=None)
def test_no_line_is_too_long_or_moves_the_cursor(host: str, reason: str, offset: float) -> None:
    text = said(
        host=host, reason=reason, would_audit=False, outcome="failed", clock_offset_s=offset
    )
    assert all(c.isprintable() for line in text.split("\n") for c in line)
    assert max(map(len, text.split("\n"))) <= WIDTH


def log(**changes: Any) -> SecurityLog:
    known: dict[str, Any] = {
        "maximum_bytes": 1000,
        "mode": "Circular",
        "is_enabled": True,
        "record_count": 10,
        "oldest_record": 1,
        "file_bytes": 250,
    }
    return SecurityLog(**known | changes)


def test_a_log_that_is_a_quarter_full_lasts_four_times_its_age() -> None:
    hour = timedelta(hours=1)
    assert log_lifetime_s(log(), span=hour) == 4 * 3_600
    assert log_lifetime_s(log(file_bytes=1000), span=hour) == 3_600
    assert log_lifetime_s(log(file_bytes=1070), span=hour) == 3_600
    assert log_lifetime_s(log(file_bytes=None), span=hour) is None
    assert log_lifetime_s(log(record_count=0), span=hour) is None
    assert log_lifetime_s(log(), span=-hour) is None
