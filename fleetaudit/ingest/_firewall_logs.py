"""Firewall logs of one host that were read at different moments, put together without doubles.

The firewall keeps one older generation (windows-facts 6): a full ``pfirewall.log`` is renamed to
``pfirewall.log.old``. Where that happens after the live file was read and before ``.old`` is, or
where somebody gathered one log twice, the same lines are in two files. Lines cannot be compared for
that: two packets of one second can give two equal lines. Whole files can: a file whose bytes are
the beginning of another's is an earlier reading of the same file, as long as its times move on.
Were it the next generation, its first line, which is the other's first line too, would have been
written after the other's last, at a time that is later than its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

import pyarrow.compute as pc

from fleetaudit.errors import EvidenceError
from fleetaudit.records.evidence import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetaudit.collectors import Parser
    from fleetaudit.records.evidence import Evidence, EvidenceContext
    from fleetaudit.store import HostFolder

__all__ = ["FIREWALL_LOG", "count_repeated", "find_repeats", "in_order"]

FIREWALL_LOG: Final = "firewall-log"
_TABLE: Final = "firewall_log"
_LOG: Final = ".log"
_OLD: Final = ".old"
_CHUNK: Final = 1 << 20


def in_order(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return the evidence in its order, but of each firewall log the older generation first."""
    logs = iter(
        sorted(
            (one for one in evidence if one.source == FIREWALL_LOG),
            key=lambda one: (one.name.lower().removesuffix(_OLD), not _is_old(one)),
        )
    )
    return [next(logs) if one.source == FIREWALL_LOG else one for one in evidence]


def find_repeats(folder: HostFolder, evidence: Sequence[Evidence]) -> dict[Evidence, Evidence]:
    """Return the logs that are the beginning of another log, with that other one."""
    logs = [one for one in evidence if one.source == FIREWALL_LOG and _LOG in one.name.lower()]
    logs.sort(key=lambda one: (one.length, not _is_old(one)))
    repeats: dict[Evidence, Evidence] = {}
    for at, short in enumerate(logs):
        for long in reversed(logs[at + 1 :]):
            if short.length and _is_beginning(folder, short, long):
                repeats[short] = long
                break
    return repeats


def count_repeated(stream: BinaryIO, parser: Parser, context: EvidenceContext) -> int:
    """Return how many rows a log has whose times move on; 0 where they do not, or it has none."""
    rows, first, last = 0, None, None
    for item in parser(stream, context):
        if not isinstance(item, Rows) or item.table != _TABLE:
            continue
        rows += item.batch.num_rows
        limits = pc.min_max(item.batch.column("local_time")).as_py()
        first = limits["min"] if first is None else min(first, limits["min"])
        last = limits["max"] if last is None else max(last, limits["max"])
    return rows if first != last else 0


def _is_old(evidence: Evidence) -> bool:
    return evidence.name.lower().endswith(_OLD)


def _is_beginning(folder: HostFolder, short: Evidence, long: Evidence) -> bool:
    """Return whether it is; a damaged file is no beginning of any, and is told when it is read."""
    try:
        with folder.open(short) as one, folder.open(long) as other:
            while chunk := one.read(_CHUNK):
                if _exactly(other, len(chunk)) != chunk:
                    return False
    except EvidenceError:
        return False
    return True


def _exactly(stream: BinaryIO, count: int) -> bytes:
    pieces = []
    while count and (piece := stream.read(count)):
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)
