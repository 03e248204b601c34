"""How patient the transport is and how much it takes from one host."""

from __future__ import annotations

from dataclasses import dataclass, field

from fleetaudit.transport.framing import Limits

__all__ = ["PsrpSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PsrpSettings:
    """Deadlines in seconds, beside the timeouts of each host's own connection.

    Attributes:
        open_s: To connect, authenticate and open the shell, all in all.
        poll_s: How long the host may hold one request for output.
        stop_s: To stop a script that has reached its deadline.
        close_s: To close a script or the shell.
        grace_s: How much longer than its deadline a request may last before it is cut off.
        object_bytes: Of one PSRP object; assembling one costs pypsrp quadratic time.
        limits: How much one host may send.
    """

    open_s: float = 90.0
    poll_s: float = 10.0
    stop_s: float = 10.0
    close_s: float = 5.0
    grace_s: float = 3.0
    object_bytes: int = 4 << 20
    limits: Limits = field(default_factory=Limits)
