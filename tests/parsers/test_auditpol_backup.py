from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.errors import EvidenceError
from fleetaudit.parsers.auditpol_backup import (
    GPO_NONE,
    GPO_UNCHANGED,
    parse,
    read_gpo_policy,
    read_policy,
)
from fleetaudit.records.audit_policy import Inclusion, Subcategory
from fleetaudit.records.evidence import EvidenceContext, Issue, split
from fleetaudit.records.tables import AUDIT_POLICY

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/cases/auditpol"
SAMPLES = Path(os.environ.get("FLEETAUDIT_SAMPLES", ROOT.parent / "shared/samples")) / "auditpol"
FILE_SYSTEM = UUID("0CCE921D-69AE-11D9-BED3-505054503030")
HEADER = (
    "Machine Name,Policy Target,Subcategory,Subcategory GUID,"
    "Inclusion Setting,Exclusion Setting,Setting Value\r\n"
)
DROP = Subcategory.PACKET_DROP.braced


def case(name: str) -> bytes:
    return (CASES / name).read_bytes()


def read(data: bytes) -> tuple[list[dict[str, object]], list[Issue]]:
    rows, issues = split(parse(io.BytesIO(data), EvidenceContext(name="policy.csv")))
    assert all(one.table == "audit_policy" and one.batch.schema == AUDIT_POLICY for one in rows)
    return [row for one in rows for row in one.batch.to_pylist()], issues


def test_a_real_backup_is_read_whole() -> None:
    if not SAMPLES.is_dir():
        pytest.skip("no samples here")
    data = (SAMPLES / "auditpol_backup_en.csv").read_bytes()
    rows, issues = read(data)
    assert (len(rows), issues) == (59, [])
    policy = read_policy(data)
    assert len(policy.settings) == 59
    assert policy.of(Subcategory.PACKET_DROP) is not None
    assert sum(
        setting == Inclusion.SUCCESS | Inclusion.FAILURE for setting in policy.settings.values()
    ) == sum(row["inclusion"] == 3 for row in rows)


@pytest.mark.parametrize(
    "name", ["backup-de-ansi.csv", "backup-de-utf16.csv", "get-r-seven-columns.csv"]
)
def test_guids_and_numbers_are_read_whatever_language_and_encoding(name: str) -> None:
    policy = read_policy(case(name))
    assert policy.of(Subcategory.PACKET_DROP) == Inclusion.FAILURE
    assert policy.of(Subcategory.CONNECTION) == Inclusion.SUCCESS | Inclusion.FAILURE
    assert policy.settings[FILE_SYSTEM] == Inclusion.NONE
    assert len(policy.settings) == 3
    assert policy.of(Subcategory.POLICY_CHANGE) is None


def test_rows_hold_braced_upper_case_guids_and_names_with_commas() -> None:
    rows, issues = read(case("backup-de-utf16.csv"))
    assert issues == []
    assert [row["subcategory_guid"] for row in rows[1:]] == [
        Subcategory.PACKET_DROP.braced,
        Subcategory.CONNECTION.braced,
    ]
    assert rows[2]["subcategory_name"] == "Filterplattformverbindung,alle"
    assert [row["inclusion"] for row in rows] == [0, 2, 3]


def test_a_text_in_the_hosts_language_is_never_taken_for_a_number() -> None:
    rows, issues = read(case("get-r-six-columns-es.csv"))
    assert rows == []
    assert [issue.lost for issue in issues] == [1, 1, 1]
    with pytest.raises(EvidenceError, match=r"policy\.csv: line 3: .*no number"):
        read_policy(case("get-r-six-columns-es.csv"))


def test_the_group_policys_dialect_is_refused_where_a_backup_is_read() -> None:
    with pytest.raises(EvidenceError, match=r"group policy's audit\.csv"):
        read_policy(case("gpo-audit.csv"))


def test_the_group_policys_dialect_has_its_own_numbers() -> None:
    assert read_gpo_policy(case("gpo-audit.csv")) == {
        FILE_SYSTEM: GPO_NONE,
        Subcategory.PACKET_DROP.value: GPO_UNCHANGED,
        Subcategory.CONNECTION.value: 2,
    }
    assert read_gpo_policy(HEADER.encode()) == {}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (f",System,x,{DROP},Failure,,", "is no number"),
        (f",System,x,{DROP},Failure,,5", "means nothing here"),
        (f",System,x,{DROP},Failure,,-1", "is no number"),
        (f",System,x,{DROP},Failure,,\N{SUPERSCRIPT TWO}", "is no number"),
        (",System,x,{0CCE9225-69AE-11D9-BED3-50505450303},Failure,,2", "no subcategory GUID"),
        (f",System,x,{DROP},,,2\n,System,x,{DROP},,,3", "second setting"),
        (f",System,x,{DROP},,,2\n,Sistema,x,{DROP},,,2", "beside that of"),
        ("", "names no audit subcategory"),
    ],
)
def test_nothing_is_guessed(line: str, problem: str) -> None:
    with pytest.raises(EvidenceError, match=problem):
        read_policy((HEADER + line).encode())


def test_the_system_may_be_named_in_the_hosts_language() -> None:
    policy = read_policy(f"{HEADER}PC,Système,x,{DROP},,,2\n".encode())
    assert policy.of(Subcategory.PACKET_DROP) == Inclusion.FAILURE


@given(data=st.binary(max_size=200), head=st.sampled_from([b"", HEADER.encode()]))
@settings(max_examples=60, deadline=None)
def test_any_bytes_give_rows_and_issues(data: bytes, head: bytes) -> None:
    read(head + data)


@given(
    fields=st.lists(
        st.sampled_from(["", "System", "S-1-5-18", DROP, "2", "4", '"', "x,y", "Option:x", "\n"]),
        max_size=24,
    )
)
@settings(max_examples=60, deadline=None)
def test_any_fields_give_a_policy_or_a_clear_error(fields: list[str]) -> None:
    data = (HEADER + ",".join(fields)).encode()
    read(data)
    for reader in (read_policy, read_gpo_policy):
        with suppress(EvidenceError):
            reader(data)
