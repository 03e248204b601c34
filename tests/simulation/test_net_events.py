"""The simulated host's memory of drops, and its boot-time policy, as its own parsers read them."""

from __future__ import annotations

import json
import os
from io import BytesIO
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from fleetaudit.parsers import wfp_boot_policy, wfp_netevents, wfp_state
from fleetaudit.records.evidence import EvidenceContext, split
from fleetaudit.simulation.model.specs import Trait
from tests.simulation.conftest import Desk, make_desk

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE = (
    Path(os.environ.get("FLEETAUDIT_SAMPLES", Path(__file__).parents[2].parent / "shared/samples"))
    / "netevents"
    / "netevent_drop_quarantine_default.xml"
)


@pytest.fixture(scope="module")
def desk() -> Desk:
    desk = make_desk(28)
    desk.wait(10)
    return desk


def read(parse: Callable[..., Any], data: bytes) -> list[dict[str, Any]]:
    rows, issues = split(parse(BytesIO(data), EvidenceContext(name="x.xml")))
    assert issues == []
    return [row for item in rows for row in item.batch.to_pylist()]


def events_of(desk: Desk, host: str) -> list[dict[str, Any]]:
    return read(wfp_netevents.parse, desk.ask(host, "Get-WfpNetEvent").files["netevents.xml"])


def shape(element: etree._Element | None) -> list[str]:
    assert element is not None
    return [str(child.tag) for child in element]


def test_an_event_has_the_elements_of_the_documented_one(desk: Desk) -> None:
    if not SAMPLE.exists():
        pytest.skip("the documented event is not here")
    real = etree.fromstring(SAMPLE.read_bytes())
    ours = etree.fromstring(desk.ask("ws-berlin-01", "Get-WfpNetEvent").files["netevents.xml"])
    assert ours.get("numItems") == str(len(ours))
    event = next(one for one in ours if one.find("header/localAddrV4") is not None)
    assert shape(event) == shape(real)
    assert shape(event.find("header")) == shape(real.find("header"))
    assert shape(event.find("classifyDrop")) == shape(real.find("classifyDrop"))
    assert set(shape(real.find("internalFields"))) <= set(shape(event.find("internalFields")))


def test_drops_are_remembered_without_any_audit(desk: Desk) -> None:
    events = events_of(desk, "ws-berlin-01")
    assert len(events) > 20
    assert desk.fleet.truth().of("ws-berlin-01").drops == ()
    state = desk.ask("ws-berlin-01", "Get-WfpState").files["wfpstate.xml"]
    known = {row["filter_id"]: row for row in read(wfp_state.parse, state)}
    events = [one for one in events if one["filter_rtid"] in known]
    assert len(events) > 10
    for event in events:
        assert known[event["filter_rtid"]]["layer_id"] == event["layer_rtid"]
        assert known[event["filter_rtid"]]["filter_origin"] == event["filter_origin"]
        winners = [one["filter"] for one in json.loads(event["terminating_filters"] or "[]")]
        assert event["filter_rtid"] in winners or not event["filter_origin"]


def test_what_arrives_for_many_is_not_collected(desk: Desk) -> None:
    for host in desk.fleet.hosts:
        if desk.ask(host, "Get-WfpNetEvent").exits == {"netsh": 0}:
            inbound = [one for one in events_of(desk, host) if one["direction"].endswith("_IN")]
            addresses = [ip_address(one["local_ip"]) for one in inbound]
            assert not any(one.is_multicast or str(one).endswith(".255") for one in addresses)


def test_the_ring_forgets_the_oldest() -> None:
    desk = make_desk(4)
    desk.wait(60)
    host = next(iter(desk.fleet.hosts))
    events = events_of(desk, host)
    assert len(events) == 256
    assert sorted(one["time"] for one in events) == [one["time"] for one in events]
    desk.wait(60)
    assert events_of(desk, host)[0]["time"] > events[0]["time"]


def test_a_restart_empties_the_ring(desk: Desk) -> None:
    found = [one for one in desk.fleet if Trait.REBOOTS in one.spec.traits]
    assert found
    for host in found:
        begun = host.host_time(host.booted_at)
        assert all(one["time"] >= begun for one in events_of(desk, host.name))


def test_builds_differ_in_the_name_of_the_type(desk: Desk) -> None:
    new, old = (events_of(desk, name)[0] for name in ("ws-berlin-01", "old-boston-01"))
    assert new["event_type"] == "FWPM_NET_EVENT_TYPE_PUBLIC_CLASSIFY_DROP"
    assert old["event_type"] == "FWPM_NET_EVENT_TYPE_CLASSIFY_DROP"
    assert (new["interface_index"], old["interface_index"]) == (12, None)
    assert (new["process_pid"] is None, old["process_pid"] is None) == (False, True)


def test_the_boot_policy_has_the_filters_of_the_start(desk: Desk) -> None:
    data = desk.ask("ws-berlin-01", "Get-BootTimePolicy").files["btpol.xml"]
    rows = read(wfp_boot_policy.parse, data)
    assert len(rows) == 6
    assert {row["filter_flags"].split()[0] for row in rows} == {"BOOTTIME"}


@pytest.mark.parametrize("script", ["Get-WfpNetEvent", "Get-BootTimePolicy"])
def test_an_account_without_rights_is_refused(desk: Desk, script: str) -> None:
    replies = desk.ask("srv-lyon-92", script)
    assert replies.exits == {"netsh": 1}
    assert set(replies.files) == {"stderr.txt"}
