"""One host's folder in a run directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from fleetaudit.errors import RunDirectoryError
from fleetaudit.store import _evidence, _json, _tables
from fleetaudit.store._paths import folder, slug, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from fleetaudit.records.evidence import Evidence, Issue, Phase
    from fleetaudit.records.host_record import HostRecord

__all__ = ["HostFolder"]

_COMMITTED: Final = "host.json"


class HostFolder:
    """What a run stored of one host; used by one thread at a time.

    Attributes:
        path: The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def sink(self, source: str, phase: Phase, taken_at: datetime) -> _evidence.EvidenceSink:
        """Return where the files of one run of a script are written."""
        return _evidence.EvidenceSink(self.path, source, phase, taken_at)

    def evidence(self) -> tuple[Evidence, ...]:
        """Return what came whole, in the order it came.

        Raises:
            RunDirectoryError: The list is damaged.
        """
        return _evidence.index(self.path)

    def partial(self) -> tuple[str, ...]:
        """Return the files that did not come whole, as paths below this folder."""
        return _evidence.partial_files(self.path)

    def open(self, evidence: Evidence) -> BinaryIO:
        """Return the decompressed bytes as a stream that can seek, hash compared before.

        Raises:
            EvidenceError: The file is missing, damaged, or not what was stored.
        """
        return _evidence.open_verified(self.path, evidence)

    def commit(self, record: HostRecord) -> None:
        """Write ``host.json``; only with it a host counts.

        Raises:
            RunDirectoryError: It could not be written.
        """
        path = self.path / _COMMITTED
        try:
            write_atomically(
                folder(path.parent) / path.name, _json.encode(_json.from_host_record(record))
            )
        except OSError as error:
            raise RunDirectoryError(
                f"cannot be written: {error}",
                file=str(path),
                remedy="Look at the folder's rights and space",
            ) from error

    def is_committed(self) -> bool:
        """Return whether the host is done."""
        return (self.path / _COMMITTED).exists()

    def record(self) -> HostRecord:
        """Return what was committed.

        Raises:
            RunDirectoryError: The host was not committed, or its record is damaged.
        """
        path = self.path / _COMMITTED
        try:
            return _json.to_host_record(_json.decode(path.read_bytes()))
        except FileNotFoundError as error:
            raise RunDirectoryError(
                "the run did not finish this host", file=str(self.path)
            ) from error
        except (OSError, ValueError) as error:
            raise RunDirectoryError(f"is damaged: {error}", file=str(path)) from error

    def tables(self) -> _tables.TableParts:
        """Return a context manager that derives all tables anew; tables not written are removed."""
        return _tables.TableParts(self.path / "tables")

    def write_table(self, name: str, batches: Iterable[pa.RecordBatch]) -> int:
        """Write a table while its batches come; return how many rows it has.

        Raises:
            ValueError: A batch has another schema than the table.
            RunDirectoryError: It could not be written.
        """
        return _tables.write_table(self._table(name), batches)

    def table(self, name: str) -> pa.Table | None:
        """Return a table; None where it was never written.

        Raises:
            RunDirectoryError: It is damaged.
        """
        return _tables.read_table(self._table(name))

    def row_count(self, name: str) -> int:
        """Return how many rows a table has; 0 where it was never written.

        Raises:
            RunDirectoryError: It is damaged.
        """
        return _tables.count_rows(self._table(name))

    def table_names(self) -> tuple[str, ...]:
        """Return which tables were written, sorted; the issues are not among them."""
        found = (path.stem for path in (self.path / "tables").glob("*.parquet"))
        return tuple(sorted(name for name in found if name != _tables.ISSUES))

    def write_issues(self, issues: Iterable[Issue]) -> None:
        """Write what could not be read of the evidence, in place of what was written before.

        Raises:
            RunDirectoryError: It could not be written.
        """
        _tables.write_table(self._table(_tables.ISSUES), _tables.issue_batches(issues))

    def issues(self) -> tuple[Issue, ...]:
        """Return what could not be read of the evidence.

        Raises:
            RunDirectoryError: The file is damaged.
        """
        return _tables.read_issues(self._table(_tables.ISSUES))

    def _table(self, name: str) -> Path:
        return self.path / "tables" / f"{slug(name)}.parquet"
