import json
from typing import Any

import pytest

from fleetaudit.analysis.rule_identity import (
    RuleBook,
    identify_filter,
    identify_origin,
    names_an_origin,
)
from fleetaudit.records.figures import RuleKind
from fleetaudit.records.tables import FIREWALL_RULES, WFP_FILTERS


def _rule(**said: Any) -> dict[str, Any]:
    blank = dict.fromkeys(FIREWALL_RULES.names)
    return {
        **blank,
        "rule_id": "{A}",
        "rule_name": "No telnet",
        "action": "Block",
        "direction": "In",
        "is_active": True,
        "network_iana_number": 6,
        "local_ports": "23",
        **said,
    }


def _filter(**said: Any) -> dict[str, Any]:
    blank = dict.fromkeys(WFP_FILTERS.names)
    return {
        **blank,
        "filter_name": "No telnet",
        "filter_flags": "",
        "provider_key": "FWPM_PROVIDER_MPSSVC_WF",
        "sublayer_key": "FWPM_SUBLAYER_MPSSVC_WF",
        "layer_key": "FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V4",
        "action": "FWP_ACTION_BLOCK",
        "effective_weight": 10 << 60,
        **said,
    }


def _kind(**said: Any) -> RuleKind:
    (identity,) = identify_filter(_filter(**said), book=RuleBook([]))
    return identity.kind


def test_one_rule_with_two_guids_and_two_names_is_one_rule() -> None:
    one = identify_origin("{A}", filter_row=None, book=RuleBook([_rule()]))
    other_rule = _rule(rule_id="{B}", rule_name="Kein Telnet")
    other = identify_origin("{b}", filter_row=None, book=RuleBook([other_rule]))
    assert one.key == other.key
    assert {one.name, other.name} == {"No telnet", "Kein Telnet"}


def test_a_rule_that_says_something_else_is_another_rule() -> None:
    one = identify_origin("{A}", filter_row=None, book=RuleBook([_rule()]))
    other = identify_origin("{A}", filter_row=None, book=RuleBook([_rule(local_ports="22")]))
    assert one.key != other.key


def test_the_order_of_a_list_and_case_make_no_difference() -> None:
    book = RuleBook([_rule(local_ports="23,22", program="C:\\X.EXE")])
    other = RuleBook([_rule(local_ports="22,23", program="c:\\x.exe")])
    assert (
        identify_origin("{A}", filter_row=None, book=book).key
        == identify_origin("{A}", filter_row=None, book=other).key
    )


def test_a_filter_without_origin_is_the_same_rule_as_its_origin_elsewhere() -> None:
    book = RuleBook([_rule()])
    (by_filter,) = identify_filter(_filter(), book=book)
    assert by_filter.key == identify_origin("{A}", filter_row=None, book=book).key


def test_two_rules_of_one_name_are_both_candidates() -> None:
    book = RuleBook([_rule(), _rule(rule_id="{B}", local_ports="2323")])
    assert len(identify_filter(_filter(), book=book)) == 2


def test_conditions_tell_two_rules_of_one_name_apart() -> None:
    book = RuleBook([_rule(), _rule(rule_id="{B}", network_iana_number=17)])
    conditions = json.dumps(
        [
            {"field": "FWPM_CONDITION_IP_PROTOCOL", "match": "FWP_MATCH_EQUAL", "value": 17},
            {"field": "FWPM_CONDITION_IP_LOCAL_PORT", "match": "FWP_MATCH_EQUAL", "value": 23},
        ]
    )
    (identity,) = identify_filter(_filter(conditions=conditions), book=book)
    assert identity.origin == "{B}"


def test_a_rule_that_names_a_kind_of_port_is_not_ruled_out_by_numbers() -> None:
    book = RuleBook([_rule(local_ports="RPC"), _rule(rule_id="{B}", network_iana_number=17)])
    conditions = json.dumps(
        [
            {"field": "FWPM_CONDITION_IP_PROTOCOL", "match": "FWP_MATCH_EQUAL", "value": 6},
            {
                "field": "FWPM_CONDITION_IP_LOCAL_PORT",
                "match": "FWP_MATCH_RANGE",
                "value": {"low": 49152, "high": 65535},
            },
        ]
    )
    (identity,) = identify_filter(_filter(conditions=conditions), book=book)
    assert identity.origin == "{A}"


@pytest.mark.parametrize(
    ("origin", "kind"),
    [
        ("Query User Default", RuleKind.DEFAULT_INBOUND),
        ("Default Inbound", RuleKind.DEFAULT_INBOUND),
        ("BOOTTIME DEFAULT", RuleKind.BOOT_TIME),
        (" Stealth ", RuleKind.STEALTH),
        ("Quarantine Default", RuleKind.QUARANTINE),
        ("WSH Default", RuleKind.SERVICE_HARDENING),
        ("AppContainer Loopback", RuleKind.APP_ISOLATION),
    ],
)
def test_a_built_in_origin_is_known_without_case(origin: str, kind: RuleKind) -> None:
    assert identify_origin(origin, filter_row=None, book=RuleBook([])).kind is kind


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"effective_weight": 3 << 60, "filter_name": "何か"}, RuleKind.DEFAULT_INBOUND),
        (
            {"effective_weight": 3 << 60, "layer_key": "FWPM_LAYER_ALE_AUTH_CONNECT_V6"},
            RuleKind.DEFAULT_OUTBOUND,
        ),
        ({"filter_flags": "BOOTTIME", "effective_weight": 0}, RuleKind.BOOT_TIME),
        ({"filter_flags": "PERSISTENT", "effective_weight": 5}, RuleKind.BOOT_TIME),
        ({"layer_key": "FWPM_LAYER_INBOUND_TRANSPORT_V4_DISCARD"}, RuleKind.STEALTH),
        ({"sublayer_key": "FWPM_SUBLAYER_MPSSVC_QUARANTINE"}, RuleKind.QUARANTINE),
        ({"provider_key": "FWPM_PROVIDER_MPSSVC_WSH"}, RuleKind.SERVICE_HARDENING),
        ({"provider_key": "{11111111-0000-0000-0000-000000000000}"}, RuleKind.THIRD_PARTY),
        ({}, RuleKind.RULE),
    ],
)
def test_a_filter_is_recognised_in_any_language(said: dict[str, Any], kind: RuleKind) -> None:
    assert _kind(**said) is kind


@pytest.mark.parametrize("nothing", ["", "-", " ", "Unknown", "unknown", None])
def test_an_unknown_origin_says_nothing(nothing: str | None) -> None:
    assert not names_an_origin(nothing)
