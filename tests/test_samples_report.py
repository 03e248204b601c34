"""The sample report is what the simulated fleet yields today, byte for byte."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Golden


@pytest.mark.slow
def test_the_sample_report_is_fresh_and_equals_the_truth(golden: "Golden", tmp_path: Path) -> None:
    run = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "fleetaudit", "demo", "--out", str(run), "--no-progress"],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "PYTHONHASHSEED": "1"},
    )
    assert "Figures equal the truth" in done.stdout, done.stdout + done.stderr
    assert "Left changed: no host." in done.stdout
    assert done.returncode == 0
    for name in ("md", "html"):
        golden.check(f"reports/sample.{name}", (run / f"report.{name}").read_text("utf-8"))
