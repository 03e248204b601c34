"""YAML files, read with the line of every key.

A subclass of PyYAML's SafeLoader. It knows Ansible's tags ``!vault``, ``!vault-encrypted`` and
``!unsafe``, notices keys that stand twice in a mapping, and refuses files that are larger than
a real inventory or become so by aliases. An error names file and line and never quotes the
file, as the line may hold a password.
"""

from __future__ import annotations

import re
from copy import copy
from typing import TYPE_CHECKING, Final

import yaml
from yaml.constructor import ConstructorError
from yaml.nodes import MappingNode, Node, ScalarNode

from fleetaudit.inventory.values import Literal, Origin, Vaulted

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from fleetaudit.errors import InventoryError

__all__ = ["LinedMapping", "parse_yaml"]

MAXIMUM_NODES: Final = 2_000_000
"""Keys and values of one file, counted with aliases written out."""

MAXIMUM_DEPTH: Final = 100
"""Mappings within mappings."""

_MERGE_TAG: Final = "tag:yaml.org,2002:merge"
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_HARMLESS: Final = re.compile(r".|\\.|<(?:alias|block|document|scalar|stream)[a-z ]*>")
_QUOTE_REMEDY: Final = "Quote values that begin with one of ! & * % @ ` | > or hold ': '"


class LinedMapping(dict[object, object]):
    """A mapping that knows where it and each of its keys stand.

    Attributes:
        line: The line (1-based) where it begins; None where the format has no lines.
        key_lines: The line of each key.
    """

    __slots__ = ("key_lines", "line")

    def __init__(self, line: int | None = None) -> None:
        super().__init__()
        self.line = line
        self.key_lines: dict[object, int] = {}


def parse_yaml(text: str, *, file: str, warnings: list[str]) -> object:
    """Return the only document of ``text``: LinedMapping, list, scalar, Vaulted or Literal.

    Args:
        text: The file's content.
        file: How errors name it.
        warnings: Keys that stand twice are reported here.

    Raises:
        InventoryError: It is not YAML, uses a foreign tag, or is too large or too deep.
    """
    origin = Origin(file=file)
    try:
        loader = _Loader(text, origin=origin, warnings=warnings)
    except yaml.reader.ReaderError as error:
        raise _unreadable(error, text=text, origin=origin) from None
    try:
        return loader.get_single_data()
    except yaml.reader.ReaderError as error:
        raise _unreadable(error, text=text, origin=origin) from None
    except yaml.MarkedYAMLError as error:
        raise _bad_yaml(error, origin=origin) from None
    except (ValueError, TypeError, OverflowError, AttributeError, KeyError):
        raise origin.at(loader.line).error(
            "a value does not fit its type", remedy="Put the value in quotes"
        ) from None
    except RecursionError:
        raise origin.error(f"it is nested more than {MAXIMUM_DEPTH} deep") from None
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    def __init__(self, text: str, *, origin: Origin, warnings: list[str]) -> None:
        self.line = 1
        self._origin = origin
        self._warnings = warnings
        self._depth = 0
        self._count = 0
        self._weights: dict[int, int] = {}
        super().__init__(text)

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        self._depth += 1
        before = self._count
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call] # untyped in the stubs
        line = mark.line + 1
        if self._depth > MAXIMUM_DEPTH:
            raise self._origin.at(line).error(f"it is nested more than {MAXIMUM_DEPTH} deep")
        is_alias = self.check_event(yaml.AliasEvent)
        node = super().compose_node(parent, index)
        if is_alias and id(node) not in self._weights:
            raise self._origin.at(line).error("a value contains itself by an alias")
        self._count += self._weights[id(node)] if is_alias else 1
        if not is_alias:
            self._weights[id(node)] = self._count - before
        if self._count > MAXIMUM_NODES:
            raise self._origin.at(line).error(
                f"it has more than {MAXIMUM_NODES:,} keys and values, with aliases written out"
            )
        self._depth -= 1
        return node

    def construct_object(self, node: Node, deep: bool = False) -> object:  # noqa: FBT001, FBT002 - PyYAML's signature
        self.line = node.start_mark.line + 1
        return super().construct_object(node, deep=deep)

    def construct_lined_mapping(self, node: MappingNode) -> Iterator[LinedMapping]:
        data = LinedMapping(node.start_mark.line + 1)
        yield data
        self._notice_duplicates(node)
        data.update(self.construct_mapping(node))
        for key_node, _value in node.value:
            data.key_lines[self._key(key_node)] = key_node.start_mark.line + 1

    def construct_unsafe(self, node: Node) -> Literal:
        return Literal(self._without_tag(node))

    def construct_vault(self, node: Node) -> Vaulted:
        if not isinstance(node, ScalarNode):
            raise ConstructorError(None, None, "!vault needs a text", node.start_mark)
        return Vaulted(str(node.value))

    def _without_tag(self, node: Node) -> object:
        plain = copy(node)
        plain.tag = self.resolve(type(node), node.value, (True, False))  # type: ignore[no-untyped-call] # likewise
        return self.construct_object(plain, deep=True)

    def _notice_duplicates(self, node: MappingNode) -> None:
        seen: set[Hashable] = set()
        for key_node, _value in node.value:
            if not isinstance(key_node, ScalarNode) or key_node.tag == _MERGE_TAG:
                continue
            key = self._key(key_node)
            if key in seen:
                place = self._origin.at(key_node.start_mark.line + 1)
                self._warnings.append(f"{place}: {key!r} stands twice; only the last one counts.")
            seen.add(key)

    def _key(self, node: Node) -> Hashable:
        key: Hashable = self.construct_object(node)
        return key


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.construct_lined_mapping)
_Loader.add_constructor("!unsafe", _Loader.construct_unsafe)
_Loader.add_constructor("!vault", _Loader.construct_vault)
_Loader.add_constructor("!vault-encrypted", _Loader.construct_vault)


def _unreadable(error: yaml.reader.ReaderError, *, text: str, origin: Origin) -> InventoryError:
    line = text.count("\n", 0, error.position) + 1
    return origin.at(line).error(
        f"the character U+{error.character:04X} cannot stand in YAML",
        remedy="Save the file as UTF-8 text",
    )


def _bad_yaml(error: yaml.MarkedYAMLError, *, origin: Origin) -> InventoryError:
    mark = error.problem_mark or error.context_mark
    place = origin.at(mark.line + 1 if mark else None)
    problem = error.problem or "it cannot be read"
    if "\\t" in problem:
        return place.error("a tab stands where YAML wants spaces", remedy="Indent with spaces")
    if "tag" in problem:
        return place.error("a value begins with a tag that is not known", remedy=_QUOTE_REMEDY)
    if "alias" in problem or "anchor" in problem:
        return place.error("an alias or anchor is not known or not unique", remedy=_QUOTE_REMEDY)
    return place.error(
        f"it is not YAML: {_QUOTED.sub(_without_content, problem)}", remedy=_QUOTE_REMEDY
    )


def _without_content(quoted: re.Match[str]) -> str:
    """Return the quoted name of a token or a single character; anything longer may be secret."""
    return quoted[0] if _HARMLESS.fullmatch(quoted[0][1:-1]) else "..."
