"""The PowerShell that runs on a host, one file a question or change.

Each ``Verb-Noun.ps1`` is one script; ``functions/`` holds what the scripts share. A pipeline on
a host has two statements: :func:`functions`, then the script's :func:`text` with its parameters
in a scope of its own. What a script writes is described in :mod:`fleetaudit.records.wire`.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.records.host import LanguageMode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

__all__ = ["functions", "identify", "names", "text"]

_SUFFIX: Final = ".ps1"
_SHARED: Final = "functions"
_CONSTRAINED: Final = "constrained"


def names() -> tuple[str, ...]:
    """Return the names of all scripts, sorted, such as ``Get-AuditPolicy``."""
    return tuple(_scripts())


def text(name: str) -> str:
    """Return the text of the script ``name``.

    Raises:
        KeyError: There is no such script.
    """
    return _scripts()[name]


@cache
def functions(language_mode: LanguageMode = LanguageMode.FULL) -> str:
    """Return the functions that all scripts share, as one text that defines them.

    Outside of FullLanguage, where .NET calls are refused, a function that has a second form in
    ``functions/constrained`` comes in that form: the same name and parameters, made of cmdlets
    and native tools only.
    """
    folder = resources.files(__package__).joinpath(_SHARED)
    chosen = dict(_files_of(folder))
    if language_mode is not LanguageMode.FULL:
        chosen |= _files_of(folder.joinpath(_CONSTRAINED))
    return "\n".join(chosen[name] for name in sorted(chosen))


def identify(text: str) -> str:
    """Return the name of the script whose text this is; an empty string where it is none of ours.

    Line ends and blank space around the text do not count, because transports change them.
    """
    return _by_text().get(_canonical(text), "")


@cache
def _scripts() -> Mapping[str, str]:
    return MappingProxyType(_files_of(resources.files(__package__)))


@cache
def _by_text() -> Mapping[str, str]:
    return MappingProxyType({_canonical(text): name for name, text in _scripts().items()})


def _canonical(text: str) -> str:
    return text.lstrip("\ufeff").replace("\r\n", "\n").strip()


def _files_of(folder: Traversable) -> dict[str, str]:
    files = {entry.name: entry for entry in folder.iterdir() if entry.name.endswith(_SUFFIX)}
    return {
        name.removesuffix(_SUFFIX): files[name].read_text(encoding="utf-8")
        for name in sorted(files)
    }
