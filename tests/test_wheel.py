import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_wheel_alone_runs_the_demo(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8"}
    python = [sys.executable, "-P"]
    subprocess.run(
        [*python, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
        env=environment,
    )
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    done = subprocess.run(
        [*python, "-m", "fleetaudit", "demo", "--hosts", "3", "--json", "--no-progress"],
        check=False,
        capture_output=True,
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(site)},
    )
    assert done.stderr == b""
    assert done.returncode == 0
    assert json.loads(done.stdout)["score"]["is_equal"]
    assert (tmp_path / "reports" / "demo" / "report.html").is_file()
    assert (site / "fleetaudit" / "scripts" / "Get-WfpState.ps1").is_file()
    assert list((site / "fleetaudit" / "_playbooks").glob("*.yml"))
