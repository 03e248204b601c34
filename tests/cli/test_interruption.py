"""A sweep that is told to end puts every host back first."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetaudit.cli._exits import Exit
from fleetaudit.clock import SystemClock
from fleetaudit.records.host import Auth
from fleetaudit.records.secret import Secret
from fleetaudit.simulation._seam import Emission, ScriptRequest
from fleetaudit.simulation.engine import ModelEngine
from fleetaudit.simulation.model.fleet import build_fleet
from fleetaudit.simulation.network.server import RunningServer, ServedHost, serve

HOSTS = 2
PATIENCE_S = 60


class _Watching:
    """An engine that says when every host has been switched on and read back."""

    def __init__(self, engine: ModelEngine) -> None:
        self._engine = engine
        self._read_back: set[str] = set()
        self._changed: set[str] = set()
        self.all_open = threading.Event()

    def answer(self, request: ScriptRequest) -> Iterator[Emission]:
        if request.script == "Set-AuditPolicy":
            self._changed.add(request.host)
        elif request.script == "Get-AuditPolicy" and request.host in self._changed:
            self._read_back.add(request.host)
        if len(self._read_back) == HOSTS:
            self.all_open.set()
        return self._engine.answer(request)


def _inventory(server: RunningServer) -> str:
    hosts = {
        name: {
            "ansible_host": endpoint.address,
            "ansible_port": endpoint.port,
            "ansible_psrp_protocol": "http",
            "ansible_psrp_auth": "negotiate",
            "ansible_user": "audit",
            "ansible_password": "made up",
        }
        for name, endpoint in server.endpoints.items()
    }
    return json.dumps({"hosts": hosts})


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to catch")
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_sweep_that_is_told_to_end_puts_every_host_back(
    ending: signal.Signals, tmp_path: Path
) -> None:
    fleet = build_fleet(size=HOSTS, seed=7, clock=SystemClock())
    before = {host.name: dict(host.audit.settings) for host in fleet}
    engine = _Watching(ModelEngine(fleet))
    served = [
        ServedHost(
            name=host.name, username="audit", password=Secret("made up"), auths=(Auth.NEGOTIATE,)
        )
        for host in fleet
    ]
    command = [sys.executable, "-m", "fleetaudit", "sweep", "-i", "-", "--window", "10m"]
    command += ["--out", str(tmp_path / "run"), "--state-dir", str(tmp_path / "state")]
    with serve(engine, served) as server:
        sweep = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            assert sweep.stdin is not None
            sweep.stdin.write(_inventory(server).encode())
            sweep.stdin.close()
            sweep.stdin = None
            assert engine.all_open.wait(PATIENCE_S)
            assert {host.name: dict(host.audit.settings) for host in fleet} != before
            sweep.send_signal(ending)
            _, errors = sweep.communicate(timeout=PATIENCE_S)
        finally:
            sweep.kill()
            sweep.wait()
    assert {host.name: dict(host.audit.settings) for host in fleet} == before
    assert sweep.returncode == Exit.INTERRUPTED, errors.decode()
    assert list((tmp_path / "state" / "debts").iterdir()) == []
