from __future__ import annotations

import base64
import gzip
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.simulation._seam import Output, ScriptRequest, TerminatingError
from fleetaudit.simulation.clock import SimulatedClock
from fleetaudit.simulation.engine import ModelEngine
from fleetaudit.simulation.model.fleet import build_fleet

if TYPE_CHECKING:
    from fleetaudit.simulation.model.fleet import SimulatedFleet

AUDITORS = (Subcategory.PACKET_DROP, Subcategory.CONNECTION)


class Replies:
    """What one script emitted: its files, how its tools ended, and how it failed."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.exits: dict[str, int] = {}
        self.error: str = ""


class Desk:
    """Asks a simulated fleet without a net."""

    def __init__(self, fleet: SimulatedFleet) -> None:
        self.fleet = fleet
        self.engine = ModelEngine(fleet)

    def ask(self, host: str, script: str, **parameters: Any) -> Replies:
        replies = Replies()
        pieces: dict[str, bytes] = {}
        request = ScriptRequest(host=host, script=script, text="", parameters=parameters)
        for emission in self.engine.answer(request):
            if isinstance(emission, TerminatingError):
                replies.error = emission.error.fully_qualified_id
                continue
            assert isinstance(emission, Output)
            record = emission.value
            assert isinstance(record, dict)
            name = str(record.get("Name"))
            if record["Kind"] == "Piece":
                pieces[name] = pieces.get(name, b"") + base64.b64decode(str(record["Data"]))
            elif record["Kind"] == "Trailer":
                packed = pieces.get(name, b"")
                is_packed = record["Encoding"] == "gzip"
                replies.files[name] = gzip.decompress(packed) if is_packed else packed
            else:
                replies.exits[str(record["Tool"])] = int(str(record["Code"]))
        return replies

    def switch(self, host: str, *, failure: bool) -> None:
        for subcategory in AUDITORS:
            self.ask(
                host,
                "Set-AuditPolicy",
                Subcategory=subcategory.braced,
                Success="disable",
                Failure="enable" if failure else "disable",
            )

    def wait(self, minutes: float) -> None:
        clock = self.fleet.clock
        clock.sleep_until(clock.now() + timedelta(minutes=minutes))


def make_desk(size: int = 22, seed: int = 7) -> Desk:
    return Desk(build_fleet(size=size, seed=seed, clock=SimulatedClock()))


@pytest.fixture(scope="session")
def swept() -> tuple[Desk, dict[str, bytes], dict[str, bytes]]:
    """A fleet after a window of ten minutes: its exports, and its state dumps before it."""
    desk = make_desk(28)
    before = {}
    for host in desk.fleet.hosts:
        before[host] = desk.ask(host, "Get-WfpState").files.get("wfpstate.xml", b"")
        desk.switch(host, failure=True)
    desk.wait(10)
    exports = {
        host: desk.ask(host, "Export-SecurityEvent", AfterRecord=0).files.get("security.evtx", b"")
        for host in desk.fleet.hosts
    }
    return desk, exports, before
