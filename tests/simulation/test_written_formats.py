from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from fleetaudit.simulation.formats.wfp_state import render_filters
from fleetaudit.simulation.model.specs import Trait
from tests.simulation.conftest import make_desk

SAMPLES = Path(
    os.environ.get("FLEETAUDIT_SAMPLES", Path(__file__).parents[2].parent / "shared" / "samples")
)
Swept = tuple[Any, dict[str, bytes], dict[str, bytes]]


def sample(name: str) -> bytes:
    file = SAMPLES / name
    if not file.exists():
        pytest.skip(f"{name} is not here")
    return file.read_bytes()


def roots(data: bytes) -> list[etree._Element]:
    """Read a dump of several roots."""
    text = data.decode("utf-8-sig").split("?>", 1)[1]
    text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "\ufffd", text)
    return list(etree.fromstring(f"<all>{text}</all>"))


def shape(element: etree._Element) -> list[str]:
    return [str(child.tag) for child in element]


def filters(state: etree._Element) -> list[etree._Element]:
    return state.findall("layers/item/filters/item")


def test_a_state_dump_has_the_elements_of_a_real_one(swept: Swept) -> None:
    real = roots(sample("wfp/wfpstate_two_roots_zh.xml"))
    ours = roots(swept[2]["ws-berlin-01"])
    assert [one.tag for one in ours] == [one.tag for one in real]
    assert shape(ours[0]) == shape(real[0])
    known = {tuple(shape(one)) for one in filters(real[0])}
    assert {tuple(shape(one)) for one in filters(ours[0])} <= known
    context = {tuple(shape(one)) for one in real[0].findall("providerContexts/item")}
    assert {tuple(shape(one)) for one in ours[0].findall("providerContexts/item")} <= context
    for path in ("providers/item", "subLayers/item", "layers/item", "layers/item/layer"):
        assert {tuple(shape(one)) for one in ours[0].findall(path)} == {
            tuple(shape(one)) for one in real[0].findall(path)
        }


def test_a_state_dump_numbers_and_names_layers_as_a_real_one(swept: Swept) -> None:
    def layers(data: bytes) -> dict[str, tuple[str, str]]:
        return {
            str(one.findtext("layerId")): (
                str(one.findtext("layerKey")),
                str(one.findtext("displayData/name")),
            )
            for one in roots(data)[0].findall("layers/item/layer")
        }

    real = layers(sample("wfp/wfpstate_two_roots_zh.xml"))
    assert layers(swept[2]["ws-berlin-01"]).items() <= real.items()


def test_every_list_says_how_many_it_holds(swept: Swept) -> None:
    for root in roots(swept[2]["ws-pune-01"]):
        for element in root.iter():
            count = element.get("numItems")
            if count is not None:
                assert int(count) == len(element.findall("item"))


def test_a_filter_with_an_origin_finds_it_in_its_context(swept: Swept) -> None:
    state = roots(swept[2]["ws-berlin-01"])[0]
    origins = {
        one.findtext("providerContextKey"): bytes.fromhex(
            str(one.findtext("dataBuffer/data"))
        ).decode("utf-16-le")
        for one in state.findall("providerContexts/item")
    }
    flagged = [
        one
        for one in filters(state)
        if "FWPM_FILTER_FLAG_HAS_FILTER_ORIGIN" in {flag.text for flag in one.findall("flags/item")}
    ]
    assert len(flagged) > 10
    assert all(origins[one.findtext("providerContextKey")].endswith("\0") for one in flagged)


def test_an_older_host_has_one_root_and_no_origins(swept: Swept) -> None:
    for name in ("old-boston-01", "db-osaka-01", "ws-paris-01"):
        (state,) = roots(swept[2][name])
        assert state.find("providerContexts") is not None
        assert state.findall("providerContexts/item") == []
        assert len(filters(state)) > 30


def test_hostile_names_leave_the_file_readable(swept: Swept) -> None:
    state = roots(swept[2]["ws-pune-01"])[0]
    names = {one.findtext("displayData/name") for one in filters(state)}
    assert "<script>alert(1)</script>|*x*" in names
    assert b"\x1b" in swept[2]["ws-pune-01"]


def test_a_policy_backup_has_the_rows_of_a_real_one() -> None:
    real = sample("auditpol/auditpol_backup_en.csv").decode("ascii")
    desk = make_desk(8)
    ours = desk.ask("ws-boston-01", "Get-AuditPolicy").files["policy.csv"].decode("ascii")

    def guids(text: str) -> set[str]:
        return {row[3].lower() for row in csv.reader(io.StringIO(text)) if len(row) > 3 and row[3]}

    assert ours.splitlines()[0] == real.splitlines()[0]
    assert guids(ours) == guids(real)
    japanese = desk.ask("ws-osaka-01", "Get-AuditPolicy").files["policy.csv"].decode("cp932")
    assert "監査なし" in japanese


def test_the_firewall_log_has_the_columns_its_header_names() -> None:
    desk = make_desk(22)
    desk.wait(10)
    for host in desk.fleet:
        replies = desk.ask(host.name, "Read-FirewallLog")
        logs = [data for name, data in replies.files.items() if name.startswith("pfirewall")]
        assert bool(logs) == (Trait.LOGS_DROPS in host.spec.traits)
        drops = 0
        for data in logs:
            lines = data.decode("ascii").split("\r\n")
            fields = next(one for one in lines if one.startswith("#Fields: ")).split()[1:]
            assert len(fields) == (18 if host.spec.generation.log_has_pid else 17)
            rows = [one.split(" ") for one in lines if one and not one.startswith("#")]
            assert {len(row) for row in rows} == {len(fields)}
            drops += sum(row[2] == "DROP" for row in rows)
        assert drops == desk.fleet.truth().of(host.name).log_drops


def test_a_small_firewall_log_has_rotated_and_one_says_that_it_lost_events() -> None:
    desk = make_desk(22)
    desk.wait(10)
    assert "pfirewall-1.log.old" in desk.ask("web-paris-01", "Read-FirewallLog").files
    lost = desk.ask("srv-sydney-01", "Read-FirewallLog").files["pfirewall-1.log"]
    assert b" INFO-EVENTS-LOST - " in lost


def test_rules_are_exported_as_the_registry_editor_does() -> None:
    desk = make_desk(22)
    files = desk.ask("ws-pune-01", "Get-FirewallRule").files
    local = files["firewall-local.reg"]
    assert local.startswith(b"\xff\xfe")
    text = local.decode("utf-16")
    assert text.startswith("Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\")
    assert "|Name=<script>alert(1)</script> *x* [y](javascript:z)|" in text
    assert "Contoso Updater" in files["firewall-gpo.reg"].decode("utf-16")


def test_some_hosts_write_a_byte_order_mark_and_unsigned_numbers() -> None:
    desk = make_desk(22)
    marked = desk.ask("ws-paris-01", "Get-HostFact").files["facts.json"]
    assert marked.startswith(b"\xef\xbb\xbf")
    facts = json.loads(desk.ask("db-osaka-01", "Get-HostFact").files["facts.json"])
    assert facts["TimeZone"]["Bias"] == 2**32 - 540
    assert facts["HostTime"] == "2026-11-20T05:59:56.0000000Z"


def test_the_filters_alone_are_written_as_a_real_host_writes_them() -> None:
    host = make_desk(1).fleet.hosts["ws-berlin-01"]
    spec = host.spec
    written = render_filters(host.platform.filters, host=spec.name, generation=spec.generation)
    real, ours = roots(sample("wfp/filters_fr.xml"))[0], roots(written)[0]
    assert ours.tag == real.tag
    assert shape(ours) == shape(real)
    assert ours[0].get("numItems") is real[0].get("numItems") is None
    assert {tuple(shape(one)) for one in ours[0]} <= {tuple(shape(one)) for one in real[0]}


def test_an_old_host_prints_a_provider_by_its_guid(swept: Swept) -> None:
    old, new = (roots(swept[2][name])[0] for name in ("old-boston-01", "ws-berlin-01"))
    assert {one.findtext("providerKey") for one in filters(old)} >= {
        "{decc16ca-3f33-4346-be1e-8fb4ae0f3d62}"
    }
    assert "FWPM_PROVIDER_MPSSVC_WF" in {one.findtext("providerKey") for one in filters(new)}
