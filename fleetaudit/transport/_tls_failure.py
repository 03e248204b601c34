"""What a failed TLS handshake means, and what an administrator does about it."""

from __future__ import annotations

import ssl
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import Retry
from fleetaudit.transport._failure import Stage
from fleetaudit.transport._text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fleetaudit.transport._failure import Failure, Scene

__all__ = ["tls_failure"]

_TRUST: Final = (
    "Give the certificate authority's file in ansible_psrp_cert_trust_path; setting"
    " ansible_psrp_cert_validation to ignore gives up all protection"
)
_NAME: Final = (
    "Address the host by a name that stands in its certificate (ansible_host), or give its"
    " HTTPS listener a certificate with this name"
)
_REMEDIES: Final[Mapping[int, str]] = MappingProxyType(
    {
        9: "Check this machine's clock",
        10: "Renew the certificate of the host's HTTPS listener",
        62: _NAME,
        64: _NAME,
    }
)
"""By OpenSSL's verification code: not yet valid, expired, wrong name, wrong address."""

_PLAIN: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"})


def tls_failure(causes: Sequence[BaseException], scene: Scene) -> Failure:
    """Classify a failed handshake by the exceptions that it was wrapped in."""
    errors = [one for one in causes if isinstance(one, ssl.SSLError)]
    for error in errors:
        if isinstance(error, ssl.SSLCertVerificationError):
            code = getattr(error, "verify_code", 0)
            said = visible(getattr(error, "verify_message", "") or "no reason given")
            return scene.refused(
                f"its certificate is not trusted: {said}", _REMEDIES.get(code, _TRUST)
            )
    reasons = {str(getattr(error, "reason", "") or "") for error in errors}
    if scene.stage is Stage.PREPARING:
        return scene.refused(
            "a certificate file cannot be read",
            "Check ansible_psrp_cert_trust_path and the client certificate: both are PEM files,"
            " the key without a password",
        )
    if reasons & _PLAIN:
        return scene.refused(
            "the port does not speak TLS",
            "Set ansible_psrp_protocol to http for a plain listener, or ansible_port to 5986",
        )
    if any(isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)) for error in errors):
        return scene.broken(
            "the host ended the TLS handshake",
            "Check that its HTTPS listener has a valid certificate with a private key",
            retry=Retry.ONCE,
        )
    named = ", ".join(sorted(visible(reason, 60) for reason in reasons if reason))
    return scene.refused(
        f"no TLS connection can be agreed on{': ' + named if named else ''}",
        "Check the TLS versions and ciphers that the host allows; TLS 1.2 is needed",
    )
