"""Bursts on the simulated fleet, from its evidence to the figures, beside the truth."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from fleetaudit.cli._derive import derive
from fleetaudit.cli._score import Score, score
from fleetaudit.cli.demo import _verdict
from fleetaudit.collectors import catalogue
from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.call import Attachment
from fleetaudit.records.evidence import Phase
from fleetaudit.records.figures import Analysis, HostDrops, RunInfo
from fleetaudit.records.host_record import HostRecord
from fleetaudit.records.outcome import HOST, Outcome, OutcomeKind
from fleetaudit.records.window import Window
from fleetaudit.reporting import render_html, render_markdown, render_summary
from fleetaudit.simulation.faults import Fault
from fleetaudit.store import RunDirectory
from tests.simulation.conftest import Desk, make_desk

if TYPE_CHECKING:
    from pathlib import Path

BURSTS = 6
BURST = timedelta(seconds=30)
EVERY = timedelta(minutes=3)

Scored = tuple[Analysis, Score]

pytestmark = pytest.mark.slow


class Sweep:
    """Switches auditing on for short bursts on every host of a fleet, and fetches the evidence."""

    def __init__(self, desk: Desk, run: RunDirectory) -> None:
        self.desk = desk
        self.run = run
        self.hosts = [host for host in desk.fleet if host.fault is Fault.NONE]
        self.windows: dict[str, list[Window]] = {host.name: [] for host in self.hosts}

    def burst(self) -> None:
        desk, opened_at = self.desk, self.desk.fleet.clock.now()
        ours = [host for host in self.hosts if not host.audit.fails(Subcategory.CONNECTION)]
        first = {host.name: host.log.next_record - 1 for host in self.hosts}
        for host in ours:
            desk.switch(host.name, failure=True)
        desk.wait(BURST / timedelta(minutes=1))
        for host in ours:
            desk.switch(host.name, failure=False)
        for host in self.hosts:
            desk.ask(host.name, "Get-HostFact")  # what nobody asks of does not move on
            window = Window(
                opened_at=opened_at,
                closed_at=desk.fleet.clock.now(),
                first_record=first[host.name],
            )
            self.windows[host.name].append(window)

    def fetch(self, phase: Phase) -> None:
        now = self.desk.fleet.clock.now()
        for host in self.hosts:
            first = self.windows[host.name][0] if self.windows[host.name] else None
            whole = replace(first, closed_at=now) if first else Window(opened_at=now)
            for source in catalogue().values():
                if phase not in source.phases:
                    continue
                sink = self.run.host(host.name).sink(source.name, phase, now)
                said = self.desk.ask(host.name, source.script, **source.parameters(whole))
                for name, data in said.files.items():
                    with sink.open(name) as stream:
                        stream.write(gzip.compress(data))
                    digest = hashlib.sha256(data).hexdigest()
                    kept = Attachment(name=name, length=len(data), sha256=digest, stored_length=1)
                    sink.keep(kept)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bursts")


@pytest.fixture(scope="module")
def scored(place: Path) -> Scored:
    desk = make_desk(22)
    info = RunInfo(
        run_id="bursts",
        command="demo",
        started_at=desk.fleet.clock.now(),
        ended_at=None,
        tool_version="",
        started_by="",
        parameters={},
    )
    with RunDirectory.create(place / "run", info) as run:
        sweep = Sweep(desk, run)
        sweep.fetch(Phase.BEFORE)
        for _ in range(BURSTS):
            sweep.burst()
            desk.wait((EVERY - BURST) / timedelta(minutes=1))
        sweep.fetch(Phase.AFTER)
        for name, windows in sweep.windows.items():
            outcomes = tuple(
                Outcome(host=name, source=source, kind=OutcomeKind.COLLECTED)
                for source in (HOST, *catalogue())
            )
            record = HostRecord(host=name, outcomes=outcomes, windows=tuple(windows))
            run.host(name).commit(record)
        analysis = derive(run)
    return analysis, score(analysis, desk.fleet.truth())


def _host(analysis: Analysis, name: str) -> HostDrops:
    return next(host for host in analysis.hosts if host.host == name)


def test_the_figures_of_bursts_equal_the_truth_burst_by_burst(scored: Scored) -> None:
    analysis, found = scored
    assert found.is_equal
    assert found.true_attempts > 1000
    assert len(found.windows) == BURSTS * len(analysis.hosts)
    assert sum(one.true for one in found.windows) > 800


def test_a_burst_that_differs_from_the_truth_is_named(scored: Scored) -> None:
    _, found = scored
    first, *others = found.windows
    wrong = replace(found, windows=(replace(first, found=first.true + 1), *others))
    assert not wrong.is_equal
    assert f"window of {first.host} at 09:00:00: found {first.true + 1}" in _verdict(wrong)


def test_what_was_observed_of_a_host_is_the_sum_over_its_bursts(scored: Scored) -> None:
    analysis, _ = scored
    for host in analysis.hosts:
        seconds = [one.observed_seconds for one in host.windows]
        assert len(seconds) == BURSTS
        assert host.observed_hours == pytest.approx(sum(seconds) / 3600)
    assert {sum(w.observed_seconds for w in host.windows) for host in analysis.hosts} == {30, 180}
    hours = sum(host.observed_hours for host in analysis.hosts)
    assert analysis.coverage.observed_hours == pytest.approx(hours)


def test_a_log_that_rolled_over_holds_the_last_burst_alone(scored: Scored) -> None:
    seen = _host(scored[0], "db-boston-01").windows
    assert [one.observed_seconds for one in seen] == [0, 0, 0, 0, 0, 30]
    assert seen[-1].attempts


def test_what_others_audit_between_bursts_is_counted_and_in_no_rate(scored: Scored) -> None:
    analysis, _ = scored
    (gap,) = (gap for gap in analysis.coverage.gaps if gap.kind == "records-outside-windows")
    host = _host(analysis, gap.host)
    inside = sum(one.attempts or 0 for one in host.windows)
    assert host.attempts is not None
    assert host.attempts > 3 * inside
    assert f"time: {host.attempts - inside};" in gap.what
    observed = sum(rule.observed_attempts for rule in analysis.rules)
    assert observed == analysis.attempts - (host.attempts - inside)
    for rule in analysis.rules:
        rate = rule.observed_attempts / analysis.coverage.observed_hours
        assert rule.rate_per_host_hour == pytest.approx(rate)


def test_the_table_of_attempts_says_in_which_burst_each_was_first_seen(
    scored: Scored, place: Path
) -> None:
    run = RunDirectory.open(place / "run")
    for host in scored[0].hosts:
        table = run.host(host.host).table("drops")
        assert table is not None
        counts = Counter(table["window"].to_pylist())
        assert [counts[number] for number in range(BURSTS)] == [w.attempts for w in host.windows]
        assert counts.total() == host.attempts


def test_the_reports_show_how_much_of_the_time_was_observed(scored: Scored) -> None:
    analysis, _ = scored
    for text in (render_markdown(analysis), render_html(analysis)):
        assert "6 bursts, 3 min observed of 15.5 min" in text
        assert "6 bursts, 30 s observed of 15.5 min" in text
        assert "in 132 bursts; the denominator of every rate" in text
    summary = json.loads(json.dumps(render_summary(analysis)))
    assert summary["hosts"][1]["windows"][2] == {
        "opened_at": "2026-11-20T09:06:00+00:00",
        "closed_at": "2026-11-20T09:06:30+00:00",
        "observed_seconds": 30.0,
        "attempts": summary["hosts"][1]["windows"][2]["attempts"],
    }


def test_short_bursts_see_more_attempts_than_begin_in_them_and_the_report_says_so(
    scored: Scored,
) -> None:
    analysis, _ = scored
    (gap,) = (gap for gap in analysis.coverage.gaps if gap.kind == "burst-edges")
    biased, late = (float(x) for x in re.findall(r"([\d.]+)(?= attempts by| without)", gap.effect))
    assert late < biased
