"""An HTTP adapter whose every read obeys one overall deadline and one size limit.

The read timeout of requests is the time between two bytes: a server that drips never times out.
Here each read of the socket gets what is left of the deadline, and the bytes are counted.
"""

from __future__ import annotations

import http.client
import io
from functools import partial
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from requests.exceptions import ContentDecodingError

from fleetaudit.transport._budget import AnswerTooLargeError, Budget

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from requests import PreparedRequest, Response
    from urllib3.util.retry import Retry as TransportRetries

__all__ = ["GuardedAdapter"]

_BUFFER_BYTES = 1 << 16


class _GuardedReader(io.RawIOBase):
    """The raw side of an answer: passes reads on while time and size last."""

    def __init__(self, raw: Any, budget: Budget) -> None:  # noqa: ANN401 - socket.SocketIO
        super().__init__()
        self._raw = raw
        # pypsrp looks for the TLS certificate under this name (channel binding).
        self._sock = raw._sock  # noqa: SLF001 - likewise
        self._budget = budget
        self._timeout: float | None = self._sock.gettimeout()
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a writable buffer
        self._sock.settimeout(self._budget.clip(self._timeout))
        try:
            count: int = self._raw.readinto(buffer) or 0
        except TimeoutError:
            self._budget.left()
            raise
        self._count += count
        if self._count > self._budget.answer_bytes:
            raise AnswerTooLargeError
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _GuardedResponse(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, budget: Budget, **kwargs: Any) -> None:  # noqa: ANN401 - http.client's
        super().__init__(sock, *args, **kwargs)
        raw = _GuardedReader(self.fp.detach(), budget)
        self.fp = io.BufferedReader(raw, _BUFFER_BYTES)


class GuardedAdapter(HTTPAdapter):
    """Sends requests within a budget, over a TLS context that is shared between hosts."""

    def __init__(
        self, budget: Budget, *, context: ssl.SSLContext | None, retries: TransportRetries
    ) -> None:
        self._budget = budget
        self._context = context
        self._connections: list[Any] = []
        super().__init__(max_retries=retries)

    def close(self) -> None:
        """Close every connection, also one whose answer nobody read to its end.

        pypsrp leaves such a one behind when the schemes of an answer do not suit it.
        """
        super().close()
        for connection in self._connections:
            connection.close()

    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,  # noqa: FBT001, FBT002 - requests' signature
        **pool_kwargs: Any,  # noqa: ANN401 - likewise
    ) -> None:
        """Make the connection pools, guarded."""
        super().init_poolmanager(connections, maxsize, block, **self._tls(), **pool_kwargs)
        self._guard(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:  # noqa: ANN401 - requests'
        """Return the connection pools behind a proxy, guarded."""
        is_new = proxy not in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **self._tls(), **kwargs)
        if is_new:
            self._guard(manager)
        return manager

    def cert_verify(self, *_args: Any, **_kwargs: Any) -> None:  # noqa: ANN401 - requests'
        """Leave the connection alone: the context knows whom to trust."""

    def build_connection_pool_key_attributes(
        self,
        request: PreparedRequest,
        verify: Any,  # noqa: ANN401 - requests' signature
        cert: Any = None,  # noqa: ANN401 - likewise
    ) -> Any:  # noqa: ANN401 - a pair of typed dictionaries that requests keeps private
        """Return where to connect; how to trust stands in the context."""
        where, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return where, {}

    def send(  # type: ignore[override] # requests calls it by keyword
        self,
        request: PreparedRequest,
        *,
        timeout: Any = None,  # noqa: ANN401 - a number, a pair or None
        **kwargs: Any,  # noqa: ANN401 - passed on
    ) -> Response:
        """Send ``request``; both timeouts are cut to what is left of the budget."""
        connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
        clipped: Any = (self._budget.clip(connect), self._budget.clip(read))
        response = super().send(request, timeout=clipped, **kwargs)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            # We asked for identity; what expands is not counted by the reader above.
            response.close()
            raise ContentDecodingError("a compressed answer")
        if response.encoding is None:
            # WinRM says UTF-8; guessing from the bytes costs seconds on a large answer.
            response.encoding = "utf-8"
        return response

    def _tls(self) -> dict[str, Any]:
        return {} if self._context is None else {"ssl_context": self._context}

    def _guard(self, manager: Any) -> None:  # noqa: ANN401 - urllib3's PoolManager
        manager.pool_classes_by_scheme = {
            scheme: partial(self._guarded_pool, pool)
            for scheme, pool in manager.pool_classes_by_scheme.items()
        }

    def _guarded_pool(self, pool_class: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - urllib3's
        pool = pool_class(*args, **kwargs)
        pool.ConnectionCls = partial(self._guarded_connection, pool.ConnectionCls)
        return pool

    def _guarded_connection(
        self,
        connection_class: Callable[..., Any],
        *args: Any,  # noqa: ANN401 - urllib3's
        **kwargs: Any,  # noqa: ANN401 - likewise
    ) -> Any:  # noqa: ANN401 - likewise
        connection = connection_class(*args, **kwargs)
        connection.response_class = partial(_GuardedResponse, budget=self._budget)
        self._connections.append(connection)
        return connection
