"""Leaving auditing on, looking at it and putting it back, as a person does it."""

from __future__ import annotations

import json
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
from fleetaudit.simulation.model.fleet import SimulatedFleet, build_fleet
from fleetaudit.simulation.network.server import ServedHost, serve
from fleetaudit.store import JournalFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID


AUDITED = (Subcategory.PACKET_DROP.value, Subcategory.CONNECTION.value)


class Place:
    """Two hosts, an inventory that names them, and commands run as they are typed."""

    def __init__(
        self, path: Path, fleet: SimulatedFleet, capture: pytest.CaptureFixture[str]
    ) -> None:
        self.path = path
        self.fleet = fleet
        self._capture = capture

    def settings(self) -> list[dict[UUID, Inclusion]]:
        return [{one: host.audit.settings[one] for one in AUDITED} for host in self.fleet]

    def run(self, *words: str, code: Exit = Exit.OK, state: str = "state") -> str:
        self._capture.readouterr()
        options = ["-i", str(self.path / "inventory.yml"), "--no-progress"]
        options += ["--state-dir", str(self.path / state)]
        assert run([*words, *options]) == code, self._capture.readouterr()
        return self._capture.readouterr().out

    def pass_time(self, length: timedelta) -> None:
        clock = self.fleet.clock
        clock.sleep_until(clock.now() + length)
        for host in self.fleet:
            host.advance(clock.now())


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Place]:
    fleet = build_fleet(size=2, seed=7, clock=SimulatedClock())
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
        inventory = {"windows": {"hosts": hosts, "vars": variables}}
        (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
        yield Place(tmp_path, fleet, capsys)


@pytest.mark.slow
def test_auditing_is_left_on_until_it_is_switched_off(place: Place) -> None:
    before = place.settings()
    assert "auditing held" in place.run("audit", "on", "--lease", "24h")
    assert all(2 & value for one in place.settings() for value in one.values())
    (row, _) = json.loads(place.run("audit", "status", "--json"))["hosts"]
    assert row["is_ours"]
    assert row["has_task"]
    out = place.path / "run"
    place.run("sweep", "--window", "1s", "--out", str(out), code=Exit.NO_HOST)
    assert all(2 & value for one in place.settings() for value in one.values())
    renewed = json.loads(place.run("audit", "on", "--lease", "48h", "--json"))["hosts"]
    assert {one["auditing"] for one in renewed} == {"held"}
    (later, _) = json.loads(place.run("audit", "status", "--json"))["hosts"]
    assert later["lease"] == row["lease"]
    assert later["deadline"] > row["deadline"]
    assert "auditing restored" in place.run("audit", "off")
    assert place.settings() == before
    assert "no lease" in place.run("audit", "status")
    assert "Nothing was left on" in place.run("audit", "off")


@pytest.mark.slow
def test_the_lease_ends_what_nobody_switched_off(place: Place) -> None:
    before = place.settings()
    place.run("audit", "on", "--lease", "2h")
    place.pass_time(timedelta(hours=2, minutes=1))
    assert place.settings() == before
    assert "has ended" in place.run("audit", "status")
    assert "restored" in place.run("restore")
    assert "no lease" in place.run("audit", "status")


@pytest.mark.slow
def test_a_lost_controllers_hosts_are_restored_from_their_leases(place: Place) -> None:
    before = place.settings()
    place.run("audit", "on", "--lease", "24h", "--success")
    assert "another controller's" in place.run("audit", "status", state="other")
    out = str(place.path / "run")
    place.run("sweep", "--window", "1s", "--out", out, state="other", code=Exit.NO_HOST)
    assert place.run("restore", state="other") == "Nothing is owed to any host.\n"
    assert place.settings() != before
    said = json.loads(place.run("restore", "--from-hosts", "--json", state="other"))
    assert said["restored"] == sorted(host.name for host in place.fleet)
    assert place.settings() == before
    assert not any(host.scheduler.tasks or host.files for host in place.fleet)
    place.run("audit", "off")  # the controller that was thought lost finds all as it was
    with JournalFile(place.path / "state") as journal:
        assert journal.open_debts() == ()


@pytest.mark.slow
def test_a_setting_that_is_left_to_somebody_else_is_not_said_to_be_restored(place: Place) -> None:
    place.run("audit", "on", "--lease", "24h")
    host = next(iter(place.fleet))
    host.audit.set(Subcategory.PACKET_DROP.value, Inclusion.SUCCESS)
    said = place.run("restore")
    assert f"{host.name}: PACKET_DROP reads 'success'" in said
    assert f"{host.name}: restored" not in said
    assert host.audit.settings[Subcategory.PACKET_DROP.value] == Inclusion.SUCCESS


@pytest.mark.slow
def test_more_than_auditing_is_held_on_and_put_back(place: Place) -> None:
    before = [(host.switches.values(), dict(host.audit.settings)) for host in place.fleet]
    also = ["--also", "dns-client-log", "--also", "net-event-keywords"]
    place.run("audit", "on", "--lease", "2h", *also)
    assert all(host.switches.is_dns_logged for host in place.fleet)
    assert {host.net_events.keywords for host in place.fleet} == {"bcast+mcast"}
    (row, _) = json.loads(place.run("audit", "status", "--json"))["hosts"]
    told = {one["operation"]: one["value"] for one in row["puts_back"]}
    assert told["net-event-keywords"] == "none"
    more = place.run("audit", "on", "--lease", "3h", "--also", "firewall-logging")
    assert "held" in more
    assert "what is on already was given more time only" in more
    place.pass_time(timedelta(hours=3, minutes=1))
    after = [(host.switches.values(), dict(host.audit.settings)) for host in place.fleet]
    assert after == before
    assert "restored" in place.run("restore")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--also", "everything"], "is none of dns-client-log, firewall-logging"),
        (["--window", "99999999999d"], "at most 366 days"),
        (["--window", "9" * 400 + "d"], "at most 366 days"),
        (["--log-size", "9000"], "--log-size goes with --also firewall-logging"),
        (["--also", "firewall-logging", "--log-size", "40000"], "not in the range"),
        (["--burst", "30s"], "--burst goes with --every"),
        (["--burst", "30s", "--every", "20m"], "--every must not be longer than --window"),
        (["--burst", "50s", "--every", "1m"], "bursts must lie at least 20 s apart"),
    ],
)
def test_options_that_do_not_fit_are_said_before_anything_is_done(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sweep", "-i", "x.yml", "--window", "10m", *arguments]) == Exit.USAGE
    assert said in capsys.readouterr().err


def test_a_rate_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", "-i", "x.yml", "--budget", "many"]) == Exit.USAGE
    assert "is not a rate" in capsys.readouterr().err
