from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetaudit import scripts
from fleetaudit.operations import Command
from fleetaudit.operations.audit_policy import OPERATION, SUBCATEGORIES, WORDS
from fleetaudit.records.audit_policy import Inclusion, Subcategory
from fleetaudit.records.debt import Debt, State, Wanted
from fleetaudit.scripts.reference import help_of

PACKET_DROP, CONNECTION = (one.braced for one in SUBCATEGORIES)
VALUES = tuple(WORDS.values())

BACKUP = b"""\
Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,Exclusion Setting,\
Setting Value\r
WEB01,System,Filterplattform: Verworfene Pakete,{0CCE9225-69AE-11D9-BED3-505054503030},\
Keine \xc3\x9cberwachung,,0\r
WEB01,System,Filterplattformverbindung,{0cce9226-69ae-11d9-bed3-505054503030},Erfolg,,1\r
"""


def policy(packet_drop: str, connection: str) -> State:
    return State(values={PACKET_DROP: packet_drop, CONNECTION: connection})


def owed(state: State, *, with_success: bool = False) -> tuple[Debt, ...]:
    return OPERATION.owe(state, Wanted(with_success=with_success), run_id="r1", host="web01")


def after(state: State, parameters: object) -> State:
    """Return the policy that a call of Set-AuditPolicy leaves behind."""
    assert isinstance(parameters, MappingProxyType)
    setting = Inclusion.NONE
    for name, flag in (("Success", Inclusion.SUCCESS), ("Failure", Inclusion.FAILURE)):
        assert parameters[name] in {"enable", "disable"}
        if parameters[name] == "enable":
            setting |= flag
    return State(values={**state.values, parameters["Subcategory"]: WORDS[setting]})


def flags(value: str) -> Inclusion:
    return next(flags for flags, word in WORDS.items() if word == value)


def test_failure_auditing_of_both_subcategories_is_turned_on() -> None:
    first, second = owed(policy("none", "none"))
    assert (first.setting, second.setting) == (PACKET_DROP, CONNECTION)
    assert dict(OPERATION.apply(first).parameters) == {
        "Subcategory": "{0CCE9225-69AE-11D9-BED3-505054503030}",
        "Success": "disable",
        "Failure": "enable",
    }


def test_nothing_is_owed_where_the_bits_stand_already() -> None:
    assert owed(policy("failure", "success+failure")) == ()
    (debt,) = owed(policy("success+failure", "failure"), with_success=True)
    assert debt.setting == CONNECTION


@pytest.mark.parametrize("with_success", [False, True])
@pytest.mark.parametrize("connection", VALUES)
@pytest.mark.parametrize("packet_drop", VALUES)
def test_a_run_only_adds_and_leaves_everything_as_it_was(
    packet_drop: str, connection: str, *, with_success: bool
) -> None:
    before = policy(packet_drop, connection)
    debts = owed(before, with_success=with_success)
    state = before
    for debt in debts:
        state = after(state, OPERATION.apply(debt).parameters)
        assert state.values[debt.setting] == debt.during
        assert flags(debt.before) in flags(debt.during)
    for name, value in before.values.items():
        now, then = flags(state.values[name]), flags(value)
        assert then | Inclusion.FAILURE in now
        assert with_success or Inclusion.SUCCESS not in (now & ~then)
    for debt in debts:
        state = after(state, OPERATION.restore(debt).parameters)
    assert state == before


def test_a_subcategory_that_the_policy_does_not_name_is_missing_not_off() -> None:
    head = BACKUP.split(b"\r\n", 2)
    state = OPERATION.read({"policy.csv": b"\r\n".join(head[:2])})
    assert state.values == {PACKET_DROP: "none"}


def test_the_policy_is_captured_with_what_the_script_sends() -> None:
    assert OPERATION.capture().script == "Get-AuditPolicy"
    assert OPERATION.read({"policy.csv": BACKUP}) == policy("none", "success")


@given(st.sampled_from(list(Subcategory)), st.sampled_from(VALUES))
def test_both_flags_are_always_given_and_never_a_category(
    subcategory: Subcategory, before: str
) -> None:
    debt = Debt(
        run_id="r",
        host="h",
        operation=OPERATION.name,
        setting=subcategory.braced,
        before=before,
        during="success+failure",
    )
    for call in (OPERATION.apply(debt), OPERATION.restore(debt)):
        assert call.script in scripts.names()
        assert {*call.parameters, "LeaseName"} == set(help_of(call.script).parameters)
    command = OPERATION.command(debt.setting, before)
    assert command.arguments.count("enable") + command.arguments.count("disable") == 2
    assert "/category" not in command.arguments


def test_a_change_that_a_lease_guards_is_made_only_while_it_stands() -> None:
    (first, _) = owed(policy("none", "none"))
    guarded = replace(first, lease="fleetaudit-r1")
    assert OPERATION.apply(guarded).parameters["LeaseName"] == "fleetaudit-r1"
    assert "LeaseName" not in OPERATION.restore(guarded).parameters


@pytest.mark.parametrize(
    "arguments",
    [
        "/set /category:* /success:disable /failure:disable",
        "/set /subcategory:{0CCE9210-69AE-11D9-BED3-505054503030} /success:enable /failure:enable",
        "/set /subcategory:{0CCE9226-69AE-11D9-BED3-505054503030} /failure:enable",
        "/clear /y",
    ],
)
def test_a_command_of_somebody_else_is_not_recognised(arguments: str) -> None:
    assert OPERATION.recognize(Command(program="auditpol.exe", arguments=arguments)) is None
