from __future__ import annotations

import dataclasses
import inspect
import ssl
from typing import TYPE_CHECKING

import pytest
from pypsrp.encryption import WinRMEncryption
from pypsrp.powershell import RunspacePool
from pypsrp.wsman import AUTH_KWARGS, WSMan

from fleetaudit.clock import SystemClock
from fleetaudit.records.host import Auth, Connection, Encryption
from fleetaudit.records.secret import Secret
from fleetaudit.transport._budget import Budget
from fleetaudit.transport._tls import TlsContexts
from fleetaudit.transport._wsman import GuardedWSMan, pool_arguments, wsman_arguments

if TYPE_CHECKING:
    from requests import Session

CONNECTION = Connection(
    server="web01",
    port=1,
    path="p",
    username="u",
    password=Secret("s"),
    auth=Auth.NTLM,
    trust_path="/ca.pem",
    connection_timeout_s=2,
    read_timeout_s=3,
    operation_timeout_s=4,
    reconnection_retries=5,
    reconnection_backoff_s=6.0,
    encryption=Encryption.ALWAYS,
    proxy=Secret("http://proxy"),
    max_envelope_size=7,
    certificate_pem="c",
    certificate_key_pem="k",
    credssp_auth_mechanism="kerberos",
    credssp_disable_tlsv1_2=True,
    credssp_minimum_version=8,
    negotiate_delegate=True,
    negotiate_hostname_override="h",
    negotiate_send_cbt=False,
    negotiate_service="HTTP",
    configuration_name="Fleetaudit",
    no_profile=True,
    idle_timeout_s=9,
)


def test_wsman_knows_every_argument_because_it_swallows_misspelt_ones() -> None:
    known = set(inspect.signature(WSMan.__init__).parameters) - {"self", "kwargs"}
    known |= {name for names in AUTH_KWARGS.values() for name in names}
    assert set(wsman_arguments(CONNECTION)) <= known


def test_the_pool_knows_every_argument() -> None:
    known = set(inspect.signature(RunspacePool.__init__).parameters)
    assert set(pool_arguments(CONNECTION)) <= known


def test_every_field_of_a_connection_reaches_pypsrp() -> None:
    usual = Connection(server="", ssl=False)
    for field in dataclasses.fields(Connection):
        changed = {field.name: getattr(CONNECTION, field.name)}
        if field.name == "ssl":
            changed = {"ssl": True}
        if field.name == "verify":
            changed = {"verify": False}
        if field.name == "ignore_proxy":
            usual = dataclasses.replace(usual, proxy=CONNECTION.proxy)
            changed = {"ignore_proxy": True}
        other = dataclasses.replace(usual, **changed)
        before = wsman_arguments(usual) | pool_arguments(usual)
        assert before != wsman_arguments(other) | pool_arguments(other), field.name


def test_the_session_asks_nothing_of_the_environment() -> None:
    wsman = _wsman(Connection(server="web01", ssl=False))
    session = _session(wsman)
    assert session.trust_env is False
    assert session.proxies == {}
    assert session.max_redirects == 0


def test_a_proxy_is_used_only_where_the_inventory_names_one() -> None:
    proxied = Connection(server="web01", ssl=False, proxy=Secret("http://proxy:8080"))
    assert _session(_wsman(proxied)).proxies == {"http": "http://proxy:8080"}
    ignoring = dataclasses.replace(proxied, ignore_proxy=True)
    assert _session(_wsman(ignoring)).proxies == {}


def test_a_reset_forgets_the_connection_and_its_cipher() -> None:
    wsman = _wsman(Connection(server="web01", ssl=False))
    wsman.transport.encryption = WinRMEncryption(None, WinRMEncryption.SPNEGO)
    wsman.reset()
    assert wsman.transport.session is None
    assert wsman.transport.encryption is None


def test_hosts_with_the_same_trust_share_one_tls_context() -> None:
    contexts = TlsContexts()
    first = contexts.of(Connection(server="web01"))
    assert first is contexts.of(Connection(server="web02"))
    careless = contexts.of(Connection(server="web01", verify=False))
    assert careless is not first
    assert first is not None
    assert first.verify_mode is ssl.CERT_REQUIRED
    assert first.check_hostname
    assert contexts.of(Connection(server="web01", ssl=False)) is None


@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.CERTIFICATE, Auth.CREDSSP])
def test_what_is_missing_for_an_authentication_is_noticed_at_once(auth: Auth) -> None:
    with pytest.raises(ValueError, match="must be specified"):
        _wsman(Connection(server="web01", ssl=True, auth=auth))


def _wsman(connection: Connection) -> GuardedWSMan:
    return GuardedWSMan(connection, budget=Budget(SystemClock()), context=None)


def _session(wsman: GuardedWSMan) -> Session:
    session = wsman.transport.session
    assert session is not None
    return session
