"""From rules to filters: what the firewall service gives to the filtering platform.

One rule makes several filters (windows-facts 4.4): a block rule blocks where packets arrive and
permits where a program begins to listen; an allow rule permits at both. The defaults, the
boot-time and the quarantine filters are the service's own (windows-facts 4.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid5

from fleetaudit.records.figures import RuleKind
from fleetaudit.simulation.model.filters import (
    Action,
    Condition,
    Filter,
    Layer,
    Sublayer,
    WfpProvider,
)
from fleetaudit.simulation.model.rules import FLEET_NAMESPACE, service_sid
from fleetaudit.simulation.model.truth import TrueRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation.model.generations import Generation
    from fleetaudit.simulation.model.rules import FirewallRule, Ports

__all__ = ["MPSSVC", "PROFILES", "PROVIDERS", "WSH", "Compiler"]

MPSSVC: Final = WfpProvider(
    key="FWPM_PROVIDER_MPSSVC_WF",
    guid="{decc16ca-3f33-4346-be1e-8fb4ae0f3d62}",
    name="Microsoft Corporation",
    description="Microsoft Windows WFP Built-in MPSSVC Windows Firewall provider.",
    service="mpssvc",
)
WSH: Final = WfpProvider(
    key="FWPM_PROVIDER_MPSSVC_WSH",
    guid="{4b153735-1049-4480-aab4-d1b9bdc03710}",
    name="Microsoft Corporation",
    description="Microsoft Windows WFP Built-in MPSSVC Windows Service Hardening provider.",
    service="mpssvc",
)
APP_ISOLATION: Final = WfpProvider(
    key="FWPM_PROVIDER_MPSSVC_APP_ISOLATION",
    guid="{3cc2631f-2d5d-43a0-b174-614837d863a1}",
    name="@bfe.dll,-1217",
    description="Microsoft Windows WFP Built-in MPSSVC App Isolation provider.",
    service="mpssvc",
)
IKEEXT: Final = WfpProvider(
    key="FWPM_PROVIDER_IKEEXT",
    guid="{10ad9216-ccde-456c-8b16-e9f04e60a90b}",
    name="Microsoft Corporation",
    description="Microsoft Windows WFP Built-in IKEEXT provider used to identify filters added"
    " by IKE/AuthIP.",
    service="IKEEXT",
)
PROVIDERS: Final = (IKEEXT, MPSSVC, WSH, APP_ISOLATION)

PROFILES: Final = {"Public": 1, "Private": 2, "Domain": 3}
"""The profiles' numbers in conditions (windows-facts 1.3)."""

_BLOCK_RANGE, _ALLOW_RANGE, _DEFAULT_RANGE = 10, 9, 3
_TCP, _UDP, _ICMP, _ICMP6 = 6, 17, 1, 58
_BOTH = ("V4", "V6")


def weight(weight_range: int, conditions: int, place: int) -> int:
    """Return an effective weight: the range in the top 4 bits, then how special the filter is."""
    return (weight_range << 60) | (conditions << 40) | (0xFFFF - place % 0xFFFF)


@dataclass(slots=True)
class Compiler:
    """Makes filters for one host.

    Attributes:
        host: Its name; filter keys are derived from it.
        epoch: How often the policy was applied; each time the rules' filters get new keys.
        volume: The NT device of the system drive, lower case.
    """

    host: str
    generation: Generation
    volume: str
    epoch: int = 0
    _made: int = 0

    def make(
        self,
        *,
        name: str,
        layer: Layer,
        action: Action,
        cause: TrueRule,
        weight_range: int = _DEFAULT_RANGE,
        sublayer: Sublayer = Sublayer.MPSSVC_WF,
        provider: WfpProvider | None = MPSSVC,
        conditions: tuple[Condition, ...] = (),
        flags: tuple[str, ...] = (),
        description: str = "",
        callout_key: str = "",
        is_auto_weight: bool = False,
        is_static: bool = False,
        with_origin: bool = True,
    ) -> Filter:
        """Return a filter without a run-time id."""
        self._made += 1
        origin = cause.origin if with_origin and self.generation.has_origin else ""
        if origin:
            flags = (*flags, "HAS_PROVIDER_CONTEXT", "HAS_FILTER_ORIGIN")
        return Filter(
            key=uuid5(FLEET_NAMESPACE, f"filter {self.host} {self.epoch} {self._made}"),
            name=name,
            description=description,
            layer=layer,
            sublayer=sublayer,
            action=action,
            weight=weight(weight_range, len(conditions), self._made),
            cause=cause,
            provider=provider,
            conditions=conditions,
            flags=flags,
            origin=origin,
            callout_key=callout_key,
            is_auto_weight=is_auto_weight,
            is_static=is_static,
        )

    def program(self, path: str) -> str:
        """Return the NT path of a program, as filters and events have it."""
        if not path or path == "System":
            return path
        lowered = path.lower().replace("%systemroot%", r"c:\windows")
        lowered = lowered.replace("%programfiles%", r"c:\program files")
        return self.volume + lowered.removeprefix("c:")

    def rule(self, rule: FirewallRule) -> Iterator[Filter]:
        """Yield the filters of one rule; none for a disabled one."""
        if not rule.is_active:
            return
        cause = TrueRule(
            key=rule.key,
            kind=RuleKind.RULE,
            rule_id=rule.rule_id,
            origin=rule.rule_id if self.generation.has_origin and rule.is_block else "",
            name=rule.name,
            provider=MPSSVC.name,
        )
        weight_range = _BLOCK_RANGE if rule.is_block else _ALLOW_RANGE
        verdict = Action.BLOCK if rule.is_block else Action.PERMIT
        for family in self._families(rule):
            for layer in _rule_layers(rule, family):
                is_verdict = "RECV" in layer.name or "CONNECT" in layer.name
                yield self.make(
                    name=rule.name,
                    description=rule.description,
                    layer=layer,
                    action=verdict if is_verdict else Action.PERMIT,
                    cause=cause,
                    weight_range=weight_range,
                    conditions=tuple(self._conditions(rule, layer)),
                    with_origin=rule.is_block,
                )

    @staticmethod
    def _families(rule: FirewallRule) -> tuple[str, ...]:
        if rule.protocol in (_ICMP, _ICMP6):
            return ("V6",) if rule.protocol == _ICMP6 else ("V4",)
        versions = {network.version for network in rule.remotes}
        return tuple(f"V{version}" for version in sorted(versions)) if versions else _BOTH

    def _conditions(self, rule: FirewallRule, layer: Layer) -> Iterator[Condition]:
        is_verdict = "RECV" in layer.name or "CONNECT" in layer.name
        if rule.program:
            path = self.program(rule.program)
            yield Condition(field="ALE_APP_ID", type="FWP_BYTE_BLOB_TYPE", value=path)
        if rule.service:
            sid = service_sid(rule.service)
            yield Condition(field="ALE_USER_ID", type="FWP_SECURITY_DESCRIPTOR_TYPE", value=sid)
        if rule.protocol is not None and "LISTEN" not in layer.name:
            yield Condition(field="IP_PROTOCOL", type="FWP_UINT8", value=rule.protocol)
        if rule.icmp and is_verdict:
            yield Condition(field="ICMP_TYPE", type="FWP_UINT16", value=rule.icmp[0])
            yield Condition(field="ICMP_CODE", type="FWP_UINT16", value=rule.icmp[1])
        yield from _ports("IP_LOCAL_PORT", rule.local_ports)
        if is_verdict:
            yield from _ports("IP_REMOTE_PORT", rule.remote_ports)
            for network in rule.remotes:
                if network.version == (6 if layer.is_v6 else 4):
                    kind = "FWP_V6_ADDR_MASK" if layer.is_v6 else "FWP_V4_ADDR_MASK"
                    yield Condition(field="IP_REMOTE_ADDRESS", type=kind, value=network)
        for profile in rule.profiles:
            number = PROFILES[profile]
            yield Condition(field="CURRENT_PROFILE_ID", type="FWP_UINT32", value=number)


def _ports(field: str, ports: Ports) -> Iterator[Condition]:
    for port in ports:
        kind = "FWP_RANGE_TYPE" if isinstance(port, tuple) else "FWP_UINT16"
        yield Condition(field=field, type=kind, value=port)


def _rule_layers(rule: FirewallRule, family: str) -> tuple[Layer, ...]:
    if not rule.is_inbound:
        return (Layer[f"ALE_AUTH_CONNECT_{family}"],)
    arrival = Layer[f"ALE_AUTH_RECV_ACCEPT_{family}"]
    if rule.protocol == _TCP:
        return (Layer[f"ALE_AUTH_LISTEN_{family}"], arrival)
    return (Layer[f"ALE_RESOURCE_ASSIGNMENT_{family}"], arrival)
