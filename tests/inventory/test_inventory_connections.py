from collections.abc import Callable
from typing import Any

import pytest

from fleetaudit.errors import InventoryError
from fleetaudit.inventory import Inventory
from fleetaudit.records.host import Auth, Connection, Encryption
from fleetaudit.records.secret import Secret

Load = Callable[..., Inventory]


def connection(load_text: Load, variables: str, **options: Any) -> Connection:
    inventory = load_text(f"all: {{hosts: {{web01: {{{variables}}}}}}}", **options)
    return inventory.hosts[0].connection


def test_a_host_without_variables_has_ansibles_defaults(load_text: Load) -> None:
    assert connection(load_text, "") == Connection(server="web01")


@pytest.mark.parametrize(
    ("variables", "port", "ssl"),
    [
        ("", 5986, True),
        ("ansible_port: 5985", 5985, False),
        ("ansible_port: '5985'", 5985, False),
        ("ansible_port: 8443", 8443, True),
        ("ansible_psrp_protocol: http", 5985, False),
        ("ansible_psrp_protocol: https", 5986, True),
        ("ansible_psrp_protocol: https, ansible_port: 5985", 5985, True),
        ("ansible_psrp_protocol: HTTP, ansible_port: 80", 80, False),
    ],
)
def test_port_and_protocol_follow_from_each_other(
    load_text: Load, variables: str, port: int, ssl: object
) -> None:
    found = connection(load_text, variables)
    assert (found.port, found.ssl) == (port, ssl)


@pytest.mark.parametrize(
    ("variables", "field", "value"),
    [
        ("ansible_psrp_host: b, ansible_host: a", "server", "b"),
        ("ansible_psrp_user: b, ansible_user: a", "username", "b"),
        ("ansible_psrp_port: 2, ansible_port: 1", "port", 2),
        ("ansible_winrm_pass: b, ansible_password: a", "password", Secret("b")),
        ("ansible_winrm_password: c, ansible_winrm_pass: b", "password", Secret("c")),
        ("ansible_psrp_ca_cert: b, ansible_psrp_cert_trust_path: a", "trust_path", "b"),
        (
            "ansible_psrp_reconnection_backoff: 3, ansible_psrp_connection_backoff: 1",
            "reconnection_backoff_s",
            3.0,
        ),
        ("ansible_psrp_host: null, ansible_host: a", "server", "a"),
        ("ansible_password: 0o17", "password", Secret("0o17")),
        ("ansible_psrp_path: /wsman", "path", "wsman"),
        ("ansible_psrp_auth: Kerberos", "auth", Auth.KERBEROS),
        ("ansible_psrp_message_encryption: always", "encryption", Encryption.ALWAYS),
        ("ansible_psrp_ignore_proxy: 'Yes'", "ignore_proxy", True),
        ("ansible_psrp_ignore_proxy: off", "ignore_proxy", False),
        ("ansible_psrp_negotiate_send_cbt: 0", "negotiate_send_cbt", False),
        ("ansible_psrp_proxy: 'http://u:p@x'", "proxy", Secret("http://u:p@x")),
        ("ansible_psrp_connection_timeout: 7.0", "connection_timeout_s", 7),
        ("fleetaudit_no_profile: true", "no_profile", True),
        ("fleetaudit_idle_timeout: 60", "idle_timeout_s", 60),
    ],
)
def test_the_last_named_variable_wins_and_has_the_fields_type(
    load_text: Load, variables: str, field: str, value: object
) -> None:
    found = getattr(connection(load_text, variables), field)
    assert found == value
    assert type(found) is type(value)


def test_validation_has_three_ways(load_text: Load) -> None:
    for variables, expected in [
        ("", (True, None)),
        ("ansible_psrp_ca_cert: ca.pem", (True, "ca.pem")),
        ("ansible_psrp_ca_cert: ca.pem, ansible_psrp_cert_validation: ignore", (False, None)),
    ]:
        found = connection(load_text, variables)
        assert (found.verify, found.trust_path) == expected


@pytest.mark.parametrize(
    ("variables", "happened"),
    [
        ("ansible_port: high", r"ansible_port of host web01 \('high'\) is not a number"),
        ("ansible_port: 0", r"\(0\) is not from 1 to 65535"),
        ("ansible_port: true", "is not a number"),
        ("ansible_port: 1.5", "is not a whole number"),
        ("ansible_port: .inf", "is not a number"),
        ("ansible_psrp_auth: magic", r"\('magic'\) is none of basic, certificate, negotiate"),
        ("ansible_psrp_ignore_proxy: maybe", "is neither true nor false"),
        ("ansible_psrp_connection_timeout: 0", "is not at least 1"),
        ("ansible_host: ''", "is empty"),
        ("ansible_host: [a]", "ansible_host of host web01 is not a text"),
        ("fleetaudit_idle_timeout: 10", "is not at least 60"),
    ],
)
def test_a_value_that_cannot_be_used_is_an_error_with_host_variable_and_line(
    load_text: Load, variables: str, happened: str
) -> None:
    with pytest.raises(InventoryError, match=happened) as raised:
        connection(load_text, variables)
    assert raised.value.line == 1


def test_a_read_timeout_must_exceed_the_operation_timeout(load_text: Load) -> None:
    with pytest.raises(InventoryError, match="read timeout of 30 s, which must exceed its oper"):
        connection(load_text, "ansible_psrp_operation_timeout: 30")
    with pytest.raises(InventoryError, match="host web01 has a read timeout of 20 s"):
        connection(load_text, "ansible_psrp_read_timeout: 20")


def test_an_unknown_key_of_fleetaudit_is_an_error_and_names_the_nearest(load_text: Load) -> None:
    with pytest.raises(InventoryError, match="is an unknown key") as raised:
        connection(load_text, "fleetaudit_idle_timout: 60")
    assert "Did you mean fleetaudit_idle_timeout?" in str(raised.value)
    connection(load_text, "fleetaudit_throttle: 5")


def test_an_unknown_psrp_variable_is_one_warning_for_all_hosts(load_text: Load) -> None:
    inventory = load_text(
        """
        web:
          hosts: {'web[1:3]': }
          vars:
            ansible_psrp_kerberos_delegation: true
            ansible_psrp_conection_timeout: 5
            ansible_psrp_password: hunter2
            ansible_psrp_qqq: 1
        """
    )
    no_effect = "is no variable of Ansible's psrp connection and has no effect"
    assert [warning.partition(", line ")[2] for warning in inventory.warnings] == [
        (
            f"5: ansible_psrp_kerberos_delegation {no_effect}; "
            "did you mean ansible_psrp_negotiate_delegate?"
        ),
        (
            f"6: ansible_psrp_conection_timeout {no_effect}; "
            "did you mean ansible_psrp_connection_timeout?"
        ),
        f"7: ansible_psrp_password {no_effect}; did you mean ansible_password?",
        f"8: ansible_psrp_qqq {no_effect}.",
    ]


def test_an_odd_password_is_a_warning_that_does_not_show_it(load_text: Load) -> None:
    inventory = load_text(
        "web: {hosts: {a: {ansible_password: 0123}, b: {ansible_password: 'c\n\n'}}}"
    )
    assert len(inventory.warnings) == 2
    assert "is not a text to YAML" in inventory.warnings[0]
    assert "ends with a line break" in inventory.warnings[1]
    assert "83" not in inventory.warnings[0]


def test_a_winrm_host_is_reached_over_psrp_with_the_same_settings(load_text: Load) -> None:
    inventory = load_text(
        """
        all:
          hosts:
            web01:
              ansible_connection: winrm
              ansible_winrm_host: 192.0.2.1
              ansible_winrm_user: svc
              ansible_winrm_scheme: http
              ansible_winrm_path: /wsman
              ansible_winrm_transport: [magic, ntlm, kerberos]
              ansible_winrm_server_cert_validation: ignore
              ansible_winrm_message_encryption: always
              ansible_winrm_operation_timeout_sec: 60
              ansible_winrm_read_timeout_sec: 70
              ansible_winrm_kerberos_delegation: yes
              ansible_winrm_kinit_mode: manual
            web02: {ansible_connection: ansible.builtin.winrm, ansible_winrm_transport: ssl}
            web03: {ansible_winrm_transport: ntlm}
            web04: {ansible_connection: winrm, ansible_winrm_user: a, ansible_user: b}
        """
    )
    first, second, third, fourth = (host.connection for host in inventory.hosts)
    assert first == Connection(
        server="192.0.2.1",
        username="svc",
        port=5985,
        ssl=False,
        auth=Auth.NTLM,
        verify=False,
        encryption=Encryption.ALWAYS,
        operation_timeout_s=60,
        read_timeout_s=70,
        negotiate_delegate=True,
    )
    assert second.auth is Auth.BASIC
    assert third.auth is Auth.NEGOTIATE
    assert fourth.username == "b"
    assert inventory.warnings == (
        (
            "3 hosts (web01, web02, web04): written for ansible_connection: winrm, reached over "
            "PSRP with the same settings."
        ),
    )


def test_a_winrm_transport_that_psrp_lacks_is_an_error(load_text: Load) -> None:
    with pytest.raises(InventoryError, match="names no transport that PSRP has"):
        connection(load_text, "ansible_connection: winrm, ansible_winrm_transport: magic")
