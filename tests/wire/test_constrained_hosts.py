from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from fleetaudit import scripts
from fleetaudit.clock import SystemClock
from fleetaudit.collectors import catalogue
from fleetaudit.errors import HostUnsupportedError
from fleetaudit.records.call import ScriptCall
from fleetaudit.records.host import LanguageMode
from fleetaudit.records.window import Window
from fleetaudit.simulation.answers._answer import file_records
from fleetaudit.simulation.answers._constrained import constrained
from fleetaudit.simulation.clock import SimulatedClock
from fleetaudit.simulation.model.fleet import build_fleet
from fleetaudit.simulation.model.specs import Trait
from fleetaudit.simulation.network.stage import on_loopback
from fleetaudit.transport import MemorySink
from fleetaudit.transport.fleet import fleet_transport
from fleetaudit.transport.psrp import PsrpSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission

JITTER = random.Random(1)  # noqa: S311 - pauses are no secret
WINDOW = Window(opened_at=datetime(2026, 11, 21, 8, 0, tzinfo=UTC))


def test_every_source_of_a_constrained_host_arrives_whole() -> None:
    fleet = build_fleet(size=22, seed=7, clock=SimulatedClock())
    names = [host.name for host in fleet if Trait.CONSTRAINED in host.spec.traits]
    assert len(names) == 2
    with on_loopback(fleet) as stage:
        transport = fleet_transport(
            SystemClock(),
            library=scripts,
            dice=JITTER,
            settings=PsrpSettings(),
        )
        (host,) = (one for one in stage.hosts if one.name == names[0])
        session = transport.connect(host)
        got: dict[str, int] = {}
        for collector in catalogue().values():
            call = ScriptCall(script=collector.script, parameters=collector.parameters(WINDOW))
            sink = MemorySink()
            try:
                output = session.run(call, sink)
            except HostUnsupportedError:
                continue
            got[collector.name] = len(output.attachments)
            if collector.name == "host-facts":
                assert LanguageMode.CONSTRAINED.value.encode() in sink.read("facts.json")
        session.close()
    assert {"host-facts", "audit-policy", "wfp-state", "firewall-rules", "host-context"} <= set(got)
    assert all(got.values())


@pytest.mark.parametrize("size", [0, 1, 196_608, 400_001])
def test_a_file_is_sent_as_certutil_has_it_in_lines_of_64_characters(size: int) -> None:
    content = bytes(n % 251 for n in range(size))

    def records(emissions: Iterator[Emission]) -> list[dict[str, object]]:
        return [emission.value for emission in emissions]  # type: ignore[misc, union-attr]  # all are outputs of dicts

    *pieces, trailer = records(constrained(file_records("a.bin", content)))
    assert (trailer["Encoding"], trailer["Pieces"], trailer["Length"]) == (
        "none",
        len(pieces),
        size,
    )
    assert [len(str(piece["Data"])) for piece in pieces[:-1]] == [262_144] * (len(pieces) - 1)
    assert trailer["Sha256"] == records(file_records("a.bin", content))[-1]["Sha256"]
