from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from fleetaudit.errors import EvidenceError, HostFailedError
from fleetaudit.operations import Command, catalogue
from fleetaudit.operations.audit_policy import WORDS
from fleetaudit.operations.lease import (
    LEASES_FILE,
    FoundLease,
    Lease,
    baseline_json,
    find,
    lease_name,
    read_baseline,
    read_leases,
    read_task,
    register,
    remove,
    task_xml,
)
from fleetaudit.records.audit_policy import Inclusion, Subcategory
from fleetaudit.records.debt import Debt
from fleetaudit.scripts.reference import help_of

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
BOTH = Inclusion.SUCCESS | Inclusion.FAILURE
NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"

SCHEMA = MappingProxyType(
    {
        "Task": "RegistrationInfo Triggers Settings Data Principals Actions",
        "RegistrationInfo": (
            "URI SecurityDescriptor Source Date Author Version Description Documentation"
        ),
        "TimeTrigger": (
            "Enabled StartBoundary EndBoundary Repetition ExecutionTimeLimit RandomDelay"
        ),
        "BootTrigger": "Enabled StartBoundary EndBoundary Repetition ExecutionTimeLimit Delay",
        "Repetition": "Interval Duration StopAtDurationEnd",
        "Principals": "Principal",
        "Principal": (
            "UserId LogonType GroupId DisplayName RunLevel ProcessTokenSidType RequiredPrivileges"
        ),
        "Settings": (
            "AllowStartOnDemand RestartOnFailure MultipleInstancesPolicy "
            "DisallowStartIfOnBatteries StopIfGoingOnBatteries AllowHardTerminate "
            "StartWhenAvailable NetworkProfileName RunOnlyIfNetworkAvailable WakeToRun Enabled "
            "Hidden DeleteExpiredTaskAfter IdleSettings NetworkSettings ExecutionTimeLimit "
            "Priority RunOnlyIfIdle UseUnifiedSchedulingEngine DisallowStartOnRemoteAppSession"
        ),
        "Actions": "Exec",
        "Exec": "Command Arguments WorkingDirectory",
    }
)
"""What each element may hold, of the XSD on learn.microsoft.com/windows/win32/taskschd/
task-scheduler-schema (also MS-TSCH 2.5)."""

IN_ORDER = ("TimeTrigger", "BootTrigger")
"""Of these the order counts (xs:sequence); of the others it does not (xs:all), but each part may
come once only."""

# Triggers and actions are choices: any of their elements, as often as 48 and 32 times.
REPEATED = MappingProxyType({"Triggers": 48, "Actions": 32})

TRIGGER_ORDER_OF_THE_ELEMENT_PAGES = ("StartBoundary", "EndBoundary", "Enabled", "Repetition")
"""taskschedulerschema-timetrigger-triggergroup-element puts Enabled elsewhere than the XSD."""


def debt(subcategory: Subcategory, before: Inclusion = Inclusion.NONE) -> Debt:
    return Debt(
        run_id="20261121T080000Z",
        host="web01",
        operation="audit-policy",
        setting=subcategory.braced,
        before=WORDS[before],
        during=WORDS[before | Inclusion.FAILURE],
        lease="fleetaudit-20261121T080000Z",
    )


def beside(operation: str, setting: str, before: str, during: str) -> Debt:
    return replace(
        debt(Subcategory.CONNECTION),
        operation=operation,
        setting=setting,
        before=before,
        during=during,
    )


LOGGING = beside("firewall-logging", "Private/LogBlocked", "off", "on")
SIZE = beside("firewall-logging", "Domain/LogMaxSizeKilobytes", "4096", "32767")
CHANNEL = beside("dns-client-log", "Microsoft-Windows-DNS-Client/Operational", "off", "on")
KEYWORDS = beside("net-event-keywords", "keywords", "bcast", "bcast+mcast")


def a_lease(**changes: Any) -> Lease:
    lease = Lease(
        name="fleetaudit-20261121T080000Z",
        run_id="20261121T080000Z",
        host="web01",
        deadline=NOW + timedelta(minutes=20),
        debts=(debt(Subcategory.PACKET_DROP), debt(Subcategory.CONNECTION, Inclusion.SUCCESS)),
    )
    return replace(lease, **changes)


def elements(lease: Lease) -> etree._Element:
    text = task_xml(lease)
    assert text.startswith('<?xml version="1.0" encoding="UTF-16"?>\n<Task ')
    return etree.fromstring(text.encode("utf-16"))


def local(element: etree._Element) -> str:
    assert str(element.tag).startswith(NAMESPACE)
    return str(element.tag).removeprefix(NAMESPACE)


def actions(lease: Lease) -> list[tuple[str, str]]:
    return [
        (
            str(one.findtext(f"{NAMESPACE}Command")),
            str(one.findtext(f"{NAMESPACE}Arguments")),
        )
        for one in elements(lease).iter(f"{NAMESPACE}Exec")
    ]


def test_every_element_is_where_the_schema_has_it() -> None:
    for element in elements(a_lease(debts=(*a_lease().debts, LOGGING, CHANNEL))).iter():
        parts = [local(part) for part in element]
        if local(element) == "Triggers":
            assert set(parts) <= {"TimeTrigger", "BootTrigger"}
        elif parts:
            assert set(parts) <= set(SCHEMA[local(element)].split())
        if local(element) in REPEATED:
            assert len(parts) <= REPEATED[local(element)]
        else:
            assert len(parts) == len(set(parts))
        if local(element) in IN_ORDER:
            for order in (SCHEMA[local(element)].split(), TRIGGER_ORDER_OF_THE_ELEMENT_PAGES):
                assert parts == [part for part in order if part in parts]


def test_ids_and_references_agree() -> None:
    task = elements(a_lease())
    (principal,) = task.iter(f"{NAMESPACE}Principal")
    (acts,) = task.iter(f"{NAMESPACE}Actions")
    assert acts.get("Context") == principal.get("id")


def test_the_task_starts_at_the_deadline_and_every_minute_and_with_the_host() -> None:
    deadline = datetime(2026, 11, 21, 9, 20, 0, 1, tzinfo=UTC)
    text = "".join(task_xml(a_lease(deadline=deadline)).split())
    at = "<StartBoundary>2026-11-21T09:20:01Z</StartBoundary>"
    every = "<Repetition><Interval>PT1M</Interval></Repetition>"
    assert f"<TimeTrigger>{at}{every}</TimeTrigger><BootTrigger>{at}</BootTrigger>" in text


def test_a_deadline_in_another_zone_is_written_in_utc() -> None:
    zone = datetime.fromisoformat("2026-11-21T10:20:00+01:00")
    assert "2026-11-21T09:20:00Z" in task_xml(a_lease(deadline=zone))


def test_the_task_runs_as_system_on_batteries_too() -> None:
    text = "".join(task_xml(a_lease()).split())
    for part in (
        "<UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel>",
        "<MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>",
        "<DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>",
        "<StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>",
        "<StartWhenAvailable>true</StartWhenAvailable>",
        "<ExecutionTimeLimit>PT10M</ExecutionTimeLimit>",
    ):
        assert part in text
    assert "<LogonType>" not in text


def test_the_task_puts_back_then_marks_then_deletes_itself() -> None:
    system32 = "%SystemRoot%\\System32\\"
    rest = "-69AE-11D9-BED3-505054503030}"
    debts = (*a_lease().debts, LOGGING, SIZE, CHANNEL, KEYWORDS)
    assert actions(a_lease(debts=debts)) == [
        (
            f"{system32}auditpol.exe",
            f"/set /subcategory:{{0CCE9225{rest} /success:disable /failure:disable",
        ),
        (
            f"{system32}auditpol.exe",
            f"/set /subcategory:{{0CCE9226{rest} /success:enable /failure:disable",
        ),
        (
            f"{system32}netsh.exe",
            "advfirewall set privateprofile logging droppedconnections disable",
        ),
        (f"{system32}netsh.exe", "advfirewall set domainprofile logging maxfilesize 4096"),
        (f"{system32}wevtutil.exe", "sl Microsoft-Windows-DNS-Client/Operational /e:false"),
        (f"{system32}netsh.exe", "wfp set options keywords=bcast"),
        (
            f"{system32}cmd.exe",
            '/d /c echo fired>"%ProgramData%\\fleetaudit\\fleetaudit-20261121T080000Z.fired"',
        ),
        (f"{system32}schtasks.exe", '/Delete /TN "\\fleetaudit\\fleetaudit-20261121T080000Z" /F'),
    ]


@settings(max_examples=60, deadline=None)
@given(host=st.text(max_size=40), run_id=st.text(max_size=40))
def test_no_name_breaks_out_of_its_element(host: str, run_id: str) -> None:
    plain, hostile = elements(a_lease()), elements(a_lease(host=host, run_id=run_id))
    assert len(list(hostile.iter())) == len(list(plain.iter()))


@settings(max_examples=200, deadline=None)
@given(
    operation=st.sampled_from([*catalogue(), "another"]),
    setting=st.text(max_size=40) | st.sampled_from([LOGGING.setting, SIZE.setting]),
    value=st.text(max_size=40),
)
def test_no_word_of_a_baseline_reaches_a_command_line_unless_an_operation_has_it(
    operation: str, setting: str, value: str
) -> None:
    try:
        command = task_xml(a_lease(debts=(beside(operation, setting, value, "on"),)))
    except ValueError:
        return
    pytest.fail(f"{command} was made of {setting!r} and {value!r}")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("Domain/LogBlocked", "on & calc"),
        ("Domain/LogBlocked", "4096"),
        ("Domain/LogFileName", "c:\\x.log"),
        ("Domain/LogMaxSizeKilobytes", "on"),
        ("Domain/LogMaxSizeKilobytes", "0"),
        ("Domain/LogMaxSizeKilobytes", "32768"),
        ("Domain/LogMaxSizeKilobytes", "4096 "),
        ("All/LogBlocked", "off"),
    ],
)
def test_a_setting_of_the_log_that_windows_does_not_take_is_refused(
    setting: str, value: str
) -> None:
    with pytest.raises(ValueError, match="no setting"):
        task_xml(a_lease(debts=(beside("firewall-logging", setting, value, "on"),)))


@pytest.mark.parametrize("name", ["", "a b", '"&calc', "..\\x", "-x", "a" * 101, "x\n", "\u00e4"])
def test_a_name_that_could_mean_something_to_a_shell_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a lease"):
        a_lease(name=name)


@pytest.mark.parametrize("command", ["", "C:\\x.exe", "..\\x.exe", "x", "x.exe /a", "x.bat"])
def test_a_command_is_the_bare_name_of_a_program(command: str) -> None:
    with pytest.raises(ValueError, match="bare name"):
        Command(program=command, arguments="")


def test_a_deadline_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        a_lease(deadline=datetime(2026, 11, 21, 8))  # noqa: DTZ001 - that is the case


@settings(max_examples=40, deadline=None)
@given(run_id=st.text(max_size=200))
def test_every_run_id_makes_a_name(run_id: str) -> None:
    assert a_lease(name=lease_name(run_id)).name.startswith("fleetaudit-")


def test_a_lease_that_puts_nothing_back_or_too_much_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing back"):
        task_xml(a_lease(debts=()))
    with pytest.raises(ValueError, match="can do 32 things"):
        task_xml(a_lease(debts=(LOGGING,) * 31))


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(minutes=-20), timedelta(days=-900)])
def test_a_deadline_in_the_past_of_the_host_is_refused(ahead: timedelta) -> None:
    lease = a_lease(deadline=NOW + ahead)
    with pytest.raises(HostFailedError, match="where it is 2026-11-21 08:00:00 already") as caught:
        register(lease, host_now=NOW)
    assert caught.value.host == "web01"
    assert caught.value.remedy


def test_the_calls_have_the_parameters_of_the_scripts() -> None:
    lease = a_lease()
    for call in (register(lease, host_now=NOW), find(), remove(lease.name)):
        assert set(call.parameters) == set(help_of(call.script).parameters)
    assert register(lease, host_now=NOW).parameters["TaskXml"] == task_xml(lease)


def test_a_baseline_is_read_back_as_it_was() -> None:
    lease = a_lease(
        host="x \u00e4 \U0001f600",
        baseline_run_id="20261101T000000Z",
        debts=(*(debt(one, BOTH) for one in Subcategory), LOGGING, SIZE, CHANNEL, KEYWORDS),
    )
    text = baseline_json(lease)
    assert text.isascii()
    for data in (text.encode(), b"\xef\xbb\xbf" + text.encode() + b"\r\n", text.encode("utf-16")):
        assert read_baseline(data) == lease


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"before": "none"', '"before": "failure"'),
        ('"host": "web01", "deadline"', '"host": "web02", "deadline"'),
        ("2026-11-21T08:20:00", "2027-11-21T08:20:00"),
        ('"baseline_run_id": ""', '"baseline_run_id": "", "more": 1'),
    ],
)
def test_an_edited_baseline_is_refused(old: str, new: str) -> None:
    text = baseline_json(a_lease())
    assert old in text
    with pytest.raises(EvidenceError, match="was edited or is damaged"):
        read_baseline(text.replace(old, new, 1).encode(), file="x.json")


def test_a_baseline_of_a_newer_version_is_refused_as_such() -> None:
    text = baseline_json(a_lease()).replace('"format": 1', '"format": 2')
    with pytest.raises(EvidenceError, match="newer version of fleetaudit"):
        read_baseline(text.encode())


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"{\xff", b"[" * 100_000, b"x" * 99])
def test_what_is_no_baseline_is_refused(data: bytes) -> None:
    with pytest.raises(EvidenceError):
        read_baseline(data)


A_DEBT = json.loads(baseline_json(a_lease()))["debts"][0]


def rehashed(**changes: object) -> bytes:
    """Return a baseline whose hash is right and whose content is not."""
    content = {**json.loads(baseline_json(a_lease())), **changes}
    del content["sha256"]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return json.dumps({**content, "sha256": hashlib.sha256(text.encode()).hexdigest()}).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"debts": None},
        {"debts": [1]},
        {"debts": [A_DEBT | {"operation": "another"}]},
        {"debts": [A_DEBT | {"setting": "{x}"}]},
        {"debts": [A_DEBT | {"during": "sometimes"}]},
        {"debts": [A_DEBT | {"host": None}]},
        {"name": "../x"},
        {"deadline": "soon"},
        {"deadline": "2026-11-21T08:20:00"},
    ],
)
def test_a_baseline_with_an_impossible_value_is_refused_whatever_its_hash(
    changes: dict[str, object],
) -> None:
    assert read_baseline(rehashed()) == a_lease()
    with pytest.raises(EvidenceError, match="is no baseline"):
        read_baseline(rehashed(**changes))


@pytest.mark.parametrize("value", [4, -1, True, "0", "sometimes", None])
def test_an_unknown_setting_in_a_baseline_is_refused(value: object) -> None:
    (one, _) = json.loads(baseline_json(a_lease()))["debts"]
    with pytest.raises(EvidenceError, match="is no baseline"):
        read_baseline(rehashed(debts=[{**one, "before": value}]))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damage_to_a_baseline_never_passes_for_another_lease(data: st.DataObject) -> None:
    whole = baseline_json(a_lease()).encode()
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255))
    damaged = whole[:at] + bytes([byte]) + whole[at + 1 :]
    with contextlib.suppress(EvidenceError):
        assert read_baseline(damaged) == a_lease()


def test_a_task_is_read_as_it_was_written() -> None:
    lease = a_lease(debts=(*a_lease().debts, LOGGING, SIZE, CHANNEL, KEYWORDS))
    for data in (task_xml(lease).encode("utf-16"), b"\xef\xbb\xbf" + task_xml(lease).encode()):
        found = read_task(data)
        assert found.run_id == lease.run_id
        assert found.deadline == lease.deadline
        assert found.before == {(one.operation, one.setting): one.before for one in lease.debts}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<Task/>",
        b"\xff\xfe<",
        b"\xff",
        b'<!DOCTYPE a [<!ENTITY b "c">]><Task>&b;</Task>',
        b"<a><b></a>",
        b"<a>" * 400,
        b" " * (1 << 20) + b"<a/>",
    ],
)
def test_what_is_no_task_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^it (is|has) "):
        read_task(data)


def test_a_task_that_runs_as_somebody_else_is_no_lease() -> None:
    text = task_xml(a_lease()).replace("S-1-5-18", "S-1-5-21-1-2-3-1001")
    with pytest.raises(ValueError, match="does not run as SYSTEM"):
        read_task(text.encode("utf-16"))


def encoded(name: str, **parts: bytes) -> dict[str, object]:
    entry: dict[str, object] = {"Name": name, "Task": None, "Baseline": None, "Marker": None}
    return entry | {part: base64.b64encode(data).decode() for part, data in parts.items()}


def answered(leases: object) -> tuple[FoundLease, ...]:
    return read_leases({LEASES_FILE: b"\xef\xbb\xbf" + json.dumps({"Leases": leases}).encode()})


def test_leases_on_a_host_are_told_apart_by_what_is_left_of_them() -> None:
    lease = a_lease()
    task, baseline = task_xml(lease).encode("utf-16"), baseline_json(lease).encode()
    other = a_lease(name="b")
    found = answered(
        [
            encoded("fleetaudit-20261121T080000Z", Task=task, Baseline=baseline),
            encoded("x", Task=b"<no-task/>"),
            encoded("b", Baseline=baseline_json(other).encode(), Marker=b"fired\r\n"),
            encoded("c", Task=task),
        ]
    )
    by_name = {one.name: one for one in found}
    assert list(by_name) == ["b", "c", "fleetaudit-20261121T080000Z", "x"]
    assert by_name["b"].has_fired
    assert not by_name["b"].has_task
    assert by_name["b"].run_id == lease.run_id
    assert by_name["c"].lease is None
    assert by_name["c"].run_id == lease.run_id
    assert by_name["c"].before == {
        ("audit-policy", Subcategory.PACKET_DROP.braced): "none",
        ("audit-policy", Subcategory.CONNECTION.braced): "success",
    }
    full = by_name["fleetaudit-20261121T080000Z"]
    assert full.lease == lease
    assert full.before == by_name["c"].before
    assert not full.problems
    assert by_name["x"].has_task
    assert by_name["x"].task is None
    assert by_name["x"].run_id == ""
    assert by_name["x"].problems


def test_a_baseline_under_another_name_is_not_trusted() -> None:
    (found,) = answered(encoded("z", Baseline=baseline_json(a_lease()).encode()))
    assert found.lease is None
    assert found.problems == ("z.json: is the baseline of another lease.",)


def test_a_host_without_leases_has_none() -> None:
    assert answered([]) == answered(None) == ()


@pytest.mark.parametrize("leases", [[1], "x", [{}], [{"Name": "x", "Task": "%"}], [{"Name": 5}]])
def test_an_answer_that_cannot_be_read_is_an_error(leases: object) -> None:
    with pytest.raises(EvidenceError):
        answered(leases)
    with pytest.raises(EvidenceError):
        read_leases({})
