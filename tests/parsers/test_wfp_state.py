"""WFP state and filter files: two of our own in the real shape, and real samples in place."""

from __future__ import annotations

import json
import os
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.parsers import wfp_state
from fleetaudit.records.evidence import EvidenceContext, Issue, split

_REPOSITORY = Path(__file__).parents[2]
_SAMPLES = Path(
    os.environ.get("FLEETAUDIT_SAMPLES", _REPOSITORY.parent / "shared" / "samples"), "wfp"
)
_CASES = _REPOSITORY / "tests" / "cases" / "wfp-state"
_CONTEXT = EvidenceContext(name="wfpstate.xml")
_STATE = (_CASES / "two-roots.xml").read_bytes()
_FILTERS = (_CASES / "show-filters.xml").read_bytes()


def _parse(data: bytes) -> tuple[dict[int | None, dict[str, Any]], list[Issue]]:
    rows, issues = split(wfp_state.parse(BytesIO(data), _CONTEXT))
    filters = [item for item in rows if item.table == "wfp_filters"]
    found = [row for item in filters for row in item.batch.to_pylist()]
    return {row["filter_id"]: row for row in found}, issues


def _sample(name: str) -> bytes:
    file = _SAMPLES / name
    if not file.exists():
        pytest.skip(f"no sample {name}")
    return file.read_bytes()


def test_a_capture_gives_the_filters_of_its_beginning_and_those_that_changed() -> None:
    rows, issues = _parse((_CASES / "capture.xml").read_bytes())
    assert issues == []
    assert [row["filter_name"] for row in rows.values()] == ["Query User", "Backup agent"]
    assert rows[67001]["layer_id"] == 44
    assert "10000" in rows[67002]["conditions"]


def test_one_file_written_after_another_gives_the_filters_of_both() -> None:
    both = [*_parse(_FILTERS)[0], *_parse(_STATE)[0]]
    rows, issues = split(wfp_state.parse(BytesIO(_FILTERS + _STATE), _CONTEXT))
    assert [key for item in rows for key in item.batch["filter_id"].to_pylist()] == both
    assert issues == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_state_that_was_redirected_as_utf_16_is_the_same_state(encoding: str) -> None:
    assert _parse(_STATE.decode("utf-8-sig").encode(encoding)) == _parse(_STATE)


def test_a_state_with_two_roots_gives_every_filter_resolved() -> None:
    rows, issues = _parse(_STATE)
    assert issues == []
    assert list(rows) == [67001, 67002, 67003]
    row = rows[67001]
    assert row.pop("snapshot_time").isoformat() == "2026-11-21T08:00:01.295000+00:00"
    assert row == {
        "filter_id": 67001,
        "filter_key": "{00000001-0000-4000-8000-000000000000}",
        "filter_name": "Query User",
        "filter_description": "Blockt, was keine Regel erlaubt: & für alle",
        "filter_flags": "HAS_PROVIDER_CONTEXT HAS_FILTER_ORIGIN",
        "filter_origin": "Query User Default",
        "provider_key": "FWPM_PROVIDER_MPSSVC_WF",
        "provider_name": "Microsoft Corporation",
        "provider_context_key": "{00000101-0000-4000-8000-000000000000}",
        "layer_key": "FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V4",
        "layer_id": 44,
        "sublayer_key": "FWPM_SUBLAYER_MPSSVC_WF",
        "sublayer_name": "WFP Built-in MPSSVC Windows Firewall Sublayer",
        "action": "FWP_ACTION_BLOCK",
        "callout_key": None,
        "effective_weight": (1 << 64) - 1,
        "conditions": '[{"field":"FWPM_CONDITION_CURRENT_PROFILE_ID",'
        '"match":"FWP_MATCH_EQUAL","type":"FWP_UINT32","value":2}]',
    }


def test_a_provider_printed_as_a_guid_gets_the_name_newer_systems_print() -> None:
    rows, _ = _parse(_STATE)
    assert rows[67002]["provider_key"] == "FWPM_PROVIDER_MPSSVC_WF"
    assert rows[67002]["filter_origin"] == "{510AED69-8600-435A-AFD6-6BC6B8246E03}"


def test_a_foreign_filter_has_its_own_provider_callout_and_no_origin() -> None:
    row = _parse(_STATE)[0][67003]
    assert (row["provider_name"], row["sublayer_name"]) == ("EDR 防火墙", "EDR sublayer")
    assert row["callout_key"] == "{00000902-0000-4000-8000-000000000000}"
    assert (row["filter_origin"], row["conditions"]) == (None, "[]")


def test_every_kind_of_condition_value_is_kept() -> None:
    conditions = json.loads(_parse(_STATE)[0][67002]["conditions"])
    assert {
        item["field"].removeprefix("FWPM_CONDITION_"): item["value"] for item in conditions
    } == {
        "ALE_APP_ID": r"\device\harddiskvolume3\windows\system32\svchost.exe",
        "IP_PROTOCOL": 6,
        "IP_LOCAL_PORT": {"low": 445, "high": 447},
        "IP_REMOTE_ADDRESS": {"low": "10.0.0.0", "high": "10.255.255.255"},
        "ALE_USER_ID": "O:SYG:SYD:(A;;CCRC;;;S-1-5-80-1)",
        "ALE_PACKAGE_ID": "S-1-0-0",
    }
    assert [item["type"] for item in conditions] == [
        "FWP_BYTE_BLOB_TYPE",
        "FWP_UINT8",
        "FWP_RANGE_TYPE",
        "FWP_RANGE_TYPE",
        "FWP_SECURITY_DESCRIPTOR_TYPE",
        "FWP_SID",
    ]


def test_a_list_of_filters_lacks_what_only_a_state_has() -> None:
    rows, issues = _parse(_FILTERS)
    assert issues == []
    assert list(rows) == [67002, 67003]
    row = rows[67002]
    assert [row[name] for name in ("snapshot_time", "layer_id", "filter_origin")] == [None] * 3
    assert rows[67003]["provider_name"] == "EDR"


def test_forbidden_characters_are_replaced_and_counted() -> None:
    rows, issues = _parse((_CASES / "forbidden-characters.xml").read_bytes())
    assert rows[67002]["filter_name"] == "Block\ufffd \ufffd \ufffd"
    assert rows[67003]["filter_name"] == "EDR \ufffd inspection"
    assert [(issue.lost, issue.problem[:13]) for issue in issues] == [(0, "4 characters ")]


def _keywords(inner: bytes) -> tuple[list[dict[str, Any]], list[Issue]]:
    data = _STATE.replace(b"<dynamicKeywordAddresses/>", inner)
    assert data != _STATE
    rows, issues = split(wfp_state.parse(BytesIO(data), _CONTEXT))
    found = [item for item in rows if item.table == "dynamic_keywords"]
    return [row for item in found for row in item.batch.to_pylist()], issues


_KEYWORD = (
    b"<id>{00000a01-0000-4000-8000-000000000000}</id><keyword>*.example.com</keyword>"
    b"<flags><item>AUTO_RESOLVE</item></flags><addresses>10.0.0.1,10.0.0.2</addresses>"
)


@pytest.mark.parametrize(
    "item", [_KEYWORD, b"<dynamicKeywordAddress>" + _KEYWORD + b"</dynamicKeywordAddress>"]
)
def test_a_dynamic_keyword_of_the_second_root_is_a_row(item: bytes) -> None:
    rows, issues = _keywords(
        b'<dynamicKeywordAddresses numItems="1"><item>%s<originType>1</originType></item>'
        b"</dynamicKeywordAddresses>" % item
    )
    assert issues == []
    assert rows[0].pop("snapshot_time").isoformat() == "2026-11-21T08:00:01.295000+00:00"
    assert rows == [
        {
            "keyword_id": "{00000a01-0000-4000-8000-000000000000}",
            "keyword": "*.example.com",
            "flags": "AUTO_RESOLVE",
            "addresses": "10.0.0.1,10.0.0.2",
            "other_fields": '{"originType":"1"}',
        }
    ]


def test_a_keyword_that_says_nothing_known_is_kept_and_told() -> None:
    rows, issues = _keywords(
        b"<dynamicKeywordAddresses><item><new>1</new></item></dynamicKeywordAddresses>"
    )
    assert (rows[0]["keyword"], rows[0]["other_fields"]) == (None, '{"new":"1"}')
    assert [issue.problem for issue in issues] == ["a dynamic keyword has no id and no keyword"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_other_encodings_give_the_same_rows(encoding: str) -> None:
    rows, issues = _parse(_STATE.decode("utf-8-sig").encode(encoding))
    assert (rows, issues) == _parse(_STATE)


def test_a_character_cut_by_the_end_of_a_block_stays_whole() -> None:
    # A name of many blocks, shifted so that every byte of a character meets an end of a block.
    for shift in range(3):
        name = "x" * shift + "火" * 100_000 + "&#x706B;" * 20_000
        data = _FILTERS.replace(b"Block SMB", name.encode())
        rows, issues = _parse(data)
        assert rows[67002]["filter_name"] == "x" * shift + "火" * 120_000
        assert issues == []


def test_damage_costs_what_comes_after_it_and_is_told_with_its_line() -> None:
    at = _STATE.index(b"<filterId>67002")
    rows, issues = _parse(_STATE[:at] + b"<oops" + _STATE[at:])
    assert list(rows) == [67001]
    line = _STATE[:at].count(b"\n") + 1
    assert [(issue.where, issue.lost) for issue in issues] == [(f"line {line}", 1)]
    assert issues[0].problem == (
        "the XML is damaged, all from here is missing: error parsing attribute name"
    )


def test_a_file_cut_anywhere_gives_rows_and_one_issue_of_damage() -> None:
    for length in range(0, len(_STATE) - 40, 97):
        rows, issues = _parse(_STATE[:length])
        assert len(rows) <= 3
        assert any(issue.lost or issue.where == "file" for issue in issues), length


def test_a_wrong_count_is_told() -> None:
    rows, issues = _parse(_STATE.replace(b'<filters numItems="2">', b'<filters numItems="7">'))
    assert len(rows) == 3
    assert [issue.problem for issue in issues] == ["a list of filters says 7 items and has 2"]


def test_numbers_beyond_64_bits_are_told() -> None:
    data = _STATE.replace(b"18446744073709551615", b"18446744073709551616")
    rows, issues = _parse(data.replace(b"<filterId>67003", b"<filterId>-1"))
    assert rows[67001]["effective_weight"] is None
    assert [issue.where for issue in issues] == [
        "filter 67001",
        "filter {00000003-0000-4000-8000-000000000000}",
    ]
    assert None in rows


@pytest.mark.parametrize("moment", [b"", b"yesterday", b"2026-11-21", b"9999-01-01T00:00:00Z"])
def test_a_time_that_is_none_is_told(moment: bytes) -> None:
    rows, issues = _parse(_STATE.replace(b"2026-11-21T08:00:01.295Z", moment))
    assert rows[67001]["snapshot_time"] is None
    assert [issue.where for issue in issues] == ["line 3"]


@pytest.mark.parametrize("data", [b"", b"   ", b"PK\x03\x04", b"<html/>", b"\xff\xfe"])
def test_what_is_no_state_is_an_issue(data: bytes) -> None:
    rows, issues = _parse(data)
    assert (rows, len(issues) >= 1) == ({}, True)


def test_entities_cannot_be_defined() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    rows, issues = _parse(bomb + _FILTERS.replace(b"Block SMB", b"&b;"))
    assert rows == {}
    assert issues[0].problem.startswith("the XML is damaged")


def test_a_huge_text_or_depth_is_damage_and_no_crash() -> None:
    for junk in (b"x" * 11_000_000, b"<a>" * 5_000):
        rows, issues = _parse(_STATE.replace(b"EDR inspection", junk))
        assert list(rows) == [67001, 67002]
        assert issues[0].lost == 1


def test_an_item_without_an_end_stops_the_reading() -> None:
    rows, issues = _parse(_STATE.replace(b"<filterId>67003", b"<a/>" * 1_500_000))
    assert list(rows) == [67001, 67002]
    assert "an item is larger than" in issues[0].problem


_ENDPOINT = b"<item><id>7</id><localPort>445</localPort></item>\n"


@pytest.mark.parametrize("tag", [b"sessions", b"aleConnectedEndpoints", b"new"])
def test_a_long_part_that_is_not_read_costs_nothing(tag: bytes) -> None:
    part = b"<%s>\n%s</%s>" % (tag, _ENDPOINT * 100_000, tag)
    at = _STATE.index(b"<layers")
    assert _parse(_STATE[:at] + part + _STATE[at:]) == _parse(_STATE)


def test_a_long_list_of_providers_is_read_in_parts() -> None:
    at = _STATE.index(b"<item>", _STATE.index(b"<providers"))
    item = b"<item><providerKey>{x}</providerKey><newer>%s</newer></item>\n" % (b"y" * 1_000)
    assert _parse(_STATE[:at] + item * 9_000 + _STATE[at:])[0] == _parse(_STATE)[0]


def test_filters_without_a_key_are_read_too() -> None:
    item = b"<item><filterId>%d</filterId><padding>" + b"x" * 1_000 + b"</padding></item>\n"
    filters = b"".join(item % number for number in range(9_000))
    time = b"<timeStamp>2026-11-21T08:00:01.295Z</timeStamp>"
    rows, issues = _parse(b"<wfpdiag>%s<filters>%s</filters></wfpdiag>" % (time, filters))
    assert (list(rows), issues) == (list(range(9_000)), [])


def test_damage_between_two_filters_costs_none_before_it() -> None:
    at = _STATE.index(b"<item>", _STATE.index(b"67001</filterId>"))
    rows, issues = _parse(_STATE[:at])
    assert (list(rows), [issue.lost for issue in issues]) == ([67001], [1])


def test_a_list_without_its_end_costs_none_of_its_filters() -> None:
    damaged = _FILTERS.replace(b"</filters>", b"", 1)
    assert damaged != _FILTERS
    rows, issues = _parse(damaged)
    assert rows.keys() == _parse(_FILTERS)[0].keys()
    assert sum(issue.lost for issue in issues) == 1


def test_what_is_wrong_with_the_last_filter_before_damage_is_told() -> None:
    data = _STATE.replace(b"67001</filterId>", b"-1</filterId>")
    at = data.index(b"<item>", data.index(b"-1</filterId>"))
    rows, issues = _parse(data[:at])
    assert (list(rows), [issue.lost for issue in issues]) == ([None], [0, 1])
    assert issues[0].problem == "has no usable filterId: '-1'"


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(_STATE)), st.integers(0, 40), st.binary(max_size=20))
def test_any_damage_becomes_rows_and_issues(at: int, length: int, junk: bytes) -> None:
    _parse(_STATE[:at] + junk + _STATE[at + length :])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_become_rows_and_issues(data: bytes) -> None:
    _parse(data)


@settings(max_examples=100, deadline=None)
@given(st.permutations(_STATE.splitlines(keepends=True)[20:60]))
def test_elements_in_any_order_become_rows_and_issues(lines: list[bytes]) -> None:
    whole = _STATE.splitlines(keepends=True)
    _parse(b"".join(whole[:20] + lines + whole[60:]))


def test_a_real_state_gives_all_200_filters_and_their_origins() -> None:
    data = _sample("wfpstate_two_roots_zh.xml")
    rows, issues = _parse(data)
    assert (len(rows), issues) == (200, [])
    origins = Counter(row["filter_origin"] for row in rows.values())
    assert (origins[None], origins["AppContainer Loopback"], origins["WSH Default"]) == (160, 14, 4)
    layers = Counter(row["layer_id"] for row in rows.values())
    assert (layers[44], layers[46], layers[48], layers[50]) == (49, 43, 52, 46)
    assert all(row["layer_id"] is not None for row in rows.values())


def test_real_filters_read_as_a_person_reads_them() -> None:
    rows, _ = _parse(_sample("wfpstate_two_roots_zh.xml"))
    boot = rows[66703]
    assert (boot["filter_name"], boot["filter_flags"]) == (
        "AppContainerBoottimeFilter",
        "PERSISTENT",
    )
    assert (boot["effective_weight"], boot["filter_origin"]) == ((1 << 64) - 1, None)
    loopback = rows[66881]
    assert loopback["filter_description"] == "This filter blocks AppContainer loopback traffic"
    assert loopback["filter_origin"] == "AppContainer Loopback"
    assert (loopback["action"], loopback["layer_id"]) == ("FWP_ACTION_BLOCK", 44)
    assert loopback["sublayer_name"] == "WFP Built-in MPSSVC App Isolation Sublayer"
    capture = rows[67229]
    assert (capture["layer_key"], capture["effective_weight"]) == ("FWPM_LAYER_STREAM_V4", 0)
    assert capture["callout_key"] == "{be26feaa-d260-4ee7-b4dc-ef842f537842}"


def test_a_real_list_of_filters_gives_all_286() -> None:
    rows, issues = _parse(_sample("filters_fr.xml"))
    assert (len(rows), issues) == (286, [])
    actions = Counter(row["action"] for row in rows.values())
    assert actions["FWP_ACTION_BLOCK"] == 32
    assert actions["FWP_ACTION_CALLOUT_UNKNOWN"] == 20
