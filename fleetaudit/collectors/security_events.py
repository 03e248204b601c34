"""The records of the Security log that speak of filtering, of the audit policy or of the log."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.collectors._collector import Collector, Reading
from fleetaudit.parsers import security_evtx
from fleetaudit.records.evidence import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.records.call import Parameter
    from fleetaudit.records.window import Window

__all__ = ["COLLECTOR"]


def _since(window: Window) -> Mapping[str, Parameter]:
    return MappingProxyType({"AfterRecord": window.first_record})


COLLECTOR: Final = Collector(
    name="security-events",
    title="Security events",
    script="Export-SecurityEvent",
    phases=frozenset({Phase.AFTER}),
    readings=(Reading(pattern="*.evtx", parse=security_evtx.parse),),
    tables=("security_events", "audit_events"),
    privilege="an elevated administrator",
    reference="windows-facts 1 and 7; learn.microsoft.com/windows-server/administration/"
    "windows-commands/wevtutil",
    parameters=_since,
    deadline_s=900.0,
)
