"""PSRP over WS-Management: the transport that real hosts and the simulated fleet are asked by."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from pypsrp.powershell import RunspacePool
from urllib3.connection import HTTPConnection

from fleetaudit.errors import CredentialsRefusedError
from fleetaudit.transport._budget import Budget
from fleetaudit.transport._classify import classify
from fleetaudit.transport._failure import Scene, Stage
from fleetaudit.transport._quiet import hush
from fleetaudit.transport._session import PsrpSession, ScriptLibrary
from fleetaudit.transport._tls import TlsContexts
from fleetaudit.transport._wsman import GuardedWSMan, pool_arguments
from fleetaudit.transport.settings import PsrpSettings

if TYPE_CHECKING:
    from fleetaudit.clock import Clock
    from fleetaudit.records.host import Host

__all__ = ["PsrpSettings", "PsrpTransport", "ScriptLibrary"]


class PsrpTransport:
    """Opens a PowerShell on a host, once; any number of threads may ask for different hosts."""

    def __init__(
        self, clock: Clock, *, library: ScriptLibrary, settings: PsrpSettings | None = None
    ) -> None:
        self._clock = clock
        self._library = library
        self._settings = settings or PsrpSettings()
        self._contexts = TlsContexts()
        hush()

    def connect(self, host: Host) -> PsrpSession:
        """Return an open session.

        Raises:
            HostError: One of its subclasses, with a hint whether trying again may help.
        """
        budget = Budget(self._clock)
        budget.allow(self._settings.open_s)
        wsman = self._prepare(host, budget)
        pool = RunspacePool(wsman, **pool_arguments(host.connection))
        try:
            pool.open()
        except Exception as exception:
            error = classify(exception, Scene(host=host.name, stage=Stage.OPENING)).error
            self._abandon(
                pool, wsman, budget, is_known=not isinstance(error, CredentialsRefusedError)
            )
            raise error from exception
        return PsrpSession(
            host,
            pool,
            wsman=wsman,
            budget=budget,
            clock=self._clock,
            settings=self._settings,
            library=self._library,
        )

    def knock(self, host: Host) -> None:
        """Return if the host's port answers; nothing is sent, least of all a credential.

        Behind a proxy it returns at once.

        Raises:
            HostError: Nothing answers.
        """
        connection = host.connection
        if connection.proxy is not None and not connection.ignore_proxy:
            return
        line = HTTPConnection(
            connection.server, connection.port, timeout=connection.connection_timeout_s
        )
        try:
            line.connect()
        except Exception as exception:
            raise classify(
                exception, Scene(host=host.name, stage=Stage.OPENING)
            ).error from exception
        finally:
            line.close()

    def _prepare(self, host: Host, budget: Budget) -> GuardedWSMan:
        try:
            context = self._contexts.of(host.connection)
            return GuardedWSMan(host.connection, budget=budget, context=context)
        except Exception as exception:
            scene = Scene(host=host.name, stage=Stage.PREPARING)
            raise classify(exception, scene).error from exception

    def _abandon(
        self, pool: RunspacePool, wsman: GuardedWSMan, budget: Budget, *, is_known: bool
    ) -> None:
        """Delete a shell that was created and never opened; the first error stays the news."""
        budget.allow(self._settings.close_s)
        with suppress(Exception):
            wsman.reset()
            if is_known:
                pool.close()
        with suppress(Exception):
            wsman.reset()
