"""The accounts of a simulated host, as its events name them."""

from __future__ import annotations

from typing import Final

__all__ = ["AUDITOR", "SYSTEM", "Account", "user_sid"]

Account = tuple[str, str, str]
"""SID, name and domain."""

_DOMAIN_SID: Final = "S-1-5-21-3623811015-3361044348-30300820"
SYSTEM: Final[Account] = ("S-1-5-18", "SYSTEM", "NT AUTHORITY")
AUDITOR: Final[Account] = (f"{_DOMAIN_SID}-1105", "svc-fleetaudit", "CORP")
"""Whose session it is that asks the host."""
_LOCAL_SERVICE: Final = "S-1-5-19"
_NETWORK_SERVICE: Final = "S-1-5-20"


def user_sid(name: str, service: str) -> str:
    """Return the account that the model runs a program as."""
    if service:
        return _NETWORK_SERVICE if service == "Dnscache" else _LOCAL_SERVICE
    return SYSTEM[0] if name in ("system", "spool", "agent") else f"{_DOMAIN_SID}-1107"
