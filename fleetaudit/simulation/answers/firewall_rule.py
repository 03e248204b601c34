"""What ``Get-FirewallRule`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.simulation.answers._answer import Answer, Asked, exit_record, file_records
from fleetaudit.simulation.answers._switching import LOG_PATH
from fleetaudit.simulation.formats.registry import render_group_policy, render_local_policy
from fleetaudit.simulation.model.specs import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]


def _give(asked: Asked) -> Iterator[Emission]:
    host = asked.host
    spec, switches = host.spec, host.switches
    version = spec.generation.rule_version
    local = render_local_policy(
        host.rules,
        version=version,
        profile={
            "EnableFirewall": 1,
            "DisableNotifications": int(spec.generation.is_server),
            "DefaultInboundAction": 1,
            "DefaultOutboundAction": int(spec.role is Role.HARDENED),
        },
        logging={
            "LogDroppedPackets": int(switches.is_logging),
            "LogFilePath": LOG_PATH,
            "LogFileSize": switches.log_kilobytes[spec.profile],
            "LogSuccessfulConnections": 0,
        },
    )
    yield exit_record("reg")
    yield from file_records("firewall-local.reg", local)
    if any(rule.is_group_policy for rule in host.rules):
        group = render_group_policy(host.rules, version=version, profile={"EnableFirewall": 1})
        yield exit_record("reg")
        yield from file_records("firewall-gpo.reg", group)


ANSWER = Answer(name="Get-FirewallRule", give=_give)
