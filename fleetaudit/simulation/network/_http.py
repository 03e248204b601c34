"""HTTP/1.1 as a WinRM listener speaks it: POST with a length, one answer at a time, keep-alive.

Our own protocol on plain asyncio, because the faults need what a framework hides: state for each
connection, answers cut in the middle, resets.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Handler", "HttpConnection", "Request", "Response", "SilentConnection"]

MAX_HEAD: Final = 65_536
"""Bytes of a request line with its headers; an NTLM token of 3 kB fits twenty times."""

MAX_BODY: Final = 4 * 1024 * 1024
"""Bytes of a request body; Windows allows an envelope of 500 kB."""

_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Payload Too Large",
    500: "Internal Server Error",
}

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)  # struct linger: on, zero seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer.

    Attributes:
        status: The HTTP status.
        headers: In order; Content-Length is added.
        body: May be empty.
        cut_after: Where not None, only so many bytes of the body are sent, then the connection
            is reset.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    cut_after: int | None = None

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        lines = [f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += ["Server: Microsoft-HTTPAPI/2.0", f"Content-Length: {len(self.body)}", "", ""]
        sent = self.body if self.cut_after is None else self.body[: self.cut_after]
        return "\r\n".join(lines).encode("latin-1") + sent


class Handler(Protocol):
    """Answers the requests of one connection."""

    async def answer(self, request: Request) -> Response:
        """Return the answer; may wait."""
        ...

    def opened(self, connection: HttpConnection) -> None:
        """Take note of the connection before its first request."""
        ...

    def closed(self, connection: HttpConnection) -> None:
        """Take note that the connection is gone."""
        ...

    def answered(self, connection: HttpConnection) -> None:
        """Take note that an answer has been written."""
        ...


class HttpConnection(asyncio.Protocol):
    """One connection of a client; its handler knows whom it has authenticated.

    Args:
        make_handler: Returns the handler of this connection.
        failed: Is told of an exception that no handler should let through.
    """

    def __init__(
        self, make_handler: Callable[[], Handler], failed: Callable[[BaseException], None]
    ) -> None:
        self._handler = make_handler()
        self._failed = failed
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(transport)
        self._transport = transport
        self._handler.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what was under way."""
        del exc
        self._transport = None
        if self._task is not None:
            self._task.cancel()
        self._handler.closed(self)

    def data_received(self, data: bytes) -> None:
        """Start on a request once it is whole."""
        self._buffer += data
        self._advance()

    def abort(self) -> None:
        """Reset the connection, as a host does that dies."""
        if self._transport is None:
            return
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()

    def close(self) -> None:
        """Close the connection once what was written has been sent."""
        if self._transport is not None:
            self._transport.close()

    def _advance(self) -> None:
        if self._task is not None or self._transport is None:
            return
        try:
            request = self._take_request()
        except ValueError:
            self._transport.write(Response(status=400).encode())
            self._transport.close()
            return
        if request is not None:
            self._task = asyncio.get_running_loop().create_task(self._serve(request))

    def _take_request(self) -> Request | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise ValueError("the head of the request does not end")
            return None
        method, path, headers = _parse_head(bytes(self._buffer[:end]))
        length = int(headers.get("content-length", "0"))
        if not 0 <= length <= MAX_BODY:
            raise ValueError(length)
        start = end + 4
        if len(self._buffer) < start + length:
            return None
        body = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        return Request(method=method, path=path, headers=headers, body=body)

    async def _serve(self, request: Request) -> None:
        try:
            response = await self._handler.answer(request)
        except Exception as error:  # noqa: BLE001 - whatever it is, the owner hears of it
            self._failed(error)
            response = Response(status=500)
        if self._transport is None:
            return
        self._transport.write(response.encode())
        self._task = None
        if response.cut_after is not None:
            self.abort()
            return
        self._handler.answered(self)
        self._advance()


def _parse_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *rest = head.decode("latin-1").split("\r\n")
    method, path, version = first.split(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError(version)
    headers = {}
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(line)
        headers[name.strip().lower()] = value.strip()
    return method, path, headers


class SilentConnection(asyncio.Protocol):
    """A connection that is accepted and never answered; only its closing is looked after.

    Args:
        opened: Is given the connection.
        closed: Is given the connection.
    """

    def __init__(
        self,
        opened: Callable[[SilentConnection], None],
        closed: Callable[[SilentConnection], None],
    ) -> None:
        self._opened = opened
        self._closed = closed
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the transport."""
        self._transport = transport
        self._opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the transport."""
        del exc
        self._transport = None
        self._closed(self)

    def close(self) -> None:
        """Close at once: nothing was written."""
        self.abort()

    def abort(self) -> None:
        """Close at once."""
        if isinstance(self._transport, asyncio.Transport):
            self._transport.abort()
