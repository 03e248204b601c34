"""From stored evidence to report: the part of a run that can always be done again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from fleetaudit.cli._terminal import visible
from fleetaudit.records.outcome import OutcomeKind

if TYPE_CHECKING:
    from pathlib import Path

    from fleetaudit.records.figures import Analysis
    from fleetaudit.store import RunDirectory

__all__ = ["derive", "print_answer", "summarize", "write_reports"]


def derive(run: RunDirectory) -> Analysis:
    """Return the analysis of ``run``, after reading its evidence anew and writing its reports."""
    from fleetaudit.analysis import analyze
    from fleetaudit.collectors import catalogue
    from fleetaudit.ingest import ingest_host

    collectors = catalogue()
    for name in run.host_names():
        ingest_host(run.host(name), collectors)
    analysis = analyze(run)
    write_reports(run, analysis)
    return analysis


def write_reports(run: RunDirectory, analysis: Analysis) -> tuple[Path, ...]:
    """Write the reports and the summary into the run directory and return their paths."""
    from fleetaudit.reporting import render_html, render_markdown

    texts = {
        "report.html": render_html(analysis),
        "report.md": render_markdown(analysis),
        "summary.json": json.dumps(summarize(analysis), indent=1, ensure_ascii=True) + "\n",
    }
    return tuple(run.write_text(name, text) for name, text in texts.items())


def summarize(analysis: Analysis) -> dict[str, object]:
    """Return what ``--json`` prints."""
    from fleetaudit.reporting import render_summary

    return render_summary(analysis)


def print_answer(run: RunDirectory, analysis: Analysis, *, as_json: bool) -> None:
    """Print the answer: a few lines for a person, or the summary for a machine."""
    if as_json:
        click.echo(json.dumps(summarize(analysis), ensure_ascii=True))
        return
    coverage = analysis.coverage
    click.echo(
        f"{analysis.attempts:,} dropped attempts ({analysis.records:,} records)"
        f" on {coverage.hosts_observed:,} of {_hosts(coverage.hosts)},"
        f" {_hours(analysis)} observed."
    )
    for rule in analysis.rules[:5]:
        name = visible(rule.rule.name)
        click.echo(f"  {rule.attempts:>8,}  {name}  ({_hosts(len(rule.hosts))})")
    logged = [host.log_drops for host in analysis.hosts if host.log_drops is not None]
    if logged:
        click.echo(f"{sum(logged):,} drops in the text logs of {_hosts(len(logged))}.")
    missing = [o for o in coverage.outcomes if o.kind is not OutcomeKind.COLLECTED]
    if missing:
        click.echo(f"Not collected: {_hosts(len(missing))}; the report says why.")
    click.echo(f"Report: {run.path / 'report.html'} and report.md beside it")


def _hours(analysis: Analysis) -> str:
    coverage = analysis.coverage
    bursts = f" in {analysis.bursts:,} bursts" if analysis.bursts else ""
    if coverage.hosts_observed and not coverage.observed_hours:
        return "for an unknown time"
    return f"{coverage.observed_hours:,.2f} host-hours{bursts}"


def _hosts(number: int) -> str:
    return f"{number:,} host{'' if number == 1 else 's'}"
