"""The transport for a fleet: PSRP, a breaker for each credential, and tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.transport.breaker import BreakerPolicy, BreakingTransport, CredentialBreaker
from fleetaudit.transport.psrp import PsrpSettings, PsrpTransport
from fleetaudit.transport.retry import RetryingTransport, RetryPolicy

if TYPE_CHECKING:
    from fleetaudit.clock import Clock
    from fleetaudit.transport.psrp import ScriptLibrary
    from fleetaudit.transport.retry import Dice

__all__ = ["fleet_transport"]


def fleet_transport(
    clock: Clock,
    *,
    library: ScriptLibrary,
    dice: Dice,
    settings: PsrpSettings | None = None,
    retries: RetryPolicy | None = None,
    breaker: BreakerPolicy | None = None,
) -> RetryingTransport:
    """Return the transport that a run uses for all of its hosts.

    The breaker stands below the tries: each try asks it anew, and no permit is held in a pause.

    Args:
        clock: For deadlines and pauses.
        library: The texts of the scripts; the package :mod:`fleetaudit.scripts` is one.
        dice: For the pauses' jitter, such as ``random.Random()``.
        settings: Deadlines and limits of one session.
        retries: How often and after which pauses.
        breaker: When a credential is given up.
    """
    psrp = PsrpTransport(clock, library=library, settings=settings)
    guarded = BreakingTransport(psrp, CredentialBreaker(breaker), knock=psrp.knock)
    return RetryingTransport(guarded, clock, dice=dice, policy=retries)
