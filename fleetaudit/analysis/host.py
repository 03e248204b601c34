"""One host: its stored tables to attempts, a partial and what was not seen."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from fleetaudit.analysis.attempts import fold
from fleetaudit.analysis.attribution import Snapshots, attribute
from fleetaudit.analysis.drive_letters import find_paths
from fleetaudit.analysis.epochs import draw_epochs
from fleetaudit.analysis.locality import localize, port_labels, strip_volume
from fleetaudit.analysis.policy_changes import nanoseconds
from fleetaudit.analysis.rule_identity import RuleBook
from fleetaudit.analysis.statistics import count_attempts, partial_of
from fleetaudit.analysis.stretches import OUTSIDE, places
from fleetaudit.records.event_codes import LayerKind, NetworkProfile
from fleetaudit.records.tables import DROPS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fleetaudit.analysis.stretches import ObservedWindow
    from fleetaudit.ingest import FactsTimeline
    from fleetaudit.records.event_codes import EventCode
    from fleetaudit.records.figures import RuleIdentity
    from fleetaudit.store import HostFolder

__all__ = ["BLOCKED", "HostFigures", "figures_of"]

BLOCKED: Final = (5150, 5151, 5152, 5153, 5155, 5157, 5159)
"""Events that each say one packet, connection, bind or listen was blocked (windows-facts 1.1)."""

SHUTDOWN: Final = 1100
_V4: Final = 4
_LONGEST_WITH_BROADCAST: Final = 30
"""A network with a longer prefix has no broadcast address (RFC 3021)."""
_NUMBERS: Final = (
    "source_port",
    "destination_port",
    "network_iana_number",
    "direction_code",
    "layer_rtid",
    "layer_code",
)
_PROFILES: Final = ("original_profile_code", "current_profile_code")
_WORDS: Final = {
    "layer": ("layer_code", LayerKind),
    "original_profile": ("original_profile_code", NetworkProfile),
    "current_profile": ("current_profile_code", NetworkProfile),
}
"""Columns of ``drops`` that are words for a number; the number, and what knows the words."""
_ICMP: Final = (1, 58)
_WITHOUT_PORTS: Final = (*_ICMP, 2)
"""IGMP shows 0 in place of both (windows-facts 1.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFigures:
    """What one host yields.

    Attributes:
        partial: See :mod:`fleetaudit.analysis.statistics`.
        identities: By rule key.
        attempts: One row an attempt; ``window`` and ``into_ns`` say in which window of the host it
            was first seen, and how far into a stretch of it (:mod:`fleetaudit.analysis.stretches`).
        records: How many blocked records there are.
    """

    partial: pd.DataFrame
    identities: Mapping[str, RuleIdentity]
    attempts: pd.DataFrame
    records: int


def figures_of(
    folder: HostFolder, facts: FactsTimeline, *, windows: Sequence[ObservedWindow]
) -> HostFigures | None:
    """Return the figures of a host, and store its attempts as the table ``drops``.

    None where its security events were not collected, or hold no record of traffic and nobody
    knows that auditing was on: then nothing is known, which is not zero.
    Filters are looked up by the host's own time; the figures' times are corrected by the offset of
    its clock, where that is known.
    """
    events = folder.table("security_events")
    if events is None or (events.num_rows == 0 and not windows):
        return None
    records = _blocked(events)
    if records.empty:
        return HostFigures(partial=pd.DataFrame(), identities={}, attempts=records, records=0)
    times, filters = _snapshots(folder, records)
    boots = sorted(f.boot_time for f in (facts.before, facts.after) if f is not None)
    shutdowns = _shutdowns(folder)
    epochs = draw_epochs(snapshots=times, boots=boots, shutdowns=shutdowns)
    records, identities = attribute(
        records, epochs=epochs, snapshots=Snapshots(filters=filters), book=_rule_book(folder)
    )
    latest = facts.latest
    own, broadcasts = _own_addresses(folder)
    records = localize(
        records,
        own=own,
        broadcasts=broadcasts,
        os_build=latest.os_build if latest else None,
    )
    records["port"] = port_labels(records)
    paths = find_paths(
        records["process_executable"],
        records["time_ns"],
        volumes=_volumes(folder),
        boots=boots,
        shutdowns=shutdowns,
    )
    records["path_number"] = paths.numbers
    records["process_executable"] = records["process_executable"].map(_programs(records))
    records["time_ns"] -= nanoseconds(facts.clock_offset)
    attempts = count_attempts(fold(records))
    attempts["window"], attempts["into_ns"] = places(attempts["first_ns"].to_numpy(), windows)
    folder.write_table("drops", _drops_batches(attempts, paths.paths))
    return HostFigures(
        partial=partial_of(attempts),
        identities=identities,
        attempts=attempts,
        records=len(records),
    )


def _blocked(events: pa.Table) -> pd.DataFrame:
    chosen = events.filter(
        pc.is_in(events["event_code"], value_set=pa.array(BLOCKED, type=pa.uint16()))
    )
    numbers = {
        name: pc.fill_null(chosen[name].cast(pa.int64()), -1).to_numpy() for name in _NUMBERS
    }
    # Of an attempt's two records only 5157 has profiles (windows-facts 1.2); NaN yields to them.
    profiles = {name: chosen[name].cast(pa.float64()).to_numpy() for name in _PROFILES}
    texts = {
        name: chosen[name].cast(pa.string()).to_pandas().astype("object")
        for name in ("source_ip", "destination_ip", "filter_origin", "process_executable")
    }
    return pd.DataFrame(
        {
            "time_ns": chosen["time"].cast(pa.int64()).to_numpy(),
            "event_code": chosen["event_code"].to_numpy(),
            "filter_rtid": pc.fill_null(chosen["filter_rtid"], 0).to_numpy(),
            **numbers,
            **profiles,
            **texts,
        }
    )


def _snapshots(
    folder: HostFolder, records: pd.DataFrame
) -> tuple[list[int], Sequence[Mapping[int, dict[str, object]]]]:
    table = folder.table("wfp_filters")
    if table is None or table.num_rows == 0:
        return [], []
    needed = pa.array(sorted({int(n) for n in records["filter_rtid"].unique()}), type=pa.uint64())
    rows = table.filter(pc.is_in(table["filter_id"], value_set=needed))
    times = sorted(int(t) for t in pc.unique(table["snapshot_time"].cast(pa.int64())).to_pylist())
    filters: dict[int, dict[int, dict[str, object]]] = {time: {} for time in times}
    stamps = rows["snapshot_time"].cast(pa.int64()).to_pylist()
    for stamp, row in zip(stamps, rows.drop_columns(["snapshot_time"]).to_pylist(), strict=True):
        filters[stamp][row["filter_id"]] = row
    return times, [filters[time] for time in times]


def _shutdowns(folder: HostFolder) -> list[int]:
    table = folder.table("audit_events")
    if table is None:
        return []
    chosen = table.filter(pc.equal(table["event_code"], SHUTDOWN))
    return sorted(chosen["time"].cast(pa.int64()).to_pylist())


def _rule_book(folder: HostFolder) -> RuleBook:
    table = folder.table("firewall_rules")
    return RuleBook([] if table is None else table.to_pylist())


def _own_addresses(folder: HostFolder) -> tuple[frozenset[str], frozenset[str]]:
    """Return the host's addresses, and the broadcast addresses of its networks."""
    table = folder.table("addresses")
    own, broadcasts = set(), set()
    rows = [] if table is None else table.select(["ip", "prefix_length"]).to_pylist()
    for row in rows:
        text, length = str(row["ip"]).partition("%")[0], row["prefix_length"]
        try:
            found = ipaddress.ip_interface(text if length is None else f"{text}/{length}")
        except ValueError:
            continue
        own.add(str(found.ip))
        if found.version == _V4 and found.network.prefixlen <= _LONGEST_WITH_BROADCAST:
            broadcasts.add(str(found.network.broadcast_address))
    return frozenset(own), frozenset(broadcasts)


def _volumes(folder: HostFolder) -> list[tuple[int | None, str, str | None]]:
    table = folder.table("volumes")
    if table is None:
        return []
    times = table["snapshot_time"].cast(pa.int64()).to_pylist()
    devices, places = table["device"].to_pylist(), table["mount_point"].to_pylist()
    return list(zip(times, devices, places, strict=True))


def _programs(records: pd.DataFrame) -> dict[object, str]:
    return {
        value: strip_volume(value if isinstance(value, str) else None)
        for value in records["process_executable"].unique()
    }


def _words(codes: pd.Series[float], kind: type[EventCode]) -> pd.Series[str]:
    """Return the words for some numbers; null where there is no number."""
    words = {code: kind(int(code)).word for code in codes.unique() if code >= 0}
    return codes.map(words).astype("object")


def _drops_batches(attempts: pd.DataFrame, paths: Sequence[str]) -> list[pa.RecordBatch]:
    is_icmp = attempts["network_iana_number"].isin(_ICMP)
    has_ports = ~attempts["network_iana_number"].isin(_WITHOUT_PORTS)
    ports = attempts[["local_port", "remote_port"]]
    told = attempts.assign(
        first_time=attempts["first_ns"],
        last_time=attempts["last_ns"],
        # For ICMP, ports are type and code (windows-facts 1.3).
        icmp_type=ports["local_port"].where(is_icmp, -1),
        icmp_code=ports["remote_port"].where(is_icmp, -1),
        local_port=ports["local_port"].where(has_ports, -1),
        remote_port=ports["remote_port"].where(has_ports, -1),
        process_path=attempts["path_number"].map(dict(enumerate(paths))).astype("object"),
        **{name: _words(attempts[code], kind) for name, (code, kind) in _WORDS.items()},
    )
    columns = []
    for field in DROPS:
        is_missing = told["window"] == OUTSIDE if field.name == "window" else None
        values = pa.Array.from_pandas(told[field.name], mask=is_missing)
        if pa.types.is_dictionary(field.type):
            values = values.cast(pa.string()).dictionary_encode()
        columns.append(values.cast(field.type))
    return [pa.RecordBatch.from_arrays(columns, schema=DROPS)]
