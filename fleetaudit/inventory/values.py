"""What a variable holds before it is rendered, and where it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from fleetaudit.errors import InventoryError

__all__ = ["Literal", "Origin", "Variable", "Variables", "Vaulted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where something was written.

    Attributes:
        file: The file, as the user named it or as it was found beside the inventory.
        line: The line (1-based); None where the format has no lines (JSON).
    """

    file: str
    line: int | None = None

    def at(self, line: int | None) -> Origin:
        """Return the same file at ``line``."""
        return Origin(file=self.file, line=line)

    def error(self, happened: str, *, remedy: str = "") -> InventoryError:
        """Return, not raise, an error about this place."""
        return InventoryError(happened, file=self.file, line=self.line, remedy=remedy)

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Vaulted:
    """A ``!vault`` value: the ciphertext, decrypted only when it is needed."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Literal:
    """An ``!unsafe`` value: never rendered as a template."""

    value: object = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable of one layer.

    Attributes:
        value: What the source says: a scalar, list, mapping, Vaulted or Literal.
        origin: Where it says so.
        is_vaulted: Whether the whole file was vaulted, so that the value is never shown.
    """

    value: object = field(repr=False)
    origin: Origin
    is_vaulted: bool = False


Variables: TypeAlias = Mapping[str, Variable]
"""Variables by name."""
