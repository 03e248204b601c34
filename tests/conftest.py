import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write golden files anew instead of comparing"
    )


class Golden:
    """Compares a text with a file of the project, or writes the file with --update-golden."""

    def __init__(self, *, is_updating: bool) -> None:
        self._is_updating = is_updating

    def check(self, path: str, text: str) -> None:
        file = ROOT / path
        if self._is_updating:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.read_text(encoding="utf-8") == text, f"{path} is stale: run `make golden`"


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    return Golden(is_updating=bool(request.config.getoption("--update-golden")))


@pytest.fixture(scope="session")
def samples() -> Path:
    folder = Path(os.environ.get("FLEETAUDIT_SAMPLES", ROOT.parent / "shared" / "samples"))
    if not folder.is_dir():
        pytest.skip("no captures of real hosts here; FLEETAUDIT_SAMPLES names their folder")
    return folder
