"""WS-Management as this program uses it: pypsrp's WSMan within a budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pypsrp.wsman import WSMan
from requests import Session
from urllib3.util.retry import Retry as TransportRetries

from fleetaudit.transport._guard import GuardedAdapter

if TYPE_CHECKING:
    import ssl

    from fleetaudit.records.host import Connection
    from fleetaudit.transport._budget import Budget

__all__ = ["GuardedWSMan", "pool_arguments", "wsman_arguments"]


def wsman_arguments(connection: Connection) -> dict[str, Any]:
    """Return the arguments of :class:`pypsrp.wsman.WSMan`; it swallows misspelt ones silently."""
    proxy = None if connection.ignore_proxy or connection.proxy is None else connection.proxy
    return {
        "server": connection.server,
        "port": connection.port,
        "ssl": connection.ssl,
        "path": connection.path,
        "username": connection.username,
        "password": None if connection.password is None else connection.password.reveal(),
        "auth": connection.auth.value,
        "cert_validation": (connection.trust_path or True) if connection.verify else False,
        "connection_timeout": connection.connection_timeout_s,
        "read_timeout": connection.read_timeout_s,
        "operation_timeout": connection.operation_timeout_s,
        "reconnection_retries": connection.reconnection_retries,
        "reconnection_backoff": connection.reconnection_backoff_s,
        "encryption": connection.encryption.value,
        "proxy": None if proxy is None else proxy.reveal(),
        "no_proxy": proxy is None,
        "max_envelope_size": connection.max_envelope_size,
        "certificate_pem": connection.certificate_pem,
        "certificate_key_pem": connection.certificate_key_pem,
        "credssp_auth_mechanism": connection.credssp_auth_mechanism,
        "credssp_disable_tlsv1_2": connection.credssp_disable_tlsv1_2,
        "credssp_minimum_version": connection.credssp_minimum_version,
        "negotiate_delegate": connection.negotiate_delegate,
        "negotiate_hostname_override": connection.negotiate_hostname_override,
        "negotiate_send_cbt": connection.negotiate_send_cbt,
        "negotiate_service": connection.negotiate_service,
    }


def pool_arguments(connection: Connection) -> dict[str, Any]:
    """Return the arguments of :class:`pypsrp.powershell.RunspacePool` beside the WSMan."""
    return {
        "configuration_name": connection.configuration_name,
        "min_runspaces": 1,
        "max_runspaces": 1,
        "no_profile": connection.no_profile,
        "idle_timeout": connection.idle_timeout_s,
    }


class GuardedWSMan(WSMan):
    """A WSMan whose requests obey a budget and whose session is ours.

    The environment is not asked: no proxies, no CA bundle, no ``.netrc``. Redirects are refused,
    because a redirect would carry the authentication to a machine that the host names. Receive is
    not retried inside (pypsrp: five times with pauses of up to 62 s).
    """

    def __init__(
        self, connection: Connection, *, budget: Budget, context: ssl.SSLContext | None
    ) -> None:
        super().__init__(**wsman_arguments(connection))
        self._budget = budget
        self._context = context
        self.transport.session = self._session()

    def invoke(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - pypsrp's
        """Send one request, once."""
        self._budget.left()
        if self.transport.session is None:
            self.transport.session = self._session()
        return super().invoke(*args, **kwargs | {"retries_on_read_timeout": 0})

    def reset(self) -> None:
        """Forget the connection and its cipher state, which belong together."""
        self.transport.close()
        self.transport.session = None
        self.transport.encryption = None

    def _session(self) -> Session:
        transport = self.transport
        session = Session()
        session.trust_env = False
        session.max_redirects = 0
        session.headers["User-Agent"] = "fleetaudit"
        # Exchange's IIS compresses where it may, and sealed answers cannot be compressed.
        session.headers["Accept-Encoding"] = "identity"
        session.verify = transport.cert_validation
        scheme = "https" if transport.ssl else "http"
        session.proxies = {} if transport.proxy is None else {scheme: transport.proxy}
        retries = TransportRetries(
            total=transport.reconnection_retries,
            connect=transport.reconnection_retries,
            read=0,
            status=0,
            backoff_factor=transport.reconnection_backoff,
        )
        session.mount(
            f"{scheme}://", GuardedAdapter(self._budget, context=self._context, retries=retries)
        )
        getattr(transport, f"_build_auth_{transport.auth}")(session)
        return session
