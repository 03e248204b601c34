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
    parse_group_policy,
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


@pytest.mark.parametrize("delimiter", [";", "\t", '","'])
def test_what_a_spreadsheet_or_powershell_wrote_again_is_the_same_policy(delimiter: str) -> None:
    lines = case("get-r-seven-columns.csv").decode().split("\r\n")
    again = [line.replace(",", delimiter) for line in lines]
    if delimiter.startswith('"'):
        again = ["#TYPE System.Object", *(f'"{line}"' if line else "" for line in again)]
    rows, issues = read("\r\n".join(again).encode("utf-16"))
    assert issues == []
    assert rows == read(case("get-r-seven-columns.csv"))[0]


@pytest.mark.parametrize("name", ["backup-de-utf16.csv", "get-r-seven-columns.csv"])
def test_one_policy_written_after_another_gives_the_rows_of_both(name: str) -> None:
    rows, issues = read(case(name) * 2)
    assert issues == []
    assert rows == read(case(name))[0] * 2


def test_what_names_no_subcategory_and_no_column_is_no_policy() -> None:
    rows, issues = read(b"Access is denied.\r\n")
    assert rows == []
    assert [(issue.where, issue.lost) for issue in issues] == [("file", 1)]
    assert read(HEADER.encode()) == ([], [])


def test_rows_hold_braced_upper_case_guids_and_names_with_commas() -> None:
    rows, issues = read(case("backup-de-utf16.csv"))
    assert issues == []
    assert [row["subcategory_guid"] for row in rows[1:]] == [
        Subcategory.PACKET_DROP.braced,
        Subcategory.CONNECTION.braced,
    ]
    assert rows[2]["subcategory_name"] == "Filterplattformverbindung,alle"
    assert [row["inclusion"] for row in rows] == [0, 2, 3]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp850"])
def test_a_text_in_the_hosts_language_is_never_taken_for_a_number(encoding: str) -> None:
    data = case("get-r-six-columns-es.csv").decode("utf-8").encode(encoding)
    rows, issues = read(data)
    assert [row["inclusion"] for row in rows] == [None] * 3
    assert rows[1]["subcategory_guid"] == Subcategory.PACKET_DROP.braced
    (issue,) = issues
    assert (issue.where, issue.lost) == ("line 3", 0)
    assert issue.problem.startswith("3 subcategories have no number")


def test_a_name_with_a_comma_does_not_pass_for_a_seventh_column() -> None:
    head = HEADER.replace(",Setting Value", "")
    rows, issues = read(f"{head}PC,System,a,b,{DROP},Aciertos,\r\n".encode())
    assert [(row["subcategory_name"], row["inclusion"]) for row in rows] == [("a,b", None)]
    assert len(issues) == 1


def test_a_text_that_lost_its_letters_is_read_by_its_guid() -> None:
    # A console that cannot show a letter writes a question mark for it.
    line = f"PC,System,?????????? ????????,{DROP},????? ? ?????,,3\r\n"
    rows, issues = read((HEADER + line).encode())
    assert ([row["inclusion"] for row in rows], issues) == ([3], [])


def test_a_group_policy_has_a_table_and_numbers_of_its_own() -> None:
    context = EvidenceContext(name="gpo-audit.csv")
    rows, issues = split(parse_group_policy(io.BytesIO(case("gpo-audit.csv")), context))
    assert [one.table for one in rows] == ["group_audit_policy"]
    found = {row["subcategory_guid"]: row["group_setting"] for row in rows[0].batch.to_pylist()}
    assert found[Subcategory.PACKET_DROP.braced] == GPO_UNCHANGED
    assert sorted(found.values()) == [0, 2, 4]
    assert issues == []


@given(
    lines=st.lists(
        st.builds(
            lambda target, guid, tail: f",{target},x,{guid},text,{tail}",
            st.sampled_from(["System", "S-1-5-18", "Sistema"]),
            st.sampled_from([DROP, Subcategory.CONNECTION.braced, "{0CCE9225}"]),
            st.sampled_from(["", ",0", ",3", ",4", ",x"]),
        ),
        max_size=8,
    )
)
@settings(max_examples=60, deadline=None)
def test_every_line_of_the_system_policy_is_a_row_or_an_issue(lines: list[str]) -> None:
    for parser in (parse, parse_group_policy):
        data = (HEADER + "\r\n".join(lines)).encode()
        rows, issues = split(parser(io.BytesIO(data), EvidenceContext(name="policy.csv")))
        kept = sum(one.batch.num_rows for one in rows)
        skipped = sum("S-1-5-18" in line and "{0CCE9225}" not in line for line in lines)
        assert kept + sum(issue.lost for issue in issues) + skipped == len(lines)


def test_a_policy_without_numbers_is_no_policy() -> None:
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
