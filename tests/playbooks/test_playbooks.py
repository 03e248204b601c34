import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from fleetaudit.clock import SystemClock
from fleetaudit.inventory.psrp_variables import OPTIONS, PLAYBOOK_VARIABLES
from fleetaudit.records.audit_policy import Inclusion
from fleetaudit.simulation.model.fleet import SimulatedFleet, build_fleet
from fleetaudit.simulation.network.stage import Stage, on_loopback

ROOT = Path(__file__).parents[2]
PLAYBOOKS = ROOT / "playbooks"
VAULT_PASSWORD = "of the vault"
HOSTS = ("fs-berlin-01", "ws-paris-01", "web-boston-01", "dc-berlin-01")
"""Two that audit nothing, one that audits failures already, one that audits successes."""


def ours(pattern: str) -> set[str]:
    files = [*PLAYBOOKS.glob("*.yml"), *PLAYBOOKS.glob("*/*.yml")]
    return {name for file in files for name in re.findall(pattern, file.read_text("utf-8"))}


def listing_pattern() -> str:
    variables = yaml.safe_load((PLAYBOOKS / "vars" / "controller.yml").read_text("utf-8"))
    found = re.search(r"set wanted = '([^']+)'", variables["_fleetaudit_listing"])
    assert found
    return found[1]


def test_the_listing_has_every_variable_that_means_something_for_a_connection() -> None:
    names = {name for option in OPTIONS for name in option.variables + option.winrm}
    wanted = listing_pattern()
    assert {name for name in names if not re.match(wanted, name)} == set()


def test_the_listing_leaves_out_what_is_not_a_matter_of_the_connection() -> None:
    names = ["ansible_become_password", "ansible_facts", "api_token", "ansible_ssh_pass"]
    assert [name for name in names if re.match(listing_pattern(), name)] == []


def test_a_variable_of_the_playbooks_may_stand_in_an_inventory_and_is_explained() -> None:
    parameters = ours(r"(?<!_)\bfleetaudit_[a-z]+(?:_[a-z]+)*")
    assert len(parameters) == 7
    assert parameters - PLAYBOOK_VARIABLES == set()
    page = (PLAYBOOKS / "README.md").read_text("utf-8")
    assert {name for name in parameters if f"`{name}`" not in page} == set()


def test_a_task_that_is_given_the_hosts_is_hidden_runs_once_and_on_the_controller() -> None:
    tasks = [
        task | {"strategy": play.get("strategy")}
        for file in PLAYBOOKS.glob("*.yml")
        for play in yaml.safe_load(file.read_text("utf-8"))
        for task in play["tasks"]
        if "_fleetaudit_listing" in json.dumps(task)
    ]
    assert len(tasks) == 3
    for task in tasks:
        assert task["no_log"] is True
        assert task["run_once"] is True
        assert task["strategy"] == "ansible.builtin.linear"
        assert task["delegate_to"] == "localhost"


@dataclass(frozen=True, kw_only=True)
class Ansible:
    """Runs Ansible's commands with nothing of this machine's user, below one folder."""

    folder: Path

    def environment(self) -> dict[str, str]:
        (self.folder / "tmp").mkdir(exist_ok=True)
        config = self.folder / "ansible.cfg"
        config.touch()
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
            "LANG": "C.UTF-8",
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "ANSIBLE_CONFIG": str(config),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "tmp" / "local"),
            "ANSIBLE_REMOTE_TEMP": str(self.folder / "tmp" / "remote"),
            "ANSIBLE_NOCOLOR": "1",
        }

    def run(self, name: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        environment = self.environment()
        command = shutil.which(name, path=environment["PATH"])
        if command is None:
            pytest.skip(f"{name} is not installed")
        return subprocess.run(
            [command, *arguments],
            check=False,
            capture_output=True,
            text=True,
            input=stdin,
            cwd=self.folder,
            env=environment,
            timeout=120,
        )

    def play(self, playbook: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(
            "ansible-playbook",
            str(PLAYBOOKS / playbook),
            "--inventory=inventory.yml",
            *arguments,
        )


@pytest.fixture
def ansible(tmp_path: Path) -> Ansible:
    return Ansible(folder=tmp_path)


@pytest.mark.parametrize("playbook", ["sweep.yml", "restore.yml"])
def test_ansible_understands_the_playbook(ansible: Ansible, playbook: str) -> None:
    (ansible.folder / "inventory.yml").write_text("windows: {hosts: {web01: {}}}\n", "utf-8")
    done = ansible.play(playbook, "--syntax-check")
    assert done.stderr == ""
    assert done.returncode == 0


STUB = """#!{python}
import json, pathlib, sys, zipfile
listing = json.load(sys.stdin)
files = [path for path in pathlib.Path("tmp").rglob("*") if path.is_file()]
parts = [path.read_bytes() for path in files]
for archive in map(zipfile.ZipFile, filter(zipfile.is_zipfile, files)):
    parts += map(archive.read, archive.namelist())
leaks = sum({marker!r} in part for part in parts)
pathlib.Path("given.json").write_text(json.dumps([sys.argv[1:], listing, len(parts), leaks]))
print("12 of 12 hosts done (12 collected), 0 windows open, 0 not begun", file=sys.stderr)
print("web01: unreachable: it says {{{{ 6 * 7 }}}}", file=sys.stderr)
print({answer!r})
sys.exit({code})
"""
MARKER = "4nd-b4ck"
COVERAGE = {"hosts": 2, "hosts_observed": 1}
SUMMARY = {"attempts": 41, "records": 97, "coverage": COVERAGE}
INVENTORY = r"""
windows:
  children:
    web: {hosts: {web01: {ansible_port: 5985}, web02: {ansible_user: 'svc@{{ domain | upper }}'}}}
    db: {hosts: {db01: {}}}
  vars:
    domain: example
    unrelated: "{{ not_there }}"
    ansible_connection: psrp
    ansible_become: true
    ansible_become_method: runas
    ansible_shell_type: powershell
    ansible_user: EXAMPLE\svc
    ansible_password: !unsafe 'a {{ b }} "4nd-b4ck" ä'
    ansible_psrp_ignore_proxy: false
    fleetaudit_window: 30m
"""


def stub(ansible: Ansible, answer: Mapping[str, object], *, code: int) -> str:
    path = ansible.folder / "fleetaudit-stub"
    text = STUB.format(
        python=sys.executable, marker=MARKER.encode(), answer=json.dumps(answer), code=code
    )
    path.write_text(text, "utf-8")
    path.chmod(0o700)
    (ansible.folder / "inventory.yml").write_text(INVENTORY, "utf-8")
    return f"fleetaudit_executable={path}"


@pytest.mark.slow
def test_auditing_that_is_still_on_fails_the_play_after_the_figures(ansible: Ansible) -> None:
    executable = stub(ansible, SUMMARY, code=6)
    done = ansible.play("sweep.yml", f"-e{executable}", "--limit=web")
    assert done.returncode == 2
    assert "41 dropped attempts (97 records) on 1 of 2 hosts" in done.stdout
    assert "AUDITING IS STILL ON" in done.stdout
    assert "it says {{ 6 * 7 }}" in done.stdout
    assert "12 of 12" not in done.stdout
    assert "failed=1" in done.stdout
    given = json.loads((ansible.folder / "given.json").read_text("utf-8"))
    arguments, listing, parts, leaks = given
    assert parts > 0
    assert leaks == 0
    assert arguments[:4] == ["sweep", "--inventory", "-", "--json"]
    assert arguments[-2:] == ["--window", "30m"]
    assert set(listing["hosts"]) == {"web01", "web02"}
    assert listing["groups"] == {"db": [], "web": ["web01", "web02"], "windows": ["web01", "web02"]}
    assert listing["hosts"]["web02"] == {
        "ansible_connection": "psrp",
        "ansible_password": f'a {{{{ b }}}} "{MARKER}" ä',
        "ansible_psrp_ignore_proxy": False,
        "ansible_user": "svc@EXAMPLE",
        "fleetaudit_executable": executable.partition("=")[2],
        "fleetaudit_window": "30m",
    }


@pytest.mark.slow
def test_some_hosts_that_failed_do_not_fail_a_sweep(ansible: Ansible) -> None:
    done = ansible.play("sweep.yml", f"-e{stub(ansible, SUMMARY, code=3)}")
    assert done.returncode == 0, done.stdout
    assert "web01: unreachable" in done.stdout


@pytest.mark.slow
def test_a_restore_fails_while_something_is_owed_and_says_to_whom(ansible: Ansible) -> None:
    answer = {"restored": ["web02", "db01"], "owed": ["web01"]}
    done = ansible.play("restore.yml", f"-e{stub(ansible, answer, code=6)}")
    assert done.returncode == 2
    assert "Restored: web02, db01" in done.stdout
    assert "Still owed: web01" in done.stdout
    assert "changed=1" in done.stdout


@pytest.mark.slow
def test_a_restore_in_check_mode_starts_nothing(ansible: Ansible) -> None:
    done = ansible.play("restore.yml", f"-e{stub(ansible, {}, code=0)}", "--check")
    assert done.returncode == 0, done.stdout
    assert not (ansible.folder / "given.json").exists()


@pytest.fixture
def stage() -> Iterator[tuple[SimulatedFleet, Stage]]:
    clock = SystemClock()
    specs = [host.spec for host in build_fleet(size=16, clock=clock) if host.spec.name in HOSTS]
    fleet = SimulatedFleet(seed=7, specs=specs, clock=clock)
    with on_loopback(fleet) as served:
        yield fleet, served


def policies(fleet: SimulatedFleet) -> dict[str, dict[UUID, Inclusion]]:
    with fleet.locked():
        return {host.spec.name: dict(host.audit.settings) for host in fleet}


def write_inventory(ansible: Ansible, stage: Stage) -> str:
    """Write the stage as an inventory with a vaulted password, which is returned."""
    (secret,) = {h.connection.password.reveal() for h in stage.hosts if h.connection.password}
    domain, _, user = (stage.hosts[0].connection.username or "").partition("\\")
    (ansible.folder / "vault-password").write_text(VAULT_PASSWORD, "utf-8")
    vaulted = ansible.run(
        "ansible-vault",
        "encrypt_string",
        "--vault-password-file=vault-password",
        "--stdin-name=ansible_password",
        stdin=secret,
    )
    assert vaulted.returncode == 0, vaulted.stderr
    hosts: dict[str, dict[str, Any]] = {
        host.name: {"ansible_host": host.connection.server, "ansible_port": host.connection.port}
        for host in stage.hosts
    }
    common = {
        "ansible_connection": "psrp",
        "ansible_psrp_protocol": "http",
        "ansible_user": f"{{{{ domain }}}}\\{user}",
        "domain": domain,
    }
    lines = [
        "windows:",
        f"  hosts: {json.dumps(hosts)}",
        "  vars:",
        *(f"    {name}: {json.dumps(value)}" for name, value in common.items()),
        *(f"    {line}" for line in vaulted.stdout.splitlines()),
    ]
    (ansible.folder / "inventory.yml").write_text("\n".join(lines) + "\n", "utf-8")
    return secret


def content(file: Path) -> bytes:
    data = file.read_bytes()
    return gzip.decompress(data) if file.suffix == ".gz" else data


@pytest.mark.slow
def test_a_fleet_is_looked_at_and_swept_by_the_playbook_alone(
    ansible: Ansible, stage: tuple[SimulatedFleet, Stage]
) -> None:
    fleet, served = stage
    secret = write_inventory(ansible, served)
    before = policies(fleet)
    arguments = ("--vault-password-file=vault-password", "-e", "fleetaudit_window=1s")

    looked = ansible.play("sweep.yml", *arguments, "--check", "--limit=ws-paris-01:fs-berlin-01")
    assert looked.returncode == 0, looked.stdout
    assert "2 of 2 hosts could be audited" in looked.stdout
    assert not (ansible.folder / "reports").exists()

    swept = ansible.play("sweep.yml", *arguments, "-vvv")
    assert swept.returncode == 0, swept.stdout
    (run,) = (ansible.folder / "reports" / "runs").iterdir()
    summary = json.loads((run / "summary.json").read_text("utf-8"))
    assert summary["coverage"]["hosts_observed"] == len(HOSTS)
    assert 4 / 3600 <= summary["coverage"]["observed_hours"] < 1
    assert summary["attempts"] <= summary["records"]
    assert f"{summary['attempts']} dropped attempts" in swept.stdout
    assert f"Report: {run}/report.html" in swept.stdout
    assert (run / "report.html").is_file()
    assert "changed=0" in swept.stdout

    restored = ansible.play("restore.yml", *arguments)
    assert restored.returncode == 0, restored.stdout
    assert "Still owed: none" in restored.stdout

    assert policies(fleet) == before
    for done in (looked, swept, restored):
        assert secret not in done.stdout + done.stderr
    files = [file for file in ansible.folder.rglob("*") if file.is_file()]
    assert [file for file in files if secret.encode() in content(file)] == []
