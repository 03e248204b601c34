"""Files that were gathered by hand, sorted by host and evidence source."""

from __future__ import annotations

import getpass
import gzip
import hashlib
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from fleetaudit import __version__
from fleetaudit.cli._fleet_run import new_run_id
from fleetaudit.collectors import catalogue
from fleetaudit.errors import EvidenceError, RunDirectoryError
from fleetaudit.ingest import sources_of
from fleetaudit.parsers.recognition import START_BYTES, Form, container_of, form_of
from fleetaudit.records.call import Attachment
from fleetaudit.records.evidence import Phase
from fleetaudit.records.figures import RunInfo
from fleetaudit.records.host_record import HostRecord
from fleetaudit.records.outcome import HOST, NOT_GIVEN, Outcome, OutcomeKind
from fleetaudit.store import HostFolder, RunDirectory
from fleetaudit.store.host_folder import NAME
from fleetaudit.store.run_directory import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from io import BufferedReader
    from pathlib import Path

    from fleetaudit.clock import Clock
    from fleetaudit.transport import Sink

__all__ = ["Gathered", "gather", "store_gathered"]

_CHUNK: Final = 1 << 20
_GZIP: Final = b"\x1f\x8b"
_GZIP_SUFFIX: Final = ".gz"
_UNKNOWN: Final = "no reader knows its name or its content"
_FACTS: Final = ("facts.json", "groups.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Files by host and source.

    Attributes:
        hosts: The files, by host and source.
        unread: Those that no reader knows, and why.
        by_content: Those whose name does not say what they are, and what they are.
    """

    hosts: Mapping[str, Mapping[str, tuple[Path, ...]]]
    unread: Mapping[Path, str]
    by_content: Mapping[Path, Form]


def gather(paths: Iterable[Path], *, host: str | None) -> Gathered:
    """Return the files below ``paths``, each with the host and source it belongs to.

    A file is known by how it begins, and where that does not say by its name. It belongs to the
    host that its folder is named after, or to ``host`` where one is given.
    """
    hosts: dict[str, dict[str, tuple[Path, ...]]] = {}
    unread: dict[Path, str] = {}
    by_content: dict[Path, Form] = {}
    for path in paths:
        root = path.resolve()
        for file in sorted(_files(root)):
            stored = _stored(file)
            sources: tuple[str, ...] = (stored.source,) if stored else ()
            if not stored:
                start, name = _start(file), _plain_name(file)
                form = form_of(start)
                sources = _sources_of(name, form)
                if not sources:
                    unread[file] = container_of(start) or _UNKNOWN
                    continue
                if form and sources != _sources_of(name, None):
                    by_content[file] = form
            files = hosts.setdefault(host or (stored.host if stored else _host_of(file, root)), {})
            for source in sources:
                files[source] = (*files.get(source, ()), file)
    return Gathered(hosts=hosts, unread=unread, by_content=by_content)


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
        taken: dict[Phase, set[str]] = {}
        files = sources.get(source, ())
        damages: list[str] = []
        for file in files:
            stored = _stored(file)
            phase = stored.phase if stored else Phase.IMPORTED
            taken_at = stored.taken_at if stored else None
            sink = folder.sink(source, phase, taken_at or clock.now())
            evidence_name = _free_name(_plain_name(file), taken.setdefault(phase, set()))
            damage = _keep(sink, evidence_name, file)
            damages += [damage] if damage else []
        outcomes.append(_outcome(name, source, is_given=bool(files), damages=damages))
    folder.commit(HostRecord(host=name, outcomes=tuple(outcomes)))


def _outcome(host: str, source: str, *, is_given: bool, damages: list[str]) -> Outcome:
    if damages:
        return Outcome(
            host=host,
            source=source,
            kind=OutcomeKind.FAILED,
            reason="; ".join(damages),
            remedy="Copy the file once more",
        )
    kind = OutcomeKind.COLLECTED if is_given else OutcomeKind.UNSUPPORTED
    reason = "" if is_given else NOT_GIVEN
    return Outcome(host=host, source=source, kind=kind, reason=reason)


def _keep(sink: Sink, name: str, file: Path) -> str:
    """Store a file; return what is wrong with it, and leave what was read of it as a part.

    Raises:
        RunDirectoryError: It cannot be stored.
    """
    try:
        with sink.open(name) as stream:
            length, sha256 = _compress(file, stream)
            stored = stream.tell()
    except EvidenceError as error:
        return str(error).removesuffix(".")
    except OSError as error:
        raise RunDirectoryError(
            f"cannot be stored: {error.strerror}",
            file=str(file),
            remedy="Look at the rights and the space of the folder named by --out",
        ) from error
    sink.keep(Attachment(name=name, length=length, sha256=sha256, stored_length=stored))
    return ""


def _compress(file: Path, stream: BinaryIO) -> tuple[int, str]:
    digest = hashlib.sha256()
    length = 0
    with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0) as out:
        for chunk in _chunks(file):
            digest.update(chunk)
            length += len(chunk)
            out.write(chunk)
    return length, digest.hexdigest()


def _chunks(file: Path) -> Iterator[bytes]:
    """Yield what a file holds, decompressed.

    Raises:
        EvidenceError: It cannot be read, or not to its end.
    """
    try:
        with _opened(file) as source:
            while chunk := source.read1(_CHUNK):  # what came before a damage is not lost
                yield chunk
    except (OSError, EOFError, zlib.error) as error:
        raise EvidenceError(f"cannot be read: {error}", file=str(file)) from error


def _opened(file: Path) -> BufferedReader | gzip.GzipFile:
    """Return a file to read what it holds, decompressed where it is gzipped.

    A browser may have decompressed a file and left its name as it was.
    """
    with file.open("rb") as raw:
        start = raw.read(START_BYTES)
    is_named_so = file.suffix.lower() == _GZIP_SUFFIX and form_of(start) is None
    return gzip.open(file) if start.startswith(_GZIP) or is_named_so else file.open("rb")


def _start(file: Path) -> bytes:
    """Return how a file begins; nothing where it cannot be read, which is told when it is kept."""
    pieces: list[bytes] = []
    try:
        for chunk in _chunks(file):
            pieces.append(chunk)
            if sum(map(len, pieces)) >= START_BYTES:
                break
    except EvidenceError:
        pass
    return b"".join(pieces)[:START_BYTES]


def _files(root: Path) -> Iterable[Path]:
    if root.is_file():
        return [root]
    return (path for path in root.rglob("*") if path.is_file() and not _is_of_a_run(path))


def _is_of_a_run(file: Path) -> bool:
    """Return whether fleetaudit itself wrote the file beside the evidence of a run."""
    return file.suffix == ".parquet" or any(
        (file.parent / name).is_file() for name in (MANIFEST, NAME)
    )


class _Stored(NamedTuple):
    """What a file is that lies as a run directory keeps evidence."""

    host: str
    source: str
    phase: Phase
    taken_at: datetime | None


def _stored(file: Path) -> _Stored | None:
    """Return what a file is that lies as a run directory keeps evidence; None for any other.

    Where the run's list does not name it, nobody knows when it was taken: it is as good as one
    that was gathered by hand.
    """
    folder = file.parent
    if folder.parent.name == Phase.DURING.value:  # each answer has a folder of its own
        folder = folder.parent
    phase, source, evidence = folder.name, folder.parent.name, folder.parent.parent
    if evidence.name != "evidence" or source not in catalogue() or phase not in set(Phase):
        return None
    host = HostFolder(evidence.parent)
    place = file.relative_to(evidence.parent).as_posix()
    taken_at = next((one.taken_at for one in host.evidence() if one.file == place), None)
    known = Phase.IMPORTED if taken_at is None else Phase(phase)
    return _Stored(host.name(), source, known, taken_at)


def _host_of(file: Path, root: Path) -> str:
    return (file.parent if root.is_file() or file.parent != root else root).name


def _sources_of(name: str, form: Form | None) -> tuple[str, ...]:
    if name in _FACTS:
        return ("host-facts",)
    return sources_of(name, form, catalogue())


def _plain_name(file: Path) -> str:
    return file.stem if file.suffix.lower() == _GZIP_SUFFIX else file.name


def _free_name(name: str, taken: set[str]) -> str:
    """Return ``pfirewall.2.log`` for the second ``pfirewall.log`` of a host."""
    stem, dot, rest = name.partition(".")
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{stem}.{number}{dot}{rest}"
    taken.add(free)
    return free
