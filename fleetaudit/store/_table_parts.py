"""Several tables written at once, batch by batch as a parser yields them, and put up together."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, BinaryIO, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from fleetaudit.records.tables import SCHEMAS
from fleetaudit.store._paths import create, folder, sync_folder

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from fleetaudit.records.evidence import Rows

__all__ = ["TableParts"]

_GROUP_ROWS: Final = 131_072
"""As in :mod:`fleetaudit.store._tables`."""


class TableParts:
    """Tables of one host that are derived in one go; they replace all earlier ones at the end.

    Use it as a context manager: when the block ends well the new tables stand and every older
    table of the folder is gone, when it does not nothing has changed.
    """

    def __init__(self, path: Path) -> None:
        self._folder = path
        self._parts: dict[str, _Part] = {}

    def __enter__(self) -> Self:
        folder(self._folder)
        return self

    def begin(self, table: str) -> None:
        """Make ``table``, which may stay empty: that is another answer than no table."""
        if table not in self._parts:
            self._parts[table] = _Part(self._folder / f"{table}.parquet.tmp", SCHEMAS[table])

    def write(self, rows: Rows) -> None:
        """Add a batch to its table.

        Raises:
            ValueError: The batch has another schema than the table.
        """
        self.begin(rows.table)
        self._parts[rows.table].add(rows.batch)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.ExitStack() as leftovers:
            for part in self._parts.values():
                leftovers.callback(part.discard)
            for part in self._parts.values():
                part.close()
            if kind is not None:
                return
            for old in self._folder.glob("*.parquet"):
                if old.stem not in self._parts:
                    old.unlink()
            for name, part in self._parts.items():
                part.path.replace(self._folder / f"{name}.parquet")
            sync_folder(self._folder)


class _Part:
    """One table that is being written; batches gather until they make a group."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self._schema = schema
        self._pending: list[pa.RecordBatch] = []
        self._rows = 0
        self._sink: BinaryIO = create(path)
        self._writer = pq.ParquetWriter(self._sink, schema, compression="zstd", use_dictionary=True)

    def add(self, batch: pa.RecordBatch) -> None:
        if not batch.schema.equals(self._schema):
            raise ValueError(f"a batch for {self.path.name!r} has another schema: {batch.schema}")
        self._pending.append(batch)
        self._rows += batch.num_rows
        if self._rows >= _GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        if not self._sink.closed:
            self._flush()
            self._writer.close()
            self._sink.close()

    def discard(self) -> None:
        self._sink.close()
        self.path.unlink(missing_ok=True)

    def _flush(self) -> None:
        if self._pending:
            group = pa.Table.from_batches(self._pending).unify_dictionaries()
            self._writer.write_table(group, row_group_size=_GROUP_ROWS)
        self._pending, self._rows = [], 0
