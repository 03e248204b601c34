"""Turn the records of a script's pipeline into checked files; knows nothing of PSRP.

The records are those of :mod:`fleetaudit.records.wire`::

    {"Kind": "Exit", "Tool": "auditpol", "Code": 0}
    {"Kind": "Piece", "Name": "policy.csv", "Index": 0, "Data": "H4sIAAAA..."}
    {"Kind": "Trailer", "Name": "policy.csv", "Encoding": "gzip", "Pieces": 1,
     "Length": 5961, "Sha256": "9f86d081..."}

The check is needed because PSRP loses whole objects without a sign: the output is simply shorter.
Memory stays at one piece and one block of expanded text, however large the file is.
"""

from __future__ import annotations

import binascii
import hashlib
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, NoReturn, Self, TypeVar

from fleetaudit.errors import RunDirectoryError
from fleetaudit.records.call import Attachment, ToolExit
from fleetaudit.records.wire import Encoding, Kind
from fleetaudit.transport._text import visible

if TYPE_CHECKING:
    from types import TracebackType

    from fleetaudit.transport._protocol import Sink

__all__ = ["BULK", "Decoder", "FramingError", "Limits"]

BULK: Final = (".evtx", ".log", ".old", ".xml")
"""How the names of bulk evidence end: event logs, firewall logs, WFP state."""

T = TypeVar("T", str, int)

_SHAPES: Final = {
    Kind.EXIT: {"Tool", "Code"},
    Kind.PIECE: {"Name", "Index", "Data"},
    Kind.TRAILER: {"Name", "Encoding", "Pieces", "Length", "Sha256"},
}
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
_SHA256: Final = re.compile(r"[0-9A-Fa-f]{64}")
_MAGIC: Final = b"\x1f\x8b"
_GZIP_BITS: Final = 31
_BLOCK: Final = 1 << 18


class FramingError(Exception):
    """The records cannot be what our scripts write; the argument says why, as a clause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one host may send; bombs end here.

    Attributes:
        bulk_bytes: Of one file of bulk evidence (``BULK``), expanded; it is read as a stream.
        file_bytes: Of any other file, expanded; it may be read as a whole.
        host_bytes: Of all files of one session, expanded.
        piece_characters: Of one piece in base64; a script sends 262,144.
        records: Objects of one run of a script.
        errors: Error records of one run of a script.
        complaints: Error records that are passed on as text; the others are counted.
    """

    bulk_bytes: int = 2 << 30
    file_bytes: int = 64 << 20
    host_bytes: int = 4 << 30
    piece_characters: int = 1 << 20
    records: int = 100_000
    errors: int = 200
    complaints: int = 20


class Decoder:
    """Takes a run's records one by one and writes the files they make up into a sink."""

    def __init__(self, sink: Sink, limits: Limits, *, host_bytes_left: int | None = None) -> None:
        self._sink = sink
        self._limits = limits
        self._left = limits.host_bytes if host_bytes_left is None else host_bytes_left
        self._records = 0
        self._file: _IncomingFile | None = None
        self._attachments: dict[str, Attachment] = {}
        self._exits: list[ToolExit] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """Return the files that came whole, in order."""
        return tuple(self._attachments.values())

    @property
    def exits(self) -> tuple[ToolExit, ...]:
        """Return how the native tools ended, in order."""
        return tuple(self._exits)

    @property
    def host_bytes_left(self) -> int:
        """Return how many expanded bytes the host may still send."""
        return self._left

    def feed(self, record: object) -> None:
        """Take the next record of the pipeline.

        Raises:
            FramingError: It is none, or it does not fit to those before.
            RunDirectoryError: The sink cannot be written.
        """
        self._records += 1
        if self._records > self._limits.records:
            raise FramingError(f"the script wrote more than {self._limits.records} records")
        fields = _fields(record)
        match fields["Kind"]:
            case Kind.EXIT:
                self._exit(fields)
            case Kind.PIECE:
                self._piece(fields)
            case _:
                self._trailer(fields)

    def finish(self) -> None:
        """Take the end of the pipeline.

        Raises:
            FramingError: A file has not come whole.
        """
        if self._file is not None:
            raise FramingError(
                f"the output ended inside {self._file.name}, after {self._file.pieces} pieces"
            )

    def close(self) -> None:
        """Close what is open; a file that has not come whole stays un-kept in the sink."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _exit(self, fields: dict[str, object]) -> None:
        tool = _name(fields, "Tool")
        self._exits.append(ToolExit(tool=tool, code=_field(fields, "Code", int)))

    def _piece(self, fields: dict[str, object]) -> None:
        name = _name(fields, "Name")
        if self._file is None:
            self._file = self._begin(name)
        file = self._file
        index = _field(fields, "Index", int)
        if name != file.name or index != file.pieces:
            raise FramingError(
                f"piece {index} of {name} came where piece {file.pieces} of {file.name} was due"
            )
        data = _field(fields, "Data", str)
        if len(data) > self._limits.piece_characters:
            raise FramingError(f"piece {index} of {name} has {len(data)} characters")
        file.add(_bytes_of(data, f"piece {index} of {name}"))

    def _trailer(self, fields: dict[str, object]) -> None:
        name = _name(fields, "Name")
        pieces = _field(fields, "Pieces", int)
        if self._file is None and pieces == 0:
            self._file = self._begin(name)
        file = self._file
        if file is None or file.name != name:
            raise FramingError(f"the trailer of {name} came without its pieces")
        attachment = file.end(
            encoding=_encoding(fields),
            pieces=pieces,
            length=_field(fields, "Length", int),
            sha256=_field(fields, "Sha256", str),
        )
        self._file = None
        self._left -= attachment.length
        self._keep(attachment)

    def _keep(self, attachment: Attachment) -> None:
        try:
            self._sink.keep(attachment)
        except OSError as error:
            _unwritable(attachment.name, error)
        self._attachments[attachment.name.casefold()] = attachment

    def _begin(self, name: str) -> _IncomingFile:
        if name.casefold() in self._attachments:
            raise FramingError(f"{name} was sent twice")
        try:
            stream = self._sink.open(name)
        except OSError as error:
            _unwritable(name, error)
        is_bulk = name.casefold().endswith(BULK)
        limit = self._limits.bulk_bytes if is_bulk else self._limits.file_bytes
        return _IncomingFile(name, stream, min(limit, self._left))


class _IncomingFile:
    """One file on its way: always stored as gzip, hashed over what it expands to."""

    def __init__(self, name: str, stream: BinaryIO, limit: int) -> None:
        self.name = name
        self.pieces = 0
        self._stream = stream
        self._limit = limit
        self._length = 0
        self._stored = 0
        self._hash = hashlib.sha256()
        self._head = b""
        self._expand: zlib._Decompress | None = None
        self._compress: zlib._Compress | None = None

    def add(self, data: bytes) -> None:
        self.pieces += 1
        if self._expand is not None:
            self._take_compressed(data, self._expand)
        elif self._compress is not None:
            self._take_plain(data, self._compress)
        else:
            self._head += data
            if len(self._head) >= len(_MAGIC):
                self._begin()

    def end(self, *, encoding: Encoding, pieces: int, length: int, sha256: str) -> Attachment:
        if pieces != self.pieces:
            raise FramingError(f"{self.name} has {pieces} pieces, of which {self.pieces} came")
        self._end_stream(encoding)
        if length != self._length:
            raise FramingError(f"{self.name} has {length} bytes, of which {self._length} came")
        digest = self._hash.hexdigest()
        if not _SHA256.fullmatch(sha256) or sha256.lower() != digest:
            raise FramingError(f"the bytes of {self.name} do not have the SHA-256 of its trailer")
        self.close()
        return Attachment(name=self.name, length=length, sha256=digest, stored_length=self._stored)

    def close(self) -> None:
        try:
            self._stream.close()
        except OSError as error:
            _unwritable(self.name, error)

    def _begin(self) -> None:
        # The encoding stands in the trailer, so the first two bytes have to tell it until then.
        if self._head.startswith(_MAGIC):
            self._expand = zlib.decompressobj(_GZIP_BITS)
            self._take_compressed(self._head, self._expand)
        else:
            self._compress = zlib.compressobj(wbits=_GZIP_BITS)
            self._take_plain(self._head, self._compress)

    def _end_stream(self, encoding: Encoding) -> None:
        if self._expand is None and self._compress is None:
            self._begin()
        # .NET Framework's GzipStream writes nothing at all for an empty file.
        is_nothing = not self._head and encoding is Encoding.GZIP
        if not is_nothing and (encoding is Encoding.GZIP) is (self._expand is None):
            raise FramingError(f"{self.name} is not encoded as its trailer says: {encoding}")
        if self._expand is not None and not self._expand.eof:
            raise FramingError(f"the gzip stream of {self.name} has no end")
        if self._compress is not None:
            self._write(self._compress.flush())

    def _take_compressed(self, data: bytes, expand: zlib._Decompress) -> None:
        rest = data
        try:
            while rest and not expand.eof:
                self._measure(expand.decompress(rest, _BLOCK))
                rest = expand.unconsumed_tail
        except zlib.error as error:
            raise FramingError(f"the gzip stream of {self.name} is damaged") from error
        if rest or expand.unused_data:
            raise FramingError(f"bytes follow the end of the gzip stream of {self.name}")
        self._write(data)

    def _take_plain(self, data: bytes, compress: zlib._Compress) -> None:
        self._measure(data)
        self._write(compress.compress(data))

    def _measure(self, data: bytes) -> None:
        self._length += len(data)
        if self._length > self._limit:
            raise FramingError(f"{self.name} is longer than the {self._limit} bytes allowed")
        self._hash.update(data)

    def _write(self, data: bytes) -> None:
        try:
            self._stream.write(data)
        except OSError as error:
            _unwritable(self.name, error)
        self._stored += len(data)


def _unwritable(name: str, error: OSError) -> NoReturn:
    raise RunDirectoryError(
        f"{name} cannot be written: {error.strerror or type(error).__name__}",
        file=str(error.filename or ""),
        remedy="Free space in the run directory's file system, or write to another one",
    ) from error


def _fields(record: object) -> dict[str, object]:
    if not isinstance(record, dict):
        raise FramingError(f"an object of type {type(record).__name__} is no record of a script")
    kind = record.get("Kind")
    if not isinstance(kind, str) or kind not in _SHAPES:
        raise FramingError(f"a record is of the unknown kind {visible(kind, 40)!r}")
    if record.keys() != _SHAPES[Kind(kind)] | {"Kind"}:
        keys = ", ".join(sorted(visible(key, 20) for key in list(record)[:10]))
        raise FramingError(f"a record of kind {kind} has the fields {keys}")
    return record


def _field(fields: dict[str, object], key: str, kind: type[T]) -> T:
    value = fields[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise FramingError(f"the field {key} is of type {type(value).__name__}")
    return value


def _name(fields: dict[str, object], key: str) -> str:
    name = _field(fields, key, str)
    if not _NAME.fullmatch(name) or ".." in name:
        raise FramingError(f"the field {key} cannot be a name: {visible(name, 80)!r}")
    return name


def _encoding(fields: dict[str, object]) -> Encoding:
    name = _field(fields, "Encoding", str)
    try:
        return Encoding(name)
    except ValueError:
        raise FramingError(f"the encoding {visible(name, 40)!r} is unknown") from None


def _bytes_of(data: str, what: str) -> bytes:
    try:
        return binascii.a2b_base64(data.encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        raise FramingError(f"{what} is not base64") from None
