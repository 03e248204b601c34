from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from random import Random
from typing import Any
from uuid import uuid4

from fleetaudit.records.figures import RuleKind
from fleetaudit.simulation.model._languages import Language
from fleetaudit.simulation.model._platform import Platform
from fleetaudit.simulation.model._rulebook import rulebook
from fleetaudit.simulation.model.filters import (
    Action,
    Condition,
    Filter,
    Layer,
    Packet,
    Sublayer,
    decide,
)
from fleetaudit.simulation.model.generations import GENERATIONS
from fleetaudit.simulation.model.policy import Compiler
from fleetaudit.simulation.model.rules import FirewallRule, service_sid
from fleetaudit.simulation.model.specs import HostSpec, Role, Trait
from fleetaudit.simulation.model.truth import TrueRule

CAUSE = TrueRule(key="k", kind=RuleKind.RULE)
PACKET = Packet(
    layer=Layer.ALE_AUTH_RECV_ACCEPT_V4,
    protocol=6,
    local_ip=IPv4Address("10.0.0.1"),
    remote_ip=IPv4Address("10.0.0.2"),
    local_port=445,
    remote_port=50000,
    profile=3,
)


def a_filter(**changes: Any) -> Filter:
    chosen: dict[str, Any] = {
        "key": uuid4(),
        "name": "f",
        "layer": Layer.ALE_AUTH_RECV_ACCEPT_V4,
        "sublayer": Sublayer.MPSSVC_WF,
        "action": Action.BLOCK,
        "weight": 1,
        "cause": CAUSE,
        "id": 1,
    } | changes
    return Filter(**chosen)


def spec(generation: str = "11", **changes: Any) -> HostSpec:
    chosen: dict[str, Any] = {
        "name": "h",
        "number": 1,
        "generation": GENERATIONS[generation],
        "language": Language.GERMAN,
        "role": Role.WORKSTATION,
    } | changes
    return HostSpec(**chosen)


def platform(of: HostSpec) -> Platform:
    rng = Random(1)  # noqa: S311 - reproducible on purpose
    found = Platform(of, rulebook(of), r"\device\harddiskvolume3", rng)
    found.boot()
    found.start_firewall()
    found.release_interface()
    return found


def test_the_heaviest_matching_filter_of_a_sublayer_decides() -> None:
    heavy = a_filter(action=Action.PERMIT, weight=9)
    verdict = decide([heavy, a_filter(weight=3)], PACKET)
    assert not verdict.is_blocked
    assert verdict.by is heavy


def test_a_block_in_any_sublayer_wins_over_every_permit() -> None:
    permit = a_filter(action=Action.PERMIT, weight=2**63)
    block = a_filter(sublayer=Sublayer.MPSSVC_WSH, weight=0)
    verdict = decide([permit, block], PACKET)
    assert verdict.is_blocked
    assert verdict.by is block


def test_conditions_on_one_field_are_alternatives_and_on_several_all_needed() -> None:
    ports = (
        Condition(field="IP_LOCAL_PORT", type="FWP_UINT16", value=80),
        Condition(field="IP_LOCAL_PORT", type="FWP_RANGE_TYPE", value=(440, 450)),
        Condition(field="IP_PROTOCOL", type="FWP_UINT8", value=6),
    )
    assert a_filter(conditions=ports).matches(PACKET)
    assert not a_filter(conditions=ports).matches(replace(PACKET, protocol=17))
    network = Condition(
        field="IP_REMOTE_ADDRESS", type="FWP_V4_ADDR_MASK", value=IPv4Network("10.1.0.0/16")
    )
    assert not a_filter(conditions=(network,)).matches(PACKET)


def test_no_filter_is_no_block() -> None:
    assert not decide([], PACKET).is_blocked


def test_a_block_rule_permits_where_the_program_listens() -> None:
    rule = FirewallRule(
        key="k",
        rule_id="{X}",
        name="n",
        is_inbound=True,
        is_block=True,
        protocol=6,
        local_ports=(445,),
    )
    filters = list(Compiler(host="h", generation=GENERATIONS["11"], volume="v").rule(rule))
    actions = {one.layer.name: one.action for one in filters}
    assert actions == {
        "ALE_AUTH_LISTEN_V4": Action.PERMIT,
        "ALE_AUTH_LISTEN_V6": Action.PERMIT,
        "ALE_AUTH_RECV_ACCEPT_V4": Action.BLOCK,
        "ALE_AUTH_RECV_ACCEPT_V6": Action.BLOCK,
    }
    assert {one.origin for one in filters} == {"{X}"}
    old = list(Compiler(host="h", generation=GENERATIONS["10"], volume="v").rule(rule))
    assert {one.origin for one in old} == {""}


def test_a_service_has_the_sid_that_windows_gives_it() -> None:
    assert service_sid("TrustedInstaller") == (
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
    )


def test_a_refresh_gives_the_same_rules_other_numbers_and_leaves_static_filters_alone() -> None:
    found = platform(spec())
    before = found.filters
    found.apply_policy()
    after = found.filters
    assert sorted(one.name for one in before) == sorted(one.name for one in after)
    kept = {one.id for one in before} & {one.id for one in after}
    assert kept == {one.id for one in before if one.is_static}
    assert min(one.id for one in after) > 66_000


def test_one_host_gives_a_number_to_another_filter_after_a_refresh() -> None:
    found = platform(spec("10", traits=frozenset({Trait.REUSES_IDS})))
    before = {one.id: one.cause.key for one in found.filters}
    found.apply_policy()
    after = {one.id: one.cause.key for one in found.filters}
    assert any(before.get(number) not in (None, key) for number, key in after.items())


def test_the_translated_names_have_english_origins() -> None:
    filters = platform(spec()).filters
    names = {one.origin: one.name for one in filters if one.origin}
    assert names["Boottime Default"] == "Startzeitfilter"
    assert names["Stealth"] == "Filter zum Schutz vor Portscans"
    assert names["Query User Default"] == "Query User"


def test_a_server_does_not_ask_and_a_hardened_one_blocks_outbound() -> None:
    filters = platform(spec("2025", role=Role.HARDENED)).filters
    names = {one.name for one in filters}
    assert "Default Inbound" in names
    assert "Query User" not in names
    outbound = [
        one for one in filters if one.name == "Default Outbound" and "CONNECT" in one.layer.name
    ]
    assert {one.action for one in outbound} == {Action.BLOCK}
