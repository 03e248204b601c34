"""Rows of filters, once all is known that the names, origins and layer numbers come from."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from fleetaudit.records.evidence import Rows
from fleetaudit.records.tables import WFP_FILTERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fleetaudit.parsers._wfp_item import WfpFilter

__all__ = ["FilterSurroundings", "has_origin", "moment_of"]

_BATCH_ROWS: Final = 2048
"""A builder of Arrow takes up to twice its texts while it grows, which counts for conditions."""
_YEARS: Final = range(1970, 2262)
"""What nanoseconds since 1970 in 64 bits can hold."""
_ORIGIN_FLAG: Final = "HAS_FILTER_ORIGIN"


class FilterSurroundings:
    """What a document says beside its filters.

    Attributes:
        time: When the document was written.
        names: Of providers and sublayers, by kind and key.
        origins: What provider contexts hold, by their key.
        layer_ids: By layer key.
    """

    def __init__(self) -> None:
        self.time: datetime | None = None
        self.names: dict[tuple[str, str | None], str | None] = {}
        self.origins: dict[str | None, str] = {}
        self.layer_ids: dict[str | None, int] = {}

    def rows(self, filters: Sequence[WfpFilter], table: str) -> Iterator[Rows]:
        """Yield the filters as batches of a table like ``wfp_filters``."""
        for start in range(0, len(filters), _BATCH_ROWS):
            part = filters[start : start + _BATCH_ROWS]
            yield Rows(table=table, batch=self._batch(part))

    def _batch(self, part: Sequence[WfpFilter]) -> pa.RecordBatch:
        names = self.names
        columns: dict[str, list[object]] = {
            "snapshot_time": [self.time] * len(part),
            "filter_id": [item.filter_id for item in part],
            "filter_key": [item.filter_key for item in part],
            "filter_name": [item.name for item in part],
            "filter_description": [item.description for item in part],
            "filter_flags": [item.flags for item in part],
            "filter_origin": [self._origin(item) for item in part],
            "provider_key": [item.provider_key for item in part],
            "provider_name": [names.get(("provider", item.provider_key)) for item in part],
            "provider_context_key": [item.provider_context_key for item in part],
            "layer_key": [item.layer_key for item in part],
            "layer_id": [self.layer_ids.get(item.layer_key) for item in part],
            "sublayer_key": [item.sublayer_key for item in part],
            "sublayer_name": [names.get(("sublayer", item.sublayer_key)) for item in part],
            "action": [item.action for item in part],
            "callout_key": [item.callout_key for item in part],
            "effective_weight": [item.effective_weight for item in part],
            "conditions": [item.conditions for item in part],
        }
        return pa.RecordBatch.from_pydict(columns, schema=WFP_FILTERS)

    def _origin(self, item: WfpFilter) -> str | None:
        return self.origins.get(item.provider_context_key) if has_origin(item) else None


def has_origin(item: WfpFilter) -> bool:
    """Tell whether the filter's provider context holds its origin (windows-facts 4.4)."""
    return item.flags is not None and _ORIGIN_FLAG in item.flags


def moment_of(text: str | None) -> datetime | None:
    """Return a time in UTC as WFP writes it, ``2026-11-21T08:00:01.295Z``; None if it is none."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and moment.year in _YEARS else None
