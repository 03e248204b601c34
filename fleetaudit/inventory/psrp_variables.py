"""The host variables that say how to reach a host: one row an option.

The rows are the options of Ansible's ``ansible.builtin.psrp`` connection (ecosystem section 1),
with two of fleetaudit's own. Where an option has several variables, the last named wins. For a
host with ``ansible_connection: winrm`` the variables of that connection come before, so that a
``psrp`` variable still wins; their names are those of Ansible's plugin and of pywinrm.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, auto
from types import MappingProxyType
from typing import Final

__all__ = [
    "MISTAKEN_NAMES",
    "OPTIONS",
    "OWN_VARIABLES",
    "PLAYBOOK_VARIABLES",
    "PSRP_VARIABLES",
    "SECRET_VARIABLES",
    "Kind",
    "Option",
]


class Kind(StrEnum):
    """What an option's value is."""

    TEXT = auto()
    SECRET = auto()
    FILE = auto()
    """A file on the controller; ``~`` is the user's home."""
    WHOLE = auto()
    """A whole number."""
    NUMBER = auto()
    FLAG = auto()
    """true or false; texts such as "yes" and "off" count."""
    CHOICE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option.

    Attributes:
        name: The field of Connection, or ``protocol`` and ``cert_validation``, which are joined
            with others before.
        variables: From weak to strong.
        winrm: Variables of a winrm host, weaker than all of ``variables``.
        kind: What the value is.
        choices: For a choice; in lower case.
        least: For a number.
        most: For a number; None where there is no limit.
    """

    name: str
    variables: tuple[str, ...]
    kind: Kind = Kind.TEXT
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int | None = None
    winrm: tuple[str, ...] = ()


_AUTHS: Final = ("basic", "certificate", "negotiate", "kerberos", "ntlm", "credssp")

OPTIONS: Final = (
    Option(
        name="server",
        variables=("ansible_host", "ansible_psrp_host"),
        winrm=("ansible_winrm_host",),
    ),
    Option(
        name="username",
        variables=("ansible_user", "ansible_psrp_user"),
        winrm=("ansible_winrm_user",),
    ),
    Option(
        name="password",
        variables=("ansible_password", "ansible_winrm_pass", "ansible_winrm_password"),
        kind=Kind.SECRET,
    ),
    Option(
        name="port",
        variables=("ansible_port", "ansible_psrp_port"),
        winrm=("ansible_winrm_port",),
        kind=Kind.WHOLE,
        least=1,
        most=65_535,
    ),
    Option(
        name="protocol",
        variables=("ansible_psrp_protocol",),
        winrm=("ansible_winrm_scheme",),
        kind=Kind.CHOICE,
        choices=("http", "https"),
    ),
    Option(name="path", variables=("ansible_psrp_path",), winrm=("ansible_winrm_path",)),
    Option(
        name="auth",
        variables=("ansible_psrp_auth",),
        winrm=("ansible_winrm_transport",),
        kind=Kind.CHOICE,
        choices=_AUTHS,
    ),
    Option(
        name="cert_validation",
        variables=("ansible_psrp_cert_validation",),
        winrm=("ansible_winrm_server_cert_validation",),
        kind=Kind.CHOICE,
        choices=("validate", "ignore"),
    ),
    Option(
        name="trust_path",
        variables=("ansible_psrp_cert_trust_path", "ansible_psrp_ca_cert"),
        winrm=("ansible_winrm_ca_trust_path",),
        kind=Kind.FILE,
    ),
    Option(
        name="connection_timeout_s",
        variables=("ansible_psrp_connection_timeout",),
        kind=Kind.WHOLE,
        least=1,
    ),
    Option(
        name="read_timeout_s",
        variables=("ansible_psrp_read_timeout",),
        winrm=("ansible_winrm_read_timeout_sec",),
        kind=Kind.WHOLE,
        least=1,
    ),
    Option(
        name="operation_timeout_s",
        variables=("ansible_psrp_operation_timeout",),
        winrm=("ansible_winrm_operation_timeout_sec",),
        kind=Kind.WHOLE,
        least=1,
    ),
    Option(
        name="reconnection_retries",
        variables=("ansible_psrp_reconnection_retries",),
        kind=Kind.WHOLE,
    ),
    Option(
        name="reconnection_backoff_s",
        variables=("ansible_psrp_connection_backoff", "ansible_psrp_reconnection_backoff"),
        kind=Kind.NUMBER,
    ),
    Option(
        name="encryption",
        variables=("ansible_psrp_message_encryption",),
        winrm=("ansible_winrm_message_encryption",),
        kind=Kind.CHOICE,
        choices=("auto", "always", "never"),
    ),
    Option(
        name="proxy",
        variables=("ansible_psrp_proxy",),
        winrm=("ansible_winrm_proxy",),
        kind=Kind.SECRET,
    ),
    Option(name="ignore_proxy", variables=("ansible_psrp_ignore_proxy",), kind=Kind.FLAG),
    Option(
        name="max_envelope_size",
        variables=("ansible_psrp_max_envelope_size",),
        kind=Kind.WHOLE,
        least=8192,
    ),
    Option(
        name="certificate_pem",
        variables=("ansible_psrp_certificate_pem",),
        winrm=("ansible_winrm_cert_pem",),
        kind=Kind.FILE,
    ),
    Option(
        name="certificate_key_pem",
        variables=("ansible_psrp_certificate_key_pem",),
        winrm=("ansible_winrm_cert_key_pem",),
        kind=Kind.FILE,
    ),
    Option(
        name="credssp_auth_mechanism",
        variables=("ansible_psrp_credssp_auth_mechanism",),
        kind=Kind.CHOICE,
        choices=("auto", "kerberos", "ntlm"),
    ),
    Option(
        name="credssp_disable_tlsv1_2",
        variables=("ansible_psrp_credssp_disable_tlsv1_2",),
        winrm=("ansible_winrm_credssp_disable_tlsv1_2",),
        kind=Kind.FLAG,
    ),
    Option(
        name="credssp_minimum_version",
        variables=("ansible_psrp_credssp_minimum_version",),
        kind=Kind.WHOLE,
        least=2,
    ),
    Option(
        name="negotiate_delegate",
        variables=("ansible_psrp_negotiate_delegate",),
        winrm=("ansible_winrm_kerberos_delegation",),
        kind=Kind.FLAG,
    ),
    Option(
        name="negotiate_hostname_override",
        variables=("ansible_psrp_negotiate_hostname_override",),
        winrm=("ansible_winrm_kerberos_hostname_override",),
    ),
    Option(
        name="negotiate_send_cbt",
        variables=("ansible_psrp_negotiate_send_cbt",),
        winrm=("ansible_winrm_send_cbt",),
        kind=Kind.FLAG,
    ),
    Option(
        name="negotiate_service",
        variables=("ansible_psrp_negotiate_service",),
        winrm=("ansible_winrm_service",),
    ),
    Option(name="configuration_name", variables=("ansible_psrp_configuration_name",)),
    Option(name="no_profile", variables=("fleetaudit_no_profile",), kind=Kind.FLAG),
    Option(
        name="idle_timeout_s",
        variables=("fleetaudit_idle_timeout",),
        kind=Kind.WHOLE,
        least=60,
    ),
)
"""Every option. Shells with an idle timeout below a minute are refused by Windows."""

PSRP_VARIABLES: Final = frozenset(
    name for option in OPTIONS for name in option.variables if name.startswith("ansible_psrp_")
)
"""Every ``ansible_psrp_*`` name that means something."""

OWN_VARIABLES: Final = frozenset(
    name for option in OPTIONS for name in option.variables if name.startswith("fleetaudit_")
)
"""Every ``fleetaudit_*`` name that means something for a host."""

SECRET_VARIABLES: Final = frozenset(
    name for option in OPTIONS if option.kind is Kind.SECRET for name in option.variables
)
"""Names whose values are never shown."""

PLAYBOOK_VARIABLES: Final = frozenset(
    f"fleetaudit_{name}"
    for name in (
        "executable",
        "group",
        "hosts",
        "jobs",
        "options",
        "result",
        "run_dir",
        "runs",
        "state",
        "throttle",
        "window",
    )
)
"""``fleetaudit_*`` names of the playbooks, which may stand in the same group_vars."""

MISTAKEN_NAMES: Final = MappingProxyType(
    {
        "ansible_psrp_password": "ansible_password",
        "ansible_psrp_pass": "ansible_password",
        "ansible_psrp_kerberos_delegation": "ansible_psrp_negotiate_delegate",
        "ansible_psrp_server_cert_validation": "ansible_psrp_cert_validation",
        "ansible_psrp_transport": "ansible_psrp_auth",
        "ansible_psrp_scheme": "ansible_psrp_protocol",
    }
)
"""Names that people write, some of them after vendors' pages or winrm's, and what they meant."""
