"""The run directory: everything that a run fetched and everything derived from it.

::

    manifest.json            who ran what and when; no secrets
    run.log.jsonl            what happened, in order
    lock                     locked while the run is being written
    hosts/web01/name.json    the inventory name
    hosts/web01/host.json    written last; only with it the host counts
    hosts/web01/evidence/wfp-state/after/wfpstate.xml.gz
    hosts/web01/evidence.jsonl
    hosts/web01/tables/wfp_filters.parquet
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from fleetaudit.errors import RunDirectoryError, RunDirectoryInUseError
from fleetaudit.store import _json
from fleetaudit.store._paths import folder, slug, write_atomically
from fleetaudit.store.host_folder import NAME, HostFolder
from fleetaudit.store.locks import Lock

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from fleetaudit.records.figures import RunInfo

__all__ = ["LOG", "MANIFEST", "SCHEMA_VERSION", "RunDirectory"]

MANIFEST: Final = "manifest.json"
LOG: Final = "run.log.jsonl"
SCHEMA_VERSION: Final = 1
"""Of the layout above; grows when an older fleetaudit would misread a newer run directory."""
_WITHOUT_MANIFEST: Final = "Its evidence is whole: `fleetaudit import RUN/hosts` reads it"


class RunDirectory:
    """A run directory; made with :meth:`create` or :meth:`open`. Used by many threads.

    Attributes:
        path: The folder.
        manifest: Who ran what and when.
    """

    def __init__(self, path: Path, manifest: RunInfo, lock: Lock | None) -> None:
        self.path = path
        self.manifest = manifest
        self._lock = lock

    @classmethod
    def create(cls, path: Path | str, manifest: RunInfo) -> Self:
        """Make a run directory and lock it until :meth:`close`; the folder may exist, empty.

        Raises:
            RunDirectoryError: There is a run already, or the folder cannot be made.
            TypeError: A parameter is no text; a secret is none.
        """
        path = Path(path)
        for name, value in manifest.parameters.items():
            if not isinstance(value, str):
                raise TypeError(f"the parameter {name!r} must be a text, and never a secret")
        try:
            if path.exists() and any(path.iterdir()):
                raise RunDirectoryError(
                    "is not empty", file=str(path), remedy="Name a folder that does not exist yet"
                )
            folder(folder(path) / "hosts")
        except OSError as error:
            raise _unusable(path, error) from error
        run = cls(path, manifest, _locked(path))
        run._write_manifest()
        return run

    @classmethod
    def open(cls, path: Path | str, *, is_writing: bool = False) -> Self:
        """Open a run directory; one that is still being written can be read.

        With ``is_writing`` it is locked until :meth:`close`, as for deriving its tables anew.

        Raises:
            RunDirectoryError: It is no run, is damaged, in use, or newer than this fleetaudit.
        """
        path = Path(path)
        manifest = _read_manifest(path)
        return cls(path, manifest, _locked(path) if is_writing else None)

    def finish(self, ended_at: datetime) -> None:
        """Write down when the run ended.

        Raises:
            RunDirectoryError: It could not be written.
        """
        self.manifest = replace(self.manifest, ended_at=ended_at)
        self._write_manifest()

    def close(self) -> None:
        """Let others write."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def host(self, name: str) -> HostFolder:
        """Return a host's folder, made where it does not exist and the run is being written.

        Raises:
            RunDirectoryError: There is none, or it cannot be made.
        """
        path = self.path / "hosts" / slug(name)
        if not path.is_dir() or (self._lock is not None and not (path / NAME).exists()):
            if self._lock is None:
                raise RunDirectoryError(f"the run has no host {name!r}", file=str(self.path))
            try:
                write_atomically(folder(path) / NAME, _json.encode({"host": name}, indent=None))
            except OSError as error:
                raise _unusable(path, error) from error
        return HostFolder(path)

    def write_text(self, name: str, text: str) -> Path:
        """Write a file derived from the run, such as ``report.html``, and return its path.

        Raises:
            RunDirectoryError: It could not be written.
        """
        path = self.path / slug(name)
        try:
            write_atomically(path, text.encode("utf-8", "replace"))
        except OSError as error:
            raise _unusable(path, error) from error
        return path

    def host_names(self) -> tuple[str, ...]:
        """Return the inventory names of all hosts that were begun, sorted.

        Raises:
            RunDirectoryError: A host's folder is damaged so far that it does not say its host.
        """
        return tuple(sorted(one.name() for one in self._hosts()))

    def unfinished(self) -> tuple[str, ...]:
        """Return the inventory names of the hosts that were begun and are not done, sorted.

        Raises:
            RunDirectoryError: As :meth:`host_names`.
        """
        return tuple(sorted(one.name() for one in self._hosts() if not one.is_committed()))

    def _hosts(self) -> list[HostFolder]:
        path = self.path / "hosts"
        try:
            return [HostFolder(one) for one in path.iterdir() if one.is_dir()]
        except OSError as error:
            raise RunDirectoryError(f"its hosts cannot be read: {error}", file=str(path)) from error

    def _write_manifest(self) -> None:
        content = {"schema_version": SCHEMA_VERSION, **_json.from_run(self.manifest)}
        try:
            write_atomically(self.path / MANIFEST, _json.encode(content))
        except OSError as error:
            raise _unusable(self.path, error) from error


def _read_manifest(path: Path) -> RunInfo:
    file = path / MANIFEST
    try:
        content = _json.decode(file.read_bytes())
        version = content.get("schema_version")
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise RunDirectoryError(
                f"was written by fleetaudit {content.get('tool_version')} in layout {version}; "
                f"this one reads layouts up to {SCHEMA_VERSION}",
                file=str(path),
                remedy="Update fleetaudit",
            )
        return _json.to_run(content)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RunDirectoryError(
            f"is no run directory: it holds no {MANIFEST}",
            file=str(path),
            remedy="Name the folder that a sweep wrote",
        ) from error
    except OSError as error:
        raise _unusable(file, error) from error
    except ValueError as error:
        raise RunDirectoryError(
            f"is damaged: {error}", file=str(file), remedy=_WITHOUT_MANIFEST
        ) from error


def _locked(path: Path) -> Lock:
    try:
        return Lock(path / "lock")
    except BlockingIOError as error:
        raise RunDirectoryInUseError(
            "is being written by another process",
            file=str(path),
            remedy="Wait until that one ends",
        ) from error
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> RunDirectoryError:
    return RunDirectoryError(
        f"cannot be used: {error}", file=str(path), remedy="Look at the folder's rights and space"
    )
