r"""Read an EVTX file chunk by chunk, so that damage costs no more than what is damaged.

A file is a header of 4,096 bytes that begins ``ElfFile\0`` and chunks of 65,536 bytes that begin
``ElfChnk\0``. A chunk is complete in itself: its records use no template or name of another one.
Numbers are little-endian ([MS-EVEN6] says nothing of the file; this is the layout that libevtx
documents and that every sample agrees with)::

    chunk   +8 first record number, +16 last, +48 offset of free space, +52 CRC32 of the records,
            +120 flags, +124 CRC32 of bytes 0 to 119 and 128 to 511; records from +512
    record  +0 2a 2a 00 00, +4 size, +8 record number, +16 FILETIME, +24 binary XML, size again

Each chunk goes to the Rust reader as a file of its own, which costs nothing that can be measured.
Where a checksum is wrong, the records are walked here and a record whose frame is broken is given
a new frame that reaches to the next sound record: the reader then loses that one alone.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from evtx import PyEvtxParser

from fleetaudit.records.evidence import WHOLE_FILE, Issue

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MOST_RECORDS", "Records", "read_records"]

_FILE_MAGIC: Final = b"ElfFile\x00"
_OLD_MAGIC: Final = b"LfLe"
_CHUNK_MAGIC: Final = b"ElfChnk\x00"
_RECORD_MAGIC: Final = b"\x2a\x2a\x00\x00"
_HEADER: Final = 4096
_CHUNK: Final = 65536
_RECORDS_AT: Final = 512
_SMALLEST_RECORD: Final = 28
MOST_RECORDS: Final = (_CHUNK - _RECORDS_AT) // _SMALLEST_RECORD
_MOST_TEXT: Final = 1 << 24
"""Characters that one chunk may become; real chunks become some 200,000. A template can name one
value thousands of times, so 64 KiB can become gigabytes."""
_LAST_FILETIME: Final = 2_650_467_743_999_999_999
"""The end of the year 9999 in 100 ns since 1601; a later time makes the reader give up a chunk."""
_EMPTY: Final = bytes(_CHUNK)
_TABLES_AT: Final = 128
_NO_TABLES: Final = bytes(_RECORDS_AT - _TABLES_AT)
"""In place of a chunk's tables of names and templates. The reader does without them at the same
speed, and a table whose chain runs in a circle would never let it go."""
_NUMBER: Final = re.compile(r"record number (\d+)")


class Records(NamedTuple):
    """The records of a chunk. Their written times are left: an exported file has another's.

    Attributes:
        texts: As JSON.
        numbers: In the file.
    """

    texts: list[str]
    numbers: list[int]


def _one_chunk_header() -> bytes:
    """Return the header of a sound file with a single chunk (version 3.1)."""
    fields = struct.pack("<8sQQQIHHHH", _FILE_MAGIC, 0, 0, 1, 128, 1, 3, _HEADER, 1)
    body = fields.ljust(120, b"\0")
    return (body + struct.pack("<II", 0, zlib.crc32(body))).ljust(_HEADER, b"\0")


_ONE_CHUNK_HEADER: Final = _one_chunk_header()


@dataclass(slots=True)
class _Tally:
    """What a file has yielded so far."""

    chunks: int = 0
    last_number: int = 0


def read_records(stream: BinaryIO, source: str) -> Iterator[Records | Issue]:
    """Yield the records of each chunk, and an issue for whatever could not be read.

    Chunks of zeros are space that Windows set aside; they are no issue. Memory does not grow with
    the file.
    """
    header = _read_fully(stream, _HEADER)
    held = b""
    if header[: len(_FILE_MAGIC)] != _FILE_MAGIC:
        # A file that was carved from a disk may lack its header; the chunks need none.
        held = header if header.startswith(_CHUNK_MAGIC) else _read_fully(stream, _CHUNK)
        if not held.startswith(_CHUNK_MAGIC):
            yield Issue(source=source, where=WHOLE_FILE, problem=_no_log(header))
            return
        problem = "is not that of an event log file; its chunks were read all the same"
        yield Issue(source=source, where="header", problem=problem, lost=0)
        header = _ONE_CHUNK_HEADER
    tally = _Tally()
    for block in _blocks(stream, held):
        if not _EMPTY.startswith(block):
            yield from _read_chunk(block, tally, source)
        tally.chunks += 1
    yield from _missing_chunks(header, tally, source)


def _no_log(header: bytes) -> str:
    if header[4:8] == _OLD_MAGIC:
        return (
            "is an event log of Windows XP or 2003, another format; "
            "wevtutil epl OLD.evt NEW.evtx /lf:true converts it on a Windows host"
        )
    return "is not an event log file"


def _blocks(stream: BinaryIO, held: bytes) -> Iterator[bytes]:
    """Yield the chunks from ``held`` on, the last maybe cut; headers between them are left out."""
    while block := held + _read_fully(stream, _CHUNK - len(held)):
        held = b""
        if block.startswith(_FILE_MAGIC):
            # Another file was written behind this one.
            block = block[_HEADER:] + _read_fully(stream, _HEADER)
        yield block


def _read_fully(stream: BinaryIO, length: int) -> bytes:
    """Return ``length`` bytes, or fewer at the end; a decompressing stream may give less a call."""
    block = stream.read(length)
    while len(block) < length and (more := stream.read(length - len(block))):
        block += more
    return block


def _missing_chunks(header: bytes, tally: _Tally, source: str) -> Iterator[Issue]:
    """Yield an issue if the file's header promises chunks that are not there."""
    if len(header) < _HEADER:
        yield Issue(source=source, where="start", problem="ends inside its header")
        return
    (next_number,) = struct.unpack_from("<Q", header, 24)
    (promised,) = struct.unpack_from("<H", header, 42)
    missing = promised - tally.chunks
    if missing > 0:
        records = next_number - 1 - tally.last_number
        yield Issue(
            source=source,
            where=f"chunk {tally.chunks}",
            problem=f"is where the file ends, though its header names {promised} chunks",
            lost=min(max(records, 1), missing * MOST_RECORDS),
        )


def _read_chunk(block: bytes, tally: _Tally, source: str) -> Iterator[Records | Issue]:
    """Yield the records of one chunk and what went wrong with it."""
    where = f"chunk {tally.chunks}"
    if block[: len(_CHUNK_MAGIC)] != _CHUNK_MAGIC and not _record_size(block, _RECORDS_AT, None):
        lost = max(1, block.count(_RECORD_MAGIC))
        yield Issue(source=source, where=where, problem="is not a chunk of records", lost=lost)
        return
    if len(block) < _CHUNK:
        problem = f"is cut off after {len(block)} bytes"
        yield Issue(source=source, where=where, problem=problem, lost=0)
        block = block.ljust(_CHUNK, b"\0")
    first, last = struct.unpack_from("<QQ", block, 8)
    if damage := _checksum_damage(block):
        yield Issue(source=source, where=where, problem=damage, lost=0)
        block = _reframed(block)
    records, issues = _decode(block, where=where, source=source)
    yield records
    yield from issues
    seen = len(records.texts) + sum(issue.lost for issue in issues)
    expected = last - first + 1
    if seen < expected <= MOST_RECORDS:
        problem = f"names {expected} records in its header; {expected - seen} are not there"
        yield Issue(source=source, where=where, problem=problem, lost=expected - seen)
    if first <= last < first + MOST_RECORDS:
        tally.last_number = last


def _checksum_damage(block: bytes) -> str:
    """Return what of a chunk's head or checksums is wrong, as a clause; empty if nothing is."""
    if block[: len(_CHUNK_MAGIC)] != _CHUNK_MAGIC:
        return "does not begin as a chunk does; its records were read all the same"
    free, records_crc = struct.unpack_from("<II", block, 48)
    (header_crc,) = struct.unpack_from("<I", block, 124)
    if zlib.crc32(block[128:_RECORDS_AT], zlib.crc32(block[:120])) != header_crc:
        return "has a header that does not match its checksum; its records were read all the same"
    if zlib.crc32(memoryview(block)[_RECORDS_AT:free]) != records_crc:
        return "has records that do not match its checksum; they were read all the same"
    return ""


def _record_size(block: bytes | bytearray, at: int, previous: int | None) -> int:
    """Return the size of the record at ``at`` if its frame is sound and follows on, else 0.

    Free space may hold older records, which are told by their lower number.
    """
    if at + _SMALLEST_RECORD > len(block) or block[at : at + 4] != _RECORD_MAGIC:
        return 0
    size, number, written = struct.unpack_from("<IQQ", block, at + 4)
    if not _SMALLEST_RECORD <= size <= len(block) - at or written > _LAST_FILETIME:
        return 0
    if struct.unpack_from("<I", block, at + size - 4)[0] != size:
        return 0
    follows = previous is None or 0 < number - previous <= MOST_RECORDS
    return int(size) if follows else 0


def _next_record(block: bytes | bytearray, start: int, previous: int | None) -> int:
    """Return where the next sound record after ``start`` begins, or -1."""
    at = block.find(_RECORD_MAGIC, start)
    while at >= 0 and not _record_size(block, at, previous):
        at = block.find(_RECORD_MAGIC, at + 1)
    return at


def _reframed(block: bytes) -> bytes:
    """Return the chunk with every broken record frame stretched to the next sound record.

    The header's last number and free space are set to what was found, because the reader stops
    where they say.
    """
    mended = bytearray(block)
    mended[: len(_CHUNK_MAGIC)] = _CHUNK_MAGIC
    at = _RECORDS_AT
    previous: int | None = None
    while at < _CHUNK:
        size = _record_size(mended, at, previous)
        if not size:
            sound = _next_record(mended, at + _SMALLEST_RECORD, previous)
            if sound < 0:
                break
            size = sound - at
            mended[at : at + 8] = _RECORD_MAGIC + struct.pack("<I", size)
            mended[sound - 4 : sound] = struct.pack("<I", size)
            (written,) = struct.unpack_from("<Q", mended, at + 16)
            if written > _LAST_FILETIME:
                struct.pack_into("<Q", mended, at + 16, 0)
        else:
            (previous,) = struct.unpack_from("<Q", mended, at + 8)
        at += size
    if previous is not None:
        struct.pack_into("<Q", mended, 16, previous)
        struct.pack_into("<Q", mended, 32, previous)
    struct.pack_into("<I", mended, 48, at)
    return bytes(mended)


def _decode(block: bytes, *, where: str, source: str) -> tuple[Records, list[Issue]]:
    """Return the records of one whole chunk as the Rust reader gives them, and its errors."""
    rest = memoryview(block)[_RECORDS_AT:]
    whole = b"".join((_ONE_CHUNK_HEADER, block[:_TABLES_AT], _NO_TABLES, rest))
    reader: Iterator[Any] = iter(PyEvtxParser(BytesIO(whole), number_of_threads=1).records_json())
    texts, numbers = records = Records([], [])
    issues: list[Issue] = []
    characters = 0
    while len(issues) <= MOST_RECORDS:
        try:
            for record in reader:
                text = record["data"]
                characters += len(text)
                if characters > _MOST_TEXT:
                    problem = "unfolds to more text than any real chunk; its rest was not read"
                    issues.append(Issue(source=source, where=where, problem=problem))
                    return records, issues
                texts.append(text)
                numbers.append(record["event_record_id"])
        except (RuntimeError, ValueError, OSError) as error:
            issues.append(_unreadable(str(error), where=where, source=source))
        else:
            break
    return records, issues


def _unreadable(message: str, *, where: str, source: str) -> Issue:
    """Return the issue for an error of the reader, which names the record where it knows it."""
    named = _NUMBER.search(message)
    reason = message.rpartition(": ")[2][:200]
    if named:
        problem = f"cannot be decoded: {reason}"
        return Issue(source=source, where=f"{where}, record {named[1]}", problem=problem)
    return Issue(source=source, where=where, problem=f"stops being readable: {reason}", lost=0)
