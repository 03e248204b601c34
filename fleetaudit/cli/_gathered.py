"""Files that were gathered by hand, sorted by host and evidence source."""

from __future__ import annotations

import getpass
import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fleetaudit import __version__
from fleetaudit.cli._fleet_run import new_run_id
from fleetaudit.collectors import catalogue
from fleetaudit.errors import EvidenceError
from fleetaudit.ingest import parser_for
from fleetaudit.records.call import Attachment
from fleetaudit.records.evidence import Phase
from fleetaudit.records.figures import RunInfo
from fleetaudit.records.host_record import HostRecord
from fleetaudit.records.outcome import HOST, Outcome, OutcomeKind
from fleetaudit.store import HostFolder, RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from fleetaudit.clock import Clock

__all__ = ["Gathered", "gather", "store_gathered"]

_CHUNK: Final = 1 << 20
_FACTS: Final = ("facts.json", "groups.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Files by host and source; ``unread`` are those that no reader knows."""

    hosts: Mapping[str, Mapping[str, tuple[Path, ...]]]
    unread: tuple[Path, ...]


def gather(paths: Iterable[Path], *, host: str | None) -> Gathered:
    """Return the files below ``paths``, each with the host and source it belongs to.

    A file belongs to the host that its folder is named after, or to ``host`` where one is given.
    """
    hosts: dict[str, dict[str, tuple[Path, ...]]] = {}
    unread: list[Path] = []
    for path in paths:
        root = path.resolve()
        for file in sorted(_files(root)):
            source = _source_of(_plain_name(file))
            if source is None:
                unread.append(file)
                continue
            sources = hosts.setdefault(host or _host_of(file, root), {})
            sources[source] = (*sources.get(source, ()), file)
    return Gathered(hosts=hosts, unread=tuple(unread))


def store_gathered(gathered: Gathered, *, path: Path, clock: Clock) -> RunDirectory:
    """Return a run directory that holds the files as evidence; the caller closes it."""
    run = RunDirectory.create(
        path,
        RunInfo(
            run_id=new_run_id(clock),
            command="import",
            started_at=clock.now(),
            ended_at=None,
            tool_version=__version__,
            started_by=getpass.getuser(),
            parameters={},
        ),
    )
    for name, sources in gathered.hosts.items():
        _store_host(run.host(name), name, sources, clock)
    run.finish(clock.now())
    return run


def _store_host(
    folder: HostFolder, name: str, sources: Mapping[str, tuple[Path, ...]], clock: Clock
) -> None:
    outcomes = [Outcome(host=name, source=HOST, kind=OutcomeKind.COLLECTED)]
    for source in catalogue():
        files = sources.get(source, ())
        sink = folder.sink(source, Phase.IMPORTED, clock.now())
        taken: set[str] = set()
        for file in files:
            evidence_name = _free_name(_plain_name(file), taken)
            with sink.open(evidence_name) as stream:
                length, sha256 = _compress(file, stream)
                stored = stream.tell()
            sink.keep(
                Attachment(name=evidence_name, length=length, sha256=sha256, stored_length=stored)
            )
        kind = OutcomeKind.COLLECTED if files else OutcomeKind.UNSUPPORTED
        reason = "" if files else "no such file was given"
        outcomes.append(Outcome(host=name, source=source, kind=kind, reason=reason))
    folder.commit(HostRecord(host=name, outcomes=tuple(outcomes)))


def _compress(file: Path, stream: object) -> tuple[int, str]:
    import hashlib

    digest = hashlib.sha256()
    length = 0
    opener = gzip.open if file.suffix == ".gz" else open
    try:
        with opener(file, "rb") as source, gzip.GzipFile(fileobj=stream, mode="wb", mtime=0) as out:  # type: ignore[call-overload]
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                length += len(chunk)
                out.write(chunk)
    except (OSError, EOFError) as error:
        raise EvidenceError(f"cannot be read: {error}", file=str(file)) from error
    return length, digest.hexdigest()


def _files(root: Path) -> Iterable[Path]:
    return [root] if root.is_file() else (p for p in root.rglob("*") if p.is_file())


def _host_of(file: Path, root: Path) -> str:
    return (file.parent if root.is_file() or file.parent != root else root).name


def _source_of(name: str) -> str | None:
    if name in _FACTS:
        return "host-facts"
    return next((c.name for c in catalogue().values() if parser_for(c, name)), None)


def _plain_name(file: Path) -> str:
    return file.name.removesuffix(".gz")


def _free_name(name: str, taken: set[str]) -> str:
    """Return ``pfirewall.2.log`` for the second ``pfirewall.log`` of a host."""
    stem, dot, rest = name.partition(".")
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{stem}.{number}{dot}{rest}"
    taken.add(free)
    return free
