"""The filters that no rule of an administrator stands behind (windows-facts 4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleetaudit.records.figures import RuleKind
from fleetaudit.simulation.model._languages import SYSTEM_NAMES, Language
from fleetaudit.simulation.model.filters import (
    Action,
    Condition,
    Filter,
    Layer,
    Sublayer,
    WfpProvider,
)
from fleetaudit.simulation.model.policy import APP_ISOLATION, MPSSVC, WSH, Compiler
from fleetaudit.simulation.model.rules import service_sid
from fleetaudit.simulation.model.truth import TrueRule

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "CONTAINED_PACKAGE",
    "INTERFACE_LUID",
    "VPN",
    "boot_filters",
    "default_filters",
    "guard_filters",
    "hardening_filters",
    "isolation_filters",
    "quarantine_filters",
    "stealth_filters",
    "vpn_filters",
]

INTERFACE_LUID: Final = 1689399632855040
CONTAINED_PACKAGE: Final = (
    "S-1-15-2-155514346-2573954481-755741238-1654018636-1233331829-3075935687"
)
_FRIENDLY_PACKAGE: Final = "S-1-15-2-466767348-3739614953-2700836392-1801644223-4227750657-108785"
_FAMILIES: Final = ("V4", "V6")

VPN: Final = WfpProvider(
    key="{a5f0c2d4-2f0b-4f63-9c55-18e4f7b1c9d2}",
    guid="{a5f0c2d4-2f0b-4f63-9c55-18e4f7b1c9d2}",
    name="Norrland VPN",
    description="Norrland VPN kill switch",
    service="NorrlandVpnService",
)
GUARD: Final = WfpProvider(
    key="{3f0a7d11-6c5e-4a53-8d6a-0c9be1f20b77}",
    guid="{3f0a7d11-6c5e-4a53-8d6a-0c9be1f20b77}",
    name="Guard <b>& Sons</b> | Ltd",
    description="]]>",
)


def _system_rule(
    kind: RuleKind, name: str, *, origin: str, key: str = "", provider: WfpProvider = MPSSVC
) -> TrueRule:
    return TrueRule(
        key=key or kind.value, kind=kind, name=name, origin=origin, provider=provider.name
    )


def boot_filters(compiler: Compiler, language: Language) -> Iterator[Filter]:
    """Yield what protects the host until the firewall service has started."""
    names = SYSTEM_NAMES[language]
    cause = _system_rule(
        RuleKind.BOOT_TIME, names.boot_time, origin=_origin(compiler, "Boottime Default")
    )
    for flag in ("BOOTTIME", "PERSISTENT"):
        for family in _FAMILIES:
            for layer, action in (
                (f"ALE_AUTH_RECV_ACCEPT_{family}", Action.BLOCK),
                (f"INBOUND_ICMP_ERROR_{family}", Action.BLOCK),
                (f"ALE_AUTH_CONNECT_{family}", Action.PERMIT),
            ):
                yield compiler.make(
                    name=names.boot_time,
                    description=names.boot_time_description,
                    layer=Layer[layer],
                    action=action,
                    cause=cause,
                    weight_range=0,
                    flags=(flag,),
                    is_static=True,
                )


def quarantine_filters(compiler: Compiler, *, is_released: bool) -> Iterator[Filter]:
    """Yield the quarantine of a new interface, and its release once its network is known."""
    name = "Quarantine Default Inbound Block"
    cause = _system_rule(RuleKind.QUARANTINE, name, origin=_origin(compiler, "Quarantine Default"))
    for family in _FAMILIES:
        layer = Layer[f"ALE_AUTH_RECV_ACCEPT_{family}"]
        yield compiler.make(
            name=name,
            description="This filter blocks inbound packets while the network is not known.",
            layer=layer,
            action=Action.BLOCK,
            cause=cause,
            weight_range=0,
            sublayer=Sublayer.MPSSVC_QUARANTINE,
            flags=("PERSISTENT",),
            is_static=True,
        )
        if is_released:
            value = INTERFACE_LUID
            condition = Condition(field="IP_LOCAL_INTERFACE", type="FWP_UINT64", value=value)
            yield compiler.make(
                name="Interface Un-quarantine filter",
                layer=layer,
                action=Action.PERMIT,
                cause=cause,
                weight_range=1,
                sublayer=Sublayer.MPSSVC_QUARANTINE,
                conditions=(condition,),
                flags=("PERSISTENT",),
                is_static=True,
            )


def default_filters(
    compiler: Compiler, *, asks_user: bool, blocks_outbound: bool
) -> Iterator[Filter]:
    """Yield what decides where no rule does."""
    name = "Query User" if asks_user else "Default Inbound"
    origin = "Query User Default" if asks_user else "Default Inbound"
    inbound = _system_rule(RuleKind.DEFAULT_INBOUND, name, origin=_origin(compiler, origin))
    outbound = _system_rule(
        RuleKind.DEFAULT_OUTBOUND, "Default Outbound", origin=_origin(compiler, "Default Outbound")
    )
    block = Action.BLOCK if blocks_outbound else Action.PERMIT
    for family in _FAMILIES:
        for layer in (f"ALE_AUTH_RECV_ACCEPT_{family}", f"INBOUND_ICMP_ERROR_{family}"):
            yield compiler.make(
                name=name,
                description="Prompt the User for a decision corresponding to Inbound traffic",
                layer=Layer[layer],
                action=Action.BLOCK,
                cause=inbound,
            )
        if asks_user:
            for layer in (f"ALE_AUTH_LISTEN_{family}", f"ALE_RESOURCE_ASSIGNMENT_{family}"):
                yield compiler.make(
                    name=name,
                    layer=Layer[layer],
                    action=Action.CALLOUT_UNKNOWN,
                    cause=inbound,
                    callout_key="{c8d0d0ea-7a1c-4bd9-a1a5-92c1f5bd0bb5}",
                )
        for layer, action in (
            (f"ALE_AUTH_CONNECT_{family}", block),
            (f"OUTBOUND_ICMP_ERROR_{family}", Action.PERMIT),
        ):
            yield compiler.make(
                name="Default Outbound", layer=Layer[layer], action=action, cause=outbound
            )


def stealth_filters(compiler: Compiler, language: Language) -> Iterator[Filter]:
    """Yield what keeps the host silent about closed ports."""
    names = SYSTEM_NAMES[language]
    cause = _system_rule(RuleKind.STEALTH, names.port_scan, origin=_origin(compiler, "Stealth"))
    for family in _FAMILIES:
        yield compiler.make(
            name=names.port_scan,
            description=names.port_scan_description,
            layer=Layer[f"INBOUND_TRANSPORT_{family}_DISCARD"],
            action=Action.CALLOUT_TERMINATING,
            cause=cause,
            callout_key=f"FWPM_CALLOUT_WFP_TRANSPORT_LAYER_{family}_SILENT_DROP",
        )
        yield compiler.make(
            name=names.port_scan,
            description=names.port_scan_description,
            layer=Layer[f"OUTBOUND_ICMP_ERROR_{family}"],
            action=Action.BLOCK,
            cause=cause,
            weight_range=8,
            conditions=(Condition(field="ICMP_TYPE", type="FWP_UINT16", value=3),),
        )


_HARDENED: Final = (
    ("LMHosts", "Allow outbound UDP traffic to LMHosts port 53", 17, 53),
    ("W32Time", "Allow outbound UDP traffic to NTP port 123", 17, 123),
    ("EventLog", "Allow RPC/TCP traffic to EventLog", 6, 135),
)


def hardening_filters(compiler: Compiler) -> Iterator[Filter]:
    """Yield Windows Service Hardening: what a service may do, and that it may do no more."""
    svchost = compiler.program(r"%SystemRoot%\system32\svchost.exe")
    program = Condition(field="ALE_APP_ID", type="FWP_BYTE_BLOB_TYPE", value=svchost)
    for direction, verb in (("CONNECT", "Outbound"), ("RECV_ACCEPT", "Inbound")):
        cause = _system_rule(
            RuleKind.SERVICE_HARDENING,
            f"WSH Default {verb} Block",
            origin=_origin(compiler, "WSH Default"),
            provider=WSH,
        )
        for family in _FAMILIES:
            layer = Layer[f"ALE_AUTH_{direction}_{family}"]
            for service, name, protocol, port in _HARDENED:
                yield compiler.make(
                    name=name,
                    layer=layer,
                    action=Action.PERMIT,
                    cause=cause,
                    weight_range=1,
                    sublayer=Sublayer.MPSSVC_WSH,
                    provider=WSH,
                    conditions=(program, *_service(service), *_to(protocol, port)),
                    flags=("INDEXED",),
                    is_auto_weight=True,
                    is_static=True,
                    with_origin=False,
                )
            yield compiler.make(
                name=cause.name,
                description="Blocks all traffic for services who have been network hardened.",
                layer=layer,
                action=Action.BLOCK,
                cause=cause,
                weight_range=0,
                sublayer=Sublayer.MPSSVC_WSH,
                provider=WSH,
                conditions=tuple(one for service, *_ in _HARDENED for one in _service(service)),
                is_auto_weight=True,
                is_static=True,
            )


def _service(name: str) -> tuple[Condition, ...]:
    sid = service_sid(name)
    return (Condition(field="ALE_USER_ID", type="FWP_SECURITY_DESCRIPTOR_TYPE", value=sid),)


def _to(protocol: int, port: int) -> tuple[Condition, ...]:
    return (
        Condition(field="IP_PROTOCOL", type="FWP_UINT8", value=protocol),
        Condition(field="IP_REMOTE_PORT", type="FWP_UINT16", value=port),
    )


def isolation_filters(compiler: Compiler) -> Iterator[Filter]:
    """Yield AppContainer isolation: a package without a network capability gets nowhere."""
    for direction, verb in (("CONNECT", "Outbound"), ("RECV_ACCEPT", "Inbound")):
        name = f"UWP Default {verb} Block Rule"
        cause = _system_rule(
            RuleKind.APP_ISOLATION,
            name,
            origin=_origin(compiler, name),
            key=f"app-isolation-{verb.lower()}",
            provider=APP_ISOLATION,
        )
        for family in _FAMILIES:
            layer = Layer[f"ALE_AUTH_{direction}_{family}"]
            for is_friendly in (True, False):
                package = Condition(
                    field="ALE_PACKAGE_ID",
                    type="FWP_SID",
                    value=_FRIENDLY_PACKAGE if is_friendly else "S-1-0-0",
                    is_negated=not is_friendly,
                )
                yield compiler.make(
                    name="InternetClient Default Rule" if is_friendly else name,
                    layer=layer,
                    action=Action.PERMIT if is_friendly else Action.BLOCK,
                    cause=cause,
                    weight_range=1 if is_friendly else 0,
                    sublayer=Sublayer.MPSSVC_APP_ISOLATION,
                    provider=APP_ISOLATION,
                    conditions=(package,),
                    is_auto_weight=True,
                    is_static=True,
                    with_origin=not is_friendly,
                )


def vpn_filters(compiler: Compiler) -> Iterator[Filter]:
    """Yield a third party's kill switch: everything but its own program is blocked going out.

    Its filters have no origin of their own; events then say ``Unknown`` (windows-facts 2).
    """
    cause = TrueRule(
        key="third-party-norrland-vpn",
        kind=RuleKind.THIRD_PARTY,
        name="Norrland kill switch: block",
        provider=VPN.name,
    )
    client = compiler.program(r"%ProgramFiles%\Norrland VPN\norrlandvpn.exe")
    own = Condition(field="ALE_APP_ID", type="FWP_BYTE_BLOB_TYPE", value=client)
    dns = Condition(field="IP_REMOTE_PORT", type="FWP_UINT16", value=853)
    for family in _FAMILIES:
        for action, conditions, weight_range in (
            (Action.PERMIT, (own,), 15),
            (Action.BLOCK, (dns,), 4),
        ):
            yield compiler.make(
                name=cause.name if action is Action.BLOCK else "Norrland kill switch: permit",
                layer=Layer[f"ALE_AUTH_CONNECT_{family}"],
                action=action,
                cause=cause,
                weight_range=weight_range,
                sublayer=Sublayer.THIRD_PARTY,
                provider=VPN,
                conditions=conditions,
                is_static=True,
                with_origin=False,
            )


def guard_filters(compiler: Compiler) -> Iterator[Filter]:
    """Yield a third party's filters with a name that no rule of the firewall could have.

    The firewall's own rules cannot be named with ``|``: it parts their fields in the registry.
    """
    cause = TrueRule(
        key="third-party-guard",
        kind=RuleKind.THIRD_PARTY,
        name="<script>alert(1)</script>|*x*",
        provider=GUARD.name,
    )
    port = Condition(field="IP_LOCAL_PORT", type="FWP_UINT16", value=8765)
    for family in _FAMILIES:
        yield compiler.make(
            name=cause.name,
            layer=Layer[f"ALE_AUTH_RECV_ACCEPT_{family}"],
            action=Action.BLOCK,
            cause=cause,
            weight_range=5,
            sublayer=Sublayer.THIRD_PARTY,
            provider=GUARD,
            conditions=(port,),
            is_static=True,
            with_origin=False,
        )


def _origin(compiler: Compiler, origin: str) -> str:
    return origin if compiler.generation.has_origin else ""
