"""The scripts of the lease, run by a real PowerShell; see ``test_scripts_in_powershell``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from fleetaudit.operations.lease import (
    Lease,
    baseline_json,
    find,
    read_leases,
    register,
    remove,
    task_xml,
)
from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.debt import Debt
from fleetaudit.records.host import LanguageMode
from tests.scripts.test_scripts_in_powershell import PWSH, FakeHost

if TYPE_CHECKING:
    from pathlib import Path

    from fleetaudit.records.call import ScriptCall
    from tests.scripts.test_scripts_in_powershell import Answer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PWSH is None, reason="no pwsh on the PATH, and FLEETAUDIT_PWSH names none"),
]

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
LEASE = Lease(
    name="fleetaudit-r1",
    run_id="r1",
    host="web01",
    deadline=datetime(2026, 11, 21, 8, 20, tzinfo=UTC),
    debts=(
        Debt(
            run_id="r1",
            host="web01",
            operation="audit-policy",
            setting=Subcategory.CONNECTION.braced,
            before="none",
            during="failure",
        ),
    ),
)

SCHTASKS = r"""
tasks="$SystemRoot/System32/Tasks/fleetaudit"
name="${3##*\\}"
case $1 in
    /Create) mkdir -p "$tasks"; cp "$5" "$tasks/$name" ;;
    /Query) test -f "$tasks/$name" && iconv -f utf-16 -t utf-8 "$tasks/$name" ;;
    /Delete) rm "$tasks/$name" ;;
esac
"""


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    found = FakeHost(tmp_path)
    found.environment["ProgramData"] = str(tmp_path / "ProgramData")
    (tmp_path / "ProgramData").mkdir()
    found.tool("schtasks", SCHTASKS)
    return found


def files(host: FakeHost) -> dict[str, bytes]:
    folder = host.folder / "ProgramData" / "fleetaudit"
    return {one.name: one.read_bytes() for one in folder.iterdir()} if folder.exists() else {}


def asked(host: FakeHost, call: ScriptCall) -> Answer:
    return host.run(call.script, LanguageMode.FULL, **call.parameters)


def registered(host: FakeHost, lease: Lease = LEASE) -> Answer:
    call = register(lease, host_now=NOW)
    return asked(host, call)


def test_a_lease_is_a_baseline_and_then_a_task(host: FakeHost) -> None:
    answer = registered(host)
    assert answer.error == ""
    assert answer.exits == [("icacls", 0), ("icacls", 0), ("schtasks", 0)]
    assert files(host)["fleetaudit-r1.json"].decode("utf-8-sig").strip() == baseline_json(LEASE)
    task = host.windows / "System32" / "Tasks" / "fleetaudit" / "fleetaudit-r1"
    assert task.read_bytes().startswith(b"\xff\xfe")
    assert task.read_bytes().decode("utf-16").strip() == task_xml(LEASE).strip()
    (call,) = host.called("schtasks")
    assert call.startswith("schtasks [/Create] [/TN] [\\fleetaudit\\fleetaudit-r1] [/XML] [")
    assert call.endswith("task.xml] [/F]")


def test_the_folder_of_baselines_belongs_to_administrators_and_system(host: FakeHost) -> None:
    registered(host)
    owner, grants = (call for call in host.called("icacls") if "ProgramData" in call)
    assert owner.endswith("[/setowner] [*S-1-5-32-544] [/q]")
    assert "[/inheritance:r] [/grant:r] [*S-1-5-32-544:(OI)(CI)F] [*S-1-5-18:(OI)(CI)F]" in grants


@pytest.mark.parametrize("has_earlier", [False, True])
def test_a_task_that_cannot_be_made_leaves_the_files_as_they_were(
    host: FakeHost, *, has_earlier: bool
) -> None:
    if has_earlier:
        registered(host)
    before = files(host)
    host.tool("schtasks", "echo 'ERROR: Zugriff verweigert' >&2; exit 1")
    answer = registered(host)
    assert answer.exits[-1] == ("schtasks", 1)
    assert b"Zugriff verweigert" in answer.files["stderr.txt"]
    assert files(host) == before
    assert bool(before) == has_earlier


@pytest.mark.parametrize("mode", [LanguageMode.FULL, LanguageMode.CONSTRAINED])
def test_leases_are_found(host: FakeHost, mode: LanguageMode) -> None:
    assert read_leases(host.run(find().script, mode).files) == ()
    registered(host)
    answer = host.run(find().script, mode)
    assert answer.exits == [("schtasks", 0)]
    (found,) = read_leases(answer.files)
    assert found.lease == LEASE
    assert found.task is not None
    assert found.task.deadline == LEASE.deadline
    assert not found.has_fired


def test_a_file_that_the_task_scheduler_knows_nothing_of_is_no_lease(host: FakeHost) -> None:
    host.file("Windows/System32/Tasks/fleetaudit/planted", b"<Task/>")
    host.tool("schtasks", "exit 1")
    answer = host.run(find().script)
    assert answer.exits == []
    assert read_leases(answer.files) == ()


def test_a_lease_is_removed_and_removing_it_again_is_no_failure(host: FakeHost) -> None:
    registered(host)
    host.file("ProgramData/fleetaudit/fleetaudit-r1.fired", b"fired\r\n")
    call = remove(LEASE.name)
    assert asked(host, call).exits == [("schtasks", 0)]
    assert files(host) == {}
    assert asked(host, call).exits == []


@pytest.mark.parametrize("name", ["Get-Lease", "Remove-Lease", "Register-Lease"])
def test_a_folder_that_somebody_else_made_is_not_used(host: FakeHost, name: str) -> None:
    host.environment["FLEETAUDIT_TEST_FOREIGN_OWNER"] = "1"
    host.file("ProgramData/fleetaudit/x.json", b"{}")
    calls = {call.script: call for call in (find(), remove("x"), register(LEASE, host_now=NOW))}
    answer = asked(host, calls[name])
    assert answer.error.startswith("Fleetaudit.LeaseFolder")
    assert answer.exits == []
    assert files(host) == {"x.json": b"{}"}


def test_a_name_that_is_more_than_a_name_never_reaches_a_tool(host: FakeHost) -> None:
    assert "ParameterArgumentValidationError" in host.run("Remove-Lease", LeaseName="..\\x").error
    assert host.called("schtasks") == []
