"""The logs that a simulated host begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.simulation.formats.firewall_log import FirewallLogFile
from fleetaudit.simulation.model.security_log import SecurityLog
from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from random import Random

    from fleetaudit.simulation.model.specs import HostSpec

__all__ = ["firewall_log_of", "security_log_of"]


def security_log_of(spec: HostSpec, rng: Random) -> SecurityLog:
    """Return the Security log with what others wrote before."""
    is_small = Trait.SMALL_LOG in spec.traits
    return SecurityLog(
        maximum_bytes=1_052_672 if is_small else 20_971_520,
        first_record=rng.randint(1_000, 400_000),
        old_records=1_100 if is_small else rng.randint(2_000, 15_000),
    )


def firewall_log_of(spec: HostSpec) -> FirewallLogFile:
    """Return the firewall's log, which is no file yet where it logs no drops."""
    is_small = Trait.SMALL_FIREWALL_LOG in spec.traits
    return FirewallLogFile(
        maximum_bytes=16_384 if is_small else 4_194_304,
        has_pid=spec.generation.log_has_pid,
    )
