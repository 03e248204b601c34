"""The command group and the one place where an error becomes text and an exit code."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from fleetaudit import __version__
from fleetaudit.cli._exits import Exit
from fleetaudit.cli._terminal import visible
from fleetaudit.errors import FileError, FleetauditError, RunDirectoryInUseError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["cli", "main"]

COMMANDS: Final = {
    "analyze": "analyze",
    "audit": "audit",
    "catalog": "catalog",
    "check": "check",
    "collect": "collect",
    "demo": "demo",
    "import": "import_",
    "inventory": "inventory",
    "report": "report",
    "restore": "restore",
    "sweep": "sweep",
}
"""Each command and its module in :mod:`fleetaudit.cli`; imported only when it is asked for."""


_ENDINGS: Final = ("SIGTERM", "SIGHUP")
"""Signals that ask a process to end: of a service manager, and of a terminal that was closed."""


class _Commands(click.Group):
    """Imports a command's module when it is used: ``--help`` must not cost a second."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = importlib.import_module(f"fleetaudit.cli.{module}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"fleetaudit.cli.{module} must declare a command")
        return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="fleetaudit")
def cli() -> None:
    """Say which firewall rule dropped what on a fleet of Windows hosts, and how sure that is.

    Results go to standard output, everything else to standard error. Every option can be set in
    the environment: FLEETAUDIT_SWEEP_WINDOW=30m is `sweep --window 30m`.

    Exit codes: 0 all went well, 1 a defect in fleetaudit, 2 wrong usage, or a file that cannot be
    used, 3 some hosts failed or some evidence could not be read, 4 no host answered, 6 auditing is
    still on somewhere, 75 another process is writing that run, 130 interrupted after restoring.

    Begin with `fleetaudit demo`, which needs no Windows.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; nothing that a user can cause shows a traceback."""
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    for name in _ENDINGS:
        if number := getattr(signal, name, None):
            signal.signal(number, _interrupt)
    sys.exit(run(arguments))


def _interrupt(_number: int, _frame: object) -> NoReturn:
    """End as Ctrl-C does: every host is put back first."""
    raise KeyboardInterrupt


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    try:
        result: Any = cli.main(
            args=arguments,
            prog_name="fleetaudit",
            standalone_mode=False,
            auto_envvar_prefix="FLEETAUDIT",
        )
    except BrokenPipeError:  # the reader of our output has seen enough, as `head` has
        result = Exit.OK
    except Exception as error:  # noqa: BLE001 - the last door: a defect is said, not thrown
        result = _say(error)
    return int(result or Exit.OK)


def _say(error: Exception) -> int:
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.Abort():
            click.echo("Interrupted.", err=True)
            return Exit.INTERRUPTED
        case click.ClickException():
            click.echo(visible(_shown(error), lines=True), err=True)
            return error.exit_code
        case FleetauditError():
            click.echo(f"Error: {visible(str(error))}", err=True)
            return _exit_of(error)
        case _:
            said = visible(f"{type(error).__name__}: {error}")
            click.echo(f"Error: a defect in fleetaudit: {said}", err=True)
            if "FLEETAUDIT_TRACEBACK" in os.environ:
                traceback.print_exception(error)
            else:
                click.echo("Set FLEETAUDIT_TRACEBACK=1 to see where, and report it.", err=True)
            return Exit.DEFECT


def _shown(error: click.ClickException) -> str:
    said = f"Error: {error.format_message()}"
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return said
    return f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n\n{said}"


def _exit_of(error: FleetauditError) -> Exit:
    match error:
        case RunDirectoryInUseError():
            return Exit.BUSY
        case UsageError() | FileError():
            return Exit.USAGE
        case _:
            return Exit.PARTIAL
