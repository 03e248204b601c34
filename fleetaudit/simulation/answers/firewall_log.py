"""What ``Read-FirewallLog`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.records.wire import FACTS
from fleetaudit.simulation.answers._answer import Answer, Asked, file_records, unsupported
from fleetaudit.simulation.answers._switching import LOG_PATH, log_settings
from fleetaudit.simulation.formats.context import render_json
from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]


def _give(asked: Asked) -> Iterator[Emission]:
    host = asked.host
    files = host.switches.firewall_log.files()
    expanded = LOG_PATH.replace("%systemroot%", r"C:\WINDOWS")
    logs = [
        {
            "Name": f"pfirewall-1.log{suffix}",
            "Path": f"{expanded}{suffix}",
            "Length": len(content),
        }
        for suffix, content in files.items()
    ]
    has_mark = Trait.BYTE_ORDER_MARK in host.spec.traits
    facts = render_json({"Profiles": log_settings(host), "Logs": logs}, has_mark=has_mark)
    yield from file_records(FACTS, facts)
    for suffix, content in files.items():
        yield from file_records(f"pfirewall-1.log{suffix}", content)
    if not files:
        message = "no log file; the firewall logs nothing, or may not write there."
        yield unsupported("FirewallLog", f"Fleetaudit.Unsupported: {message}")


ANSWER = Answer(name="Read-FirewallLog", give=_give)
