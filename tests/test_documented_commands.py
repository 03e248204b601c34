"""Every fleetaudit command in the pages is run as it stands there, against a simulated fleet."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from fleetaudit.clock import SystemClock
from fleetaudit.records.host import Auth
from fleetaudit.records.secret import Secret
from fleetaudit.simulation.engine import ModelEngine
from fleetaudit.simulation.model.fleet import build_fleet
from fleetaudit.simulation.network.server import ServedHost, serve

ROOT = Path(__file__).parents[1]
PAGES = (
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs").glob("*/*.md")),
)
SHORTER = {"--window 8h": "--window 22s", "--burst 30s": "--burst 1s", "--every 5m": "--every 21s"}
"""The time is the real one here, so a few hours are made a few seconds."""
COMMAND = re.compile(r"^(?:\.venv/bin/)?(fleetaudit .*?)(?:\s+#.*)?$", re.MULTILINE)
MINUTES = re.compile(r"\b\d+m\b")


def _documented() -> list[str]:
    blocks = [
        block
        for page in PAGES
        for block in re.findall(r"```console\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    ]
    return [command for block in blocks for command in COMMAND.findall(block)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder with the files that the commands name, beside a fleet that answers."""
    fleet = build_fleet(size=2, seed=7, clock=SystemClock())
    served = [
        ServedHost(name=h.name, username="a", password=Secret("made up"), auths=(Auth.NTLM,))
        for h in fleet
    ]
    with serve(ModelEngine(fleet), served) as server:
        hosts = {
            f"web{number:02}": {"ansible_host": one.address, "ansible_port": one.port}
            for number, one in enumerate(server.endpoints.values(), start=1)
        }
        variables = {
            "ansible_user": "a",
            "ansible_password": "made up",
            "ansible_psrp_protocol": "http",
            "ansible_psrp_auth": "ntlm",
        }
        inventory = {"windows": {"hosts": hosts, "vars": variables}}
        (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
        yield tmp_path


def _run(command: str, place: Path) -> subprocess.CompletedProcess[str]:
    for long, short in SHORTER.items():
        command = command.replace(long, short)
    words = shlex.split(MINUTES.sub("1s", command))
    return subprocess.run(
        [sys.executable, "-m", *words],
        check=False,
        capture_output=True,
        text=True,
        cwd=place,
        env={"PATH": os.environ["PATH"], "HOME": str(place / "home"), "LANG": "C.UTF-8"},
        timeout=120,
    )


@pytest.mark.slow
def test_every_documented_command_does_what_the_page_says(place: Path) -> None:
    commands = _documented()
    assert {command.split()[1] for command in commands} >= {
        "inventory",
        "check",
        "sweep",
        "import",
        "report",
    }
    for command in commands:
        if " gathered/" in command:
            _gather(place)
        done = _run(command, place)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        assert "made up" not in done.stdout + done.stderr
        assert done.stdout


def _gather(place: Path) -> None:
    """Put what a sweep stored where somebody would have gathered it by hand."""
    for evidence in (place / "reports" / "runs").glob("*/hosts/*/evidence/*/*/*.gz"):
        host = evidence.parents[3].name
        target = place / "gathered" / host / evidence.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if evidence.name.startswith(("security", "wfpstate", "policy")):
            shutil.copy(evidence, target)
