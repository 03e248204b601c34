"""Keep a wrong password from being sent to a whole fleet, which would lock the account."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from fleetaudit.errors import CredentialsHeldBackError, CredentialsRefusedError, HostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fleetaudit.records.host import Auth, Connection, Host
    from fleetaudit.records.secret import Secret
    from fleetaudit.transport.retry import LiveSession, LiveTransport

__all__ = ["BreakerPolicy", "BreakingTransport", "CredentialBreaker", "Knocker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """When a credential is given up.

    Attributes:
        failures: Refusals of a credential that has never been accepted.
        failures_in_a_row: Refusals, without one acceptance in between, of a credential that has
            been accepted before.
        probes: How many hosts are tried at the same time until a credential is accepted once.
    """

    failures: int = 3
    failures_in_a_row: int = 10
    probes: int = 1


@dataclass(frozen=True, slots=True)
class _Credential:
    """What the same account is recognised by; a local account's password differs by host."""

    username: str | None
    password: Secret | None
    auth: Auth
    certificate_pem: str | None
    configuration_name: str


@dataclass(slots=True)
class _Standing:
    """What became of a credential so far."""

    is_proven: bool = False
    refusals: int = 0
    under_way: int = 0
    refused_by: list[str] = field(default_factory=list)


class CredentialBreaker:
    """Says for each host whether its credential may be tried; any number of threads may ask.

    The rule, for each credential (user, password, kind, client certificate, endpoint):

    - Until a host has accepted it, one host is tried at a time (``probes``) and the others wait.
      Three refusals (``failures``) and it is held back from all hosts that were not tried. A host
      that cannot be reached or fails in another way counts neither for nor against it.
    - Once it has been accepted, all hosts are tried at once, and a host that refuses it is that
      host's trouble: one wrong host among 500 stops nothing. Only ten refusals in a row
      (``failures_in_a_row``) hold it back, because then it was changed or locked meanwhile.

    So at most ``failures + probes - 1`` wrong passwords are ever sent for an account.
    """

    def __init__(self, policy: BreakerPolicy | None = None) -> None:
        self._policy = policy or BreakerPolicy()
        self._changed = threading.Condition()
        self._standings: dict[_Credential, _Standing] = {}

    def enter(self, host: Host) -> None:
        """Return when the host may be tried; :meth:`leave` has to follow.

        Raises:
            CredentialsHeldBackError: Its credential was refused too often elsewhere.
        """
        with self._changed:
            standing = self._standing(host.connection)
            self._changed.wait_for(lambda: self._is_free(standing) or self._is_tripped(standing))
            if self._is_tripped(standing):
                raise self._held_back(host, standing)
            standing.under_way += 1

    def leave(self, host: Host, error: HostError | None) -> None:
        """Take note of how the try ended; None means that the host let us in."""
        with self._changed:
            standing = self._standing(host.connection)
            standing.under_way -= 1
            if error is None:
                standing.is_proven = True
                standing.refusals = 0
                standing.refused_by.clear()
            elif isinstance(error, CredentialsRefusedError):
                standing.refusals += 1
                standing.refused_by.append(host.name)
            self._changed.notify_all()

    def is_proven(self, host: Host) -> bool:
        """Return whether the host's credential has been accepted somewhere."""
        with self._changed:
            return self._standing(host.connection).is_proven

    def _standing(self, connection: Connection) -> _Standing:
        return self._standings.setdefault(_credential(connection), _Standing())

    def _is_free(self, standing: _Standing) -> bool:
        return standing.is_proven or standing.under_way < self._policy.probes

    def _is_tripped(self, standing: _Standing) -> bool:
        policy = self._policy
        limit = policy.failures_in_a_row if standing.is_proven else policy.failures
        return standing.refusals >= limit

    def _held_back(self, host: Host, standing: _Standing) -> CredentialsHeldBackError:
        username = host.connection.username or "the current account"
        names = ", ".join(standing.refused_by[:3])
        return CredentialsHeldBackError(
            f"the credential of {username} was not tried here, because {standing.refusals} hosts"
            f" refused it ({names})",
            host=host.name,
            stage="connecting",
            remedy="Correct the password or unlock the account, then run again for these hosts",
        )


class Knocker(Protocol):
    """Finds out whether a host's port answers, without a credential."""

    def __call__(self, host: Host) -> None:
        """Return if it does.

        Raises:
            HostError: It does not.
        """
        ...


class BreakingTransport:
    """Asks a breaker before each connection.

    While a credential is unproven, hosts stand in a queue for it; those whose port does not even
    answer are told by ``knock`` first, so that dead hosts do not hold the queue up.
    """

    def __init__(
        self, inner: LiveTransport, breaker: CredentialBreaker, *, knock: Knocker | None = None
    ) -> None:
        self._inner = inner
        self._breaker = breaker
        self._knock: Callable[[Host], None] | None = knock

    def connect(self, host: Host) -> LiveSession:
        """Return an open session.

        Raises:
            HostError: One of its subclasses, with :class:`CredentialsHeldBackError` among them.
        """
        if self._knock is not None and not self._breaker.is_proven(host):
            self._knock(host)
        self._breaker.enter(host)
        outcome: HostError | None = _unknown(host)
        try:
            session = self._inner.connect(host)
            outcome = None
        except HostError as error:
            outcome = error
            raise
        finally:
            self._breaker.leave(host, outcome)
        return session


def _unknown(host: Host) -> HostError:
    return HostError("the try was interrupted", host=host.name)


def _credential(connection: Connection) -> _Credential:
    return _Credential(
        username=connection.username,
        password=connection.password,
        auth=connection.auth,
        certificate_pem=connection.certificate_pem,
        configuration_name=connection.configuration_name,
    )
