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
from fleetaudit.analysis.epochs import draw_epochs
from fleetaudit.analysis.locality import localize, port_labels, strip_volume
from fleetaudit.analysis.policy_changes import nanoseconds
from fleetaudit.analysis.rule_identity import RuleBook
from fleetaudit.analysis.statistics import count_attempts, partial_of
from fleetaudit.analysis.stretches import OUTSIDE, places
from fleetaudit.records.tables import DROPS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fleetaudit.analysis.stretches import ObservedWindow
    from fleetaudit.ingest import FactsTimeline
    from fleetaudit.records.figures import RuleIdentity
    from fleetaudit.store import HostFolder

__all__ = ["BLOCKED", "HostFigures", "figures_of"]

BLOCKED: Final = (5150, 5151, 5152, 5153, 5155, 5157, 5159)
"""Events that each say one packet, connection, bind or listen was blocked (windows-facts 1.1)."""

SHUTDOWN: Final = 1100
_NUMBERS: Final = (
    "source_port",
    "destination_port",
    "network_iana_number",
    "direction_code",
    "layer_rtid",
)


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
    epochs = draw_epochs(
        snapshots=times,
        boots=sorted(f.boot_time for f in (facts.before, facts.after) if f is not None),
        shutdowns=_shutdowns(folder),
    )
    records, identities = attribute(
        records, epochs=epochs, snapshots=Snapshots(filters=filters), book=_rule_book(folder)
    )
    latest = facts.latest
    records = localize(
        records, own=_own_addresses(folder), os_build=latest.os_build if latest else None
    )
    records["port"] = port_labels(records)
    records["process_executable"] = records["process_executable"].map(_programs(records))
    records["time_ns"] -= nanoseconds(facts.clock_offset)
    attempts = count_attempts(fold(records))
    attempts["window"], attempts["into_ns"] = places(attempts["first_ns"].to_numpy(), windows)
    folder.write_table("drops", _drops_batches(attempts))
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


def _own_addresses(folder: HostFolder) -> frozenset[str]:
    table = folder.table("addresses")
    texts = [] if table is None else table["ip"].to_pylist()
    own = set()
    for text in texts:
        try:
            own.add(str(ipaddress.ip_address(str(text).partition("%")[0])))
        except ValueError:
            continue
    return frozenset(own)


def _programs(records: pd.DataFrame) -> dict[object, str]:
    return {
        value: strip_volume(value if isinstance(value, str) else None)
        for value in records["process_executable"].unique()
    }


def _drops_batches(attempts: pd.DataFrame) -> list[pa.RecordBatch]:
    columns = []
    for field in DROPS:
        source = {"first_time": "first_ns", "last_time": "last_ns"}.get(field.name, field.name)
        is_missing = attempts[source] == OUTSIDE if field.name == "window" else None
        values = pa.Array.from_pandas(attempts[source], mask=is_missing)
        if pa.types.is_dictionary(field.type):
            values = values.cast(pa.string()).dictionary_encode()
        columns.append(values.cast(field.type))
    return [pa.RecordBatch.from_arrays(columns, schema=DROPS)]
