import pytest
from click.testing import CliRunner

from fleetaudit.cli._exits import Exit
from fleetaudit.cli.main import COMMANDS, cli, run


def test_help_names_every_command() -> None:
    text = CliRunner().invoke(cli, ["--help"]).output
    assert [name for name in COMMANDS if f"\n  {name} " not in text] == []


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["swep"]) == Exit.USAGE
    assert "swep" in capsys.readouterr().err


def test_a_folder_that_is_no_run_is_said_in_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    assert run(["analyze", str(tmp_path)]) == Exit.USAGE
    error = capsys.readouterr().err
    assert "is no run directory" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("text", ["", "5", "10 minutes", "m", "1x"])
def test_a_duration_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", "-i", "x.yml", "--window", text]) == Exit.USAGE
    assert "is not a duration" in capsys.readouterr().err


def test_a_missing_inventory_is_said_with_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["inventory", "-i", "does-not-exist.yml"]) == Exit.USAGE
    assert "does-not-exist.yml" in capsys.readouterr().err
