"""Files that were gathered by hand are read as what they are, and what is not read says why."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fleetaudit.cli._exits import Exit
from fleetaudit.cli.main import run
from fleetaudit.store import RunDirectory

if TYPE_CHECKING:
    from fleetaudit.records.evidence import Issue

CASES = Path(__file__).parents[1] / "cases"
CALLED = {
    "event-xml/with-root.xml": "sec_export.xml",
    "event-json/one-line-array.json": "kibana export (1).json",
    "firewall-log/seventeen-columns-crlf.log": "domainfw.log",
    "firewall-log/headerless.log": "firewall.txt",
    "wfp-state/show-filters.xml": "wfp.xml",
    "wfp-netevents/show-netevents.xml": "ne",
    "auditpol/backup-de-utf16.csv": "Audit-Backup.csv",
    "auditpol/gpo-audit.csv": "policy.csv",
    "registry-rules/reg-query.txt": "rules.txt",
    "dns-cache/export.csv": "names.csv",
}
"""What people call files that the readers know under other names."""
USUAL = {
    "event-xml/with-root.xml": "security.xml",
    "event-json/one-line-array.json": "events.json",
    "firewall-log/seventeen-columns-crlf.log": "pfirewall.log",
    "firewall-log/headerless.log": "pfirewall.log",
    "wfp-state/show-filters.xml": "filters.xml",
    "wfp-netevents/show-netevents.xml": "netevents.xml",
    "auditpol/backup-de-utf16.csv": "auditpol.csv",
    "auditpol/gpo-audit.csv": "gpo-audit.csv",
    "registry-rules/reg-query.txt": "firewall.reg",
    "dns-cache/export.csv": "dnscache-1.txt",
}


def tables(out: Path, *, host: str = "WEB01") -> tuple[dict[str, int], tuple[Issue, ...]]:
    with RunDirectory.open(out) as directory:
        folder = directory.host(host)
        counts = {name: folder.row_count(name) for name in folder.table_names()}
        return counts, folder.issues()


@pytest.mark.parametrize("case", CALLED)
@pytest.mark.parametrize("is_gzipped", [False, True])
def test_a_file_is_read_as_what_it_is_whatever_it_is_called(
    *, case: str, is_gzipped: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = (CASES / case).read_bytes()
    found = []
    for number, name in enumerate((CALLED[case], USUAL[case])):
        host = tmp_path / str(number) / "WEB01"
        host.mkdir(parents=True)
        file = host / (f"{name}.GZ" if is_gzipped else name)
        file.write_bytes(gzip.compress(data) if is_gzipped else data)
        assert run(["import", str(host), "--out", str(tmp_path / f"run{number}")]) == Exit.OK
        counts, issues = tables(tmp_path / f"run{number}")
        found.append((counts, [(one.where, one.problem, one.lost) for one in issues]))
    assert found[0] == found[1]
    said = capsys.readouterr().err
    assert (CALLED[case] in said) == (case != "auditpol/gpo-audit.csv")
    assert f"{USUAL[case]} was read" not in said


def test_a_capture_fills_the_tables_of_both_its_sources(tmp_path: Path) -> None:
    host = tmp_path / "WEB01"
    host.mkdir()
    (host / "wfpdiag.xml").write_bytes((CASES / "wfp-state/capture.xml").read_bytes())
    assert run(["import", str(host), "--out", str(tmp_path / "run")]) == Exit.OK
    counts, issues = tables(tmp_path / "run")
    assert (counts["wfp_filters"], counts["net_events"]) == (2, 1)
    assert issues == ()


def test_what_was_not_read_says_why_and_the_rest_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = tmp_path / "WEB01"
    host.mkdir()
    (host / "fw.log").write_bytes((CASES / "firewall-log/headerless.log").read_bytes())
    (host / "wfpdiag.cab").write_bytes(b"MSCF\0\0\0\0")
    (host / "SecEvent.Evt").write_bytes(b"\x30\0\0\0LfLe\1\0\0\0")
    (host / "notes.md").write_bytes(b"# what I did\n")
    (host / "nothing.txt").write_bytes(b"")
    assert run(["import", str(host), "--out", str(tmp_path / "run")]) == Exit.PARTIAL
    said = capsys.readouterr().err
    assert "fw.log was read as a firewall log, by its content" in said
    for name, why in {
        "wfpdiag.cab": "is a cabinet",
        "SecEvent.Evt": "Windows XP",
        "notes.md": "no reader knows its name or its content",
        "nothing.txt": "is empty",
    }.items():
        assert f"{name} was left out: " in said
        assert why in said
    assert tables(tmp_path / "run")[0]["firewall_log"] == 5


def test_nothing_but_unread_files_is_an_error_that_names_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04")
    assert run(["import", str(tmp_path), "--out", str(tmp_path / "run")]) == Exit.USAGE
    said = capsys.readouterr().err
    assert "a.zip was left out: is a ZIP archive" in said


def test_a_name_that_kept_its_ending_though_the_file_is_decompressed_is_read(
    tmp_path: Path,
) -> None:
    host = tmp_path / "WEB01"
    host.mkdir()
    (host / "web.events.jsonl.gz").write_bytes((CASES / "event-json/shippers.jsonl").read_bytes())
    run(["import", str(host), "--out", str(tmp_path / "run")])
    assert tables(tmp_path / "run")[0]["security_events"] == 6
