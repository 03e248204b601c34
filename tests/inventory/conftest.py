from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from fleetaudit.inventory import Inventory, LoadOptions, load


@pytest.fixture
def load_text(tmp_path: Path) -> Callable[..., Inventory]:
    """Writes an inventory, and files beside it, and loads it."""

    def loaded(text: str, files: dict[str, str] | None = None, **options: Any) -> Inventory:
        for name, content in (files or {}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(content), encoding="utf-8")
        inventory = tmp_path / "hosts.yml"
        inventory.write_text(dedent(text), encoding="utf-8")
        return load(inventory, options=LoadOptions(**options))

    return loaded
