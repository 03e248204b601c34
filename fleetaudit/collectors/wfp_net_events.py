"""The drops that the Windows Filtering Platform remembers by itself, a witness beside the audit."""

from __future__ import annotations

from typing import Final

from fleetaudit.collectors._collector import Collector, Reading
from fleetaudit.parsers import wfp_netevents
from fleetaudit.parsers.recognition import Form
from fleetaudit.records.evidence import Phase

__all__ = ["COLLECTOR"]

_FORMS: Final = frozenset({Form.NET_EVENTS, Form.CAPTURE})

COLLECTOR: Final = Collector(
    name="wfp-net-events",
    title="WFP net events",
    script="Get-WfpNetEvent",
    phases=frozenset({Phase.AFTER}),
    readings=(
        Reading(pattern="*netevent*.xml", parse=wfp_netevents.parse, forms=_FORMS),
        Reading(pattern="wfpdiag*.xml", parse=wfp_netevents.parse, forms=_FORMS),
    ),
    tables=("net_events",),
    privilege="an elevated administrator",
    reference="windows-facts 4.6; learn.microsoft.com/windows-server/administration/"
    "windows-commands/netsh-wfp",
)
