"""What a simulated host records of tasks, and which of it an export has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest

from fleetaudit.operations import lease as leases
from fleetaudit.operations.lease import Lease
from fleetaudit.parsers import security_evtx
from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.debt import Debt
from fleetaudit.records.evidence import EvidenceContext, split
from fleetaudit.simulation.model._task_audit import OTHERS_WORD
from fleetaudit.simulation.model.specs import Trait
from tests.simulation.conftest import Desk, make_desk

AUDITED = "fs-berlin-01"
NAME = "fleetaudit-run-1"


@pytest.fixture
def desk() -> Desk:
    return make_desk(2)


def _register(desk: Desk, host: str, *, minutes: float = 60) -> None:
    now = desk.fleet.hosts[host].host_time(desk.fleet.clock.now())
    debt = Debt(
        run_id="run-1",
        host=host,
        operation="audit-policy",
        setting=Subcategory.CONNECTION.braced,
        before="none",
        during="failure",
        lease=NAME,
    )
    lease = Lease(
        name=NAME,
        run_id="run-1",
        host=host,
        deadline=now + timedelta(minutes=minutes),
        debts=(debt,),
    )
    call = leases.register(lease, host_now=now)
    assert desk.ask(host, call.script, **call.parameters).error == ""


def _tasks(desk: Desk, host: str, *names: str) -> list[dict[str, Any]]:
    replies = desk.ask(host, "Export-SecurityEvent", LeaseName=names)
    data = replies.files["security-tasks.evtx"]
    rows, issues = split(security_evtx.parse(BytesIO(data), EvidenceContext(name="x")))
    assert issues == []
    return [row for one in rows for row in one.batch.to_pylist()]


def test_making_renewing_and_removing_a_lease_is_recorded_where_it_is_audited(desk: Desk) -> None:
    assert Trait.TASKS_AUDITED in desk.fleet.hosts[AUDITED].spec.traits
    _register(desk, AUDITED)
    _register(desk, AUDITED)
    desk.ask(AUDITED, "Remove-Lease", LeaseName=NAME)
    rows = _tasks(desk, AUDITED, NAME)
    assert [row["event_code"] for row in rows] == [4698, 4702, 4699]
    assert {row["task_name"] for row in rows} == {f"\\fleetaudit\\{NAME}"}
    assert {row["user_name"] for row in rows} == {"svc-fleetaudit"}
    assert rows[0]["time"].to_pydatetime() == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def test_a_lease_that_fires_removes_its_task_as_the_system(desk: Desk) -> None:
    _register(desk, AUDITED, minutes=3)
    desk.wait(5)
    last = _tasks(desk, AUDITED, NAME)[-1]
    assert (last["event_code"], last["user_name"]) == (4699, "SYSTEM")


def test_nothing_is_recorded_where_nobody_audits_it(desk: Desk) -> None:
    _register(desk, "ws-berlin-01")
    assert _tasks(desk, "ws-berlin-01", NAME) == []


def test_tasks_of_others_are_in_no_export(desk: Desk) -> None:
    _register(desk, AUDITED)
    desk.wait(5)
    assert [row["event_code"] for row in _tasks(desk, AUDITED, NAME)] == [4698]
    codes = [one.event_id for one in desk.fleet.hosts[AUDITED].log.records(after=0)]
    assert codes.count(4698) == 2
    replies = desk.ask(AUDITED, "Export-SecurityEvent", LeaseName=(NAME, "other"))
    for data in replies.files.values():
        assert OTHERS_WORD.encode("utf-16-le") not in data


def test_without_a_name_no_tasks_are_exported_and_a_strange_name_is_refused(desk: Desk) -> None:
    assert set(desk.ask(AUDITED, "Export-SecurityEvent").files) == {"security.evtx", "facts.json"}
    refused = desk.ask(AUDITED, "Export-SecurityEvent", LeaseName=("x' or '",))
    assert refused.error.startswith("ParameterArgumentValidationError")
