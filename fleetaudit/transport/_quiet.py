"""Keep the libraries below from logging: at DEBUG they log whole messages and tokens."""

from __future__ import annotations

import logging
import warnings
from typing import Final

__all__ = ["LOGGERS", "hush"]

LOGGERS: Final = ("pypsrp", "spnego", "urllib3", "requests", "requests_credssp")


def hush() -> None:
    """Silence the libraries for good: their news arrive as exceptions, and those are mapped.

    pypsrp logs scripts and results at DEBUG, a traceback for every read timeout at ERROR and what
    a host says at WARNING; spnego logs its tokens. As warnings, pypsrp passes on text of the host.
    """
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.CRITICAL + 1)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    from pypsrp.negotiate import NoCertificateRetrievedWarning, UnknownSignatureAlgorithmOID
    from pypsrp.powershell import RunspacePoolWarning
    from urllib3.exceptions import InsecureRequestWarning

    for category in (
        RunspacePoolWarning,
        NoCertificateRetrievedWarning,
        UnknownSignatureAlgorithmOID,
        InsecureRequestWarning,
    ):
        warnings.simplefilter("ignore", category)
