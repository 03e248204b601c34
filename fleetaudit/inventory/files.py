"""Files of an inventory, read whole: YAML or JSON, plain or vaulted."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from fleetaudit.inventory.reader import LinedMapping, parse_yaml
from fleetaudit.inventory.values import Literal, Origin, Vaulted
from fleetaudit.inventory.vault import HEADER

if TYPE_CHECKING:
    from pathlib import Path

    from fleetaudit.inventory.vault import Vault

__all__ = ["MAXIMUM_BYTES", "Document", "parse_json", "read_document"]

MAXIMUM_BYTES: Final = 64 * 2**20
"""The largest file that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a file holds.

    Attributes:
        content: LinedMapping, list or scalar; None for an empty file.
        is_vaulted: Whether the file was vaulted whole.
    """

    content: object = field(repr=False)
    is_vaulted: bool


def read_document(path: Path, *, vault: Vault, warnings: list[str]) -> Document:
    """Return what ``path`` holds.

    Raises:
        InventoryError: It cannot be read, decrypted or parsed, or is larger than MAXIMUM_BYTES.
    """
    origin = Origin(file=str(path))
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise origin.error(f"it is larger than {MAXIMUM_BYTES // 2**20} MiB")
        raw = path.read_bytes()
    except OSError as error:
        raise origin.error(f"it cannot be read: {error.strerror}") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise origin.at(line).error(
            "it is not UTF-8 text", remedy="Save the file as UTF-8"
        ) from None
    is_vaulted = text.startswith(HEADER)
    if is_vaulted:
        text = vault.decrypt(text, origin=origin, what="the file")
    if path.suffix == ".json":
        content = parse_json(text, origin=origin, warnings=warnings)
    else:
        content = parse_yaml(text, file=origin.file, warnings=warnings)
    return Document(content=content, is_vaulted=is_vaulted)


def parse_json(text: str, *, origin: Origin, warnings: list[str]) -> object:
    """Return the JSON document ``text``; its objects as LinedMapping without lines.

    Ansible writes ``{"__ansible_vault": "$ANSIBLE_VAULT;..."}`` for a vaulted value and
    ``{"__ansible_unsafe": "..."}`` for one that is never rendered; they come back as such.

    Raises:
        InventoryError: It is not JSON, or nested too deep.
    """

    def collect(pairs: list[tuple[str, object]]) -> object:
        if len(pairs) == 1:
            key, value = pairs[0]
            if key == "__ansible_vault" and isinstance(value, str):
                return Vaulted(value)
            if key == "__ansible_unsafe":
                return Literal(value)
        mapping = LinedMapping()
        mapping.update(pairs)
        if len(mapping) < len(pairs):
            names = [key for key, _value in pairs]
            twice = sorted({key for key in names if names.count(key) > 1})
            warnings.append(f"{origin}: {', '.join(twice)} stands twice; only the last one counts.")
        return mapping

    if not text.strip():
        return None
    try:
        parsed: object = json.loads(text, object_pairs_hook=collect)
    except json.JSONDecodeError as error:
        raise origin.at(error.lineno).error(f"it is not JSON: {error.msg}") from None
    except (RecursionError, ValueError):
        raise origin.error("it is JSON nested too deep, or with a number too long") from None
    return parsed
