"""Options that several commands share, so that one option means one thing everywhere."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from fleetaudit.cli._host_choice import HostChoice
from fleetaudit.records.debt import Wanted

if TYPE_CHECKING:
    from fleetaudit.orchestrator.bursts import Bursts

__all__ = [
    "Duration",
    "Rate",
    "Work",
    "bursts",
    "changes",
    "hosts",
    "json_output",
    "run_folder",
    "state",
    "work",
]

_Decorator = Callable[[Callable[..., int]], Callable[..., int]]

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST: Final = timedelta(days=366)
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)([smhd])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How much is done at a time, and whether a person sees of it."""

    jobs: int = 64
    is_quiet: bool = False


class Duration(click.ParamType[timedelta]):
    """A stretch of time such as ``90s``, ``10m`` or ``1h30m``."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Return the stretch of time."""
        if isinstance(value, timedelta):
            return value
        text = str(value).strip().casefold()
        parts = _DURATION.findall(text)
        if not parts or "".join(number + unit for number, unit in parts) != text:
            self.fail(f"{value!r} is not a duration; write 90s, 10m or 1h30m", param, ctx)
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
        if seconds > _LONGEST.total_seconds():
            self.fail(f"at most {_LONGEST.days} days, not {text[:40]}", param, ctx)
        return timedelta(seconds=seconds)


class Rate(click.ParamType[float]):
    """Events a second, such as ``50/s``."""

    name = "rate"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the events a second."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:/s)?", str(value).strip())
        if found is None or not float(found[1]):
            self.fail(f"{value!r} is not a rate; write 50/s", param, ctx)
        return float(found[1])


class Change(click.ParamType[str]):
    """A reversible change beside the auditing, by the name of its operation."""

    name = "change"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002 - the signature is click's
        """Return the names, for help."""
        return f"[{'|'.join(self._names())}]"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the name."""
        if value not in self._names():
            self.fail(f"{value!r} is none of {', '.join(self._names())}", param, ctx)
        return str(value)

    def _names(self) -> list[str]:
        from fleetaudit.operations import catalogue  # late: it loads the parsers

        return [name for name in catalogue() if name != "audit-policy"]


_HOSTS: Final = (
    click.option(
        "-i",
        "--inventory",
        "source",
        required=True,
        metavar="FILE",
        help="Ansible inventory (YAML; others through ansible-inventory), or - for JSON on stdin.",
    ),
    click.option("-l", "--limit", metavar="PATTERN", help="Only these hosts: 'web*:!web03*'."),
    click.option(
        "--vault-password-file",
        metavar="FILE",
        envvar="ANSIBLE_VAULT_PASSWORD_FILE",
        show_envvar=True,
        help="File with the Ansible vault password.",
    ),
    click.option("-k", "--ask-pass", is_flag=True, help="Ask for the password of all hosts."),
)
_LARGEST_LOG: Final = 32_767
"""Kilobytes of the firewall's log that Windows takes (windows-facts 6)."""


_CHANGES: Final = (
    click.option(
        "--success",
        is_flag=True,
        help="Audit permitted traffic too: ten times the records, rarely needed.",
    ),
    click.option(
        "--also",
        multiple=True,
        type=Change(),
        help="Change this too for as long, and put it back; may be given again.",
    ),
    click.option(
        "--log-size",
        "log_kilobytes",
        type=click.IntRange(1, _LARGEST_LOG),
        metavar="KB",
        help="With --also firewall-logging: let the firewall's log become at least so large.",
    ),
)
_BURSTS: Final = (
    click.option(
        "--burst",
        type=Duration(),
        help="Audit only for so long at a time; with --every. Each host at its own times.",
    ),
    click.option("--every", type=Duration(), help="How much of the window one burst stands for."),
)
_WORK: Final = (
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


def hosts(function: Callable[..., int]) -> Callable[..., int]:
    """Add the options that name hosts; the command gets ``hosts``, a :class:`HostChoice`."""

    @functools.wraps(function)
    def with_choice(
        *,
        source: str,
        limit: str | None,
        vault_password_file: str | None,
        ask_pass: bool,
        **others: object,
    ) -> int:
        choice = HostChoice(
            source=source,
            limit=limit,
            vault_password_file=vault_password_file,
            ask_pass=ask_pass,
        )
        return function(hosts=choice, **others)

    return _added(with_choice, _HOSTS)


def work(function: Callable[..., int]) -> Callable[..., int]:
    """Add the options that say how much is done at a time; the command gets ``work``."""

    @functools.wraps(function)
    def with_work(*, jobs: int, no_progress: bool, **others: object) -> int:
        return function(work=Work(jobs=jobs, is_quiet=no_progress), **others)

    return _added(with_work, _WORK)


def changes(function: Callable[..., int]) -> Callable[..., int]:
    """Add the options that say what is changed; the command gets ``wanted`` and ``also``."""

    @functools.wraps(function)
    def with_changes(
        *, success: bool, also: tuple[str, ...], log_kilobytes: int | None, **others: object
    ) -> int:
        if log_kilobytes is not None and "firewall-logging" not in also:
            raise click.UsageError("--log-size goes with --also firewall-logging")
        wanted = Wanted(with_success=success, log_kilobytes=log_kilobytes or 0)
        return function(wanted=wanted, also=tuple(dict.fromkeys(also)), **others)

    return _added(with_changes, _CHANGES)


def bursts(function: Callable[..., int]) -> Callable[..., int]:
    """Add ``--burst`` and ``--every`` beside ``--window``; the command gets ``bursts``."""

    @functools.wraps(function)
    def with_bursts(
        *, window: timedelta, burst: timedelta | None, every: timedelta | None, **others: object
    ) -> int:
        return function(window=window, bursts=_bursts(window, burst, every), **others)

    return _added(with_bursts, _BURSTS)


def _bursts(window: timedelta, burst: timedelta | None, every: timedelta | None) -> Bursts | None:
    if burst is None and every is None:
        return None
    if burst is None or every is None:
        raise click.UsageError("--burst goes with --every")
    if every > window:
        raise click.UsageError("--every must not be longer than --window")
    from fleetaudit.orchestrator.bursts import Bursts

    try:
        return Bursts(length=burst, every=every)
    except ValueError as error:
        raise click.UsageError(f"--burst and --every do not fit: {error}") from error


def _added(function: Callable[..., int], options: Sequence[_Decorator]) -> Callable[..., int]:
    for option in reversed(options):
        function = option(function)
    return function


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
