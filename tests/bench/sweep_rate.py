"""Hosts a minute, CPU a host and peak memory of a sweep, beside bare pypsrp on the same hosts.

    python tests/bench/sweep_rate.py [HOSTS]

Each command runs as a process of its own; the simulated fleet runs in another. The figures are the
operating system's own accounting of the finished process.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fleetaudit.clock import SystemClock

HERE = Path(__file__).parent
CLOCK = SystemClock()
WINDOW_S = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one command cost."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def measured(command: list[str], inventory: bytes) -> Figures:
    """Run a command with the inventory on stdin and return what it cost."""
    begun = CLOCK.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    process.stdin.write(inventory)
    process.stdin.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        raise SystemExit(f"{command} ended with {process.returncode}")
    return Figures(
        wall_s=CLOCK.monotonic() - begun,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
    )


def main(largest: int) -> None:
    """Print the table."""
    print(f"{'':24}{'hosts':>7}{'wall s':>9}{'hosts/min':>11}{'CPU ms/host':>13}{'peak MB':>9}")
    for size in (largest // 10, largest):
        fleet = subprocess.Popen(
            [sys.executable, str(HERE / "fleet_process.py"), str(size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert fleet.stdout is not None
        assert fleet.stdin is not None
        inventory = fleet.stdout.readline()
        hosts = inventory.count(b"ansible_host")
        with tempfile.TemporaryDirectory() as folder:
            sweep = [sys.executable, "-m", "fleetaudit", "sweep", "-i", "-", "--no-progress"]
            sweep += ["--window", f"{WINDOW_S}s", "--out", f"{folder}/run", "--state-dir", folder]
            for name, command in (
                ("bare pypsrp, 1 script", [sys.executable, str(HERE / "bare_pypsrp.py")]),
                ("fleetaudit sweep", sweep),
            ):
                one = measured(command, inventory)
                print(
                    f"{name:24}{hosts:>7}{one.wall_s:>9.1f}{60 * hosts / one.wall_s:>11.0f}"
                    f"{1000 * one.cpu_s / hosts:>13.1f}{one.peak_mb:>9.0f}",
                    flush=True,
                )
        fleet.stdin.close()
        fleet.wait(timeout=30)
    load = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"all processes together: {load.ru_utime + load.ru_stime:.0f} CPU s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
