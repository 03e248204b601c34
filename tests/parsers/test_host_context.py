from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.parsers.host_context import (
    parse_addresses,
    parse_interfaces,
    parse_listeners,
    parse_processes,
    parse_services,
    parse_unsupported,
    parse_volumes,
    service_sid,
)
from fleetaudit.records.evidence import EvidenceContext, Issue, split
from fleetaudit.records.tables import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).parents[2] / "tests/cases/host-context"
PARSERS = (
    parse_services,
    parse_processes,
    parse_addresses,
    parse_listeners,
    parse_interfaces,
    parse_unsupported,
    parse_volumes,
)


def read(parse: Callable[..., Any], data: bytes) -> tuple[list[dict[str, Any]], list[Issue]]:
    rows, issues = split(parse(io.BytesIO(data), EvidenceContext(name="context.json")))
    assert all(one.batch.schema == SCHEMAS[one.table] for one in rows)
    return [row for one in rows for row in one.batch.to_pylist()], issues


def case(parse: Callable[..., Any], name: str) -> tuple[list[dict[str, Any]], list[Issue]]:
    return read(parse, (CASES / name).read_bytes())


def test_services_are_read_and_what_is_none_is_an_issue() -> None:
    rows, issues = case(parse_services, "services.json")
    assert [(row["service_name"], row["process_pid"]) for row in rows] == [
        ("BFE", 1044),
        ("TrkWks", 0),
        ("odd", None),
    ]
    assert rows[0]["command_line"].endswith("svchost.exe -k LocalServiceNoNetworkFirewall -p")
    assert (rows[1]["display_name"], rows[1]["account"], rows[1]["command_line"]) == (
        "\N{GRINNING FACE}",
        None,
        None,
    )
    assert [(issue.where, issue.problem, issue.lost) for issue in issues] == [
        ("entry 3", "no Name", 1),
        ("entry 4", "no object but 'text'", 1),
        ("entry 5", "ProcessId cannot be 'seven'", 0),
    ]


def test_an_array_of_one_may_be_the_bare_object() -> None:
    rows, issues = case(parse_processes, "processes-one.json")
    assert issues == []
    assert rows[0]["process_pid"] == 4
    assert rows[0]["process_start"].to_pydatetime() == datetime(2025, 11, 21, 8, tzinfo=UTC)


def test_processes_start_at_iso_times_too() -> None:
    rows, issues = case(parse_processes, "processes.json")
    assert rows[0]["process_start"].to_pydatetime() == datetime(
        2026, 11, 20, 5, 11, 9, 123456, tzinfo=UTC
    )
    assert rows[1]["process_start"] is None
    assert [(issue.where, issue.lost) for issue in issues] == [("entry 2", 0), ("entry 3", 1)]


def test_addresses_lose_their_zone() -> None:
    rows, issues = case(parse_addresses, "addresses.json")
    assert [(row["ip"], row["prefix_length"], row["interface_index"]) for row in rows] == [
        ("10.1.2.4", 24, 12),
        ("fe80::1", 64, 12),
    ]
    assert [(issue.where, issue.problem) for issue in issues] == [
        ("entry 3", "IPAddress cannot be 'none'")
    ]


def test_addresses_of_windows_7_have_masks() -> None:
    rows, issues = case(parse_addresses, "addresses-windows-7.json")
    assert [(row["ip"], row["prefix_length"]) for row in rows] == [
        ("10.1.2.4", 24),
        ("fe80::1", 64),
        ("10.9.9.9", None),
    ]
    assert [(issue.problem, issue.lost) for issue in issues] == [
        ("IPSubnet cannot be '255.0.255.0'", 0)
    ]


def test_listeners_are_of_tcp_and_udp() -> None:
    rows, issues = case(parse_listeners, "listeners.json")
    assert [tuple(row.values()) for row in rows] == [
        (None, 6, "::", 445, 4),
        (None, 17, "fe80::1", 5353, 1044),
    ]
    assert [(issue.where, issue.lost) for issue in issues] == [("entry 3", 1)]


def test_interfaces_have_the_profile_of_their_network() -> None:
    rows, issues = case(parse_interfaces, "interfaces.json")
    assert [(row["network_name"], row["firewall_profile"]) for row in rows] == [
        ("corp.example", "domain"),
        ("Caf\u00e9", "public"),
        ("next", "7"),
    ]
    assert issues == []


def test_a_file_that_the_host_cannot_make_is_an_issue() -> None:
    rows, issues = case(parse_unsupported, "unsupported.json")
    assert rows == []
    assert [(issue.where, issue.problem, issue.lost) for issue in issues] == [
        (
            "entry 1",
            "unsupported: 'listeners.json' needs 'Get-NetTCPConnection', which is not there",
            0,
        ),
        ("entry 2", "no Name", 1),
    ]


@pytest.mark.parametrize(
    ("name", "sid"),
    [
        (
            "TrustedInstaller",
            "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
        ),
        ("MPSSVC", "S-1-5-80-3088073201-1464728630-1879813800-1107566885-823218052"),
        ("mpssvc", "S-1-5-80-3088073201-1464728630-1879813800-1107566885-823218052"),
    ],
)
def test_the_sid_of_a_service_follows_from_its_name(name: str, sid: str) -> None:
    assert service_sid(name) == sid
    rows, _ = read(parse_services, f'{{"Name":"{name}"}}'.encode())
    assert rows[0]["service_sid"] == sid


@given(
    items=st.lists(
        st.one_of(
            st.none(),
            st.integers(-1, 2**33),
            st.text(max_size=3),
            st.dictionaries(
                st.sampled_from(
                    ["Name", "ProcessId", "IPAddress", "IPSubnet", "LocalPort", "InterfaceIndex"]
                ),
                st.one_of(st.none(), st.integers(-1, 2**65), st.sampled_from(["", "::1", "x"])),
            ),
        ),
        max_size=8,
    )
)
@settings(max_examples=60, deadline=None)
def test_every_entry_is_a_row_or_a_lost_one(items: list[object]) -> None:
    data = json.dumps(items).encode()
    for parse in PARSERS[:5]:
        rows, issues = read(parse, data)
        assert len(rows) + sum(issue.lost for issue in issues) == len(items)


def test_volumes_are_read_below_a_head_in_any_language() -> None:
    rows, issues = case(parse_volumes, "volumes-de.txt")
    assert [(row["device"], row["mount_point"]) for row in rows] == [
        (r"\Device\Mup", None),
        (r"\Device\HarddiskVolume3", "C:"),
        (r"\Device\HarddiskVolume1", None),
        (r"\Device\HarddiskVolume12", r"D:\Daten Mount"),
    ]
    assert [(issue.where, issue.problem) for issue in issues] == [
        ("line 8", "no volume: 'rubbish'")
    ]


@pytest.mark.parametrize(
    ("parse", "name"), [(parse_volumes, "volumes-de.txt"), (parse_services, "services.json")]
)
def test_each_row_says_when_its_list_was_taken(parse: Callable[..., Any], name: str) -> None:
    taken_at = datetime(2026, 11, 21, 8, tzinfo=UTC)
    context = EvidenceContext(name=name, taken_at=taken_at)
    rows, _ = split(parse(io.BytesIO((CASES / name).read_bytes()), context))
    times = {time for one in rows for time in one.batch["snapshot_time"].to_pylist()}
    assert times == {taken_at}


@pytest.mark.parametrize("parse", PARSERS[:3])
@pytest.mark.parametrize("data", [b"{", b"[" * 100_000, b"\xff\xfe[", b"9" * 5_000])
def test_what_is_no_json_is_one_issue(parse: Callable[..., Any], data: bytes) -> None:
    rows, issues = read(parse, data)
    assert rows == []
    assert len(issues) == 1


@pytest.mark.parametrize("parse", PARSERS[:3])
@pytest.mark.parametrize("data", [b"[]", b"null"])
def test_nothing_is_nothing(parse: Callable[..., Any], data: bytes) -> None:
    assert read(parse, data) == ([], [])


def test_a_lone_surrogate_costs_no_row() -> None:
    rows, issues = read(parse_services, b'[{"Name":"a\\ud800b"}]')
    assert rows[0]["service_name"] == "a\N{REPLACEMENT CHARACTER}b"
    assert issues == []


KEYS = st.sampled_from(
    ["Name", "ProcessId", "IPAddress", "PrefixLength", "CreationDate", "State", "InterfaceIndex"]
)
VALUES = st.sampled_from(
    ["null", "true", "-1", "300", "1e400", "NaN", "99999999999999999999", '"x"', '"::1%%"', "[]",
     '"/Date(-99999999999999)/"', '{"value":"/Date(0)/"}',
     '"9999-12-31T23:59:59-14:00"', '"10.0.0.1"']
)  # fmt: skip


@given(members=st.lists(st.tuples(KEYS, VALUES), max_size=6), parse=st.sampled_from(PARSERS))
@settings(max_examples=100, deadline=None)
def test_any_values_give_rows_and_issues(
    members: list[tuple[str, str]], parse: Callable[..., Any]
) -> None:
    inner = ",".join(f'"{key}":{value}' for key, value in members)
    read(parse, f"[{{{inner}}}]".encode())


@given(
    data=st.one_of(
        st.binary(max_size=120),
        st.lists(
            st.sampled_from(
                [
                    "\\Device\\",
                    "C:",
                    " ",
                    "--",
                    "\n",
                    "x",
                    "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}",
                ]
            )
        ).map(lambda parts: "".join(parts).encode()),
    ),
    parse=st.sampled_from(PARSERS),
)
@settings(max_examples=100, deadline=None)
def test_any_bytes_give_rows_and_issues(data: bytes, parse: Callable[..., Any]) -> None:
    read(parse, data)
