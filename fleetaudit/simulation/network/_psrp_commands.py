"""What a client asks a pipeline to run: CREATE_PIPELINE, read (MS-PSRP 2.2.2.10, 2.2.3.11-13).

Two statements as pypsrp sends them, shortened; with one statement ``ExtraCmds`` is nil and ``Cmds``
holds it, with several ``ExtraCmds`` holds them all::

    <Obj RefId="0"><MS>...<Obj RefId="4" N="PowerShell"><MS>
      <Obj N="ExtraCmds"><LST>
        <Obj><MS><Obj N="Cmds"><LST><Obj><MS>
          <S N="Cmd">function Send-File {...}</S><B N="IsScript">true</B>
          <Obj N="Args"><LST /></Obj></MS></Obj></LST></Obj></MS></Obj>
        <Obj><MS><Obj N="Cmds"><LST><Obj><MS>
          <S N="Cmd">param($AfterRecord) ...</S><B N="IsScript">true</B>
          <Obj N="Args"><LST><Obj><MS><S N="N">AfterRecord</S><I64 N="V">17</I64></MS></Obj>
          </LST></Obj></MS></Obj></LST></Obj></MS></Obj>
      </LST></Obj></MS></Obj></MS></Obj>
"""

from __future__ import annotations

import base64
import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lxml import etree

from fleetaudit.simulation.network._psrp import BadMessageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.simulation._seam import Value

__all__ = ["Command", "read_commands"]

_ESCAPE: Final = re.compile("(?:_x[0-9A-Fa-f]{4}_)+")
_NUMBERS: Final = frozenset({"I32", "I64", "U32", "U64", "I16", "U16", "By", "SB"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command of a pipeline.

    Attributes:
        text: The script's text, or the command's name.
        is_script: Which of the two.
        parameters: The named ones.
    """

    text: str
    is_script: bool
    parameters: Mapping[str, Value]


def read_commands(clixml: bytes) -> list[list[Command]]:
    """Return the statements of a pipeline, each a list of piped commands.

    Raises:
        BadMessageError: It is no CREATE_PIPELINE.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    try:
        return _statements(etree.fromstring(clixml, parser))
    except (etree.XMLSyntaxError, ValueError, IndexError) as error:
        raise BadMessageError(str(error)) from error


def _statements(root: etree._Element) -> list[list[Command]]:
    shell = _member(root, "PowerShell")
    if shell is None:
        raise BadMessageError("a pipeline without a PowerShell")
    extra = _member(shell, "ExtraCmds")
    holders = _items(extra) or [shell]
    statements = [[_command(one) for one in _items(_member(holder, "Cmds"))] for holder in holders]
    if not statements or not all(statements):
        raise BadMessageError("a pipeline without commands")
    return statements


def _member(element: etree._Element, name: str) -> etree._Element | None:
    for members in element.iterfind("MS"):
        for child in members:
            if child.get("N") == name:
                return child
    return None


def _items(element: etree._Element | None) -> list[etree._Element]:
    if element is None:
        return []
    found = element.find("LST")
    return [] if found is None else list(found)


def _command(element: etree._Element) -> Command:
    text, is_script = _member(element, "Cmd"), _member(element, "IsScript")
    if text is None:
        raise BadMessageError("a command without a text")
    parameters: dict[str, Value] = {}
    for argument in _items(_member(element, "Args")):
        name, value = _member(argument, "N"), _member(argument, "V")
        if name is not None and name.text and value is not None:
            parameters[_text(name)] = _value(value)
    return Command(
        text=_text(text),
        is_script=is_script is not None and is_script.text == "true",
        parameters=parameters,
    )


def _value(element: etree._Element) -> Value:
    tag = str(element.tag)
    if tag == "Nil":
        return None
    if tag == "B":
        return element.text == "true"
    if tag in _NUMBERS:
        return int(element.text or "0")
    if tag == "BA":
        return base64.b64decode(element.text or "")
    if tag == "Obj":
        return _object(element)
    return _text(element)


def _object(element: etree._Element) -> Value:
    for child in element:
        tag = str(child.tag)
        if tag in {"LST", "IE", "STK", "QUE"}:
            return tuple(_value(item) for item in child)
        if tag == "DCT":
            return {str(_value(entry[0])): _value(entry[1]) for entry in child}
        if tag not in {"TN", "TNRef", "ToString", "MS", "Props"}:
            return _value(child)
    return element.findtext("ToString")


def _text(element: etree._Element) -> str:
    return _unescaped(element.text or "")


@functools.lru_cache(maxsize=64)  # every host of a fleet is sent the same few scripts
def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_unescape, text)


def _unescape(found: re.Match[str]) -> str:
    units = bytes.fromhex(found[0].replace("_x", "").replace("_", ""))
    return units.decode("utf-16-be", "surrogatepass")
