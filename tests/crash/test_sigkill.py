"""A real process is really killed while auditing is on; the host puts itself back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import yaml

from fleetaudit.cli._exits import Exit
from fleetaudit.cli.main import run
from fleetaudit.records.audit_policy import Inclusion, Subcategory
from fleetaudit.records.host import Auth
from fleetaudit.records.secret import Secret
from fleetaudit.simulation.clock import SimulatedClock
from fleetaudit.simulation.engine import ModelEngine
from fleetaudit.simulation.model.fleet import build_fleet
from fleetaudit.simulation.network.server import ServedHost, serve
from fleetaudit.store import JournalFile

if TYPE_CHECKING:
    from pathlib import Path

    from fleetaudit.simulation.model.host import SimulatedHost

AUDITED = (Subcategory.PACKET_DROP.value, Subcategory.CONNECTION.value)


def is_audited(host: SimulatedHost) -> bool:
    return all(Inclusion.FAILURE in host.audit.settings[one] for one in AUDITED)


@pytest.mark.slow
def test_a_killed_sweep_leaves_hosts_that_put_themselves_back(tmp_path: Path) -> None:
    fleet = build_fleet(size=2, seed=7, clock=SimulatedClock())
    before = [dict(host.audit.settings) for host in fleet]
    served = [
        ServedHost(name=h.name, username="a", password=Secret("made up"), auths=(Auth.NTLM,))
        for h in fleet
    ]
    with serve(ModelEngine(fleet), served) as server:
        hosts = {
            name: {"ansible_host": one.address, "ansible_port": one.port}
            for name, one in server.endpoints.items()
        }
        variables = {
            "ansible_user": "a",
            "ansible_password": "made up",
            "ansible_psrp_protocol": "http",
            "ansible_psrp_auth": "ntlm",
        }
        inventory = tmp_path / "inventory.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": variables}}))
        common = ["-i", str(inventory), "--state-dir", str(tmp_path / "state"), "--no-progress"]
        sweep = subprocess.Popen(
            [sys.executable, "-m", "fleetaudit", "sweep", *common, "--out", str(tmp_path / "run")]
        )
        try:
            waiting = threading.Event()
            for _ in range(600):
                if all(is_audited(host) for host in fleet) or sweep.poll() is not None:
                    break
                waiting.wait(0.1)
            assert all(is_audited(host) for host in fleet)
        finally:
            os.kill(sweep.pid, signal.SIGKILL)
            assert sweep.wait() == -signal.SIGKILL
        clock = fleet.clock
        clock.sleep_until(clock.now() + timedelta(minutes=26))
        for host in fleet:
            host.advance(clock.now())
        assert [dict(host.audit.settings) for host in fleet] == before
        with JournalFile(tmp_path / "state") as journal:
            assert len(journal.open_debts()) == 4
        assert run(["restore", *common]) == Exit.OK
        with JournalFile(tmp_path / "state") as journal:
            assert journal.open_debts() == ()
        assert not any(host.files or host.scheduler.tasks for host in fleet)
