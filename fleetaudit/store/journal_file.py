"""The journal of debts: one small file a debt, so that no crash can spoil another's.

Below the state folder::

    debts/web01/audit-policy.0cce9225-69ae-....json         owed
    settled/20261121T080000Z.web01.audit-policy.0cce9225-....json
                                                            struck out, with why
    damaged/web01.audit-policy.0cce9225-....json            could not be read; nothing is assumed
    live/20261121T080000Z                                   locked while that run is worked on

A debt file::

    {"run_id": "20261121T080000Z", "host": "web01", "operation": "audit-policy",
     "setting": "{0CCE9225-69AE-11D9-BED3-505054503030}", "before": "none", "during": "failure",
     "lease": "fleetaudit-20261121T080000Z", "until": null}
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, Self

from fleetaudit.errors import JournalError
from fleetaudit.store import _json
from fleetaudit.store._paths import create, folder, slug, sync_folder, write_atomically
from fleetaudit.store.locks import Lock, is_held

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from fleetaudit.records.debt import Debt

__all__ = ["JournalFile"]

_REMEDY = "Look at the folder's rights and space; nothing was changed on the host"


class JournalFile:
    """A journal in a state folder that several processes share.

    Keep it open for as long as the run lasts: others see by that whether the run is alive.

    Raises:
        JournalError: The folder cannot be made.
    """

    def __init__(self, state: Path) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._live: dict[str, Lock] = {}
        with _reported(state, "cannot be used as a journal"):
            self._debts = folder(state / "debts")
            self._settled = folder(state / "settled")
            self._damaged = folder(state / "damaged")
            self._runs = folder(state / "live")

    def owe(self, debts: Sequence[Debt]) -> None:
        """Write all of ``debts`` down, durably, or none.

        Raises:
            JournalError: They could not be written, or another run owes the same already.
        """
        written: list[Path] = []
        try:
            for debt in debts:
                if debt.until is None or not self._path(debt).exists():
                    self._show_life(debt.run_id)  # a renewed debt's run is over, not alive
                written.extend(self._write(debt))
            with _reported(self._debts, "cannot be made to last"):
                for place in {self._path(debt).parent for debt in debts}:
                    sync_folder(place)
                sync_folder(self._debts)
        except JournalError:
            for path in written:
                with contextlib.suppress(OSError):
                    path.unlink()
            raise

    def settle(self, debt: Debt, *, note: str = "") -> None:
        """Strike ``debt`` out; does nothing where it is not open.

        Raises:
            JournalError: It could not be struck out, so it counts as open.
        """
        path = self._path(debt)
        if self._read(path) != debt:
            return
        settled = self._settled / f"{slug(debt.run_id)}.{_flat(path)}"
        with _reported(path, "cannot be struck out"):
            try:
                write_atomically(settled, _json.encode({**_json.from_debt(debt), "note": note}))
            except FileNotFoundError:
                if not settled.exists():  # else another process struck it out at this moment
                    raise
            path.unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):  # or has struck out the host's last one
                sync_folder(path.parent)
            with contextlib.suppress(OSError):  # something is still owed to the host
                path.parent.rmdir()

    def open_debts(self, host: str | None = None) -> tuple[Debt, ...]:
        """Return what is owed by any run, to one host or to all, sorted by file.

        A file that cannot be read is moved to :meth:`damaged`; nothing is assumed of it.

        Raises:
            JournalError: The journal cannot be read.
        """
        places = self._debts if host is None else self._place(host)
        with _reported(places, "cannot be read"):
            paths = sorted(places.glob("*/*.json" if host is None else "*.json"))
        found = (self._read(path) for path in paths)
        return tuple(debt for debt in found if debt is not None)

    def damaged(self, host: str | None = None) -> tuple[Path, ...]:
        """Return the files that could not be read, of one host or of all: each may be a debt.

        A user who has seen to the host that the file's name begins with may remove it.

        Raises:
            JournalError: The journal cannot be read.
        """
        with _reported(self._damaged, "cannot be read"):
            found = sorted(self._damaged.iterdir())
        if host is None:
            return tuple(found)
        # Of ``host.operation.setting.json`` only the host may hold a dot.
        return tuple(path for path in found if path.name.rsplit(".", 3)[0] == slug(host))

    def is_live(self, run_id: str) -> bool:
        """Return whether a process is working on this run now."""
        return run_id in self._live or is_held(self._runs / slug(run_id))

    def close(self) -> None:
        """Say that no run of this process is worked on any more."""
        for lock in self._live.values():
            lock.release()
        self._live.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _place(self, host: str) -> Path:
        """Return the folder of a host: a sweep of n hosts must not list n files n times."""
        return self._debts / slug(host)

    def _path(self, debt: Debt) -> Path:
        setting = slug(debt.setting.strip("{}").lower())
        return self._place(debt.host) / f"{slug(debt.operation)}.{setting}.json"

    def _write(self, debt: Debt) -> Iterator[Path]:
        path = self._path(debt)
        damaged = self._damaged / _flat(path)
        if damaged.exists():
            raise JournalError(
                "may be what an earlier run owes this host, and cannot be read",
                file=str(damaged),
                remedy="Look at that setting on the host, then remove the file",
            )
        temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
        with _reported(path, "cannot be written"):
            folder(path.parent)
            with create(temporary) as stream:
                stream.write(_json.encode(_json.from_debt(debt)))
                stream.flush()
                os.fsync(stream.fileno())
            try:
                # A link, not a rename: it fails where the debt exists, whoever wrote it.
                os.link(temporary, path)
            except FileExistsError:
                found = self._read(path)
                if found != debt:
                    raise JournalError(
                        "another run owes this already",
                        file=str(path),
                        remedy="Wait for that run, or run `fleetaudit restore`",
                    ) from None
                if found.until != debt.until:
                    temporary.replace(path)  # it was renewed
            else:
                yield path
            finally:
                temporary.unlink(missing_ok=True)

    def _read(self, path: Path) -> Debt | None:
        with _reported(path, "cannot be read"):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                return None  # settled by another process since the folder was listed
            try:
                debt = _json.to_debt(_json.decode(data))
            except ValueError:
                path.replace(self._damaged / _flat(path))
                return None
        return debt

    def _show_life(self, run_id: str) -> None:
        with self._lock:
            if run_id not in self._live:
                with _reported(self._runs, "cannot be locked"):
                    self._live[run_id] = Lock(self._runs / slug(run_id))


def _flat(path: Path) -> str:
    return f"{path.parent.name}.{path.name}"


@contextlib.contextmanager
def _reported(path: Path, problem: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise JournalError(f"{problem}: {error}", file=str(path), remedy=_REMEDY) from error
