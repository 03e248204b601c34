"""Hosts that were written for Ansible's winrm connection, taken over for PSRP.

Both connections speak WS-Management to the same listener, so most settings carry over by name
(see ``winrm`` in psrp_variables). Two need translation: ``ansible_winrm_transport`` is a list in
pywinrm's words, and ``ansible_winrm_path`` begins with a slash.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from fleetaudit.records.host import Auth

__all__ = ["TRANSPORT_VARIABLE", "auth_of"]

TRANSPORT_VARIABLE: Final = "ansible_winrm_transport"
"""The only variable whose value is a list."""

_AUTHS: Final = MappingProxyType(
    {
        "basic": Auth.BASIC,
        "plaintext": Auth.BASIC,
        "ssl": Auth.BASIC,
        "certificate": Auth.CERTIFICATE,
        "kerberos": Auth.KERBEROS,
        "ntlm": Auth.NTLM,
        "credssp": Auth.CREDSSP,
    }
)


def auth_of(transports: object) -> Auth | None:
    """Return the first of pywinrm's transports that PSRP has; None where it has none of them.

    Args:
        transports: A list of texts, or one text with commas between.
    """
    listed = transports.split(",") if isinstance(transports, str) else transports
    if not isinstance(listed, list):
        return None
    known = (_AUTHS.get(str(one).strip().lower()) for one in listed)
    return next((auth for auth in known if auth is not None), None)
