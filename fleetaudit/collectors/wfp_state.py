"""The filters of the Windows Filtering Platform, which give a filter number its rule."""

from __future__ import annotations

from typing import Final

from fleetaudit.collectors._collector import Collector, Reading
from fleetaudit.parsers import wfp_state
from fleetaudit.parsers.recognition import Form
from fleetaudit.records.evidence import Phase

__all__ = ["COLLECTOR"]

_FORMS: Final = frozenset({Form.WFP_STATE, Form.CAPTURE})

COLLECTOR: Final = Collector(
    name="wfp-state",
    title="WFP state",
    script="Get-WfpState",
    phases=frozenset({Phase.BEFORE, Phase.AFTER}),
    readings=(
        Reading(pattern="wfpstate*.xml", parse=wfp_state.parse, forms=_FORMS),
        Reading(pattern="*filters*.xml", parse=wfp_state.parse, forms=_FORMS),
    ),
    tables=("wfp_filters", "dynamic_keywords"),
    privilege="an elevated administrator",
    reference="windows-facts 4; learn.microsoft.com/windows-server/administration/"
    "windows-commands/netsh-wfp",
)
