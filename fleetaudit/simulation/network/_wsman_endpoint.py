"""The words of the server's interface: a host to be served, and where it can be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleetaudit.records.host import Auth, LanguageMode
from fleetaudit.simulation.faults import Fault

if TYPE_CHECKING:
    from fleetaudit.records.host import Connection
    from fleetaudit.records.secret import Secret

__all__ = ["Endpoint", "ServedHost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedHost:
    r"""A host that the server plays.

    Attributes:
        name: Its name; what the engine is asked about, and what it calls itself in faults.
        username: Its one account: ``name``, ``DOMAIN\\name`` or ``name@domain``; without a colon.
        password: The account's password.
        address: Its address in 127/8; empty for the next one that is free.
        auths: What it accepts; the first is what its connection is set to. Basic without TLS
            means that unencrypted messages are accepted.
        tls: Whether it speaks HTTPS.
        jea: The functions of its JEA endpoint; None where it has no such endpoint.
        jea_endpoint: The name of that endpoint.
        language_mode: Of an ordinary session.
        powershell_version: What it tells a client on opening.
        max_shells: How many open shells its account may have; Windows allows 30.
        latency_s: How long each answer takes at least.
        fault: What goes wrong with it.
        dies_after: The script after whose success a host with DIES_IN_WINDOW dies, once the
            shell in which it ran is closed.
    """

    name: str
    username: str
    password: Secret
    address: str = ""
    auths: tuple[Auth, ...] = (Auth.NEGOTIATE,)
    tls: bool = False
    jea: tuple[str, ...] | None = None
    jea_endpoint: str = "Fleetaudit"
    language_mode: LanguageMode = LanguageMode.FULL
    powershell_version: str = "5.1.20348.2849"
    max_shells: int = 30
    latency_s: float = 0.0
    fault: Fault = Fault.NONE
    dies_after: str = "Set-AuditPolicy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a served host can be reached."""

    name: str
    address: str
    port: int
    connection: Connection
