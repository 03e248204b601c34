"""``fleetaudit check``: what a sweep would meet on each host; changes nothing."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetaudit.cli import _options
from fleetaudit.cli._terminal import visible

if TYPE_CHECKING:
    from fleetaudit.cli._host_choice import HostChoice
    from fleetaudit.cli._options import Work
    from fleetaudit.records.outcome import Outcome
    from fleetaudit.store import HostFolder, RunDirectory

__all__ = ["command"]


@click.command("check")
@_options.hosts
@_options.state
@_options.work
@_options.json_output
def command(*, hosts: HostChoice, state_dir: Path, work: Work, as_json: bool) -> int:
    """Say whether each host could be audited: reachable, allowed, and with a log that lasts.

    Nothing is changed on any host.

    \b
    Examples:
      fleetaudit check -i inventory.yml
      fleetaudit check -i inventory.yml --limit web --json
    """
    from fleetaudit.cli._exits import exit_of
    from fleetaudit.cli._fleet_run import FleetRun, instruments
    from fleetaudit.clock import SystemClock
    from fleetaudit.orchestrator.plan import check_plan

    found = hosts.read()
    tools = instruments()
    with tempfile.TemporaryDirectory(prefix="fleetaudit-check-") as folder:
        run = FleetRun(
            "check",
            clock=SystemClock(),
            path=Path(folder) / "run",
            state=state_dir,
            parameters={"inventory": hosts.source, "limit": hosts.limit or ""},
            work=work,
        )
        with run.directory:
            summary = run.perform(
                found.hosts, lambda host: check_plan(host.name, instruments=tools)
            )
            rows = _rows(run.directory)
    if as_json:
        click.echo(json.dumps({"schema_version": 1, "hosts": rows}, ensure_ascii=True))
    else:
        for row in rows:
            click.echo(_line(row))
    return exit_of(summary)


def _rows(run: RunDirectory) -> list[dict[str, object]]:
    from fleetaudit.analysis.coverage import host_outcome

    return [
        _row(host_outcome(folder.record()), folder)
        for folder in (run.host(name) for name in run.host_names())
    ]


def _row(outcome: Outcome, folder: HostFolder) -> dict[str, object]:
    from fleetaudit.ingest import read_facts_timeline

    facts = read_facts_timeline(folder).latest
    row: dict[str, object] = {
        "host": outcome.host,
        "outcome": outcome.kind.value,
        "reason": outcome.reason,
        "remedy": outcome.remedy,
    }
    if facts is None:
        return row
    log = facts.security_log
    return {
        **row,
        "os": facts.os_caption,
        "os_build": facts.os_build,
        "language_mode": facts.language_mode.value,
        "is_elevated": facts.is_elevated,
        "boot_time": facts.boot_time.isoformat(),
        "clock_offset_s": round(facts.clock_offset.total_seconds(), 3),
        "time_zone": facts.time_zone.name,
        "crash_on_audit_fail": facts.crash_on_audit_fail,
        "security_log_bytes": log.maximum_bytes if log else None,
        "security_log_mode": log.mode if log else None,
        "security_log_oldest_record": log.oldest_record if log else None,
        "security_log_newest_record": log.newest_record if log else None,
    }


def _line(row: dict[str, object]) -> str:
    words = [f"{row['host']}: {row['outcome']}"]
    if row["reason"]:
        words.append(f"({row['reason']}) {row['remedy']}")
    if "os" in row:
        words.append(
            f"- {row['os']} ({row['os_build']}), log {row['security_log_bytes']} bytes"
            f" {row['security_log_mode']}, clock off by {row['clock_offset_s']} s"
        )
    return visible(" ".join(words))
