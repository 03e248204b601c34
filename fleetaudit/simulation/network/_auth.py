"""Who is at the other end of a connection, and messages sealed with its session key.

Offered as WinRM offers it: Negotiate (NTLM inside it or bare) and Basic. A security context belongs
to one TCP connection. Sealed bodies are MS-WSMV 2.2.9.1::

    --Encrypted Boundary
        Content-Type: application/HTTP-SPNEGO-session-encrypted
        OriginalContent: type=application/soap+xml;charset=UTF-8;Length=1234
    --Encrypted Boundary
        Content-Type: application/octet-stream
    <signature length 4><signature><sealed bytes>--Encrypted Boundary--
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import spnego
import spnego.channel_bindings
import spnego.exceptions

from fleetaudit.simulation.network._http import Response

if TYPE_CHECKING:
    from fleetaudit.records.secret import Secret
    from fleetaudit.simulation.network._auth_accounts import Accounts
    from fleetaudit.simulation.network._http import Request

__all__ = ["Authenticator", "Gate", "SealBrokenError"]

_BOUNDARY: Final = b"--Encrypted Boundary"
_OCTETS: Final = b"\tContent-Type: application/octet-stream\r\n"
_SEALED: Final = (
    'multipart/encrypted;protocol="application/HTTP-SPNEGO-session-encrypted";'
    'boundary="Encrypted Boundary"'
)
_PLAIN: Final = "application/soap+xml;charset=UTF-8"
_LENGTH: Final = struct.Struct("<i")


class SealBrokenError(ValueError):
    """A sealed body is damaged, or no session can open it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    r"""Who may come in at a host, and how.

    Attributes:
        username: The one account, as ``name``, ``DOMAIN\\name`` or ``name@domain``.
        password: Its password on this host.
        allows_basic: Whether Basic is offered; without TLS that means unencrypted messages too.
        allows_negotiate: Whether Negotiate is offered.
        is_tls: Whether the connection is inside TLS.
        certificate_hash: What ``tls-server-end-point`` (RFC 5929) is for the host's certificate.
        accounts: Where pyspnego finds the account.
    """

    username: str
    password: Secret
    allows_basic: bool
    allows_negotiate: bool
    is_tls: bool
    certificate_hash: bytes
    accounts: Accounts


class Authenticator:
    """Authenticates one connection and seals its messages."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._context: Any = None  # pyspnego is untyped
        self._reply: tuple[tuple[str, str], ...] = ()
        self._is_in = False

    def admit(self, request: Request) -> Response | None:
        """Return the answer that sends the client back, or None: it may come in."""
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        self._reply = ()
        if scheme.lower() == "basic" and self._gate.allows_basic:
            return None if self._basic(credentials) else self._refuse()
        if scheme.lower() == "negotiate" and self._gate.allows_negotiate:
            return self._negotiate(credentials)
        return None if self._is_in and not scheme else self._refuse()

    def open(self, request: Request) -> bytes:
        """Return the message in a request's body.

        Raises:
            SealBrokenError: It cannot be opened, or is not sealed although it has to be.
        """
        kind = request.headers.get("content-type", "")
        if not kind.lower().startswith("multipart/encrypted"):
            if request.body and not (self._gate.is_tls or self._gate.allows_basic):
                raise SealBrokenError("a message in the clear")
            return request.body
        if self._context is None or not self._context.complete:
            raise SealBrokenError("sealed before the session has a key")
        _, found, payload = request.body.partition(_OCTETS)
        payload = payload.removesuffix(_BOUNDARY + b"--\r\n")
        if not found or len(payload) < _LENGTH.size:
            raise SealBrokenError("no sealed part")
        end = _LENGTH.size + _LENGTH.unpack_from(payload)[0]
        try:
            opened: bytes = self._context.unwrap_winrm(payload[_LENGTH.size : end], payload[end:])
        except spnego.exceptions.SpnegoError as error:
            raise SealBrokenError(str(error)) from error
        return opened

    def close(self, request: Request, status: int, message: bytes) -> Response:
        """Return the answer to ``request``, sealed if the request was."""
        kind = request.headers.get("content-type", "")
        if not message or not kind.lower().startswith("multipart/encrypted"):
            headers = (*self._reply, ("Content-Type", _PLAIN)) if message else self._reply
            return Response(status=status, headers=headers, body=message)
        header, data, padding = self._context.wrap_winrm(message)
        body = b"\r\n".join(
            (
                _BOUNDARY,
                b"\tContent-Type: application/HTTP-SPNEGO-session-encrypted",
                b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d"
                % (len(message) + padding),
                _BOUNDARY,
                _OCTETS + _LENGTH.pack(len(header)) + header + data + _BOUNDARY + b"--\r\n",
            )
        )
        return Response(status=status, headers=(("Content-Type", _SEALED),), body=body)

    def _basic(self, credentials: str) -> bool:
        try:
            given = base64.b64decode(credentials, validate=True)
        except binascii.Error:
            return False
        expected = f"{self._gate.username}:{self._gate.password.reveal()}"
        # RFC 7617 leaves the encoding open; requests sends Latin-1, others UTF-8.
        encoded = (expected.encode(), expected.encode("latin-1", "replace"))
        return any(hmac.compare_digest(given, one) for one in encoded)

    def _negotiate(self, credentials: str) -> Response | None:
        if self._context is None or self._context.complete:
            self._context, self._is_in = self._new_context(), False
        try:
            token = base64.b64decode(credentials, validate=True)
            with self._gate.accounts.only(self._gate.username, self._gate.password):
                answer = self._context.step(token)
        except (spnego.exceptions.SpnegoError, ValueError, struct.error, LookupError):
            self._context = None
            return self._refuse()
        reply = f"Negotiate {base64.b64encode(answer).decode()}" if answer else ""
        if not self._context.complete:
            return Response(status=401, headers=(("WWW-Authenticate", reply or "Negotiate"),))
        self._is_in = True
        self._reply = (("WWW-Authenticate", reply),) if reply else ()
        return None

    def _new_context(self) -> Any:  # noqa: ANN401 - pyspnego is untyped
        bindings = None
        if self._gate.certificate_hash:
            bindings = spnego.channel_bindings.GssChannelBindings(
                application_data=b"tls-server-end-point:" + self._gate.certificate_hash
            )
        with self._gate.accounts.only(self._gate.username, self._gate.password):
            return spnego.server(
                protocol="negotiate",
                channel_bindings=bindings,
                options=spnego.NegotiateOptions.use_negotiate,
            )

    def _refuse(self) -> Response:
        offers = []
        if self._gate.allows_negotiate:
            offers.append(("WWW-Authenticate", "Negotiate"))
        if self._gate.allows_basic:
            offers.append(("WWW-Authenticate", 'Basic realm="WSMAN"'))
        return Response(status=401, headers=tuple(offers))
