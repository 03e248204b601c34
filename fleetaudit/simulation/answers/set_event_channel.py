"""What ``Set-EventChannel`` does and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.simulation.answers._answer import Answer, Asked
from fleetaudit.simulation.answers._switching import switch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]


def _give(asked: Asked) -> Iterator[Emission]:
    channel, enabled = (str(asked.parameters.get(name, "")) for name in ("Channel", "Enabled"))
    arguments = f"sl {channel} /e:{enabled}"
    yield from switch(asked, "wevtutil", asked.host.switches.wevtutil, arguments)


ANSWER = Answer(name="Set-EventChannel", give=_give)
