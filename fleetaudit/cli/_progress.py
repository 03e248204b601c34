"""What a person sees while hosts are worked on; on standard error, never on standard output."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from fleetaudit.cli._terminal import visible
from fleetaudit.orchestrator.events import HostFinished, HostStarted, WindowClosed, WindowOpened
from fleetaudit.records.outcome import HOST, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress, TaskID

    from fleetaudit.orchestrator.events import Event, Observer

__all__ = ["watching"]

HEARTBEAT_S: Final = 30.0
"""How often a line is written where there is no terminal: a job's log must not look dead."""


@contextmanager
def watching(hosts: int, *, quiet: bool) -> Iterator[list[Observer]]:
    """Yield the observers that show progress: a bar on a terminal, else a line now and then."""
    if quiet:
        yield []
    elif sys.stderr.isatty():
        with _bar(hosts) as bar:
            yield [bar]
    else:
        with _heartbeat(hosts) as lines:
            yield [lines]


class _Counts:
    """Where the hosts are."""

    def __init__(self, hosts: int) -> None:
        self.hosts = hosts
        self.started = 0
        self.open: set[str] = set()
        self.done: Counter[OutcomeKind] = Counter()

    def take(self, event: Event) -> None:
        match event:
            case HostStarted():
                self.started += 1
            case WindowOpened():
                self.open.add(event.host)
            case WindowClosed():
                self.open.discard(event.host)
            case HostFinished():
                self.open.discard(event.host)
                self.done.update(o.kind for o in event.record.outcomes if o.source == HOST)
            case _:
                pass

    def line(self) -> str:
        finished = sum(self.done.values())
        ends = ", ".join(f"{number} {kind}" for kind, number in sorted(self.done.items()))
        return (
            f"{finished} of {self.hosts} hosts done"
            f"{f' ({ends})' if ends else ''}, {len(self.open)} windows open,"
            f" {self.hosts - self.started} not begun"
        )


def _failure(event: Event) -> str:
    if not isinstance(event, HostFinished):
        return ""
    for outcome in event.record.outcomes:
        if outcome.source == HOST and outcome.kind is not OutcomeKind.COLLECTED:
            remedy = f" {outcome.remedy}." if outcome.remedy else ""
            reason = outcome.reason.removesuffix(".")
            return visible(f"{event.host}: {outcome.kind}: {reason}.{remedy}")
    return ""


@contextmanager
def _heartbeat(hosts: int) -> Iterator[Observer]:
    counts = _Counts(hosts)
    over = threading.Event()

    def observe(event: Event) -> None:
        counts.take(event)
        failure = _failure(event)
        if failure:
            click.echo(failure, err=True)

    def beat() -> None:
        while not over.wait(HEARTBEAT_S):
            click.echo(counts.line(), err=True)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield observe
    finally:
        over.set()
        thread.join()
        click.echo(counts.line(), err=True)


@contextmanager
def _bar(hosts: int) -> Iterator[Observer]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    counts = _Counts(hosts)
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[now]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("hosts", total=hosts, now="")
        yield lambda event: _show(event, counts, progress, task)


def _show(event: Event, counts: _Counts, progress: Progress, task: TaskID) -> None:
    counts.take(event)
    failure = _failure(event)
    if failure:
        progress.console.print(failure, markup=False, highlight=False)
    begun = counts.started - sum(counts.done.values()) - len(counts.open)
    progress.update(
        task,
        completed=sum(counts.done.values()),
        now=f"{begun} at work, {len(counts.open)} windows open",
    )
