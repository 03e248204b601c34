"""The log files of the Windows Firewall, a witness beside the Security log."""

from __future__ import annotations

from typing import Final

from fleetaudit.collectors._collector import Collector, Reading
from fleetaudit.parsers import firewall_log
from fleetaudit.parsers.recognition import Form
from fleetaudit.records.evidence import Phase

__all__ = ["COLLECTOR"]

_FORMS: Final = frozenset({Form.FIREWALL_LOG})

COLLECTOR: Final = Collector(
    name="firewall-log",
    title="Firewall log",
    script="Read-FirewallLog",
    phases=frozenset({Phase.AFTER}),
    readings=(
        Reading(pattern="pfirewall*.log", parse=firewall_log.parse, forms=_FORMS),
        Reading(pattern="pfirewall*.log.old", parse=firewall_log.parse, forms=_FORMS),
    ),
    tables=("firewall_log",),
    privilege="an administrator",
    reference="windows-facts 6; learn.microsoft.com/windows/security/operating-system-security/"
    "network-security/windows-firewall/configure-logging",
)
