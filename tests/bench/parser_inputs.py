"""The files that the parsers are measured on, written by the simulated fleet or by repetition.

    python tests/bench/parser_inputs.py FOLDER LOG_MB EVTX_MB

Everything is seeded: the same arguments give the same bytes.
"""

from __future__ import annotations

import re
import struct
import sys
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from evtx import PyEvtxParser

from fleetaudit.simulation.clock import SimulatedClock
from fleetaudit.simulation.formats.evtx import write_evtx
from fleetaudit.simulation.formats.firewall_log import FirewallLogFile, drop_line
from fleetaudit.simulation.formats.wfp_state import render_state, stamp
from fleetaudit.simulation.model._events import blocked
from fleetaudit.simulation.model.filters import Condition, Layer, Packet
from fleetaudit.simulation.model.fleet import build_fleet
from fleetaudit.simulation.model.generations import GENERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fleetaudit.simulation.model.filters import Filter

MEGABYTE = 1_000_000
START = datetime(2026, 11, 20, 6, tzinfo=UTC)
GENERATION = GENERATIONS["11-24H2"]
LOG_LINES = 150_000
EVENTS = 30_000
FILTERS = 13_000
SEED = 7
SMALL_FILES = 24
SMALL_BYTES = 4 * MEGABYTE


def packets(count: int, *, only_tcp: bool) -> Iterable[Packet]:
    """Yield packets as a busy host drops them: some peers and ports often, most seldom."""
    rng = Random(SEED)  # noqa: S311 - reproducible on purpose
    ports = (445, 3389, 5353, 137, 443, 22, 1900, 8080)
    for _ in range(count):
        protocol = 6 if only_tcp else rng.choice((6, 6, 6, 17, 17, 1, 58))
        is_v6 = protocol == 58 or (not only_tcp and rng.random() < 0.15)
        host = rng.randrange(1, 60_000)
        local = IPv6Address(f"fd00::{rng.randrange(1, 9):x}") if is_v6 else IPv4Address("10.0.4.5")
        remote = (
            IPv6Address(f"2001:db8::{host:x}")
            if is_v6
            else IPv4Address(f"10.{host % 7}.{host >> 8}.{host & 255}")
        )
        is_icmp = protocol in (1, 58)
        yield Packet(
            layer=Layer.ALE_AUTH_RECV_ACCEPT_V6 if is_v6 else Layer.ALE_AUTH_RECV_ACCEPT_V4,
            protocol=protocol,
            local_ip=local,
            remote_ip=remote,
            local_port=rng.choice((3, 8, 128)) if is_icmp else rng.choice(ports),
            remote_port=0 if is_icmp else rng.randrange(49152, 65536),
            profile=1,
        )


def log(*, only_tcp: bool) -> tuple[bytes, bytes]:
    """Return a header and the lines under it, each ending in CRLF."""
    file = FirewallLogFile(maximum_bytes=1 << 60, has_pid=True, exists=True)
    for number, packet in enumerate(packets(LOG_LINES, only_tcp=only_tcp)):
        moment = START + timedelta(seconds=number // 25)
        file.write(drop_line(moment, packet, is_inbound=True, size=52, pid=1204))
    whole = file.files()[""]
    at = whole.index(b"\r\n\r\n") + 4
    return whole[:at], whole[at:]


def repeated(file: Path, head: bytes, body: bytes, size: int) -> None:
    """Write ``head``, then ``body`` again and again until the file has ``size`` bytes."""
    with file.open("wb") as stream:
        stream.write(head)
        for _ in range(max(1, round(size / len(body)))):
            stream.write(body)


def a_filter_and_its_kin() -> list[Filter]:
    """Return the filters of a simulated host."""
    fleet = build_fleet(size=22, seed=7, clock=SimulatedClock())
    return fleet.hosts["ws-berlin-01"].platform.filters


def evtx(filters: list[Filter]) -> bytes:
    """Return a Security log: blocked connections and packets, and a fifth of other events."""
    blockers = [one for one in filters if one.blocks]
    rng = Random(SEED)  # noqa: S311 - reproducible on purpose
    records = []
    for number, packet in enumerate(packets(EVENTS, only_tcp=False), start=1):
        record = blocked(
            number,
            START + timedelta(milliseconds=40 * number),
            is_connection=rng.random() < 0.5,
            computer="WS-BERLIN-01.corp.example.org",
            packet=packet,
            by=rng.choice(blockers),
            is_inbound=True,
            generation=GENERATION,
            process=(1204, r"\device\harddiskvolume3\windows\system32\svchost.exe"),
            interface_index=12,
        )
        records.append(replace(record, event_id=4624) if number % 5 == 0 else record)
    return write_evtx(records)


def evtx_parts(data: bytes, size: int) -> tuple[bytes, bytes]:
    """Return the file header for a file of ``size`` bytes, and its chunks once."""
    chunks = data[4096:]
    count = round(size / len(chunks)) * len(chunks) // 65536
    head = bytearray(data[:4096])
    struct.pack_into("<QQ", head, 8, 0, count - 1)
    struct.pack_into("<H", head, 42, count)
    struct.pack_into("<I", head, 124, zlib.crc32(head[:120]))
    return bytes(head), chunks


def event_xml(file: Path, target: Path) -> None:
    """Write the events of a file as ``ToXml()`` gives them, one a line."""
    with target.open("w", encoding="utf-8") as stream:
        records: Iterable[Any] = PyEvtxParser(str(file)).records()
        for record in records:
            text = record["data"].partition("?>")[2]
            line = "".join(line.strip() for line in text.splitlines())
            line = re.sub(r"<(\w+)([^<>]*)></\1>", r"<\1\2/>", line)
            line = re.sub(r'="([^"<>]*)"', r"='\1'", line)
            stream.write(re.sub(r"Guid='([^'{]*)'", r"Guid='{\1}'", line) + "\n")


def state(filters: list[Filter]) -> bytes:
    """Return a state of 13,000 filters, all with a name, a number and a key of their own.

    Each has two conditions more than the model gives it, so that it is as long as those of real
    hosts: 2.2 KB; every second one repeats another's, as there. The file has one root, so that
    ElementTree can read it at all.
    """
    many = []
    for number in range(FILTERS):
        one = filters[number % len(filters)]
        turn = number // len(filters)
        name = f"{one.name} {turn}"
        network = IPv4Network((turn // 2 << 8, 24))
        more = (
            Condition(field="IP_REMOTE_ADDRESS", type="FWP_V4_ADDR_MASK", value=network),
            Condition(field="ORIGINAL_PROFILE_ID", type="FWP_UINT32", value=turn // 2 % 3),
        )
        conditions = (*one.conditions, *more)
        key = UUID(int=number)
        many.append(replace(one, id=66_000 + number, key=key, name=name, conditions=conditions))
    text = render_state(many, host="ws-berlin-01", generation=GENERATION)
    return stamp(text.partition("<firewallState>")[0], START)


def main(folder: Path, log_mb: int, evtx_mb: int) -> None:
    """Write all files."""
    mixed, tcp = log(only_tcp=False), log(only_tcp=True)
    repeated(folder / "mixed.log", *mixed, 60 * MEGABYTE)
    repeated(folder / "tcp.log", *tcp, 60 * MEGABYTE)
    (folder / "small").mkdir()
    lines = mixed[1].splitlines(keepends=True)
    for number in range(SMALL_FILES):
        begin = number * 1_000
        body = b"".join(lines[begin : begin + SMALL_BYTES // 95])
        (folder / "small" / f"{number}.log").write_bytes(mixed[0] + body)
    filters = a_filter_and_its_kin()
    events = evtx(filters)
    (folder / "once.evtx").write_bytes(events)
    repeated(folder / "security.evtx", *evtx_parts(events, 64 * MEGABYTE), 64 * MEGABYTE)
    event_xml(folder / "once.evtx", folder / "events.xml")
    (folder / "wfpstate.xml").write_bytes(state(filters))
    repeated(folder / "big.log", *mixed, log_mb * MEGABYTE)
    repeated(folder / "big.evtx", *evtx_parts(events, evtx_mb * MEGABYTE), evtx_mb * MEGABYTE)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
