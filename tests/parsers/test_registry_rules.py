from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.parsers.registry_rules import parse
from fleetaudit.records.evidence import EvidenceContext, Issue, split
from fleetaudit.records.tables import SCHEMAS

CASES = Path(__file__).parents[2] / "tests/cases/registry-rules"
KEY = r"[HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\WindowsFirewall\FirewallRules]"
HEADER = f"Windows Registry Editor Version 5.00\r\n\r\n{KEY}\r\n"


def read(data: bytes) -> tuple[dict[str, list[dict[str, Any]]], list[Issue]]:
    rows, issues = split(parse(io.BytesIO(data), EvidenceContext(name="firewall.reg")))
    tables: dict[str, list[dict[str, Any]]] = {"firewall_rules": [], "firewall_profiles": []}
    for one in rows:
        assert one.batch.schema == SCHEMAS[one.table]
        tables[one.table] += one.batch.to_pylist()
    return tables, issues


def test_a_built_in_rule_is_read_into_columns() -> None:
    tables, _ = read((CASES / "firewall-local.reg").read_bytes())
    assert tables["firewall_rules"][0] == {
        "store": "local",
        "rule_id": "RemoteDesktop-UserMode-In-TCP",
        "rule_name": "@FirewallAPI.dll,-28775",
        "rule_group": "@FirewallAPI.dll,-28752",
        "schema_version": "2.31",
        "action": "Allow",
        "is_active": True,
        "direction": "In",
        "network_iana_number": 6,
        "profiles": "Domain,Private",
        "local_ports": "3389",
        "remote_ports": None,
        "local_addresses": None,
        "remote_addresses": None,
        "program": r"%SystemRoot%\system32\svchost.exe",
        "service": "termservice",
        "other_fields": '{"Desc": "@FirewallAPI.dll,-28756"}',
    }


def test_what_reg_query_prints_has_the_same_values() -> None:
    tables, issues = read((CASES / "reg-query.txt").read_bytes())
    assert [
        (one["rule_id"], one["rule_name"], one["action"]) for one in tables["firewall_rules"]
    ] == [
        ("RemoteDesktop-UserMode-In-TCP", "@FirewallAPI.dll,-28775", "Allow"),
        ("{5A1C6B1E-0D2F-4A44-9E55-2F0A3E1C7D10}", "Two    words", "Block"),
    ]
    (profile,) = tables["firewall_profiles"]
    assert (profile["profile"], profile["is_enabled"], profile["default_outbound_action"]) == (
        "domain",
        True,
        1,
    )
    assert profile["log_path"].endswith("domainfw.log")
    assert (profile["log_maximum_kilobytes"], profile["is_log_dropped"]) == (4096, True)
    assert [("End of" in issue.problem, issue.lost) for issue in issues] == [(True, 0)]


def test_one_export_written_after_another_gives_the_rules_of_both() -> None:
    data = (CASES / "firewall-local.reg").read_bytes()
    once, issues = read(data)
    twice, more = read(data + data)
    assert twice["firewall_rules"] == once["firewall_rules"] * 2
    assert [issue.problem for issue in more] == [issue.problem for issue in issues] * 2


def test_lists_are_joined_escapes_resolved_and_unknown_keys_kept() -> None:
    found = read((CASES / "firewall-local.reg").read_bytes())[0]["firewall_rules"][1]
    assert found["local_ports"] == "RPC,5000-5020"
    assert found["remote_addresses"] == "LocalSubnet,IntErnet"
    assert found["program"] == r'C:\a "quoted" path\x.exe'
    assert found["rule_name"] == "Zwei\nZeilen=hier"
    assert found["is_active"] is False
    assert json.loads(found["other_fields"]) == {
        "Security2_9": "An-NoEncap",
        "Edge": "TRUE",
        "TTK2_22": ["WFDPrint", "WFDScan"],
    }


def test_the_key_decides_the_store() -> None:
    tables, _ = read((CASES / "firewall-local.reg").read_bytes())
    stores = [(one["store"], one["rule_id"]) for one in tables["firewall_rules"][3:]]
    assert stores == [
        ("mdm", "mdm-1"),
        ("app-iso", "{0AB1}"),
        ("configurable-service", "cfg-1"),
        ("static-service", "BFE-1"),
    ]


def test_values_that_are_no_rules_and_fields_that_do_not_fit_are_issues() -> None:
    tables, issues = read((CASES / "firewall-local.reg").read_bytes())
    assert [(issue.lost, issue.problem) for issue in issues] == [
        (1, "'broken' is no rule: 'not a rule'"),
        (1, "'number' is no rule: 'int'"),
        (0, "rule '': 'nofield' is no field"),
        (0, "rule '': is active cannot be 'maybe'"),
        (0, "rule '': network iana number cannot be '4711000'"),
    ]
    odd = tables["firewall_rules"][2]
    assert odd["is_active"] is None
    assert json.loads(odd["other_fields"]) == {
        "": "nofield",
        "is_active": "maybe",
        "network_iana_number": "4711000",
    }


def test_profiles_are_read_with_their_log() -> None:
    tables, _ = read((CASES / "firewall-local.reg").read_bytes())
    domain, private = tables["firewall_profiles"]
    assert domain == {
        "store": "local",
        "profile": "domain",
        "is_enabled": True,
        "default_inbound_action": 1,
        "default_outbound_action": 0,
        "log_path": r"%SystemRoot%\System32\LogFiles\Firewall\pfirewall.log",
        "log_maximum_kilobytes": 4096,
        "is_log_dropped": True,
        "is_log_allowed": False,
        "other_fields": '{"DisableNotifications": 1}',
    }
    assert (private["profile"], private["is_enabled"], private["log_path"]) == (
        "private",
        False,
        None,
    )


def test_values_of_a_profile_without_a_column_are_kept_up_to_a_bound() -> None:
    key = KEY.replace("FirewallRules", "PublicProfile")
    logging = key.replace("]", "\\Logging]")
    lines = [
        f'{key}\r\n"EnableFirewall"=dword:1\r\n"Odd"=hex:0a,0b\r\n"Long"="{"x" * 5000}"',
        f'{logging}\r\n"New"="text"',
        *(f'"n{number}"=dword:{number:x}' for number in range(200)),
    ]
    tables, issues = read("\r\n".join([HEADER.splitlines()[0], *lines]).encode())
    (public,) = tables["firewall_profiles"]
    others = json.loads(public["other_fields"])
    assert (others["Odd"], others["Logging\\New"], others["Logging\\n7"]) == ("0a0b", "text", 7)
    assert len(others) == 100
    assert len(issues) == 1 + 202 - 100


def test_group_policy_in_an_old_export_is_read_and_the_private_profile_wins() -> None:
    tables, issues = read((CASES / "firewall-gpo-regedit4.reg").read_bytes())
    assert tables["firewall_rules"][0]["store"] == "gpo"
    assert tables["firewall_rules"][0]["rule_name"] == "Telnet gesperrt für alle"
    (private,) = tables["firewall_profiles"]
    assert (private["is_enabled"], private["default_outbound_action"]) == (True, 1)
    assert [issue.lost for issue in issues] == [0]


def test_a_cut_export_loses_only_its_last_value() -> None:
    tables, issues = read((CASES / "cut.reg").read_bytes())
    assert [one["rule_id"] for one in tables["firewall_rules"]] == ["one"]
    assert [(issue.where, issue.problem, issue.lost) for issue in issues] == [
        ("line 5", "a string does not end", 1)
    ]


def test_a_rule_inside_another_rules_text_is_no_rule() -> None:
    text = 'v2.31|Action=Block|Name=a\n\\"evil\\"=\\"v2.31|Dir=In|\\"|'
    tables, issues = read(f'{HEADER}"one"="{text}"\r\n'.encode())
    (found,) = tables["firewall_rules"]
    assert (found["rule_id"], found["action"]) == ("one", "Block")
    assert sum(issue.lost for issue in issues) == 0


def test_a_field_that_may_stand_once_and_stands_twice_is_not_guessed() -> None:
    tables, issues = read(f'{HEADER}"one"="v2.31|Action=Block|Action=Allow|"\r\n'.encode())
    (found,) = tables["firewall_rules"]
    assert found["action"] is None
    assert json.loads(found["other_fields"]) == {"action": ["Block", "Allow"]}
    assert [issue.lost for issue in issues] == [0]


def test_an_open_quote_costs_the_values_it_swallowed_and_says_how_many() -> None:
    swallowed = "".join(f'"r{n}"="v2.31|Action=Allow|"\r\n' for n in range(3))
    tables, issues = read(f'{HEADER}"bad"="v2.31|\r\n{swallowed}'.encode("utf-16"))
    assert len(tables["firewall_rules"]) + sum(issue.lost for issue in issues) == 4


def test_an_empty_export_has_no_rows() -> None:
    assert read(b"") == ({"firewall_rules": [], "firewall_profiles": []}, [])


TOKENS = st.sampled_from(
    ["v2.31|", "Action=Allow|", "LPort=1|", "|", "=", '"', "\\", "\r\n", "x", "[", "]", "dword:1",
     "hex(7):41,00,\\", "@", KEY, '"a"=', "Protocol=99999|", "\ud800", "\0"]
)  # fmt: skip


@given(tokens=st.lists(TOKENS, max_size=30), encoding=st.sampled_from(["utf-8", "utf-16"]))
@settings(max_examples=100, deadline=None)
def test_any_text_gives_rows_and_issues(tokens: list[str], encoding: str) -> None:
    read((HEADER + "".join(tokens)).encode(encoding, "surrogatepass"))


@given(data=st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_any_bytes_give_rows_and_issues(data: bytes) -> None:
    read(data)
    read(HEADER.encode() + data)


@pytest.mark.parametrize(
    ("field", "column", "value"),
    [
        ("Action=Block", "action", "Block"),
        ("Active=FALSE", "is_active", False),
        ("Dir=Out", "direction", "Out"),
        ("Profile=Domain|Profile=Public", "profiles", "Domain,Public"),
        ("Protocol=255", "network_iana_number", 255),
        ("LPort=RPC-EPMap", "local_ports", "RPC-EPMap"),
        ("LPort2_10=5000-5020|LPort=80", "local_ports", "5000-5020,80"),
        ("RPort=443", "remote_ports", "443"),
        ("RPort2_10=IPHTTPSOut", "remote_ports", "IPHTTPSOut"),
        ("LA4=10.0.0.0/255.0.0.0|LA6=fe80::/10", "local_addresses", "10.0.0.0/255.0.0.0,fe80::/10"),
        ("RA4=LocalSubnet|RA6=LocalSubnet", "remote_addresses", "LocalSubnet"),
        ("RA42=IntErnet|RA62=IntErnet", "remote_addresses", "IntErnet"),
        ("App=System", "program", "System"),
        ("Svc=*", "service", "*"),
        ("Name=a=b", "rule_name", "a=b"),
        ("EmbedCtxt=@FirewallAPI.dll,-28502", "rule_group", "@FirewallAPI.dll,-28502"),
    ],
)
def test_a_key_of_the_grammar_has_its_column(field: str, column: str, value: object) -> None:
    # The grammar: [MS-GPFAS] 2.2.2.19.
    row, issues = one_rule(field)
    assert (row[column], row["other_fields"], issues) == (value, None, [])


@pytest.mark.parametrize(
    "field",
    [
        "Security=Authenticate",
        "Security2_9=An-NoEncap",
        "Security2=AnE-Nego",
        "IF={6B4E0A5E-0D5B-4C0F-9A3E-2F6A3F6B1C11}",
        "IFType=Lan",
        "ICMP4=8:*",
        "ICMP6=128:*",
        "Desc=words",
        "Edge=TRUE",
        "KeyOfTomorrow=1",
    ],
)
def test_a_key_without_a_column_is_kept(field: str) -> None:
    row, issues = one_rule(field)
    name, _, value = field.partition("=")
    assert json.loads(row["other_fields"]) == {name: value}
    assert issues == []


def one_rule(fields: str) -> tuple[dict[str, Any], list[Issue]]:
    data = (
        "Windows Registry Editor Version 5.00\r\n\r\n"
        "[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters"
        f'\\FirewallPolicy\\FirewallRules]\r\n"one"="v2.31|{fields}|"\r\n'
    )
    tables, issues = read(data.encode("utf-16"))
    (row,) = tables["firewall_rules"]
    return row, issues
