"""The PowerShell files of the package and their syntax trees."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

import fleetaudit.scripts

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(fleetaudit.scripts.__file__).parent


@dataclass(frozen=True)
class PowerShellFile:
    """One file with its tree."""

    path: Path
    text: str = field(repr=False)

    @cached_property
    def root(self) -> Node:
        return _parser().parse(self.text.encode()).root_node

    @property
    def stem(self) -> str:
        return self.path.stem

    @property
    def is_script(self) -> bool:
        return self.path.parent == FOLDER

    @property
    def may_use_dotnet(self) -> bool:
        """Whether it is the form for FullLanguage of a function that has two."""
        functions = FOLDER / "functions"
        twin = functions / "constrained" / self.path.name
        return self.path.parent == functions and twin.exists()

    def nodes(self, *types: str) -> Iterator[Node]:
        pending = [self.root]
        while pending:
            node = pending.pop()
            if node.type in types:
                yield node
            pending.extend(reversed(node.children))


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_powershell.language()))


@cache
def powershell_files() -> tuple[PowerShellFile, ...]:
    return tuple(
        PowerShellFile(path, path.read_text(encoding="utf-8"))
        for path in sorted(FOLDER.rglob("*.ps1"))
    )


def pytest_generate_tests(metafunc: object) -> None:
    names = getattr(metafunc, "fixturenames", ())
    for argument, wanted in (
        ("file", lambda _: True),
        ("script", lambda one: one.is_script),
        ("function", lambda one: not one.is_script),
        ("plain", lambda one: not one.may_use_dotnet),
    ):
        if argument in names:
            chosen = [one for one in powershell_files() if wanted(one)]
            ids = [str(one.path.relative_to(FOLDER).with_suffix("")) for one in chosen]
            metafunc.parametrize(argument, chosen, ids=ids)  # type: ignore[attr-defined]
