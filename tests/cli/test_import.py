"""What an import knows of evidence that a run kept, and of files that somebody gathered."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fleetaudit.cli._exits import Exit
from fleetaudit.cli.main import run
from fleetaudit.records.call import Attachment
from fleetaudit.records.evidence import Phase
from fleetaudit.store import HostFolder
from tests.simulation.conftest import make_desk

if TYPE_CHECKING:
    from collections.abc import Mapping

CASES = Path(__file__).parents[1] / "cases" / "host-facts"
FILES = {"facts.json": "server-2022-de.json", "groups.csv": "groups-elevated-de.csv"}
TAKEN = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


@pytest.fixture
def kept(tmp_path: Path) -> HostFolder:
    """Return a host's folder of a run that asked it once, after a window."""
    folder = HostFolder(tmp_path / "run" / "hosts" / "web01")
    folder.path.mkdir(parents=True)
    (folder.path / "name.json").write_text('{"host": "web01"}', encoding="utf-8")
    _keep(folder, "host-facts", {name: (CASES / case).read_bytes() for name, case in FILES.items()})
    return folder


def _keep(folder: HostFolder, source: str, files: Mapping[str, bytes]) -> None:
    sink = folder.sink(source, Phase.AFTER, TAKEN)
    for name, data in files.items():
        with sink.open(name) as stream:
            stream.write(gzip.compress(data))
        digest = hashlib.sha256(data).hexdigest()
        sink.keep(Attachment(name=name, length=len(data), sha256=digest, stored_length=1))


def _imported(source: Path, out: Path) -> tuple[HostFolder, list[str]]:
    assert run(["import", str(source), "--out", str(out)]) == Exit.OK
    gaps = json.loads((out / "summary.json").read_bytes())["coverage"]["gaps"]
    return HostFolder(out / "hosts" / "web01"), [gap["kind"] for gap in gaps]


def test_evidence_of_a_run_keeps_its_phase_and_its_time(kept: HostFolder, tmp_path: Path) -> None:
    folder, gaps = _imported(kept.path.parent, tmp_path / "again")
    assert {(one.phase, one.taken_at) for one in folder.evidence()} == {(Phase.AFTER, TAKEN)}
    assert "clock-unknown" not in gaps


def test_evidence_that_no_list_dates_says_nothing_of_the_clock(
    kept: HostFolder, tmp_path: Path
) -> None:
    (kept.path / "evidence.jsonl").unlink()
    folder, gaps = _imported(kept.path.parent, tmp_path / "again")
    assert {(one.source, one.phase) for one in folder.evidence()} == {
        ("host-facts", Phase.IMPORTED)
    }
    assert "clock-unknown" in gaps
    assert "clock-skew" not in gaps


def test_tasks_that_could_not_be_fetched_cost_no_drop_and_are_told(tmp_path: Path) -> None:
    desk = make_desk(1)
    (name,) = desk.fleet.hosts
    desk.switch(name, failure=True)
    desk.wait(3)
    files = dict(desk.ask(name, "Export-SecurityEvent").files)
    facts = json.loads(files["facts.json"].decode("utf-8-sig"))
    files["facts.json"] = json.dumps(facts | {"TasksProblem": "wevtutil ended with 5."}).encode()
    kept = HostFolder(tmp_path / "run" / "hosts" / "web01")
    kept.path.mkdir(parents=True)
    (kept.path / "name.json").write_text('{"host": "web01"}', encoding="utf-8")
    _keep(kept, "security-events", files)
    folder, gaps = _imported(kept.path.parent, tmp_path / "again")
    assert "own-tasks-unread" in gaps
    assert folder.row_count("drops") > 0
