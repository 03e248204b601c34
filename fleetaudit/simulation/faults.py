"""What goes wrong with a simulated host at the level of the wire."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Fault"]


class Fault(StrEnum):
    """How a host misbehaves; the server half plays it, the host's model knows nothing of it."""

    NONE = "none"
    """The host behaves."""
    REFUSE = "refuse"
    """The port is closed."""
    HANG_CONNECT = "hang-connect"
    """The connection is accepted and nothing is ever answered."""
    HANG_SCRIPT = "hang-script"
    """A script starts and never ends."""
    RESET = "reset"
    """The connection is reset in the middle of an answer."""
    RUBBISH = "rubbish"
    """What answers is no WS-Management at all."""
    SURROGATE = "surrogate"
    """A string with a lone surrogate arrives."""
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - names a fault, holds no secret
    """The host knows the account by another password."""
    NO_RIGHTS = "no-rights"
    """The account may open a shell but is not elevated; auditpol and netsh refuse."""
    NO_JEA = "no-jea"
    """The endpoint is a JEA one that does not offer our functions."""
    TRUNCATED = "truncated"
    """The answer ends before its last pieces and its trailer."""
    ERROR_FLOOD = "error-flood"
    """A script writes thousands of error records."""
    DIES_IN_WINDOW = "dies-in-window"
    """The host answers before the window and is gone after it."""
