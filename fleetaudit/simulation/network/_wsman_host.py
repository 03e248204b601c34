"""One simulated host on the net: its listener, its connections, and how it fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.network._auth import Authenticator, SealBrokenError
from fleetaudit.simulation.network._http import HttpConnection, Response, SilentConnection
from fleetaudit.simulation.network._wsman import NotAnEnvelopeError, parse_envelope
from fleetaudit.simulation.network._wsman_faults import (
    SCHEMA_VIOLATED,
    WSManFaultRaised,
    fault_response,
)
from fleetaudit.simulation.network._wsman_service import Service

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from fleetaudit.simulation.network._auth import Gate
    from fleetaudit.simulation.network._http import Request
    from fleetaudit.simulation.network._wsman import Envelope
    from fleetaudit.simulation.network._wsman_endpoint import ServedHost
    from fleetaudit.simulation.network._wsman_scripts import ScriptRunner

__all__ = ["HostOnNet"]

_PATH: Final = "/wsman"
_OF_PIPELINE: Final = b"DesiredStream CommandId="
_RUBBISH: Final = Response(
    headers=(("Content-Type", "text/html"),),
    body=b"<!DOCTYPE html><html><body><h1>It works!<p>The web server is running.</html>",
)


class HostOnNet:
    """A host that can be switched on and off.

    Args:
        host: Whom it plays.
        address: Where it listens.
        gate: Who may come in.
        tls: For its listener; None for plain HTTP.
        runner: Runs what a pipeline asks for.
        failed: Is told of a bug.
    """

    def __init__(
        self,
        host: ServedHost,
        *,
        address: str,
        gate: Gate,
        tls: ssl.SSLContext | None,
        runner: ScriptRunner,
        failed: Callable[[BaseException], None],
    ) -> None:
        self.host = host
        self.address = address
        self._gate = gate
        self._tls = tls
        self._failed = failed
        self._service = Service(host, runner, doomed=self._die_soon)
        self._listener: asyncio.Server | None = None
        self._connections: set[HttpConnection | SilentConnection] = set()
        self._is_dying = False

    async def listen(self, port: int) -> int:
        """Open its port; return the port's number.

        Raises:
            OSError: The port is taken.
        """
        silent = self.host.fault == Fault.HANG_CONNECT
        self._listener = await asyncio.get_running_loop().create_server(
            self._silent if silent else self._talking,
            self.address,
            port,
            ssl=None if silent else self._tls,
            backlog=64,
        )
        bound: int = self._listener.sockets[0].getsockname()[1]
        return bound

    def switch_off(self) -> None:
        """Close its port, reset its connections, forget its shells."""
        self._stop_listening()
        for connection in tuple(self._connections):
            connection.abort()
        self._service.drop()

    async def switch_on(self, port: int) -> None:
        """Open its port again, if it is closed; a host that died does not die again."""
        self._service.recover()
        self._is_dying = False
        if self._listener is None:
            await self.listen(port)

    async def answer(self, authenticator: Authenticator, request: Request) -> Response:
        """Return the answer to one request of a connection."""
        if self.host.latency_s:
            await asyncio.sleep(self.host.latency_s)
        refusal = self._misdirected(request) or authenticator.admit(request)
        if refusal is not None:
            return refusal
        try:
            message = authenticator.open(request)
        except SealBrokenError:
            return Response(status=400)
        if not message:
            return authenticator.close(request, 200, b"")
        status, answer = await self._answer_message(message)
        response = authenticator.close(request, status, answer)
        if self.host.fault == Fault.RESET and _OF_PIPELINE in message:
            return replace(response, cut_after=len(response.body) // 2)
        return response

    def joined(self, connection: HttpConnection | SilentConnection) -> None:
        """Note a connection."""
        self._connections.add(connection)

    def left(self, connection: HttpConnection | SilentConnection) -> None:
        """Forget a connection."""
        self._connections.discard(connection)

    def has_answered(self) -> None:
        """Die, if that was the last answer before the end."""
        if self._is_dying:
            for connection in tuple(self._connections):
                connection.close()
            self._service.drop()

    async def _answer_message(self, message: bytes) -> tuple[int, bytes]:
        envelope: Envelope | None = None
        try:
            envelope = parse_envelope(message)
            return 200, await self._service.answer(envelope)
        except NotAnEnvelopeError:
            return 500, fault_response(None, SCHEMA_VIOLATED, machine=self.host.name)
        except WSManFaultRaised as raised:
            return 500, fault_response(envelope, raised.fault, machine=self.host.name)

    def _misdirected(self, request: Request) -> Response | None:
        if self.host.fault == Fault.RUBBISH:
            return _RUBBISH
        if request.method != "POST":
            return Response(status=405)
        is_ours = request.path.partition("?")[0].rstrip("/").lower() == _PATH
        return None if is_ours else Response(status=404)

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _die_soon(self) -> None:
        # The port closes before the last answer is sent: a client that has it finds it closed.
        self._stop_listening()
        self._is_dying = True

    def _talking(self) -> HttpConnection:
        return HttpConnection(lambda: _Visitor(self, self._gate), self._failed)

    def _silent(self) -> SilentConnection:
        return SilentConnection(self.joined, self.left)


class _Visitor:
    """The handler of one connection: it remembers who is at the other end."""

    def __init__(self, owner: HostOnNet, gate: Gate) -> None:
        self._owner = owner
        self._authenticator = Authenticator(gate)

    async def answer(self, request: Request) -> Response:
        return await self._owner.answer(self._authenticator, request)

    def opened(self, connection: HttpConnection) -> None:
        self._owner.joined(connection)

    def closed(self, connection: HttpConnection) -> None:
        self._owner.left(connection)

    def answered(self, connection: HttpConnection) -> None:
        del connection
        self._owner.has_answered()
