r"""Values as PowerShell serializes them (MS-PSRP 2.2.5), written as text.

What PowerShell sends for ``@{Name='WIN'; Build=26100}``, on one line::

    <Obj RefId="0"><TN RefId="0"><T>System.Collections.Hashtable</T><T>System.Object</T></TN>
    <DCT><En><S N="Key">Name</S><S N="Value">WIN</S></En>
    <En><S N="Key">Build</S><I32 N="Value">26100</I32></En></DCT></Obj>

Written by hand and not by psrpcore: the objects we send are of six kinds, and most of the server
half's time would go into building trees for them.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fleetaudit.simulation._seam import Value

__all__ = ["Writer", "escape_text", "serialize"]

_SPECIAL: Final = re.compile("[\x00-\x1f_&<>\x7f-\x9f\ud800-\udfff\U00010000-\U0010ffff]")
_MARKUP: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

HASHTABLE: Final = ("System.Collections.Hashtable", "System.Object")
ARRAY: Final = ("System.Object[]", "System.Array", "System.Object")

_INT32: Final = range(-(2**31), 2**31)


def escape_text(text: str) -> str:
    """Return ``text`` as the content of an ``<S>``.

    Control characters and surrogates become ``_xHHHH_``, also a lone one; so does an underscore
    that would start such a sequence. Recorded: a line feed is ``_x000A_``, the text ``_x000A_``
    is ``_x005F_x000A_``, U+D800 is ``_xD800_`` (psrp.md 7).
    """
    if not _SPECIAL.search(text):
        return text

    def replace(found: re.Match[str]) -> str:
        character = found[0]
        if character == "_":
            following = text[found.end() : found.end() + 1]
            return "_x005F_" if following in {"x", "X"} else "_"
        if character in _MARKUP:
            return _MARKUP[character]
        units = character.encode("utf-16-be", "surrogatepass")
        return "".join(f"_x{units[at : at + 2].hex().upper()}_" for at in range(0, len(units), 2))

    return _SPECIAL.sub(replace, text)


class Writer:
    """Writes the objects of one message; counts their reference ids."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._objects = 0
        self._types: dict[tuple[str, ...], int] = {}

    def __str__(self) -> str:
        return "".join(self._parts)

    def raw(self, text: str) -> None:
        """Write ``text`` as it is."""
        self._parts.append(text)

    def open_object(self, types: tuple[str, ...], name: str = "") -> int:
        """Write the start of an object and its type names; return its reference id."""
        named = f' N="{name}"' if name else ""
        reference = self._objects
        self._objects += 1
        self.raw(f'<Obj{named} RefId="{reference}">')
        if not types:
            return reference
        known = self._types.get(types)
        if known is not None:
            self.raw(f'<TNRef RefId="{known}" />')
            return reference
        known = self._types[types] = len(self._types)
        names = "".join(f"<T>{escape_text(one)}</T>" for one in types)
        self.raw(f'<TN RefId="{known}">{names}</TN>')
        return reference

    def text(self, name: str, value: str) -> None:
        """Write a named string."""
        self.raw(f'<S N="{name}">{escape_text(value)}</S>')

    def value(self, value: Value, name: str = "") -> None:
        """Write a value, with the ``N`` attribute ``name`` where it is given."""
        named = f' N="{name}"' if name else ""
        match value:
            case None:
                self.raw(f"<Nil{named} />")
            case bool():
                self.raw(f"<B{named}>{'true' if value else 'false'}</B>")
            case int():
                tag = "I32" if value in _INT32 else "I64"
                self.raw(f"<{tag}{named}>{value}</{tag}>")
            case str():
                self.raw(f"<S{named}>{escape_text(value)}</S>")
            case bytes():
                self.raw(f"<BA{named}>{base64.b64encode(value).decode()}</BA>")
            case Mapping():
                self._dictionary(value, name)
            case _:
                self._array(value, name)

    def _dictionary(self, value: Mapping[str, Value], name: str) -> None:
        self.open_object(HASHTABLE, name)
        self.raw("<DCT>")
        for key, item in value.items():
            self.raw("<En>")
            self.value(key, "Key")
            self.value(item, "Value")
            self.raw("</En>")
        self.raw("</DCT></Obj>")

    def _array(self, value: tuple[Value, ...], name: str) -> None:
        self.open_object(ARRAY, name)
        self.raw("<LST>")
        for item in value:
            self.value(item)
        self.raw("</LST></Obj>")


def serialize(value: Value) -> str:
    """Return the CLIXML of one pipeline object; ``$null`` is the empty string."""
    if value is None:
        return ""
    writer = Writer()
    writer.value(value)
    return str(writer)
