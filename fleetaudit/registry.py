"""Find the declarations of a package: one public module declares one thing."""

from __future__ import annotations

import importlib
import pkgutil
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import ModuleType

__all__ = ["Named", "discover"]


class Named(Protocol):
    """Anything with a name of its own."""

    @property
    def name(self) -> str:
        """Return the unique kebab-case name."""
        ...


T = TypeVar("T", bound=Named)


def discover(
    package: ModuleType, *, kind: type[T], attribute: str, besides: Collection[str] = ()
) -> Mapping[str, T]:
    """Return what the public modules of ``package`` declare, by name, sorted, read-only.

    Every module whose name does not begin with an underscore must hold ``attribute``, an instance
    of ``kind``; ``besides`` names those that declare nothing. The mapping is a value that is
    passed on: nothing registers itself on import.

    Raises:
        TypeError: A module declares nothing, or something of another kind.
        ValueError: Two modules declare the same name.
    """
    found: dict[str, T] = {}
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        stem = module.name.rpartition(".")[2]
        if stem.startswith("_") or stem in besides:
            continue
        declared = getattr(importlib.import_module(module.name), attribute, None)
        if not isinstance(declared, kind):
            raise TypeError(f"{module.name} must declare {attribute}, a {kind.__name__}")
        if declared.name in found:
            raise ValueError(f"{module.name} declares {declared.name!r}, which is taken")
        found[declared.name] = declared
    return MappingProxyType(dict(sorted(found.items())))
