r"""The files of ``reg export``: UTF-16LE with a byte order mark.

Rules are texts of one value each::

    [HKEY_LOCAL_MACHINE\SYSTEM\...\FirewallPolicy\FirewallRules]
    "FPS-SMB-In-TCP"="v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=445|App=System|..."
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fleetaudit.simulation.model.rules import FirewallRule, Ports

__all__ = ["render_group_policy", "render_local_policy", "rule_text"]

_LOCAL: Final = (
    r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
)
_GROUP: Final = r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\WindowsFirewall"
_PROFILES: Final = ("DomainProfile", "StandardProfile", "PublicProfile")
_INDIRECT: Final = {
    "RemoteDesktop-UserMode-In-TCP": -28775,
    "FPS-SMB-In-TCP": -28511,
    "WINRM-HTTP-In-TCP": -30253,
    "CoreNet-DHCP-In": -25301,
    "CoreNet-DNS-Out-UDP": -25405,
    "RemoteAssistance-Block-In-TCP": -33003,
}
"""Names of built-in rules, which the registry has as numbers of FirewallAPI.dll."""

Value = int | str


def _ports(name: str, ports: Ports) -> Iterator[str]:
    for port in ports:
        if isinstance(port, tuple):
            yield f"{name}2_10={port[0]}-{port[1]}"
        else:
            yield f"{name}={port}"


def rule_text(rule: FirewallRule, version: str) -> str:
    """Return the text of a rule's registry value."""
    parts = [
        version,
        f"Action={'Block' if rule.is_block else 'Allow'}",
        f"Active={'TRUE' if rule.is_active else 'FALSE'}",
        f"Dir={'In' if rule.is_inbound else 'Out'}",
    ]
    if rule.protocol is not None:
        parts.append(f"Protocol={rule.protocol}")
    parts += [f"Profile={profile}" for profile in rule.profiles]
    parts += _ports("LPort", rule.local_ports)
    parts += _ports("RPort", rule.remote_ports)
    if rule.icmp:
        parts.append(f"ICMP4={rule.icmp[0]}:{rule.icmp[1]}")
    for network in rule.remotes:
        if network.version == 4:  # noqa: PLR2004 - IPv4
            parts.append(f"RA4={network.network_address}/{network.netmask}")
        else:
            parts.append(f"RA6={network}")
    number = _INDIRECT.get(rule.rule_id)
    name = rule.name if number is None else f"@FirewallAPI.dll,{number}"
    for key, value in (
        ("App", rule.program),
        ("Svc", rule.service),
        ("Name", name),
        ("Desc", rule.description),
        ("EmbedCtxt", rule.group),
    ):
        if value:
            parts.append(f"{key}={value}")
    return "|".join(parts) + "|"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _export(keys: Mapping[str, Mapping[str, Value]]) -> bytes:
    lines = ["Windows Registry Editor Version 5.00", ""]
    for key, values in keys.items():
        lines.append(f"[{key}]")
        for name, value in values.items():
            shown = f"dword:{value:08x}" if isinstance(value, int) else _quoted(value)
            lines.append(f"{_quoted(name)}={shown}")
        lines.append("")
    return ("\ufeff" + "".join(f"{line}\r\n" for line in lines)).encode("utf-16-le")


def render_local_policy(
    rules: Sequence[FirewallRule],
    *,
    version: str,
    profile: Mapping[str, Value],
    logging: Mapping[str, Value],
) -> bytes:
    """Return the export of the local policy; every profile has the same settings."""
    keys: dict[str, Mapping[str, Value]] = {_LOCAL: {}}
    for name in _PROFILES:
        keys[f"{_LOCAL}\\{name}"] = profile
        keys[f"{_LOCAL}\\{name}\\Logging"] = logging
    keys[f"{_LOCAL}\\FirewallRules"] = {
        rule.rule_id: rule_text(rule, version) for rule in rules if not rule.is_group_policy
    }
    return _export(keys)


def render_group_policy(
    rules: Sequence[FirewallRule], *, version: str, profile: Mapping[str, Value]
) -> bytes:
    """Return the export of what group policy brings."""
    keys: dict[str, Mapping[str, Value]] = {_GROUP: {}}
    keys[f"{_GROUP}\\DomainProfile"] = profile
    keys[f"{_GROUP}\\FirewallRules"] = {
        rule.rule_id: rule_text(rule, version) for rule in rules if rule.is_group_policy
    }
    return _export(keys)
