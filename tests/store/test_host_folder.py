from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from fleetaudit.errors import EvidenceError, RunDirectoryError
from fleetaudit.records.call import Attachment
from fleetaudit.records.evidence import Evidence, Issue, Phase, Rows
from fleetaudit.records.tables import SCHEMAS
from fleetaudit.store import HostFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
DATA = b"<wfpstate/>" * 1000


@pytest.fixture
def folder(tmp_path: Path) -> HostFolder:
    return HostFolder(tmp_path / "web01")


def store(folder: HostFolder, name: str, data: bytes = DATA, *, is_kept: bool = True) -> None:
    sink = folder.sink("wfp-state", Phase.AFTER, START)
    with sink.open(name) as stream:
        stream.write(gzip.compress(data))
    if is_kept:
        digest = hashlib.sha256(data).hexdigest()
        sink.keep(Attachment(name=name, length=len(data), sha256=digest, stored_length=1))
        assert sink.read(name) == data


def services(name: str, rows: int = 1) -> pa.RecordBatch:
    row = {"service_name": name, "state": f"State of {name}", "process_pid": 2**64 - 1}
    return pa.RecordBatch.from_pylist([row] * rows, schema=SCHEMAS["services"])


def test_evidence_that_came_whole_is_listed_and_read_back(folder: HostFolder) -> None:
    store(folder, "wfpstate.xml")
    (evidence,) = folder.evidence()
    assert evidence == Evidence(
        source="wfp-state",
        phase=Phase.AFTER,
        name="wfpstate.xml",
        file="evidence/wfp-state/after/wfpstate.xml.gz",
        length=len(DATA),
        sha256=hashlib.sha256(DATA).hexdigest(),
        taken_at=START,
    )
    with folder.open(evidence) as stream:
        assert stream.read(5) == DATA[:5]
        stream.seek(0)
        assert stream.read() == DATA


def test_evidence_that_did_not_come_whole_is_listed_apart(folder: HostFolder) -> None:
    store(folder, "wfpstate.xml", is_kept=False)
    assert folder.evidence() == ()
    assert folder.partial() == ("evidence/wfp-state/after/wfpstate.xml.gz.partial",)


def test_evidence_that_came_whole_at_the_second_try_is_no_longer_partial(
    folder: HostFolder,
) -> None:
    store(folder, "wfpstate.xml", DATA[:7], is_kept=False)
    store(folder, "wfpstate.xml")
    assert folder.partial() == ()
    assert len(folder.evidence()) == 1
    store(folder, "wfpstate.xml", b"again")
    assert [one.length for one in folder.evidence()] == [5]


def test_a_hosts_name_for_a_file_never_leaves_the_folder(folder: HostFolder) -> None:
    name = "../../../../etc/\udc80passwd"
    store(folder, name)
    (evidence,) = folder.evidence()
    assert evidence.name == name
    assert (folder.path / evidence.file).resolve().is_relative_to(folder.path)
    with folder.open(evidence) as stream:
        assert stream.read() == DATA


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"not gzip",
        gzip.compress(DATA)[:-9],
        gzip.compress(DATA + b"more"),
        gzip.compress(DATA[:-1] + b"?"),
        gzip.compress(DATA) + b"rubbish",
        gzip.compress(bytes(50_000_000)),
    ],
    ids=["empty", "rubbish", "cut", "longer", "changed", "followed", "bomb"],
)
def test_evidence_that_is_not_what_was_stored_is_refused(folder: HostFolder, stored: bytes) -> None:
    store(folder, "wfpstate.xml")
    (evidence,) = folder.evidence()
    (folder.path / evidence.file).write_bytes(stored)
    with pytest.raises(EvidenceError, match=r"wfpstate\.xml\.gz: is"):
        folder.open(evidence)


def test_evidence_that_is_gone_or_elsewhere_is_an_error(folder: HostFolder, tmp_path: Path) -> None:
    store(folder, "wfpstate.xml")
    (evidence,) = folder.evidence()
    path = folder.path / evidence.file
    path.rename(tmp_path / "outside")
    with pytest.raises(EvidenceError, match="cannot be read"):
        folder.open(evidence)
    path.symlink_to(tmp_path / "outside")
    with pytest.raises(EvidenceError, match="outside of the run directory"):
        folder.open(evidence)


def test_a_damaged_line_in_the_list_of_evidence_is_a_gap_and_the_others_stand(
    folder: HostFolder,
) -> None:
    store(folder, "wfpstate.xml")
    with (folder.path / "evidence.jsonl").open("ab") as stream:
        stream.write(b'{"source": "wfp-st')
    assert [one.name for one in folder.evidence()] == ["wfpstate.xml"]
    (gap,) = folder.record().gaps
    assert gap.kind == "evidence-unlisted"
    assert "evidence.jsonl: line 2 is damaged" in gap.what


def test_a_table_is_read_back_with_its_schema(folder: HostFolder) -> None:
    batches = (services(name) for name in ("a", "b", "a"))
    assert folder.write_table("services", batches) == 3
    table = folder.table("services")
    assert table is not None
    assert table.schema.equals(SCHEMAS["services"])
    assert table["service_name"].to_pylist() == ["a", "b", "a"]
    assert table["state"].to_pylist() == ["State of a", "State of b", "State of a"]
    assert table["process_pid"].to_pylist() == [2**64 - 1] * 3
    assert folder.row_count("services") == 3
    assert folder.table_names() == ("services",)


def test_many_batches_become_few_groups_of_rows(folder: HostFolder) -> None:
    batches = [services(f"s{number}", 1000) for number in range(300)]
    assert folder.write_table("services", batches) == 300_000
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(folder.path / "tables" / "services.parquet")
    assert metadata.num_row_groups <= 5
    assert metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_an_empty_table_is_another_answer_than_no_table(folder: HostFolder, name: str) -> None:
    assert folder.table(name) is None
    assert folder.row_count(name) == 0
    assert folder.write_table(name, ()) == 0
    table = folder.table(name)
    assert table is not None
    assert table.schema.equals(SCHEMAS[name])


def test_a_table_whose_batches_fail_leaves_the_old_one(folder: HostFolder) -> None:
    folder.write_table("services", [services("old")])

    def broken() -> Iterator[pa.RecordBatch]:
        yield services("new")
        raise KeyError("a defect")

    with pytest.raises(KeyError):
        folder.write_table("services", broken())
    other = pa.RecordBatch.from_pylist([{"ip": "::1"}])
    with pytest.raises(ValueError, match="another schema"):
        folder.write_table("services", [other])
    table = folder.table("services")
    assert table is not None
    assert table["service_name"].to_pylist() == ["old"]
    assert [path.name for path in (folder.path / "tables").iterdir()] == ["services.parquet"]


def test_a_table_of_analysis_takes_the_schema_of_its_first_batch(folder: HostFolder) -> None:
    batch = pa.RecordBatch.from_pylist([{"rule_name": "x", "count": 3}])
    assert folder.write_table("unlisted", [batch, batch]) == 2
    with pytest.raises(ValueError, match="no known schema"):
        folder.write_table("other", ())


def test_tables_derived_anew_replace_the_old_ones_as_a_whole(folder: HostFolder) -> None:
    folder.write_table("processes", ())
    with folder.tables() as tables:
        tables.begin("volumes")
        tables.write(Rows(table="services", batch=services("a")))
        tables.write(Rows(table="services", batch=services("b")))
    assert folder.table_names() == ("services", "volumes")
    assert folder.row_count("services") == 2


def test_tables_of_a_reading_that_failed_are_not_kept(folder: HostFolder) -> None:
    folder.write_table("services", [services("old"), services("old")])

    def derive() -> None:
        with folder.tables() as tables:
            tables.write(Rows(table="services", batch=services("new")))
            raise KeyError("a defect")

    with pytest.raises(KeyError):
        derive()
    assert folder.row_count("services") == 2
    assert [path.name for path in (folder.path / "tables").iterdir()] == ["services.parquet"]


def test_a_damaged_table_is_an_error_that_says_what_to_do(folder: HostFolder) -> None:
    folder.write_table("services", [services("a")])
    (folder.path / "tables" / "services.parquet").write_bytes(b"PAR1 rubbish")
    with pytest.raises(RunDirectoryError, match="fleetaudit analyze"):
        folder.table("services")
    with pytest.raises(RunDirectoryError, match="fleetaudit analyze"):
        folder.row_count("services")


def test_issues_are_read_back_whatever_the_host_said(folder: HostFolder) -> None:
    assert folder.issues() == ()
    issue = Issue(source="pfirewall.log", where="line 12", problem="cut", lost=0)
    folder.write_issues([issue, Issue(source="x", where="y", problem="\udc80")])
    assert folder.issues() == (issue, Issue(source="x", where="y", problem="?"))
    folder.write_issues(())
    assert folder.issues() == ()
    assert folder.table_names() == ()
