"""What ``Set-FirewallLogging`` does and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.simulation.answers._answer import Answer, Asked
from fleetaudit.simulation.answers._switching import switch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]


def _give(asked: Asked) -> Iterator[Emission]:
    profile, setting, value = (
        str(asked.parameters.get(name, "")) for name in ("ProfileName", "Setting", "Value")
    )
    arguments = f"advfirewall set {profile.lower()}profile logging {setting} {value}"
    yield from switch(asked, "netsh", asked.host.switches.netsh, arguments)


ANSWER = Answer(name="Set-FirewallLogging", give=_give)
