from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleetaudit import scripts
from fleetaudit.errors import HostUnsupportedError
from fleetaudit.operations import catalogue
from fleetaudit.operations.audit_policy import OPERATION, SUBCATEGORIES
from fleetaudit.records.audit_policy import AuditPolicy, Debt, Inclusion, Subcategory
from fleetaudit.scripts.reference import help_of

FAILURE = Inclusion.FAILURE
BOTH = Inclusion.SUCCESS | Inclusion.FAILURE
INCLUSIONS = [Inclusion(value) for value in range(4)]
OTHER = UUID("0CCE9210-69AE-11D9-BED3-505054503030")

BACKUP = b"""\
Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,Exclusion Setting,\
Setting Value\r
WEB01,System,Filterplattform: Verworfene Pakete,{0CCE9225-69AE-11D9-BED3-505054503030},\
Keine \xc3\x9cberwachung,,0\r
WEB01,System,Filterplattformverbindung,{0cce9226-69ae-11d9-bed3-505054503030},Erfolg,,1\r
"""


def policy(packet_drop: Inclusion, connection: Inclusion) -> AuditPolicy:
    return AuditPolicy(
        settings=MappingProxyType(
            {
                Subcategory.PACKET_DROP.value: packet_drop,
                Subcategory.CONNECTION.value: connection,
                OTHER: Inclusion.SUCCESS,
            }
        )
    )


def owed(state: AuditPolicy, *, with_success: bool = False) -> tuple[Debt, ...]:
    return OPERATION.owe(run_id="r1", host="web01", policy=state, with_success=with_success)


def after(state: AuditPolicy, parameters: object) -> AuditPolicy:
    """Return the policy that a call of Set-AuditPolicy leaves behind."""
    assert isinstance(parameters, MappingProxyType)
    setting = Inclusion.NONE
    for name, flag in (("Success", Inclusion.SUCCESS), ("Failure", Inclusion.FAILURE)):
        assert parameters[name] in {"enable", "disable"}
        if parameters[name] == "enable":
            setting |= flag
    return AuditPolicy(settings={**state.settings, UUID(parameters["Subcategory"]): setting})


def test_the_operation_is_found_by_name() -> None:
    assert catalogue() == {"audit-policy": OPERATION}


def test_failure_auditing_of_both_subcategories_is_turned_on() -> None:
    first, second = owed(policy(Inclusion.NONE, Inclusion.NONE))
    assert (first.subcategory, second.subcategory) == SUBCATEGORIES
    assert dict(OPERATION.apply(first).parameters) == {
        "Subcategory": "{0CCE9225-69AE-11D9-BED3-505054503030}",
        "Success": "disable",
        "Failure": "enable",
    }


def test_nothing_is_owed_where_the_bits_stand_already() -> None:
    assert owed(policy(FAILURE, BOTH)) == ()
    (debt,) = owed(policy(BOTH, FAILURE), with_success=True)
    assert debt.subcategory is Subcategory.CONNECTION


@pytest.mark.parametrize("with_success", [False, True])
@pytest.mark.parametrize("connection", INCLUSIONS)
@pytest.mark.parametrize("packet_drop", INCLUSIONS)
def test_a_run_only_adds_and_leaves_everything_as_it_was(
    packet_drop: Inclusion, connection: Inclusion, *, with_success: bool
) -> None:
    before = policy(packet_drop, connection)
    debts = owed(before, with_success=with_success)
    state = before
    for debt in debts:
        state = after(state, OPERATION.apply(debt).parameters)
        assert OPERATION.is_applied(debt, state)
        assert not OPERATION.is_restored(debt, state)
        assert debt.before in debt.during
    for subcategory in SUBCATEGORIES:
        now, then = state.of(subcategory), before.of(subcategory)
        assert now is not None
        assert then is not None
        assert then | FAILURE in now
        assert with_success or Inclusion.SUCCESS not in (now & ~then)
    for debt in debts:
        state = after(state, OPERATION.restore(debt).parameters)
        assert OPERATION.is_restored(debt, state)
    assert state == before


def test_a_policy_that_does_not_name_a_subcategory_is_an_answer_not_a_zero() -> None:
    with pytest.raises(HostUnsupportedError, match=r"does not name PACKET_DROP \{0CCE9225"):
        owed(AuditPolicy(settings={}))


def test_a_policy_that_is_silent_is_neither_applied_nor_restored() -> None:
    (debt, _) = owed(policy(Inclusion.NONE, Inclusion.NONE))
    silent = AuditPolicy(settings={})
    assert not OPERATION.is_applied(debt, silent)
    assert not OPERATION.is_restored(debt, silent)


def test_the_policy_is_captured_with_what_the_script_sends() -> None:
    assert OPERATION.capture().script == "Get-AuditPolicy"
    state = OPERATION.read({"policy.csv": BACKUP})
    assert state.of(Subcategory.PACKET_DROP) is Inclusion.NONE
    assert state.of(Subcategory.CONNECTION) is Inclusion.SUCCESS


@given(st.sampled_from(list(Subcategory)), st.sampled_from(INCLUSIONS))
def test_both_flags_are_always_given_and_never_a_category(
    subcategory: Subcategory, before: Inclusion
) -> None:
    debt = Debt(run_id="r", host="h", subcategory=subcategory, before=before, during=BOTH)
    for call in (OPERATION.apply(debt), OPERATION.restore(debt)):
        assert call.script in scripts.names()
        assert {*call.parameters, "LeaseName"} == set(help_of(call.script).parameters)


def test_a_change_that_a_lease_guards_is_made_only_while_it_stands() -> None:
    (first, _) = owed(policy(Inclusion.NONE, Inclusion.NONE))
    guarded = replace(first, lease="fleetaudit-r1")
    assert OPERATION.apply(guarded).parameters["LeaseName"] == "fleetaudit-r1"
    assert "LeaseName" not in OPERATION.restore(guarded).parameters
