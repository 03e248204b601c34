"""What a failed authentication means, and what an administrator does about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spnego import exceptions as spnego

from fleetaudit.errors import Retry
from fleetaudit.transport._text import visible

if TYPE_CHECKING:
    from fleetaudit.transport._failure import Failure, Scene

__all__ = ["SECURITY_ERRORS", "combination", "foreign", "missing_library", "refused", "security"]

_KERBEROS: Final = (
    "For Kerberos: apt install libkrb5-dev gcc python3-dev krb5-user && pip install"
    " 'fleetaudit[kerberos]'; otherwise set ansible_psrp_auth to ntlm"
)
_CREDSSP: Final = "pip install 'fleetaudit[credssp]', or choose another ansible_psrp_auth"
_ACCOUNT: Final = (
    "Check ansible_user and its password (DOMAIN\\name or name@domain; a local account as"
    " name alone), and that the account is neither locked nor disabled"
)
_TICKET: Final = (
    "Run kinit, or give ansible_user and ansible_password; check krb5.conf, and that ansible_host"
    " is the host's full name"
)
_BINDING: Final = (
    "Something between here and the host ends TLS; take it out, or set"
    " ansible_psrp_negotiate_send_cbt to false if that is wanted"
)

SECURITY_ERRORS: Final = (
    spnego.SpnegoError,
    spnego.FeatureMissingError,
    spnego.NativeError,
)


def refused(exception: BaseException, scene: Scene) -> Failure:
    """Classify pypsrp's AuthenticationError: wrong schemes, or a refused credential."""
    if "did not response with" in str(exception):
        return scene.refused(
            "the host offers none of the ways to authenticate that were chosen",
            "Compare ansible_psrp_auth with winrm get winrm/config/service/auth on the host",
        )
    return scene.credentials("the host refuses the user name or the password (HTTP 401)", _ACCOUNT)


def combination(scene: Scene) -> Failure:
    """Return that the connection's settings exclude each other."""
    return scene.refused(
        "authentication, encryption and protocol do not fit together",
        "Basic needs HTTPS or ansible_psrp_message_encryption=never, and basic and CredSSP need a"
        " user and a password; certificate needs HTTPS, ansible_psrp_certificate_pem and"
        " ansible_psrp_certificate_key_pem; compare ansible_psrp_auth with winrm get"
        " winrm/config/service/auth on the host",
    )


def missing_library(exception: BaseException, scene: Scene) -> Failure:
    """Return that the library for this kind of authentication is not installed."""
    is_credssp = "credssp" in str(exception).casefold()
    return scene.refused(
        "the library for this kind of authentication is not installed",
        _CREDSSP if is_credssp else _KERBEROS,
    )


def security(exception: BaseException, scene: Scene) -> Failure:
    """Classify an error of pyspnego; its text names tickets and names, never a secret."""
    said = visible(exception)
    match exception:
        case spnego.InvalidCredentialError() | spnego.CredentialsExpiredError():
            return scene.credentials(f"the credential is refused: {said}", _ACCOUNT)
        case spnego.NoCredentialError():
            return scene.refused(f"there is no usable credential: {said}", _TICKET)
        case spnego.BadBindingsError():
            return scene.refused("the channel binding does not fit the connection", _BINDING)
        case (
            spnego.BadMechanismError()
            | spnego.OperationNotAvailableError()
            | spnego.FeatureMissingError()
        ):
            return scene.refused(f"this kind of authentication is not available: {said}", _KERBEROS)
        case _:
            return _damaged(exception, scene) or scene.refused(
                f"the authentication failed: {said}", _TICKET
            )


def _damaged(exception: BaseException, scene: Scene) -> Failure | None:
    match exception:
        case spnego.BadMICError():
            return scene.broken(
                "the seal of a message is broken",
                "If it happens again, somebody changes the traffic: use HTTPS",
                retry=Retry.ONCE,
            )
        case spnego.ContextExpiredError() | spnego.NoContextError():
            return scene.broken("the security context has expired")
        case spnego.InvalidTokenError():
            return scene.rubbish(f"its authentication token cannot be read: {visible(exception)}")
        case _:
            return None


def foreign(exception: BaseException, scene: Scene) -> Failure | None:
    """Classify what the optional libraries for Kerberos and CredSSP raise; None for others.

    They are told apart by their module's name, because they need not be installed.
    """
    match type(exception).__module__.partition(".")[0]:
        case "gssapi" | "krb5":
            return scene.refused(f"Kerberos failed: {visible(exception)}", _TICKET)
        case "requests_credssp":
            return scene.credentials("CredSSP refused the credential", _ACCOUNT)
        case _:
            return None
