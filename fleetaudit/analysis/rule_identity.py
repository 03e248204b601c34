"""What a rule is, whatever its number, GUID or language on one host.

Windows' own filters are recognised by origin (windows-facts 2) or, where the host writes none, by
provider, sublayer, layer, weight range and flags (windows-facts 4.3 to 4.5); their names are
translated and never compared. A firewall rule is what its registry entry says: two hosts whose
rules differ only in GUID or in the language of the name have one rule.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from fleetaudit.analysis.rule_matching import sources_of
from fleetaudit.records.figures import RuleIdentity, RuleKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "NO_FILTER",
    "PLATFORM_NAMES",
    "UNRESOLVED",
    "RuleBook",
    "ambiguous",
    "identify_filter",
    "identify_origin",
    "names_an_origin",
]

Row = Mapping[str, Any]

PLATFORM_NAMES: Final[Mapping[RuleKind, str]] = {
    RuleKind.DEFAULT_INBOUND: "Default inbound block: no rule matched",
    RuleKind.DEFAULT_OUTBOUND: "Default outbound block: no rule matched",
    RuleKind.QUARANTINE: "Quarantine: the interface's profile was not known yet",
    RuleKind.BOOT_TIME: "Boot time: the firewall service was not running yet",
    RuleKind.STEALTH: "Stealth: nothing listens on the port",
    RuleKind.APP_ISOLATION: "App isolation: a capability is missing",
    RuleKind.SERVICE_HARDENING: "Windows Service Hardening",
}

_ORIGINS: Final[Mapping[str, RuleKind]] = {
    "query user default": RuleKind.DEFAULT_INBOUND,
    "default inbound": RuleKind.DEFAULT_INBOUND,
    "default outbound": RuleKind.DEFAULT_OUTBOUND,
    "quarantine default": RuleKind.QUARANTINE,
    "boottime default": RuleKind.BOOT_TIME,
    "boot time default": RuleKind.BOOT_TIME,
    "stealth": RuleKind.STEALTH,
    "uwp default inbound block rule": RuleKind.APP_ISOLATION,
    "uwp default outbound block rule": RuleKind.APP_ISOLATION,
    "uwp default": RuleKind.APP_ISOLATION,
    "appcontainer loopback": RuleKind.APP_ISOLATION,
    "wsh default": RuleKind.SERVICE_HARDENING,
}
"""windows-facts 2; compared without case, as both spellings of the boot-time origin exist."""

_FIREWALL: Final = frozenset({"fwpm_provider_mpssvc_wf", "{decc16ca-3f33-4346-be1e-8fb4ae0f3d62}"})
_HARDENING: Final = frozenset(
    {"fwpm_provider_mpssvc_wsh", "{4b153735-1049-4480-aab4-d1b9bdc03710}"}
)
_ISOLATION: Final = frozenset(
    {"fwpm_provider_mpssvc_app_isolation", "{3cc2631f-2d5d-43a0-b174-614837d863a1}"}
)
_STEALTH_LAYERS: Final = ("_discard", "fwpm_layer_outbound_icmp_error")
_INBOUND_LAYERS: Final = ("fwpm_layer_ale_auth_recv_accept", "fwpm_layer_inbound_icmp_error")
_OUTBOUND_LAYERS: Final = ("fwpm_layer_ale_auth_connect", "fwpm_layer_outbound_icmp_error")
_DEFAULT_RANGES: Final = frozenset({3, 8})
"""Weight ranges of the firewall's own defaults; rules have 9 and 10 (windows-facts 4.3)."""

NO_FILTER: Final = RuleIdentity(
    key="no-filter", name="No filter: Windows named filter 0", kind=RuleKind.UNKNOWN
)
UNRESOLVED: Final = RuleIdentity(
    key="unresolved",
    name="Unresolved: no snapshot of that boot holds the filter",
    kind=RuleKind.UNKNOWN,
)

_NOT_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 forbids; the parser of WFP state replaces them."""

_SAID: Final = (
    "action",
    "direction",
    "network_iana_number",
    "profiles",
    "local_ports",
    "remote_ports",
    "local_addresses",
    "remote_addresses",
    "program",
    "service",
)
"""The columns of a rule that say what it does; name, GUID, group and store are left out."""


class RuleBook:
    """The firewall rules of one host, found by id and by name.

    Args:
        rules: Rows of the table ``firewall_rules``.
    """

    def __init__(self, rules: Iterable[Row]) -> None:
        self._by_id: dict[str, Row] = {}
        self._by_name: dict[str, list[Row]] = {}
        for rule in rules:
            self._by_id.setdefault(str(rule["rule_id"]).casefold(), rule)
            self._by_name.setdefault(_spelling(rule["rule_name"]), []).append(rule)

    def by_id(self, rule_id: str) -> Row | None:
        """Return the rule with this id, compared without case."""
        return self._by_id.get(rule_id.casefold())

    def blocking(self, name: str, *, direction: str) -> Sequence[Row]:
        """Return the active block rules of that name and direction (``In``, ``Out``)."""
        return [
            rule
            for rule in self._by_name.get(_spelling(name), ())
            if rule["is_active"]
            and str(rule["action"]).casefold() == "block"
            and str(rule["direction"]).casefold() == direction.casefold()
        ]


def names_an_origin(origin: str | None) -> bool:
    """Return whether a record's FilterOrigin says anything (windows-facts 2, last rows)."""
    return (origin or "").strip().casefold() not in {"", "-", "unknown"}


def identify_origin(origin: str, *, filter_row: Row | None, book: RuleBook) -> RuleIdentity:
    """Return the identity behind a filter origin, which is a rule's id or a platform default."""
    origin = origin.strip()
    kind = _ORIGINS.get(origin.casefold())
    provider = _text(filter_row, "provider_name")
    if kind is not None:
        return _platform(kind, origin=origin, provider=provider, alias=origin)
    rule = book.by_id(origin)
    if rule is not None:
        return _from_rule(rule, origin=origin, provider=provider, filter_row=filter_row)
    name = _text(filter_row, "filter_name") or origin
    return RuleIdentity(
        key=f"origin:{origin.casefold()}",
        name=name,
        kind=RuleKind.RULE if filter_row is None or _is_rule(filter_row) else RuleKind.OTHER,
        origin=origin,
        provider=provider,
    )


def identify_filter(row: Row, *, book: RuleBook) -> tuple[RuleIdentity, ...]:
    """Return the identities that a filter without origin may stand for; mostly one.

    Several come back where several active block rules bear the filter's name, say different things
    and fit its conditions: then it is not known which (windows-facts 4.4, step 5).
    """
    provider = str(row["provider_key"] or "").casefold()
    name = _text(row, "filter_name")
    kind = _platform_kind(row, provider)
    if kind is not None:
        return (_platform(kind, origin="", provider=_text(row, "provider_name"), alias=name),)
    if provider in _FIREWALL:
        rules = sources_of(row, book.blocking(name, direction=_direction(row)))
        said = {r.key: r for r in (_from_rule(x, origin="", provider="") for x in rules)}
        if said:
            return tuple(said.values())
        key = f"filter:{_direction(row).casefold()}:{name.casefold()}"
        return (RuleIdentity(key=key, name=name, kind=RuleKind.RULE),)
    sublayer = str(row["sublayer_key"] or "").casefold()
    return (
        RuleIdentity(
            key=f"provider:{provider}:{sublayer}:{name.casefold()}",
            name=name or _text(row, "filter_key"),
            kind=RuleKind.THIRD_PARTY,
            provider=_text(row, "provider_name") or provider,
        ),
    )


def ambiguous(candidates: Iterable[RuleIdentity]) -> RuleIdentity:
    """Return the row for a drop of which only a list of candidates is known."""
    ordered = sorted(candidates, key=lambda one: one.key)
    return RuleIdentity(
        key="ambiguous:" + "|".join(one.key for one in ordered),
        name="One of: " + " | ".join(one.name for one in ordered),
        kind=RuleKind.UNKNOWN,
    )


def _platform(kind: RuleKind, *, origin: str, provider: str, alias: str) -> RuleIdentity:
    others = (alias,) if alias else ()
    name = PLATFORM_NAMES[kind]
    return RuleIdentity(
        key=kind.value, name=name, kind=kind, origin=origin, provider=provider, other_names=others
    )


def _platform_kind(row: Row, provider: str) -> RuleKind | None:
    sublayer = str(row["sublayer_key"] or "").casefold()
    if "quarantine" in sublayer:
        return RuleKind.QUARANTINE
    if provider in _ISOLATION or sublayer.endswith("app_isolation"):
        return RuleKind.APP_ISOLATION
    if provider in _HARDENING or sublayer.endswith("mpssvc_wsh"):
        return RuleKind.SERVICE_HARDENING
    return _firewall_kind(row) if provider in _FIREWALL else None


def _firewall_kind(row: Row) -> RuleKind | None:
    layer = str(row["layer_key"] or "").casefold()
    flags = str(row["filter_flags"] or "").casefold().split()
    weight_range = int(row["effective_weight"] or 0) >> 60
    kind = None
    if "boottime" in flags or ("persistent" in flags and weight_range == 0):
        kind = RuleKind.BOOT_TIME
    elif any(mark in layer for mark in _STEALTH_LAYERS):
        kind = RuleKind.STEALTH
    elif weight_range in _DEFAULT_RANGES and layer.startswith(_INBOUND_LAYERS):
        kind = RuleKind.DEFAULT_INBOUND
    elif weight_range in _DEFAULT_RANGES and layer.startswith(_OUTBOUND_LAYERS):
        kind = RuleKind.DEFAULT_OUTBOUND
    return kind


def _is_rule(row: Row) -> bool:
    return str(row["provider_key"] or "").casefold() in _FIREWALL


def _direction(row: Row) -> str:
    layer = str(row["layer_key"] or "").casefold()
    return "Out" if "connect" in layer or "outbound" in layer else "In"


def _spelling(name: object) -> str:
    """Return a name as it compares: XML cannot hold control characters, the registry can."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", str(name)).casefold()


def _shown(rule: Row, filter_row: Row | None) -> str:
    """Return a name for people: a resource string says nothing, the filter has its translation."""
    name = str(rule["rule_name"] or "")
    if name.startswith("@") or not name:
        name = _text(filter_row, "filter_name") or name
    return name or str(rule["rule_id"])


def _from_rule(
    rule: Row, *, origin: str, provider: str, filter_row: Row | None = None
) -> RuleIdentity:
    said = {column: _canonical(rule[column]) for column in _SAID}
    said["other"] = _other_conditions(rule["other_fields"])
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
    return RuleIdentity(
        key=f"rule:{digest}",
        name=_shown(rule, filter_row),
        kind=RuleKind.RULE,
        origin=origin or str(rule["rule_id"]),
        provider=provider,
    )


def _canonical(value: object) -> str:
    if value is None:
        return ""
    return ",".join(sorted(part.strip() for part in str(value).casefold().split(",")))


def _other_conditions(text: object) -> str:
    fields = json.loads(str(text)) if text else {}
    described = {"desc", "embedctxt", "name", "active"}
    return json.dumps(
        {k.casefold(): v for k, v in fields.items() if k.casefold() not in described},
        sort_keys=True,
    )


def _text(row: Row | None, column: str) -> str:
    return "" if row is None else str(row[column] or "")
