r"""Firewall rules and profiles as the registry has them.

Files are ``reg export`` of ``...\SharedAccess\Parameters\FirewallPolicy`` (rules of the host and
of device management) and ``HKLM\SOFTWARE\Policies\Microsoft\WindowsFirewall`` (group policy).
A rule is one value, a sample::

    "RemoteDesktop-UserMode-In-TCP"="v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|
        App=%SystemRoot%\\system32\\svchost.exe|Svc=termservice|Name=@FirewallAPI.dll,-28775|"

Its grammar is [MS-GPFAS] 2.2.2.19; a key that repeats is a list, and newer keys carry the version
that they came with (``LPort2_10=5000-5020``). Keys without a column stand in ``other_fields``.
So do values of a profile that have none, such as ``DisableNotifications``, which decides whether
the inbound default is called "Query User" (windows-facts 4.5). Values of keys that hold neither
rules nor profiles are not part of the question and are skipped.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from fleetaudit.parsers._registry_export import Flaw, Key, Value, read_export
from fleetaudit.parsers._text import capped, excerpt
from fleetaudit.records.evidence import EvidenceContext, Issue, Rows
from fleetaudit.records.tables import FIREWALL_PROFILES, FIREWALL_RULES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

__all__ = ["parse"]

_BATCH_ROWS: Final = 5_000
_RULE = re.compile(r"v([0-9]{1,3}\.[0-9]{1,3})\|(.*)", re.DOTALL)
_LOCAL = re.compile(r".*\\SharedAccess\\Parameters\\FirewallPolicy(?:\\(.*))?", re.IGNORECASE)
_POLICY = re.compile(r".*\\Policies\\Microsoft\\WindowsFirewall(?:\\(.*))?", re.IGNORECASE)
_RULE_STORES: Final = MappingProxyType(
    {
        "firewallrules": "local",
        "mdm\\firewallrules": "mdm",
        "restrictedservices\\appiso\\firewallrules": "app-iso",
        "restrictedservices\\configurable\\system": "configurable-service",
        "restrictedservices\\static\\system": "static-service",
    }
)
_PROFILE = re.compile(r"(mdm\\)?(domain|standard|private|public)profile(\\logging)?")
_COLUMNS: Final = MappingProxyType(
    {
        "name": "rule_name",
        "embedctxt": "rule_group",
        "action": "action",
        "active": "is_active",
        "dir": "direction",
        "protocol": "network_iana_number",
        "profile": "profiles",
        "lport": "local_ports",
        "lport2_10": "local_ports",
        "rport": "remote_ports",
        "rport2_10": "remote_ports",
        "la4": "local_addresses",
        "la6": "local_addresses",
        "la42": "local_addresses",
        "la62": "local_addresses",
        "ra4": "remote_addresses",
        "ra6": "remote_addresses",
        "ra42": "remote_addresses",
        "ra62": "remote_addresses",
        "app": "program",
        "svc": "service",
    }
)
_MOST_OTHERS: Final = 100
_LONGEST_OTHER: Final = 4096
"""Other values that are kept of a profile; real ones have about five numbers."""
_LISTS: Final = frozenset(
    {"profiles", "local_ports", "remote_ports", "local_addresses", "remote_addresses"}
)
_LARGEST: Final = 2**32 - 1
_PROFILE_VALUES: Final = MappingProxyType(
    {
        "enablefirewall": ("is_enabled", bool),
        "defaultinboundaction": ("default_inbound_action", int),
        "defaultoutboundaction": ("default_outbound_action", int),
        "logging\\logfilepath": ("log_path", str),
        "logging\\logfilesize": ("log_maximum_kilobytes", int),
        "logging\\logdroppedpackets": ("is_log_dropped", bool),
        "logging\\logsuccessfulconnections": ("is_log_allowed", bool),
    }
)


def parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield batches of ``firewall_rules``, then one of ``firewall_profiles``, and issues."""
    return capped(_items(stream, context.name), source=context.name)


def _items(stream: BinaryIO, source: str) -> Iterator[Rows | Issue]:
    rules: list[dict[str, Any]] = []
    profiles: dict[tuple[str, str], dict[str, object]] = {}
    for item in read_export(stream):
        if isinstance(item, Flaw):
            yield _issue(source, item.line, item.problem, lost=item.lost)
            continue
        path = item.path if isinstance(item, Key) else item.key
        if isinstance(item, Value) and (store := _rule_store(path)):
            yield from _rule(item, store, rules, source)
        elif place := _profile_place(path):
            profile = profiles.setdefault(place[:2], {})
            if isinstance(item, Value):
                yield from _profile_value(item, place, profile, source)
        if len(rules) >= _BATCH_ROWS:
            yield _rows("firewall_rules", FIREWALL_RULES, rules)
            rules = []
    if rules:
        yield _rows("firewall_rules", FIREWALL_RULES, rules)
    if profiles:
        named = [
            {"store": store, "profile": name, **values, "other_fields": _json_of(values)}
            for (store, name), values in profiles.items()
        ]
        yield _rows("firewall_profiles", FIREWALL_PROFILES, named)


@lru_cache(maxsize=256)
def _rule_store(path: str) -> str:
    """Return the store whose rules ``path`` holds; empty for any other key."""
    if policy := _POLICY.fullmatch(path):
        return "gpo" if (policy[1] or "").lower() == "firewallrules" else ""
    local = _LOCAL.fullmatch(path)
    return _RULE_STORES.get((local[1] or "").lower(), "") if local else ""


@lru_cache(maxsize=256)
def _profile_place(path: str) -> tuple[str, str, str] | None:
    r"""Return store, profile and ``logging\`` or nothing; None for any other key.

    The private profile is named StandardProfile, as in Windows XP; group policy has both names.
    """
    policy, local = _POLICY.fullmatch(path), _LOCAL.fullmatch(path)
    below = policy or local
    place = _PROFILE.fullmatch((below[1] or "").lower()) if below else None
    if place is None:
        return None
    store = "gpo" if policy else "mdm" if place[1] else "local"
    name = "private" if place[2] == "standard" else place[2]
    return store, name, "logging\\" if place[3] else ""


def _rule(value: Value, store: str, rules: list[dict[str, Any]], source: str) -> Iterator[Issue]:
    matched = _RULE.fullmatch(value.data) if isinstance(value.data, str) else None
    if matched is None:
        shown = value.data if isinstance(value.data, str) else type(value.data).__name__
        yield _issue(source, value.line, f"{excerpt(value.name)} is no rule: {excerpt(shown)}")
        return
    row, doubts = _fields(matched[2])
    for doubt in doubts:
        yield _issue(source, value.line, f"rule {excerpt(value.name)}: {doubt}", lost=0)
    row |= {"store": store, "rule_id": value.name, "schema_version": matched[1]}
    rules.append(row)


def _fields(text: str) -> tuple[dict[str, Any], list[str]]:
    """Return the columns of a rule, and what of it is doubtful; nothing of it is dropped."""
    known: dict[str, list[str]] = {}
    others: dict[str, list[str]] = {}
    doubts: list[str] = []
    for part in text.split("|"):
        name, equals, content = part.partition("=")
        if not part:
            continue
        if not equals:
            doubts.append(f"{excerpt(part)} is no field")
            others.setdefault("", []).append(part)
            continue
        column = _COLUMNS.get(name.lower())
        target = known.setdefault(column, []) if column else others.setdefault(name, [])
        target.append(content)
    row: dict[str, Any] = {}
    for column, contents in known.items():
        read = _column(column, contents)
        if read is None:
            doubts.append(f"{column.replace('_', ' ')} cannot be {excerpt(','.join(contents))}")
            others[column] = contents
        row[column] = read
    row["other_fields"] = _json(others)
    return row, doubts


def _column(column: str, contents: list[str]) -> object:
    """Return a column's value; None where the texts are none for it."""
    if column in _LISTS:
        return ",".join(dict.fromkeys(contents))
    if len(contents) > 1:
        return None
    text = contents[0]
    if column == "is_active":
        return {"TRUE": True, "FALSE": False}.get(text.upper())
    if column == "network_iana_number":
        is_number = text.isascii() and text.isdigit() and len(text) <= 5  # noqa: PLR2004 - a uint16
        return int(text) if is_number and int(text) < 2**16 else None
    return text


def _json(others: dict[str, list[str]]) -> str | None:
    if not others:
        return None
    flat = {name: texts[0] if len(texts) == 1 else texts for name, texts in others.items()}
    return json.dumps(flat, ensure_ascii=False)


def _json_of(profile: dict[str, object]) -> str | None:
    others = profile.get("other_fields")
    return json.dumps(others, ensure_ascii=False) if others else None


def _profile_value(
    value: Value, place: tuple[str, str, str], profile: dict[str, object], source: str
) -> Iterator[Issue]:
    column, kind = _PROFILE_VALUES.get(place[2] + value.name.lower(), ("", str))
    if not column:
        yield from _other_value(value, place[2], profile, source)
        return
    wanted = str if kind is str else int
    is_too_large = isinstance(value.data, int) and value.data > _LARGEST
    if not isinstance(value.data, wanted) or is_too_large:
        problem = f"{excerpt(value.name)} cannot be {excerpt(repr(value.data))}"
        yield _issue(source, value.line, problem, lost=0)
        return
    is_legacy = "standardprofile" in value.key.lower()
    if is_legacy and column in profile:
        return
    profile[column] = kind(value.data)


def _other_value(
    value: Value, below: str, profile: dict[str, object], source: str
) -> Iterator[Issue]:
    """Keep a value without a column by its name, as the key of its own says it."""
    others = profile.setdefault("other_fields", {})
    name = below.capitalize() + value.name
    if not isinstance(others, dict) or name in others:
        return
    if len(others) >= _MOST_OTHERS or len(str(value.data)) > _LONGEST_OTHER:
        yield _issue(source, value.line, f"{excerpt(value.name)} of a profile is left out")
        return
    others[name] = value.data.hex() if isinstance(value.data, bytes) else value.data


def _issue(source: str, line: int, problem: str, *, lost: int = 1) -> Issue:
    return Issue(source=source, where=f"line {line}", problem=problem, lost=lost)


def _rows(table: str, schema: Any, rows: list[dict[str, Any]]) -> Rows:  # noqa: ANN401 - pyarrow has no type information
    return Rows(table=table, batch=pa.RecordBatch.from_pylist(rows, schema=schema))
