r"""Event log files (``.evtx``), as ``wevtutil epl`` writes them.

A file is a header block of 4 KiB and chunks of 64 KiB; a chunk is a header of 512 bytes and
records. Magic bytes and what follows, from files that Windows wrote::

    ElfFile\0  first chunk, last chunk, next record, 128, version 3.1, 4096, chunks, CRC-32
    ElfChnk\0  first and last record, 128, offsets, CRC-32 of the records, name and template tables
    **\0\0     size, record id, FILETIME, binary XML, padding to 8 bytes, size again
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from fleetaudit.simulation.formats._binxml import (
    Attribute,
    Element,
    Fragment,
    Names,
    Substitution,
    ValueType,
    encode,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["AUDITING", "EVENTLOG", "EventRecord", "Field", "Provider", "ValueType", "write_evtx"]

CHUNK_BYTES: Final = 65536
_CHUNK_HEADER_BYTES: Final = 512
_HEADER_BLOCK: Final = 4096
_NAMESPACE: Final = UUID("6f1d3d3c-1f9a-5c5e-8a55-0d3f7d3c9b01")
_EVENT_NAMESPACE: Final = "http://schemas.microsoft.com/win/2004/08/events/event"
_EVENTLOG_NAMESPACE: Final = "http://manifests.microsoft.com/win/2004/08/windows/eventlog"


@dataclass(frozen=True, slots=True)
class Provider:
    """Who writes an event."""

    name: str
    guid: UUID


AUDITING: Final = Provider(
    "Microsoft-Windows-Security-Auditing", UUID("54849625-5478-4994-a5ba-3e3b0328c30d")
)
EVENTLOG: Final = Provider(
    "Microsoft-Windows-Eventlog", UUID("fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148")
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event's template."""

    name: str
    type: ValueType


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """One record.

    Attributes:
        filetime: 100 ns since 1601, UTC.
        fields: What the event's template names, in order (windows-facts 1.2).
        values: One for each field: text, integer, SID as text, or None for no value.
        user_data: The root below ``UserData``; empty for ``EventData``.
    """

    record_id: int
    filetime: int
    provider: Provider
    event_id: int
    version: int
    task: int
    keywords: int
    computer: str
    fields: tuple[Field, ...]
    values: tuple[object, ...]
    level: int = 0
    opcode: int = 0
    process_id: int = 4
    thread_id: int = 4
    channel: str = "Security"
    user_data: str = ""


def _of(index: int, kind: ValueType) -> Substitution:
    return Substitution(index=index, type=kind)


def _simple(name: str, index: int, kind: ValueType, *, depends_on: int = 0xFFFF) -> Element:
    return Element(name=name, content=(_of(index, kind),), depends_on=depends_on)


def _with(name: str, *attributes: tuple[str, int, ValueType]) -> Element:
    return Element(
        name=name,
        attributes=tuple(Attribute(name=one, value=_of(index, t)) for one, index, t in attributes),
    )


def _event_template(computer: str) -> Element:
    """Return the outer template, whose 18 values stand in the order Windows uses."""
    v = ValueType
    event_id = Element(
        name="EventID",
        attributes=(Attribute(name="Qualifiers", value=_of(4, v.UINT16)),),
        content=(_of(3, v.UINT16),),
        depends_on=3,
    )
    system = Element(
        name="System",
        content=(
            _with("Provider", ("Name", 14, v.TEXT), ("Guid", 15, v.GUID)),
            event_id,
            _simple("Version", 11, v.UINT8, depends_on=11),
            _simple("Level", 0, v.UINT8, depends_on=0),
            _simple("Task", 2, v.UINT16, depends_on=2),
            _simple("Opcode", 1, v.UINT8, depends_on=1),
            _simple("Keywords", 5, v.HEX64, depends_on=5),
            _with("TimeCreated", ("SystemTime", 6, v.FILETIME)),
            _simple("EventRecordID", 10, v.UINT64, depends_on=10),
            _with("Correlation", ("ActivityID", 7, v.GUID), ("RelatedActivityID", 13, v.GUID)),
            _with("Execution", ("ProcessID", 8, v.UINT32), ("ThreadID", 9, v.UINT32)),
            _simple("Channel", 16, v.TEXT, depends_on=16),
            Element(name="Computer", content=(computer,)),
            _with("Security", ("UserID", 12, v.SID)),
        ),
    )
    return Element(
        name="Event",
        attributes=(Attribute(name="xmlns", value=_EVENT_NAMESPACE),),
        content=(system, _of(17, v.BINXML)),
        depends_on=17,
    )


def _data_template(fields: tuple[Field, ...]) -> Element:
    return Element(
        name="EventData",
        content=tuple(
            Element(
                name="Data",
                attributes=(Attribute(name="Name", value=field.name),),
                content=(Substitution(index=index, type=field.type, is_optional=False),),
            )
            for index, field in enumerate(fields)
        ),
    )


def _user_template(root: str, fields: tuple[Field, ...]) -> Element:
    content = tuple(
        Element(
            name=field.name,
            content=(Substitution(index=index, type=field.type, is_optional=False),),
        )
        for index, field in enumerate(fields)
    )
    inner = Element(
        name=root,
        attributes=(Attribute(name="xmlns", value=_EVENTLOG_NAMESPACE),),
        content=content,
    )
    return Element(name="UserData", content=(inner,))


_Pair = tuple[dict[UUID, Element], dict[UUID, Element]]


class _Templates:
    """The templates of one file, built once each."""

    def __init__(self) -> None:
        self._outer: dict[str, dict[UUID, Element]] = {}
        self._inner: dict[tuple[int, str, tuple[Field, ...]], dict[UUID, Element]] = {}

    def outer(self, record: EventRecord) -> dict[UUID, Element]:
        known = self._outer.get(record.computer)
        if known is None:
            guid = uuid5(_NAMESPACE, f"event {record.computer}")
            known = self._outer[record.computer] = {guid: _event_template(record.computer)}
        return known

    def inner(self, record: EventRecord) -> dict[UUID, Element]:
        key = (record.event_id, record.user_data, record.fields)
        known = self._inner.get(key)
        if known is None:
            names = " ".join(f"{field.name}:{field.type}" for field in record.fields)
            guid = uuid5(_NAMESPACE, f"{record.event_id} {record.user_data} {names}")
            root = (
                _user_template(record.user_data, record.fields)
                if record.user_data
                else _data_template(record.fields)
            )
            known = self._inner[key] = {guid: root}
        return known

    def pair(self, record: EventRecord) -> _Pair:
        """Return the outer and the inner template of a record."""
        return self.outer(record), self.inner(record)


def _system_values(record: EventRecord) -> list[tuple[ValueType, bytes]]:
    v = ValueType
    return [
        (v.UINT8, encode(record.level, v.UINT8)),
        (v.UINT8, encode(record.opcode, v.UINT8)),
        (v.UINT16, encode(record.task, v.UINT16)),
        (v.UINT16, encode(record.event_id, v.UINT16)),
        (v.NULL, b""),
        (v.HEX64, encode(record.keywords, v.HEX64)),
        (v.FILETIME, encode(record.filetime, v.FILETIME)),
        (v.NULL, b""),
        (v.UINT32, encode(record.process_id, v.UINT32)),
        (v.UINT32, encode(record.thread_id, v.UINT32)),
        (v.UINT64, encode(record.record_id, v.UINT64)),
        (v.UINT8, encode(record.version, v.UINT8)),
        (v.NULL, b""),
        (v.NULL, b""),
        (v.TEXT, encode(record.provider.name, v.TEXT)),
        (v.GUID, record.provider.guid.bytes_le),
        (v.TEXT, encode(record.channel, v.TEXT)),
    ]


def _record_bytes(start: int, record: EventRecord, names: Names, templates: _Pair) -> bytes:
    """Return a record whose first byte stands at ``start`` in the chunk."""
    outer = Fragment(start + 24, names)
    outer.open_instance(templates[0])
    system = _system_values(record)
    ahead = 4 + 4 * (len(system) + 1) + sum(len(octets) for _, octets in system)
    inner = Fragment(start + 24 + len(outer.octets) + ahead, names)
    inner.instance(
        templates[1],
        [
            (field.type if octets else ValueType.NULL, octets)
            for field, octets in (
                (field, encode(value, field.type))
                for field, value in zip(record.fields, record.values, strict=True)
            )
        ],
    )
    inner.end()
    outer.values([*system, (ValueType.BINXML, bytes(inner.octets))])
    outer.end()
    size = -(-(24 + len(outer.octets) + 4) // 8) * 8
    head = struct.pack("<4sIQQ", b"**\0\0", size, record.record_id, record.filetime)
    return (head + bytes(outer.octets)).ljust(size - 4, b"\0") + struct.pack("<I", size)


class _Chunk:
    def __init__(self) -> None:
        self.octets = bytearray()
        self.names = Names()
        self.ids: list[int] = []
        self._last = _CHUNK_HEADER_BYTES

    def add(self, record: EventRecord, templates: _Pair) -> bool:
        """Append a record; return False, changing nothing, where it does not fit."""
        start = _CHUNK_HEADER_BYTES + len(self.octets)
        names = self.names
        if not names.templates.keys() >= {*templates[0], *templates[1]}:
            names = names.copy()  # writing a template defines names, which may not fit
        octets = _record_bytes(start, record, names, templates)
        if start + len(octets) > CHUNK_BYTES:
            return False
        self.names = names
        self.octets += octets
        self.ids.append(record.record_id)
        self._last = start
        return True

    def to_bytes(self, first_number: int) -> bytes:
        """Return the chunk's 64 KiB."""
        free = _CHUNK_HEADER_BYTES + len(self.octets)
        last_number = first_number + len(self.ids) - 1
        header = bytearray(_CHUNK_HEADER_BYTES)
        numbers = (first_number, last_number, self.ids[0], self.ids[-1])
        struct.pack_into("<8sQQQQ", header, 0, b"ElfChnk\0", *numbers)
        checksum = zlib.crc32(self.octets)
        struct.pack_into("<IIII", header, 40, 128, self._last, free, checksum)
        struct.pack_into("<I", header, 120, 1)
        struct.pack_into("<64I", header, 128, *self.names.name_heads)
        struct.pack_into("<32I", header, 384, *self.names.template_heads)
        struct.pack_into("<I", header, 124, zlib.crc32(header[128:], zlib.crc32(header[:120])))
        return bytes(header + self.octets).ljust(CHUNK_BYTES, b"\0")


def write_evtx(records: Iterable[EventRecord]) -> bytes:
    """Return a whole file; without records it is the header block alone.

    Raises:
        ValueError: A record is larger than a chunk.
    """
    templates = _Templates()
    chunks: list[bytes] = []
    chunk, count = _Chunk(), 0
    for record in records:
        pair = templates.pair(record)
        if chunk.add(record, pair):
            continue
        if not chunk.ids:
            raise ValueError(f"record {record.record_id} does not fit in a chunk")
        chunks.append(chunk.to_bytes(count + 1))
        count += len(chunk.ids)
        chunk = _Chunk()
        if not chunk.add(record, pair):
            raise ValueError(f"record {record.record_id} does not fit in a chunk")
    if chunk.ids:
        chunks.append(chunk.to_bytes(count + 1))
        count += len(chunk.ids)
    return _file_header(len(chunks), count + 1) + b"".join(chunks)


def _file_header(chunks: int, next_record: int) -> bytes:
    header = bytearray(_HEADER_BLOCK)
    last = max(0, chunks - 1)
    struct.pack_into("<8sQQQ", header, 0, b"ElfFile\0", 0, last, next_record)
    struct.pack_into("<IHHHH", header, 32, 128, 1, 3, _HEADER_BLOCK, chunks)
    struct.pack_into("<I", header, 124, zlib.crc32(header[:120]))
    return bytes(header)
