"""What every operation keeps to, and what those beside the audit policy do."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest

from fleetaudit import scripts
from fleetaudit.errors import EvidenceError
from fleetaudit.operations import Operation, catalogue
from fleetaudit.records.debt import State, Wanted
from fleetaudit.scripts.reference import help_of

CHANNEL = "Microsoft-Windows-DNS-Client/Operational"
LOGGING, DNS, KEYWORDS = (
    catalogue()[name] for name in ("firewall-logging", "dns-client-log", "net-event-keywords")
)
BEFORE = MappingProxyType(
    {
        "audit-policy": {
            "{0CCE9225-69AE-11D9-BED3-505054503030}": "none",
            "{0CCE9226-69AE-11D9-BED3-505054503030}": "success",
        },
        "dns-client-log": {CHANNEL: "off"},
        "firewall-logging": {
            **{f"{one}/LogBlocked": "off" for one in ("Domain", "Private", "Public")},
            **{f"{one}/LogMaxSizeKilobytes": "4096" for one in ("Domain", "Private", "Public")},
        },
        "net-event-keywords": {"keywords": "none"},
    }
)
WANTED = Wanted(log_kilobytes=32767)


@pytest.fixture(params=sorted(catalogue()))
def operation(request: pytest.FixtureRequest) -> Operation:
    return catalogue()[request.param]


def facts(**values: object) -> dict[str, bytes]:
    return {"facts.json": json.dumps(values).encode("utf-8-sig")}


def test_every_operation_says_what_it_is_and_where_its_facts_come_from(
    operation: Operation,
) -> None:
    assert operation.title
    assert "windows-facts" in operation.reference
    assert operation.name in BEFORE
    assert all(operation.label(setting) for setting in BEFORE[operation.name])


def test_every_call_is_of_a_script_with_its_parameters(operation: Operation) -> None:
    state = State(values=BEFORE[operation.name])
    asked = operation.capture()
    assert set(asked.parameters) == set(help_of(asked.script).parameters)
    assert help_of(asked.script).changes == "nothing."
    for debt in operation.owe(state, WANTED, run_id="r", host="h"):
        for call in (operation.apply(debt), operation.restore(debt)):
            assert call.script in scripts.names()
            assert {*call.parameters, "LeaseName"} == set(help_of(call.script).parameters)
            assert "Invoke-GuardedTool" in scripts.text(call.script)


def test_the_task_of_a_lease_does_what_the_script_does_and_says_what_it_was_told(
    operation: Operation,
) -> None:
    state = State(values=BEFORE[operation.name])
    debts = operation.owe(state, WANTED, run_id="r", host="h")
    assert {debt.setting for debt in debts} == set(state.values)
    for debt in debts:
        for value in (debt.before, debt.during):
            command = operation.command(debt.setting, value)
            assert operation.recognize(command) == (debt.setting, value)
            assert (
                command.program.removesuffix(".exe") in help_of(operation.apply(debt).script).tools
            )
            others = [one for one in catalogue().values() if one is not operation]
            assert [one.recognize(command) for one in others] == [None] * len(others)


@pytest.mark.parametrize("value", ["", "x", "on\n", "none ", "0", "-1", "1;calc"])
def test_a_value_that_does_not_exist_makes_no_command(operation: Operation, value: str) -> None:
    for setting in BEFORE[operation.name]:
        with pytest.raises(ValueError, match=r"no (?:audit|channel|setting|net event)"):
            operation.command(setting, value)


def test_what_stands_as_wanted_is_not_owed(operation: Operation) -> None:
    state = State(values=BEFORE[operation.name])
    during = {
        debt.setting: debt.during for debt in operation.owe(state, WANTED, run_id="r", host="h")
    }
    assert operation.owe(State(values=during), WANTED, run_id="r", host="h") == ()


def test_what_a_policy_owns_is_left_and_named(operation: Operation) -> None:
    settings = BEFORE[operation.name]
    state = State(values=settings, owned=frozenset(settings))
    assert operation.owe(state, WANTED, run_id="r", host="h") == ()
    assert len(operation.withheld(state, WANTED)) == len(settings)


def test_a_log_that_the_registry_says_nothing_of_is_as_windows_has_it() -> None:
    assert LOGGING.read(facts(Profiles=[])).values == BEFORE["firewall-logging"]


def test_the_local_store_is_what_is_read_and_another_store_owns() -> None:
    def entry(profile: str, store: str, **said: int) -> dict[str, object]:
        nothing = dict.fromkeys(("LogFilePath", "LogDroppedPackets", "LogFileSize"))
        return {"Profile": profile, "Store": store, **nothing, **said}

    state = LOGGING.read(
        facts(
            Profiles=[
                entry("Domain", "local", LogDroppedPackets=1, LogFileSize=16384),
                entry("Public", "local", LogDroppedPackets=0),
                entry("Domain", "gpo", LogDroppedPackets=0),
                entry("Public", "mdm", LogFileSize=100),
            ]
        )
    )
    assert state.values["Domain/LogBlocked"] == "on"
    assert state.values["Domain/LogMaxSizeKilobytes"] == "16384"
    assert state.values["Public/LogBlocked"] == "off"
    assert state.owned == {"Domain/LogBlocked", "Public/LogMaxSizeKilobytes"}


def test_a_log_is_only_made_larger_and_only_when_asked() -> None:
    state = State(values={"Domain/LogBlocked": "on", "Domain/LogMaxSizeKilobytes": "8192"})
    assert LOGGING.owe(state, Wanted(), run_id="r", host="h") == ()
    assert LOGGING.owe(state, Wanted(log_kilobytes=4096), run_id="r", host="h") == ()
    (debt,) = LOGGING.owe(state, Wanted(log_kilobytes=9000), run_id="r", host="h")
    assert (debt.before, debt.during) == ("8192", "9000")


@pytest.mark.parametrize("size", ["0", "70000"])
def test_a_size_that_netsh_could_not_put_back_is_left_alone(size: str) -> None:
    state = State(values={"Domain/LogMaxSizeKilobytes": size})
    assert LOGGING.owe(state, Wanted(log_kilobytes=32767), run_id="r", host="h") == ()


@pytest.mark.parametrize("is_on", [True, False])
def test_a_channel_is_on_or_off(*, is_on: bool) -> None:
    found = DNS.read(facts(Channel=CHANNEL, IsEnabled=is_on))
    assert found.values == {CHANNEL: "on" if is_on else "off"}


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("keywords = none", "none"),
        ("\r\n  keywords = BCAST\r\n", "bcast"),
        ("netevents = on\r\nkeywords=mcast+bcast\r\ntxnwatchdog = 0\r\n", "bcast+mcast"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_keywords_are_read_as_netsh_prints_them(said: str, value: str, encoding: str) -> None:
    assert KEYWORDS.read({"options.txt": said.encode(encoding)}).values == {"keywords": value}


@pytest.mark.parametrize(
    "said",
    [b"", b"keywords", b"keywords = everything", b"keywords = none\nkeywords = bcast", b"\xff" * 9],
)
def test_keywords_that_are_not_said_are_an_error_not_a_none(said: bytes) -> None:
    with pytest.raises(EvidenceError, match="does not say which net events are kept"):
        KEYWORDS.read({"options.txt": said})


@pytest.mark.parametrize("name", ["firewall-logging", "dns-client-log"])
@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"Profiles": 1, "IsEnabled": "yes"}'])
def test_facts_that_cannot_be_read_are_an_error(name: str, data: bytes) -> None:
    with pytest.raises(ValueError, match="is"):
        catalogue()[name].read({"facts.json": data})
