"""Net events: two files of our own in the real shape, and a documented event in place."""

from __future__ import annotations

import json
import os
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.parsers import wfp_netevents
from fleetaudit.records.evidence import EvidenceContext, Issue, split

_REPOSITORY = Path(__file__).parents[2]
_SAMPLES = Path(
    os.environ.get("FLEETAUDIT_SAMPLES", _REPOSITORY.parent / "shared" / "samples"), "netevents"
)
_CASES = _REPOSITORY / "tests" / "cases" / "wfp-netevents"
_CONTEXT = EvidenceContext(name="netevents.xml")
_EVENTS = (_CASES / "show-netevents.xml").read_bytes()
_CAPTURE = (_CASES / "capture.xml").read_bytes()
_ITEM = re.compile(rb"\t<item>\n\t\t<header>.*?\n\t</item>\n", re.DOTALL)
_ITEMS = _ITEM.findall(_EVENTS)


def _parse(data: bytes) -> tuple[list[dict[str, Any]], list[Issue]]:
    rows, issues = split(wfp_netevents.parse(BytesIO(data), _CONTEXT))
    assert {item.table for item in rows} <= {"net_events"}
    return [row for item in rows for row in item.batch.to_pylist()], issues


def _listed(items: list[bytes]) -> bytes:
    return b'<netEvents numItems="%d">\n%s</netEvents>' % (len(items), b"".join(items))


def _left_out(issues: list[Issue]) -> int:
    found = [re.match(r"(\d+) events of other types", issue.problem) for issue in issues]
    return sum(int(match[1]) for match in found if match)


def test_a_drop_of_a_current_build_has_every_column() -> None:
    row = _parse(_EVENTS)[0][0]
    assert row.pop("time").isoformat() == "2026-11-21T08:03:56.281000+00:00"
    assert json.loads(row.pop("other_fields")) == {
        "scopeId": "0",
        "policyFlags": "0",
        "vSwitchSourcePort": "0",
        "vSwitchDestinationPort": "0",
        "internalFlags": ["FWPM_NET_EVENT_INTERNAL_FLAG_FILTER_ORIGIN_SET"],
        "fqbnVersion": "0",
    }
    assert json.loads(row.pop("terminating_filters")) == [
        {
            "filter": 67229,
            "sublayer": "FWPP_SUBLAYER_INTERNAL_FIREWALL_WF",
            "action": "FWP_ACTION_BLOCK",
        },
        {
            "filter": 66881,
            "sublayer": "FWPP_SUBLAYER_INTERNAL_FIREWALL_WSH",
            "action": "FWP_ACTION_PERMIT",
        },
    ]
    assert row == {
        "event_type": "FWPM_NET_EVENT_TYPE_PUBLIC_CLASSIFY_DROP",
        "network_iana_number": 17,
        "local_ip": "10.0.0.5",
        "local_port": 5353,
        "remote_ip": "10.0.0.9",
        "remote_port": 5353,
        "icmp_type": None,
        "icmp_code": None,
        "process_executable": r"\device\harddiskvolume3\windows\system32\svchost.exe",
        "process_pid": 1204,
        "user_sid": "S-1-5-20",
        "package_sid": "S-1-0-0",
        "filter_rtid": 67229,
        "filter_origin": "Query User Default",
        "layer_rtid": 44,
        "reauth_reason_code": 2,
        "original_profile_code": 1,
        "current_profile_code": 3,
        "direction": "MS_FWP_DIRECTION_IN",
        "is_loopback": False,
        "interface_index": 12,
    }


def test_a_drop_of_an_old_build_lacks_what_it_did_not_say() -> None:
    row = _parse(_EVENTS)[0][1]
    assert row["event_type"] == "FWPM_NET_EVENT_TYPE_CLASSIFY_DROP"
    assert (row["local_ip"], row["remote_ip"]) == ("2001:db8::5", "2620:1ec:c11::200")
    assert (row["direction"], row["is_loopback"]) == ("MS_FWP_DIRECTION_OUT", True)
    absent = ("process_pid", "filter_origin", "interface_index", "terminating_filters")
    assert [row[name] for name in absent] == [None] * 4
    others = json.loads(row["other_fields"])
    assert others["capabilities"] == ["FWP_CAPABILITIES_FLAG_INTERNET_CLIENT"]


def test_type_and_code_of_icmp_are_no_ports_and_what_is_not_flagged_is_no_value() -> None:
    row = _parse(_EVENTS)[0][2]
    assert (row["icmp_type"], row["icmp_code"]) == (8, 0)
    assert (row["local_port"], row["remote_port"]) == (None, None)
    assert (row["process_executable"], row["user_sid"], row["package_sid"]) == (None, None, None)


def test_events_of_other_types_are_counted_by_type() -> None:
    rows, issues = _parse(_EVENTS)
    assert len(rows) == 3
    assert [(issue.where, issue.problem, issue.lost) for issue in issues] == [
        (
            "file",
            (
                "2 events of other types were left out: FWPM_NET_EVENT_TYPE_CLASSIFY_ALLOW x1, "
                "FWPM_NET_EVENT_TYPE_PUBLIC_CLASSIFY_DROP_MAC x1"
            ),
            0,
        )
    ]


def test_a_capture_has_the_same_events_between_other_things() -> None:
    rows, issues = _parse(_CAPTURE)
    assert rows == _parse(_EVENTS)[0][:1]
    assert [issue.problem[:31] for issue in issues] == ["1 events of other types were le"]


def test_a_capture_counts_more_than_its_events_of_packets() -> None:
    data = (_CASES.parent / "wfp-state" / "capture.xml").read_bytes()
    rows, issues = _parse(data)
    assert [row["filter_rtid"] for row in rows] == [67002]
    assert issues == []


def test_an_address_in_an_element_of_its_type_is_the_address() -> None:
    nested = re.sub(
        rb"<(\w+AddrV6)\.(byteArray16)>(.*?)</\1\.\2>", rb"<\1><\2>\3</\2></\1>", _EVENTS
    )
    assert nested != _EVENTS
    assert _parse(nested) == _parse(_EVENTS)


def test_an_event_is_told_by_its_header_whatever_the_list_is_called() -> None:
    data = _EVENTS.replace(b"netEvents", b"events2030")
    assert _parse(data)[0] == _parse(_EVENTS)[0]


def test_a_documented_event_reads_as_a_person_reads_it() -> None:
    file = _SAMPLES / "netevent_drop_quarantine_default.xml"
    if not file.exists():
        pytest.skip(f"no sample {file.name}")
    rows, issues = _parse(file.read_bytes())
    assert (len(rows), issues) == (1, [])
    row = rows[0]
    assert (row["filter_rtid"], row["filter_origin"]) == (66241, "Quarantine Default")
    assert (row["local_ip"], row["local_port"]) == ("255.255.255.255", 21)
    assert (row["remote_ip"], row["remote_port"]) == ("10.195.33.252", 61706)
    assert (row["user_sid"], row["interface_index"]) == ("S-1-5-19", 5)
    winners = [winner["filter"] for winner in json.loads(row["terminating_filters"])]
    assert winners == [66241, 74045, 73602]


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        (b"<localPort>5353<", b"<localPort>65536<", "local_port"),
        (
            b"<filterId>67229</filterId>\n\t\t\t<layer",
            b"<filterId>x</filterId>\n<layer",
            "filter_rtid",
        ),
        (b"10.0.0.9", b"10.0.0.900", "remote_ip"),
        (b"2026-11-21T08:03:56.281Z", b"yesterday", "time"),
        (b"<isLoopback>false", b"<isLoopback>perhaps", "is_loopback"),
        (b"<data>5c00", b"<data>5c0", "process_executable"),
    ],
)
def test_a_value_that_is_none_is_kept_and_told(old: bytes, new: bytes, column: str) -> None:
    data = _listed(_ITEMS[:1])
    assert old in data
    rows, issues = _parse(data.replace(old, new, 1))
    assert rows[0][column] is None
    assert len(json.loads(rows[0]["other_fields"])) == 7
    assert [(issue.where, issue.lost) for issue in issues] == [("event at line 2", 0)]
    assert "has no usable" in issues[0].problem


def test_fields_of_newer_builds_are_kept() -> None:
    data = _listed(_ITEMS[:1]).replace(
        b"\t\t</internalFields>",
        b"<policyAppId>x</policyAppId><serviceSids><item>S-1-5-80-1</item></serviceSids>"
        b"</internalFields><newer><part>1</part><part>2</part></newer>",
    )
    others = json.loads(_parse(data)[0][0]["other_fields"])
    assert (others["policyAppId"], others["serviceSids"]) == ("x", ["S-1-5-80-1"])
    assert others["newer"] == {"part": ["1", "2"]}


def test_no_events_are_no_issue() -> None:
    assert _parse(b"\xef\xbb\xbf<?xml version='1.0'?>\n<netEvents/>\n") == ([], [])


@pytest.mark.parametrize("data", [b"", b"   ", b"PK\x03\x04", b"<html/>", b"<wfpstate/>"])
def test_what_is_no_list_is_an_issue(data: bytes) -> None:
    rows, issues = _parse(data)
    assert (rows, [issue.lost for issue in issues][:1]) == ([], [1])


def test_a_cut_file_gives_the_events_before_the_cut_and_counts_the_others() -> None:
    at = _EVENTS.index(b"<layerId>50")
    rows, issues = _parse(_EVENTS[:at])
    assert len(rows) == 1
    assert issues[0].lost == 4
    assert issues[0].problem.startswith("the XML is damaged")


def test_a_wrong_count_is_told() -> None:
    _, issues = _parse(_EVENTS.replace(b'numItems="5"', b'numItems="9"'))
    assert issues[0].problem == "a list says '9' events and has 5"


def test_hostile_types_stay_few() -> None:
    items = [
        _ITEMS[3].replace(b"CLASSIFY_ALLOW", b"T%d" % number + b"x" * 500) for number in range(99)
    ]
    _, issues = _parse(_listed(items))
    assert _left_out(issues) == 99
    assert len(issues[0].problem) < 3_500


def test_an_item_without_an_end_stops_the_reading() -> None:
    rows, issues = _parse(_listed([_ITEMS[0], b"<item><header>" + b"<a/>" * 1_500_000]))
    assert len(rows) == 1
    assert "an item is larger than" in issues[0].problem


def test_many_events_come_in_batches() -> None:
    item = b"<item><header/><type>FWPM_NET_EVENT_TYPE_CLASSIFY_DROP</type></item>"
    rows, issues = split(wfp_netevents.parse(BytesIO(_listed([item] * 10_007)), _CONTEXT))
    assert [item.batch.num_rows for item in rows] == [10_000, 7]
    assert issues == []


_ANY_ITEM = st.one_of(
    st.sampled_from(_ITEMS), st.sampled_from([b"<item/>", b"<item><type>x</type></item>"])
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_ANY_ITEM, max_size=8))
def test_every_item_is_a_row_or_counted(items: list[bytes]) -> None:
    rows, issues = _parse(_listed(items))
    assert len(rows) + _left_out(issues) == len(items)


@settings(max_examples=60, deadline=None)
@given(st.lists(_ANY_ITEM, max_size=5), st.lists(_ANY_ITEM, max_size=5))
def test_two_lists_give_the_rows_of_both(first: list[bytes], second: list[bytes]) -> None:
    together = _parse(_listed(first) + _listed(second))[0]
    assert together == _parse(_listed(first))[0] + _parse(_listed(second))[0]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(_EVENTS)), st.integers(0, 60), st.binary(max_size=20))
def test_any_damage_becomes_rows_and_issues(at: int, length: int, junk: bytes) -> None:
    rows, issues = _parse(_EVENTS[:at] + junk + _EVENTS[at + length :])
    assert rows or issues


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_become_rows_and_issues(data: bytes) -> None:
    rows, issues = _parse(data)
    assert rows or issues
