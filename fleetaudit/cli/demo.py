"""``fleetaudit demo``: the main job on a simulated fleet, and its figures beside the truth."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fleetaudit.cli import _options
from fleetaudit.cli._exits import Exit

if TYPE_CHECKING:
    from datetime import timedelta

    from fleetaudit.cli._options import Work
    from fleetaudit.cli._score import Score
    from fleetaudit.orchestrator.bursts import Bursts
    from fleetaudit.records.debt import Wanted

__all__ = ["command"]


@click.command("demo")
@click.option(
    "--hosts",
    "size",
    type=click.IntRange(1, 1000),
    default=28,
    show_default=True,
    help="How many simulated hosts.",
)
@click.option("--seed", default=7, show_default=True, help="Of everything that is drawn.")
@click.option(
    "-w",
    "--window",
    type=_options.Duration(),
    default="10m",
    show_default=True,
    help="How long each host is audited, in simulated time.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    default=Path("reports/demo"),
    show_default=True,
    metavar="FOLDER",
    help="The run directory; an earlier demo in it is replaced.",
)
@_options.bursts
@_options.changes
@_options.work
@_options.json_output
def command(
    *,
    size: int,
    seed: int,
    window: timedelta,
    bursts: Bursts | None,
    wanted: Wanted,
    also: tuple[str, ...],
    out: Path,
    work: Work,
    as_json: bool,
) -> int:
    """Sweep a simulated fleet and say whether the report's figures equal the truth.

    The hosts answer on loopback through real WS-Management and PSRP, and know what they truly
    dropped. Nothing else of this machine is touched, and the window takes no time: the simulated
    clock jumps.

    \b
    Examples:
      fleetaudit demo
      fleetaudit demo --hosts 100 --seed 3 --json
      fleetaudit demo --window 1h --burst 1m --every 10m
      fleetaudit demo --also dns-client-log --also firewall-logging --log-size 32767
    """
    from fleetaudit.cli._demonstration import DEMO, demonstrate
    from fleetaudit.cli._derive import print_answer, summarize
    from fleetaudit.orchestrator.plan import SweepSettings

    _make_room(out)
    settings = SweepSettings(run_id=DEMO, window=window, wanted=wanted, also=also, bursts=bursts)
    shown = demonstrate(settings, size=size, seed=seed, path=out, work=work)
    if as_json:
        result = {**summarize(shown.analysis), "score": _plain(shown.score)}
        click.echo(json.dumps(result, ensure_ascii=True))
    else:
        click.echo(_verdict(shown.score))
        for name in shown.paid:
            click.echo(f"{name} died while its window was open; back on the net, it was restored.")
        click.echo(f"Left changed: {', '.join(shown.left_changed) or 'no host'}.")
        print_answer(shown.run, shown.analysis, as_json=False)
    is_good = shown.score.is_equal and not shown.left_changed
    return Exit.OK if is_good else Exit.DEFECT


def _make_room(out: Path) -> None:
    """Remove an earlier demo; nothing else is ever removed."""
    from fleetaudit.errors import RunDirectoryError
    from fleetaudit.store import RunDirectory

    with contextlib.suppress(RunDirectoryError):  # no run of ours: making the new one says so
        if RunDirectory.open(out).manifest.command == "demo":
            shutil.rmtree(out)


def _verdict(score: Score) -> str:
    if score.is_equal:
        untraced = f", {score.unresolved:,} of them not traced" if score.unresolved else ""
        return (
            f"Figures equal the truth: {score.found_attempts:,} attempts{untraced},"
            f" {score.found_records:,} records, {len(score.rules)} rules, none wrong."
        )
    lines = [
        (
            f"Figures DIFFER from the truth: {score.found_attempts:,} attempts of"
            f" {score.true_attempts:,}, {score.found_records:,} records of {score.true_records:,},"
            f" {score.unresolved:,} not traced, {score.wrong:,} wrong."
        )
    ]
    lines += [
        f"  {rule.name}: found {rule.found} in {rule.rows} rows, true {rule.true}"
        f"{', other ' + ', '.join(rule.differences) if rule.differences else ''}"
        for rule in score.rules
        if rule.found != rule.true or rule.rows != 1 or rule.differences
    ]
    lines += [f"  no true rule stands behind {key}" for key in score.strangers]
    lines += [
        f"  window of {one.host} at {one.opened_at:%H:%M:%S}: found {one.found}, true {one.true}"
        for one in score.windows
        if one.found != one.true
    ]
    return "\n".join(lines)


def _plain(score: Score) -> dict[str, object]:
    return {
        "is_equal": score.is_equal,
        "true_attempts": score.true_attempts,
        "found_attempts": score.found_attempts,
        "true_records": score.true_records,
        "found_records": score.found_records,
        "unresolved": score.unresolved,
        "wrong": score.wrong,
    }
