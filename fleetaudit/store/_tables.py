"""Tables on disk: Parquet with zstd, written in groups of rows as batches come."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from fleetaudit.errors import RunDirectoryError
from fleetaudit.records.evidence import Issue
from fleetaudit.records.tables import SCHEMAS
from fleetaudit.store._paths import create, folder, slug, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from fleetaudit.records.evidence import Rows

__all__ = [
    "ISSUES",
    "TableFile",
    "TableParts",
    "count_rows",
    "issue_batches",
    "read_issues",
    "read_table",
    "write_table",
]

ISSUES: Final = "issues"
_ISSUES_SCHEMA: Final = pa.schema(
    [
        ("source", pa.string()),
        ("where", pa.string()),
        ("problem", pa.string()),
        ("lost", pa.uint64()),
    ]
)
_GROUP_ROWS: Final = 131_072
"""Rows gathered before they are written: few groups compress well, and 128 Ki rows of the widest
table are some 30 MB in memory."""


class TableFile:
    """A table that is being written; until :meth:`finish` the file of an earlier reading stands.

    The schema is the one of :mod:`fleetaudit.records.tables`; for a table that is not listed
    there it is the first batch's.
    """

    def __init__(self, path: Path) -> None:
        name = path.stem
        self._path = path
        self._temporary = path.with_name(f"{path.name}.tmp")
        self._schema: pa.Schema | None = _ISSUES_SCHEMA if name == ISSUES else SCHEMAS.get(name)
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = 0
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0
        with _reported(path):
            self._stream = create(folder(path.parent) / self._temporary.name)

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows.

        Raises:
            ValueError: The batch has another schema than the table.
            RunDirectoryError: It could not be written.
        """
        if self._schema is None:
            self._schema = batch.schema
        if not batch.schema.equals(self._schema):
            raise ValueError(f"a batch for {self._path.stem!r} has another schema:\n{batch.schema}")
        self._pending.append(batch)
        self._pending_rows += batch.num_rows
        self.rows += batch.num_rows
        if self._pending_rows >= _GROUP_ROWS:
            self._flush()

    def finish(self) -> None:
        """Put the table in the place of an earlier one.

        Raises:
            ValueError: The table is not listed and has no batch, so no schema.
            RunDirectoryError: It could not be written.
        """
        self._flush()
        with _reported(self._path):
            if self._writer is not None:
                self._writer.close()
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            self._temporary.replace(self._path)
            sync_folder(self._path.parent)

    def abandon(self) -> None:
        """Remove what was written; does nothing after :meth:`finish`."""
        with contextlib.suppress(OSError):  # what a full disk does not take was said before
            self._stream.close()
        self._temporary.unlink(missing_ok=True)

    def _flush(self) -> None:
        if self._schema is None:
            raise ValueError(f"the table {self._path.stem!r} has no known schema and no batch")
        with _reported(self._path):
            if self._writer is None:
                self._writer = pq.ParquetWriter(
                    self._stream, self._schema, compression="zstd", use_dictionary=True
                )
            if self._pending:
                group = pa.Table.from_batches(self._pending, schema=self._schema)
                self._writer.write_table(group.unify_dictionaries(), row_group_size=_GROUP_ROWS)
        self._pending, self._pending_rows = [], 0


class TableParts:
    """All tables of a host, derived anew: at the end the old ones are replaced as a whole.

    A context manager. Where its body raises, the tables of an earlier reading stay.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._files: dict[str, TableFile] = {}

    def begin(self, table: str) -> None:
        """Make a table, which may stay empty: that is another answer than no table."""
        if table not in self._files:
            self._files[table] = TableFile(self._home / f"{slug(table)}.parquet")

    def write(self, rows: Rows) -> None:
        """Add rows to the table that they name.

        Raises:
            ValueError: The batch has another schema than the table.
            RunDirectoryError: It could not be written.
        """
        self.begin(rows.table)
        self._files[rows.table].write(rows.batch)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._replace()
        finally:
            for file in self._files.values():
                file.abandon()

    def _replace(self) -> None:
        for file in self._files.values():
            file.finish()
        written = {f"{slug(name)}.parquet" for name in self._files}
        for path in self._home.glob("*.parquet"):
            if path.name not in written:
                path.unlink()


def write_table(path: Path, batches: Iterable[pa.RecordBatch]) -> int:
    """Write a table while its batches come and return how many rows it has.

    Raises:
        ValueError: A batch has another schema, or an unlisted table has no batch.
        RunDirectoryError: It could not be written.
    """
    file = TableFile(path)
    try:
        for batch in batches:
            file.write(batch)
        file.finish()
    finally:
        file.abandon()
    return file.rows


def count_rows(path: Path) -> int:
    """Return how many rows a table has, from its footer; 0 where it was never written.

    Raises:
        RunDirectoryError: It is damaged.
    """
    if not path.exists():
        return 0
    with _readable(path):
        return int(pq.read_metadata(path).num_rows)


def read_table(path: Path) -> pa.Table | None:
    """Return a table; None where it was never written.

    Raises:
        RunDirectoryError: It is damaged.
    """
    if not path.exists():
        return None
    with _readable(path):
        table = pq.read_table(path)
        schema = SCHEMAS.get(path.stem)
        # Parquet has no seconds: timestamp("s") comes back in milliseconds.
        return table if schema is None or table.schema.equals(schema) else table.cast(schema)


def issue_batches(issues: Iterable[Issue]) -> Iterable[pa.RecordBatch]:
    """Yield issues as batches; a lone surrogate in a host's text becomes a question mark."""
    columns: tuple[list[str], list[str], list[str], list[int]] = ([], [], [], [])
    for issue in issues:
        columns[0].append(_storable(issue.source))
        columns[1].append(_storable(issue.where))
        columns[2].append(_storable(issue.problem))
        columns[3].append(issue.lost)
        if len(columns[3]) >= _GROUP_ROWS:
            yield pa.record_batch(list(columns), schema=_ISSUES_SCHEMA)
            for column in columns:
                column.clear()
    yield pa.record_batch(list(columns), schema=_ISSUES_SCHEMA)


def read_issues(path: Path) -> tuple[Issue, ...]:
    """Return the issues that were written; none where none were."""
    table = read_table(path)
    if table is None:
        return ()
    return tuple(Issue(**row) for row in table.to_pylist())


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


@contextlib.contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunDirectoryError(
            f"cannot be written: {error}",
            file=str(path),
            remedy="Look at the folder's rights and space",
        ) from error


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise RunDirectoryError(
            f"cannot be read: {error}",
            file=str(path),
            remedy="Derive it from the evidence once more with `fleetaudit analyze`",
        ) from error
