"""What the parsers cost, beside the floor and what else could be used, as one table of ratios.

    python tests/bench/parsers.py [--full] [--times N] [--peers PYTHON]

Every figure comes from a process of its own, the best of N (3); a ratio to a floor of the same
process has both taken in turn. Ours is the whole way from bytes to typed columns. CPU seconds of
one thread; wall seconds where it says so, which want a machine that does nothing else. Memory is
the peak of the whole process, the interpreter and its libraries included. The last column says
which of the goals is kept; no test asserts one.

``--full`` takes the ingest of a log of 1 GB and an EVTX of 500 MB instead of a fifth of them.
``--peers`` is a Python that has ``duckdb``, ``dissect.target`` and ``python-evtx``, which are no
dependencies of this project; a peer that is not there has a row that says so.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
LOG_MB, EVTX_MB = 1_000, 500
SCALE = 5
COLUMNS = (44, 22, 22, 8, 8, 7, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one step cost; ``problem`` says why there is nothing to say."""

    seconds: float = 0.0
    floor: float = 0.0
    items: int = 0
    peak_mb: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure must and should be: at most that, or at least if ``is_more``."""

    must: float
    aim: float
    is_more: bool = False

    def cells(self, value: float) -> tuple[str, str, str]:
        """Return both bounds, and which of them ``value`` keeps."""
        sign = ">=" if self.is_more else "<="
        met = [(value >= one) == self.is_more or value == one for one in (self.must, self.aim)]
        kept = "aim" if met[1] else "must" if met[0] else "NO"
        return f"{sign} {self.must:g}", f"{sign} {self.aim:g}", kept


class Bench:
    """Runs steps over the files of a folder."""

    def __init__(self, folder: Path, *, times: int, peers: str) -> None:
        self._folder = folder
        self._times = times
        self._peers = peers

    def run(self, step: str, file: str, *, peer: bool = False) -> Figures:
        """Return what a step cost in a process of its own."""
        python = self._peers if peer else sys.executable
        command = [python, str(HERE / "parser_steps.py"), step, str(self._times)]
        environment = dict(os.environ, PYTHONPATH=str(HERE.parents[1]))
        process = subprocess.Popen(
            [*command, str(self._folder / file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        said, complaint = process.stdout.read(), process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        process.stderr.close()
        if process.returncode:
            last = complaint.strip().splitlines()[-1:]
            return Figures(problem=last[0] if last else f"ended with {process.returncode}")
        return Figures(**json.loads(said), peak_mb=usage.ru_maxrss / 1024)

    def size(self, file: str) -> float:
        """Return a file's megabytes."""
        return (self._folder / file).stat().st_size / 1e6


def row(*cells: str) -> None:
    """Print one row of the table."""
    widths = zip(cells, COLUMNS[: len(cells)], strict=True)
    print(" ".join(f"{cell:{width}}" for cell, width in widths).rstrip(), flush=True)


def compare(name: str, ours: Figures, other: Figures, goal: Goal) -> None:
    """Print ours beside another; where more is better, how many times faster ours is."""
    problem = ours.problem or other.problem
    if problem:
        row(name, "not installed" if "No module named" in problem else "failed", problem[:60])
        return
    ratio = ours.seconds / other.seconds
    ratio = 1 / ratio if goal.is_more else ratio
    row(name, *(took(one) for one in (ours, other)), f"{ratio:.2f}", *goal.cells(ratio))


def took(figures: Figures) -> str:
    """Return seconds and rows."""
    return f"{figures.seconds:.3f} s" + (f" {figures.items:>11,}" if figures.items else "")


def over_floor(name: str, ours: Figures, goal: Goal) -> None:
    """Print ours beside what was measured in the same process."""
    compare(name, ours, Figures(seconds=ours.floor, problem=ours.problem), goal)


def memory(name: str, figures: Figures, goal: Goal, *, megabytes: float) -> None:
    """Print the peak of a process."""
    if figures.problem:
        row(name, "failed", figures.problem[:60])
        return
    rate = f"{megabytes / figures.seconds:.0f} MB/s {figures.items:>10,}"
    row(name, f"{figures.peak_mb:.0f} MB", rate, "", *goal.cells(figures.peak_mb))


def rate(name: str, figures: Figures, megabytes: float, beside: float) -> None:
    """Print a peer's rate, and how many times faster ours is by the byte."""
    if figures.problem:
        missing = "No module named" in figures.problem
        row(name, "not installed" if missing else figures.problem[:60])
        return
    reached = megabytes / figures.seconds
    ratio = beside / reached
    row(name, f"{beside:.1f} MB/s", f"{reached:.1f} MB/s {figures.items:>9,}", f"{ratio:.2f}")


def state_peaks(imports: Figures, state: Figures, tree: Figures) -> None:
    """Print the peaks of reading a state, whole and above what the imports alone take."""
    peaks = [f"{one.peak_mb:.0f} MB" for one in (state, tree)]
    ratio = state.peak_mb / tree.peak_mb
    goal = Goal(0.5, 0.4)
    row("wfpstate.xml, peak / ElementTree", *peaks, f"{ratio:.2f}", *goal.cells(ratio))
    above = [one.peak_mb - imports.peak_mb for one in (state, tree)]
    peaks = [f"{one:.0f} MB" for one in above]
    name = f"  above the {imports.peak_mb:.0f} MB of imports"
    row(name, *peaks, f"{above[0] / above[1]:.2f}")


def measure(bench: Bench, scale: int) -> None:
    """Print the table."""
    row("step", "ours, rows", "floor or peer, rows", "ratio", "must", "aim", "kept")
    tcp = bench.run("log", "tcp.log")
    mixed = bench.run("log", "mixed.log")
    over_floor("pfirewall.log, TCP / count of newlines", tcp, Goal(12, 8))
    over_floor("pfirewall.log, mixed / count of newlines", mixed, Goal(12, 8))
    small, pandas = bench.run("small", "small"), bench.run("small_pandas", "small")
    compare("4 MB logs, 2 threads, pandas / ours, wall", small, pandas, Goal(3, 4, is_more=True))
    events = bench.run("evtx", "security.evtx")
    over_floor("EVTX / bare iteration", events, Goal(3, 2))
    xml = bench.run("event_xml", "events.xml")
    over_floor("event XML, lxml an event / ours", xml, Goal(3, 5, is_more=True))
    state, tree = bench.run("state", "wfpstate.xml"), bench.run("state_elementtree", "wfpstate.xml")
    compare("wfpstate.xml, time / ElementTree", state, tree, Goal(0.35, 0.2))
    if not (state.problem or tree.problem):
        state_peaks(bench.run("imports", "wfpstate.xml"), state, tree)
    for file in ("big.log", "big.evtx"):
        bench.run("stored", file)
        name = f"ingest of {bench.size(file):,.0f} MB {file[4:]}, peak"
        if scale > 1:
            name += f" (1/{scale} of it)"
        memory(name, bench.run("ingest", file), Goal(400, 250), megabytes=bench.size(file))
    row("Beside them, by the byte and on one thread:")
    beside(bench, mixed=mixed, events=events)


def beside(bench: Bench, *, mixed: Figures, events: Figures) -> None:
    """Print the peers that read the same formats, or that others would build on."""
    if not mixed.problem:
        ours = bench.size("mixed.log") / mixed.seconds
        for name, step, peer in (
            ("pyarrow.csv bare, pfirewall.log", "log_pyarrow", False),
            ("DuckDB bare, pfirewall.log", "log_duckdb", True),
        ):
            rate(name, bench.run(step, "mixed.log", peer=peer), bench.size("mixed.log"), ours)
    if not events.problem:
        ours = bench.size("security.evtx") / events.seconds
        for name, step, peer in (
            ("python-evtx, EVTX", "evtx_python", True),
            ("dissect.target's reader, EVTX", "evtx_dissect", True),
        ):
            figures = bench.run(step, "security.evtx", peer=peer)
            part = "part.evtx"
            rate(name, figures, 0 if figures.problem else bench.size(part), ours)


def main() -> None:
    """Make the files, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON")
    options = parser.parse_args()
    scale = 1 if options.full else SCALE
    with tempfile.TemporaryDirectory(prefix="fleetaudit-bench-") as folder:
        sizes = [str(LOG_MB // scale), str(EVTX_MB // scale)]
        inputs = [sys.executable, str(HERE / "parser_inputs.py"), folder, *sizes]
        subprocess.run(inputs, check=True)
        measure(Bench(Path(folder), times=options.times, peers=options.peers), scale)


if __name__ == "__main__":
    main()
