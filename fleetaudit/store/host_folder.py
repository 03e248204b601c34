"""One host's folder in a run directory."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, Final

from fleetaudit.errors import RunDirectoryError
from fleetaudit.records.figures import Gap
from fleetaudit.records.host_record import HostRecord
from fleetaudit.records.outcome import HOST, Outcome, OutcomeKind
from fleetaudit.store import _evidence, _json, _tables
from fleetaudit.store._paths import folder, slug, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    import pyarrow as pa

    from fleetaudit.records.evidence import Evidence, Issue, Phase

__all__ = ["NAME", "HostFolder"]

NAME: Final = "name.json"
_COMMITTED: Final = "host.json"
_REMEDY: Final = (
    "Run `fleetaudit restore`, which knows whether anything is owed, and sweep the host again"
)


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
        """Return what came whole, in the order it came; :meth:`record` names damaged lines.

        Raises:
            RunDirectoryError: The list cannot be read.
        """
        return _evidence.index(self.path)[0]

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

    def name(self) -> str:
        """Return the host's inventory name.

        Raises:
            RunDirectoryError: No file of the folder says it, and the folder's name does not either.
        """
        damage = ""
        for file in (NAME, _COMMITTED):
            try:
                name = _json.decode((self.path / file).read_bytes()).get("host")
            except (OSError, ValueError) as error:
                damage = damage or f"{file}: {error}"
            else:
                if isinstance(name, str) and slug(name) == self.path.name:
                    return name
        if slug(self.path.name) == self.path.name:
            return self.path.name
        raise RunDirectoryError(
            f"no file in it says which host it is of ({damage or 'another one is named'})",
            file=str(self.path),
            remedy="Move the folder out of the run directory; the other hosts can then be read",
        )

    def record(self) -> HostRecord:
        """Return what was committed.

        A host that was not committed, or whose record is damaged, counts as failed, and the
        record says why: what its evidence shows is read all the same.

        Raises:
            RunDirectoryError: Nothing says which host it is.
        """
        path = self.path / _COMMITTED
        gaps = tuple(
            Gap(
                kind="evidence-unlisted",
                host=self.name(),
                what=f"{self.path / _evidence.INDEX}: {damage}",
                effect="The evidence that the line listed was not read",
            )
            for damage in _evidence.index(self.path)[1]
        )
        try:
            record = _json.to_host_record(_json.decode(path.read_bytes()))
        except FileNotFoundError:
            return self._failed("the run ended before this host was done", gaps)
        except (OSError, ValueError) as error:
            return self._failed(f"{path} is damaged: {error}", gaps)
        if slug(record.host) != self.path.name:
            return self._failed(f"{path} is of another host", gaps)
        return replace(record, gaps=(*record.gaps, *gaps)) if gaps else record

    def _failed(self, reason: str, gaps: tuple[Gap, ...]) -> HostRecord:
        host = self.name()
        whole = Outcome(
            host=host, source=HOST, kind=OutcomeKind.FAILED, reason=reason, remedy=_REMEDY
        )
        return HostRecord(host=host, outcomes=(whole,), gaps=gaps)

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
