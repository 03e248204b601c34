"""The report, opened by a real browser as a file that somebody mailed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from fleetaudit.records.figures import Analysis
from fleetaudit.reporting import render_html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SWITCHES = (
    "--headless",
    "--no-sandbox",  # root in a container has no user namespace for the sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--hide-scrollbars",
)
PNG = b"\x89PNG\r\n\x1a\n"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH"),
]


def _open(page: Path, profile: Path, *switches: str) -> subprocess.CompletedProcess[str]:
    assert CHROMIUM is not None
    return subprocess.run(
        [CHROMIUM, *SWITCHES, f"--user-data-dir={profile}", *switches, page.as_uri()],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def page(analysis: Analysis, tmp_path: Path) -> Path:
    file = tmp_path / "report.html"
    file.write_text(render_html(analysis), encoding="utf-8")
    return file


def test_the_report_opens_without_a_complaint_of_the_browser(page: Path, tmp_path: Path) -> None:
    done = _open(page, tmp_path / "profile", "--dump-dom")
    assert "What was not seen" in done.stdout
    assert "<script" not in done.stdout
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []


def test_the_report_can_be_photographed_and_printed(page: Path, tmp_path: Path) -> None:
    picture, paper = tmp_path / "report.png", tmp_path / "report.pdf"
    _open(page, tmp_path / "profile", f"--screenshot={picture}", "--window-size=1280,1600")
    assert picture.read_bytes().startswith(PNG)
    assert picture.stat().st_size > 20_000, "an empty page compresses to a few kilobytes"
    _open(page, tmp_path / "profile", f"--print-to-pdf={paper}")
    assert paper.read_bytes().startswith(b"%PDF")
