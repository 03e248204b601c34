"""Options that several commands share, so that one option means one thing everywhere."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import click

__all__ = ["Duration", "apply", "hosts", "json_output", "run_folder", "state", "work"]

F = TypeVar("F", bound=Callable[..., Any])

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)([smhd])")


class Duration(click.ParamType):
    """A stretch of time such as ``90s``, ``10m`` or ``1h30m``."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the stretch of time."""
        if isinstance(value, timedelta):
            return value
        text = str(value).strip().casefold()
        parts = _DURATION.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            self.fail(f"{value!r} is not a duration; write 90s, 10m or 1h30m", param, ctx)
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))


def apply(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Return a decorator that adds ``options`` in the order in which help shows them."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


hosts: Final = (
    click.option(
        "-i",
        "--inventory",
        "inventory",
        required=True,
        metavar="FILE",
        help="Ansible inventory (YAML; others through ansible-inventory), or - for JSON on stdin.",
    ),
    click.option("-l", "--limit", metavar="PATTERN", help="Only these hosts: 'web*:!web03'."),
    click.option(
        "--vault-password-file",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        envvar="ANSIBLE_VAULT_PASSWORD_FILE",
        show_envvar=True,
        help="File with the Ansible vault password.",
    ),
    click.option("-k", "--ask-pass", is_flag=True, help="Ask for the password of all hosts."),
)
"""Which hosts."""

work: Final = (
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(1, 256),
        default=64,
        show_default=True,
        help="Hosts worked on at a time; a host whose window is open takes none.",
    ),
    click.option("--no-progress", is_flag=True, help="Say nothing while working."),
)
"""How the work is done."""

json_output: Final = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON on standard output."
)


def _state_folder() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or os.environ.get("LOCALAPPDATA")
    return Path(base) / "fleetaudit" if base else Path.home() / ".local/state/fleetaudit"


state: Final = click.option(
    "--state-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=_state_folder,
    show_default="~/.local/state/fleetaudit",
    help="Where debts to hosts are remembered, beyond the life of a run.",
)

run_folder: Final = click.option(
    "-o",
    "--out",
    "out",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The run directory to make.  [default: reports/runs/TIME]",
)
