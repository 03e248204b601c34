from __future__ import annotations

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fleetaudit.errors import RunDirectoryError
from fleetaudit.records.figures import Gap, RunInfo
from fleetaudit.records.host_record import HostRecord, Restoration
from fleetaudit.records.outcome import HOST, Outcome, OutcomeKind
from fleetaudit.records.secret import Secret
from fleetaudit.records.window import Window
from fleetaudit.store import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
INFO = RunInfo(
    run_id="20261121T080000Z",
    command="sweep",
    started_at=START,
    ended_at=None,
    tool_version="0.1.0",
    started_by="tester",
    parameters={"window": "10m"},
)
RECORD = HostRecord(
    host="WEB01",
    outcomes=(
        Outcome(host="WEB01", source="host", kind=OutcomeKind.COLLECTED),
        Outcome(
            host="WEB01",
            source="wfp-state",
            kind=OutcomeKind.FAILED,
            reason="said \udc80 and stopped",
            remedy="Try again",
        ),
    ),
    windows=(
        Window(
            opened_at=START,
            closed_at=START + timedelta(minutes=10),
            first_record=4711,
            leases=("fleetaudit-20261121T080000Z",),
        ),
        Window(opened_at=START + timedelta(minutes=15), first_record=4999),
    ),
    restoration=Restoration.RESTORED,
    gaps=(Gap(kind="cut-short", host="WEB01", what="Closed after 40 s", effect="Later drops"),),
)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunDirectory]:
    with RunDirectory.create(tmp_path / "runs" / "one", INFO) as one:
        yield one


def test_a_run_that_was_written_is_read_the_same(run: RunDirectory) -> None:
    run.host("WEB01").commit(RECORD)
    run.finish(START + timedelta(hours=1))
    opened = RunDirectory.open(run.path)
    assert opened.manifest == replace(INFO, ended_at=START + timedelta(hours=1))
    assert opened.host_names() == ("WEB01",)
    assert opened.host("WEB01").record() == RECORD


def test_a_host_that_was_begun_and_not_done_counts_as_failed(run: RunDirectory) -> None:
    run.host("begun")
    run.host("WEB01").commit(RECORD)
    assert run.host_names() == ("WEB01", "begun")
    assert run.unfinished() == ("begun",)
    (whole,) = run.host("begun").record().outcomes
    assert (whole.host, whole.source, whole.kind) == ("begun", HOST, OutcomeKind.FAILED)
    assert "ended before this host was done" in whole.reason
    assert "restore" in whole.remedy


def test_nobody_else_may_look_into_a_run(run: RunDirectory) -> None:
    run.host("web01").commit(RECORD)
    run.host("web01").write_table("services", [])
    run.write_text("report.md", "text")
    for path in (run.path, *run.path.rglob("*")):
        expected = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == expected, path


def test_two_cannot_write_one_run_and_anyone_can_read_it(run: RunDirectory) -> None:
    with pytest.raises(RunDirectoryError, match="being written by another process"):
        RunDirectory.open(run.path, is_writing=True)
    assert RunDirectory.open(run.path).manifest == INFO
    run.close()
    RunDirectory.open(run.path, is_writing=True).close()


def test_a_run_is_not_made_where_something_is(run: RunDirectory, tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="is not empty"):
        RunDirectory.create(run.path, INFO)
    (tmp_path / "empty").mkdir()
    RunDirectory.create(tmp_path / "empty", INFO).close()


def test_a_secret_cannot_become_a_parameter(tmp_path: Path) -> None:
    parameters: Any = {"password": Secret("hunter2")}
    with pytest.raises(TypeError, match="never a secret"):
        RunDirectory.create(tmp_path / "run", replace(INFO, parameters=parameters))
    assert not (tmp_path / "run").exists()


def test_a_folder_that_is_no_run_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    for path in (tmp_path, tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(RunDirectoryError, match=r"is no run directory.*that a sweep wrote"):
            RunDirectory.open(path)


def test_a_run_of_a_newer_version_says_which(run: RunDirectory) -> None:
    manifest = run.path / "manifest.json"
    content = json.loads(manifest.read_bytes()) | {"schema_version": 2, "tool_version": "9.0"}
    manifest.write_text(json.dumps(content))
    with pytest.raises(RunDirectoryError, match=r"fleetaudit 9\.0 in layout 2.*Update fleetaudit"):
        RunDirectory.open(run.path)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"run_id": 3}', "[" * 100_000, '{"parameters": {"a": 1}}', "\udc80"],
    ids=["empty", "list", "cut", "number", "deep", "parameter", "not-utf-8"],
)
def test_a_damaged_manifest_is_an_error_that_names_it(run: RunDirectory, text: str) -> None:
    (run.path / "manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(RunDirectoryError, match=r"manifest\.json: is damaged"):
        RunDirectory.open(run.path)


@pytest.mark.parametrize(
    "text", ['{"host": "web01", "outcomes": [{"source": 1}]}', "", "{", '{"host": "web02"}']
)
def test_a_host_whose_record_is_damaged_counts_as_failed_and_says_so(
    run: RunDirectory, text: str
) -> None:
    folder = run.host("web01")
    folder.commit(RECORD)
    (folder.path / "host.json").write_text(text)
    (whole,) = folder.record().outcomes
    assert whole.kind is OutcomeKind.FAILED
    assert "host.json is damaged" in whole.reason
    assert run.host_names() == ("web01",)


def test_a_record_of_another_host_is_found_out(run: RunDirectory) -> None:
    run.host("web01").commit(RECORD)
    (whole,) = run.host("web01").record().outcomes
    assert (whole.host, whole.kind) == ("web01", OutcomeKind.FAILED)
    assert "another host" in whole.reason


def test_a_host_whose_name_is_lost_is_called_as_its_record_or_its_folder(
    run: RunDirectory,
) -> None:
    for name in ("WEB01", "web02"):
        folder = run.host(name)
        folder.commit(replace(RECORD, host=name))
        (folder.path / "name.json").unlink()
    (run.host("web03").path / "name.json").write_text("{")
    assert RunDirectory.open(run.path).host_names() == ("WEB01", "web02", "web03")


def test_a_folder_that_no_file_gives_a_name_is_an_error_that_names_it(run: RunDirectory) -> None:
    folder = run.host("WEB01")
    (folder.path / "name.json").unlink()
    with pytest.raises(RunDirectoryError, match=r"WEB01|web01~.*says which host"):
        run.host_names()


def test_a_run_without_its_folder_of_hosts_is_damaged_not_empty(run: RunDirectory) -> None:
    (run.path / "hosts").rmdir()
    with pytest.raises(RunDirectoryError, match="hosts cannot be read"):
        run.host_names()


def test_a_host_that_the_run_has_not_is_not_made_by_reading(run: RunDirectory) -> None:
    with pytest.raises(RunDirectoryError, match="has no host 'web09'"):
        RunDirectory.open(run.path).host("web09")
    assert not (run.path / "hosts" / "web09").exists()
