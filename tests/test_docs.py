import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from fleetaudit.cli._exits import Exit
from fleetaudit.cli.main import COMMANDS, cli

if TYPE_CHECKING:
    from tests.conftest import Golden

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("playbooks/*.md")])


def _context(name: str) -> click.Context:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    parent = click.Context(cli, info_name="fleetaudit", **cli.context_settings)
    return click.Context(command, info_name=name, parent=parent, max_content_width=100)


def test_the_reference_of_the_commands_is_fresh(golden: "Golden") -> None:
    parts = ["# Commands", "", "Made from the commands' own help.", ""]
    for name in sorted(COMMANDS):
        context = _context(name)
        text = re.sub(r"\[default:\s+\(", "[default: (", context.command.get_help(context))
        parts += [f"## fleetaudit {name}", "", "```text", text, "```", ""]
    golden.check("docs/reference/commands.md", "\n".join(parts))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_shows_an_example_and_explains_each_option(name: str) -> None:
    command = _context(name).command
    assert f"fleetaudit {name}" in (command.help or "")
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert [p.name for p in options if not p.help and p.name != "form"] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_lists_every_exit_code() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert listed == {code.value for code in Exit}


def test_no_page_speaks_of_a_machine_path() -> None:
    found = [p for p in PAGES if re.search(r"(?<![\w.])/(?:work|root|tmp)/", p.read_text("utf-8"))]
    assert found == []
