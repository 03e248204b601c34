from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import evtx
import orjson

from fleetaudit.records.figures import RuleKind
from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.model.specs import Trait
from fleetaudit.simulation.model.truth import HostTruth, TrueDrop, TrueRule
from tests.simulation.conftest import make_desk

Swept = tuple[Any, dict[str, bytes], dict[str, bytes]]


def events(data: bytes) -> dict[int, dict[str, Any]]:
    """Read an export with a reader that is not ours."""
    parser: Any = evtx.PyEvtxParser(io.BytesIO(data))
    found = {}
    for one in parser.records_json():
        event = orjson.loads(one["data"])["Event"]
        found[event["System"]["EventRecordID"]] = event
    return found


def test_every_record_of_a_drop_belongs_to_exactly_one_true_drop(swept: Swept) -> None:
    desk, exports, _ = swept
    truth = desk.fleet.truth()
    for host, data in exports.items():
        if not data:
            continue
        found = {
            number
            for number, event in events(data).items()
            if event["System"]["EventID"] in (5152, 5157)
        }
        known = [number for drop in truth.of(host).drops for number in drop.record_ids]
        assert len(known) == len(set(known))
        exported = truth.of(host).exported or frozenset()
        assert found == set(known) & exported


def test_the_records_of_a_drop_say_what_the_truth_says(swept: Swept) -> None:
    desk, exports, _ = swept
    truth = desk.fleet.truth()
    for name in ("ws-berlin-01", "old-boston-01", "ws-pune-01", "db-osaka-01"):
        host = desk.fleet.hosts[name]
        found = events(exports[name])
        for drop in truth.of(name).drops:
            for number in drop.record_ids:
                data = found[number]["EventData"]
                is_source_local = drop.direction == "outbound" or (
                    host.spec.generation.is_source_local
                )
                near, far = ("Source", "Dest") if is_source_local else ("Dest", "Source")
                assert data[f"{near}Address"] == drop.local_ip
                assert data[f"{near}Port"] == str(drop.local_port)
                assert data[f"{far}Address"] == drop.remote_ip
                assert data[f"{far}Port"] == str(drop.remote_port)
                assert data["FilterRTID"] in drop.filter_ids
                assert data["LayerRTID"] == drop.layer_id
                assert data["Application"].endswith(drop.program)
                origin = data.get("FilterOrigin")
                assert origin == (
                    (drop.rule.origin or "Unknown") if host.spec.generation.has_origin else None
                )


def test_retransmissions_and_twins_are_one_attempt(swept: Swept) -> None:
    desk, _, _ = swept
    drops = desk.fleet.truth().of("fs-berlin-01").drops
    whole = [
        one
        for one in drops
        if one.protocol == 6 and one.layer_id in (44, 46) and one.rule.kind is not RuleKind.STEALTH
    ]
    assert max(one.records for one in whole) == 10
    assert {one.records for one in drops if one.direction == "outbound"} == {1}


def test_the_sums_by_rule_are_the_sum_of_the_drops(swept: Swept) -> None:
    desk, _, _ = swept
    truth = desk.fleet.truth()
    rules = truth.by_rule()
    assert sum(one.attempts for one in rules.values()) == len(truth.drops)
    assert sum(one.records for one in rules.values()) == sum(one.records for one in truth.drops)
    for one in rules.values():
        assert sum(one.programs.values()) == sum(one.ports.values()) == one.attempts
        assert one.first_at <= one.last_at


def test_a_fleet_has_every_kind_of_drop(swept: Swept) -> None:
    desk, _, _ = swept
    kinds = {drop.rule.kind for drop in desk.fleet.truth().drops}
    assert kinds == {
        RuleKind.RULE,
        RuleKind.DEFAULT_INBOUND,
        RuleKind.DEFAULT_OUTBOUND,
        RuleKind.STEALTH,
        RuleKind.BOOT_TIME,
        RuleKind.QUARANTINE,
        RuleKind.APP_ISOLATION,
        RuleKind.SERVICE_HARDENING,
        RuleKind.THIRD_PARTY,
    }


def test_a_healthy_host_drops_a_moderate_number_in_ten_minutes(swept: Swept) -> None:
    desk, _, _ = swept
    truth = desk.fleet.truth()
    for host in desk.fleet:
        if host.fault is Fault.NONE and Trait.GPO_REVERTS not in host.spec.traits:
            assert 50 <= len(truth.of(host.name).drops) <= 400


def test_drops_outside_the_audited_stretch_do_not_count() -> None:
    desk = make_desk(1)
    desk.wait(5)
    truth = desk.fleet.truth().of("ws-berlin-01")
    assert truth.drops == ()
    assert truth.unaudited > 20
    desk.switch("ws-berlin-01", failure=True)
    desk.wait(3)
    desk.ask("ws-berlin-01", "Get-HostFact")
    desk.switch("ws-berlin-01", failure=False)
    opened = len(desk.fleet.truth().of("ws-berlin-01").drops)
    desk.wait(5)
    assert opened > 10
    assert len(desk.fleet.truth().of("ws-berlin-01").drops) == opened


def test_no_two_attempts_of_a_flow_are_so_near_that_they_look_like_one(swept: Swept) -> None:
    desk, _, _ = swept
    for host in desk.fleet.truth().hosts:
        last: dict[tuple[object, ...], Any] = {}
        for drop in sorted(host.drops, key=lambda one: one.first_at):
            flow = (
                drop.protocol,
                drop.local_ip,
                drop.local_port,
                drop.remote_ip,
                drop.remote_port,
                drop.rule.key,
            )
            if flow in last:
                assert (drop.first_at - last[flow]).total_seconds() > 12
            last[flow] = drop.last_at


START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def _drop(*records: tuple[int, float]) -> TrueDrop:
    """Return a drop that left these records: number and second."""
    return TrueDrop(
        host="web01",
        rule=TrueRule(key="rule", kind=RuleKind.RULE),
        filter_ids=(1,),
        layer_id=44,
        direction="inbound",
        protocol=6,
        local_ip="10.0.0.1",
        local_port=445,
        remote_ip="10.0.0.2",
        remote_port=50000,
        program="system",
        process_id=4,
        record_ids=tuple(number for number, _ in records),
        moments=tuple(START + timedelta(seconds=second) for _, second in records),
    )


def _attempts_in(*drops: TrueDrop, exported: frozenset[int]) -> tuple[int, ...]:
    truth = HostTruth(host="web01", drops=drops, exported=exported, unaudited=0, log_drops=0)
    bursts = [(0.0, 30.0), (300.0, 330.0)]
    return truth.attempts_in(
        (START + timedelta(seconds=begin), START + timedelta(seconds=end)) for begin, end in bursts
    )


def test_an_attempt_belongs_to_the_burst_that_its_first_record_fell_into() -> None:
    drops = (_drop((1, 5)), _drop((2, 29), (5, 301)), _drop((3, 100)), _drop((4, 300), (6, 310)))
    assert _attempts_in(*drops, exported=frozenset(range(1, 7))) == (2, 1)


def test_records_that_were_not_exported_put_an_attempt_into_no_burst() -> None:
    drops = (_drop((1, 5)), _drop((2, 29), (5, 301)))
    assert _attempts_in(*drops, exported=frozenset({5})) == (0, 1)
    assert _attempts_in(*drops, exported=frozenset()) == (0, 0)
