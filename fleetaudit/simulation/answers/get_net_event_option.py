"""What ``Get-NetEventOption`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetaudit.simulation.answers._answer import (
    Answer,
    Asked,
    exit_record,
    file_records,
    has_rights,
    refusal,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

__all__ = ["ANSWER"]


def _give(asked: Asked) -> Iterator[Emission]:
    if not has_rights(asked.host):
        yield from refusal(asked.host, "netsh")
        return
    yield exit_record("netsh")
    said = f"\ufeff\r\nkeywords = {asked.host.net_events.keywords}\r\n\r\n"
    yield from file_records("options.txt", said.encode())


ANSWER = Answer(name="Get-NetEventOption", give=_give)
