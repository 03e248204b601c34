"""Binary XML as the event log stores it: a template once per chunk, values once per record.

The first record of a kind in a chunk holds the template's definition; later ones point to it by
its offset in the chunk. Names (elements, attributes) are stored likewise at their first use. The
layout is that of [MS-EVEN6] 2.2.12 and of files that Windows 7 to 11 wrote. A value array begins
with the number of values and 4 bytes for each: size, type, 0::

    04 00 00 00  01 00 04 00  02 00 06 00  ...
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Attribute", "Element", "Fragment", "Names", "Substitution", "ValueType", "encode"]

NAME_BUCKETS: Final = 64
TEMPLATE_BUCKETS: Final = 32
NO_DEPENDENCY: Final = 0xFFFF

_FRAGMENT_HEADER: Final = b"\x0f\x01\x01\x00"
_END: Final = b"\x00"
_OPEN, _CLOSE_START, _CLOSE_EMPTY, _CLOSE, _TEXT, _ATTRIBUTE, _INSTANCE = 1, 2, 3, 4, 5, 6, 0x0C
_NORMAL, _OPTIONAL, _MORE = 0x0D, 0x0E, 0x40


class ValueType(IntEnum):
    """The types of values that the events of the Security log use ([MS-EVEN6] 2.2.12)."""

    NULL = 0x00
    TEXT = 0x01
    UINT8 = 0x04
    UINT16 = 0x06
    UINT32 = 0x08
    UINT64 = 0x0A
    GUID = 0x0F
    FILETIME = 0x11
    SID = 0x13
    HEX32 = 0x14
    HEX64 = 0x15
    BINXML = 0x21


_INTEGERS: Final = {
    ValueType.UINT8: struct.Struct("<B"),
    ValueType.UINT16: struct.Struct("<H"),
    ValueType.UINT32: struct.Struct("<I"),
    ValueType.UINT64: struct.Struct("<Q"),
    ValueType.FILETIME: struct.Struct("<Q"),
    ValueType.HEX32: struct.Struct("<I"),
    ValueType.HEX64: struct.Struct("<Q"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitution:
    """A place in a template that a record's value fills."""

    index: int
    type: ValueType
    is_optional: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """An attribute of an element; an optional one without a value is left out."""

    name: str
    value: str | Substitution


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """An element of a template.

    Attributes:
        depends_on: The substitution without whose value the whole element is left out.
    """

    name: str
    attributes: tuple[Attribute, ...] = ()
    content: tuple[Element | Substitution | str, ...] = ()
    depends_on: int = NO_DEPENDENCY


@dataclass(slots=True)
class Names:
    """Where the names and templates of one chunk stand, and their hash tables."""

    names: dict[str, int] = field(default_factory=dict)
    name_heads: list[int] = field(default_factory=lambda: [0] * NAME_BUCKETS)
    templates: dict[UUID, int] = field(default_factory=dict)
    template_heads: list[int] = field(default_factory=lambda: [0] * TEMPLATE_BUCKETS)

    def copy(self) -> Names:
        """Return a copy that can be thrown away if the record does not fit."""
        return Names(
            dict(self.names), list(self.name_heads), dict(self.templates), list(self.template_heads)
        )


def encode(value: object, kind: ValueType) -> bytes:
    """Return the bytes of a value; None is no value.

    Raises:
        TypeError: The value is not of that kind.
    """
    if isinstance(value, str) and kind is ValueType.TEXT:
        return value.encode("utf-16-le", "surrogatepass")
    if value is None:
        return b""
    packed = _INTEGERS.get(kind)
    if packed is not None:
        return packed.pack(value)
    if kind is ValueType.SID:
        return _sid(str(value))
    if kind is ValueType.GUID and isinstance(value, UUID):
        return value.bytes_le
    raise TypeError(f"{value!r} is no {kind.name}")


@lru_cache(maxsize=64)
def _sid(text: str) -> bytes:
    _, revision, authority, *rest = text.split("-")
    head = struct.pack(">BBHI", int(revision), len(rest), 0, int(authority))
    return head + struct.pack(f"<{len(rest)}I", *map(int, rest))


def name_hash(name: str) -> int:
    """Return the 16-bit hash of a name, of which the chunk's table uses the remainder by 64."""
    value = 0
    for character in name:
        value = (value * 65599 + ord(character)) & 0xFFFFFFFF
    return value & 0xFFFF


class Fragment:
    """Writes one fragment whose first byte stands at ``start`` in the chunk."""

    def __init__(self, start: int, names: Names) -> None:
        self._start = start
        self._names = names
        self.octets = bytearray()

    @property
    def _here(self) -> int:
        return self._start + len(self.octets)

    def instance(
        self, template: Mapping[UUID, Element], values: Sequence[tuple[ValueType, bytes]]
    ) -> None:
        """Write an instance of the one template given, defining it where the chunk lacks it."""
        self.open_instance(template)
        self.values(values)

    def open_instance(self, template: Mapping[UUID, Element]) -> None:
        """Write the instance up to its values."""
        ((guid, root),) = template.items()
        identity = int.from_bytes(guid.bytes_le[:4], "little")
        self.octets += _FRAGMENT_HEADER + struct.pack("<BBI", _INSTANCE, 1, identity)
        known = self._names.templates.get(guid)
        if known is not None:
            self.octets += struct.pack("<I", known)
            return
        place = self._here + 4
        bucket = identity % TEMPLATE_BUCKETS
        head = struct.pack("<II", place, self._names.template_heads[bucket])
        self.octets += head + guid.bytes_le + b"\0\0\0\0"
        self._names.templates[guid] = place
        self._names.template_heads[bucket] = place
        body = len(self.octets)
        self.octets += _FRAGMENT_HEADER
        self._element(root)
        self.octets += _END
        struct.pack_into("<I", self.octets, body - 4, len(self.octets) - body)

    def values(self, values: Sequence[tuple[ValueType, bytes]]) -> None:
        """Write a value array.

        Raises:
            ValueError: A value is longer than its size field can say.
        """
        if any(len(one) > 0xFFFF for _, one in values):  # noqa: PLR2004 - 16 bits
            raise ValueError("a value is larger than 65,535 bytes, so it does not fit in a record")
        sizes = [part for kind, one in values for part in (len(one), kind)]
        self.octets += struct.pack(f"<I{len(sizes)}H", len(values), *sizes)
        self.octets += b"".join([one for _, one in values])

    def end(self) -> None:
        """Write the end of the fragment."""
        self.octets += _END

    def _element(self, element: Element) -> None:
        token = _OPEN | (_MORE if element.attributes else 0)
        self.octets += struct.pack("<BHI", token, element.depends_on, 0)
        body = len(self.octets)
        self._name(element.name)
        if element.attributes:
            self._attributes(element.attributes)
        if element.content:
            self.octets.append(_CLOSE_START)
            for part in element.content:
                self._part(part)
            self.octets.append(_CLOSE)
        else:
            self.octets.append(_CLOSE_EMPTY)
        struct.pack_into("<I", self.octets, body - 4, len(self.octets) - body)

    def _attributes(self, attributes: Sequence[Attribute]) -> None:
        self.octets += b"\0\0\0\0"
        body = len(self.octets)
        for place, attribute in enumerate(attributes, 1):
            self.octets.append(_ATTRIBUTE | (_MORE if place < len(attributes) else 0))
            self._name(attribute.name)
            self._part(attribute.value)
        struct.pack_into("<I", self.octets, body - 4, len(self.octets) - body)

    def _part(self, part: Element | Substitution | str) -> None:
        if isinstance(part, Element):
            self._element(part)
        elif isinstance(part, Substitution):
            token = _OPTIONAL if part.is_optional else _NORMAL
            self.octets += struct.pack("<BHB", token, part.index, part.type)
        else:
            self.octets += struct.pack("<BBH", _TEXT, ValueType.TEXT, len(part))
            self.octets += part.encode("utf-16-le")

    def _name(self, name: str) -> None:
        known = self._names.names.get(name)
        if known is not None:
            self.octets += struct.pack("<I", known)
            return
        place, value = self._here + 4, name_hash(name)
        bucket = value % NAME_BUCKETS
        head = struct.pack("<IIHH", place, self._names.name_heads[bucket], value, len(name))
        self.octets += head + name.encode("utf-16-le") + b"\0\0"
        self._names.names[name] = place
        self._names.name_heads[bucket] = place
