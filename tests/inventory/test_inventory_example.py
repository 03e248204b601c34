import json
from pathlib import Path

import pytest

from fleetaudit.inventory import LoadOptions, describe, load
from fleetaudit.inventory.psrp_variables import OPTIONS
from fleetaudit.records.secret import Secret

EXAMPLE = Path(__file__).parents[2] / "inventory.example.yml"
OPTIONS_OF_EXAMPLE = LoadOptions(
    vault_password=Secret("example"), environment={"HOME": "/home/someone"}
)


def test_the_example_loads_without_a_warning() -> None:
    inventory = load(EXAMPLE, options=OPTIONS_OF_EXAMPLE)
    assert inventory.warnings == ()
    assert len(inventory.hosts) == 21
    assert {host.connection.username for host in inventory.hosts} == {
        "svc-audit@EXAMPLE.ORG",
        "svc-audit",
    }


@pytest.mark.parametrize("name", sorted({name for one in OPTIONS for name in one.variables}))
def test_the_example_shows_every_variable(name: str) -> None:
    assert f" {name}:" in EXAMPLE.read_text(encoding="utf-8")


def test_the_passwords_of_the_example_never_show_in_its_description() -> None:
    inventory = load(EXAMPLE, options=OPTIONS_OF_EXAMPLE)
    shown = json.dumps(describe(inventory)) + repr(inventory)
    assert "Made-up" not in shown
    assert "proxy.example.org" not in shown


def test_the_restricted_host_of_the_example_has_every_setting_as_it_is_written() -> None:
    inventory = load(EXAMPLE, options=OPTIONS_OF_EXAMPLE)
    host = next(host for host in inventory.hosts if host.name == "jump01.example.org")
    assert host.groups == ("restricted", "windows")
    assert host.connection.is_jea
    assert host.connection.trust_path == "/etc/ssl/certs/example-ca.pem"
    assert host.connection.certificate_pem == "/home/someone/.config/fleetaudit/client.pem"
    assert host.connection.reconnection_backoff_s == 2.0
    assert host.connection.negotiate_service == "HTTP"
    assert host.connection.no_profile
    assert host.connection.idle_timeout_s == 120
    assert host.connection.password == Secret("Made-up-1!")
