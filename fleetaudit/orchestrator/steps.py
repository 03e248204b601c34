"""What a plan may ask for: steps are plain values, and so are their answers.

A plan is a generator. It yields a step and is sent an :class:`Answer`, or has an error thrown in
at that place. It reads no clock and opens no file, so every point at which a run can break is a
line that a test can reach.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from fleetaudit.records.call import ScriptOutput

if TYPE_CHECKING:
    from datetime import datetime

    from fleetaudit.records.call import ScriptCall
    from fleetaudit.records.debt import Debt
    from fleetaudit.records.evidence import Phase
    from fleetaudit.records.host_record import HostRecord
    from fleetaudit.records.window import Window

__all__ = [
    "Answer",
    "Connect",
    "Disconnect",
    "Note",
    "Owe",
    "Pause",
    "Plan",
    "Recall",
    "Run",
    "Settle",
    "Step",
    "Urgency",
]


class Urgency(IntEnum):
    """What goes first when more hosts are due than there are workers."""

    RESTORE = 0
    """A window that has to be closed: nothing may delay it."""
    COLLECT = 1
    """Evidence that keeps, such as a log that is read after the restore."""
    START = 2
    """A host that was not begun yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """Open a session.

    Attributes:
        is_restoring: Whether this serves to undo a change; such a step is performed even after
            the host's deadline and after an interruption. So it is for every step that has it.
    """

    is_restoring: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Run a script on the open session.

    Attributes:
        call: What to run.
        source: Under which collector's name its files are stored; empty: they are not evidence,
            and live in memory until the answer is read.
        phase: When that is, seen from the window; None where nothing is stored.
        with_files: Whether the plan needs the content of the files, which must be small then.
        is_restoring: See :class:`Connect`.
    """

    call: ScriptCall
    source: str = ""
    phase: Phase | None = None
    with_files: bool = False
    is_restoring: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Ask the journal what is still owed to this host by any run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owe:
    """Write debts down, so that they outlive this process; comes before the change is sent."""

    debts: tuple[Debt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Strike a debt out: the host was read back.

    Attributes:
        debt: Which one.
        note: Why, where it is not simply that the old setting stands again.
    """

    debt: Debt
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Go on at a later moment; until then nothing is held: no thread, socket or shell.

    Attributes:
        until: The moment, by the controller's clock.
        urgency: What goes first when it has come.
        is_restoring: See :class:`Connect`; an interruption cuts such a pause short.
    """

    until: datetime
    urgency: Urgency
    is_restoring: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect:
    """Close the session; never fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Tell the observers something.

    Attributes:
        text: As a sentence; empty where the window says it all.
        window: The window that was just opened, or closed where ``closed_at`` is set.
    """

    text: str = ""
    window: Window | None = None


Step = Connect | Run | Recall | Owe | Settle | Pause | Disconnect | Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a step.

    Attributes:
        at: When it was done, by the controller's clock.
        output: What a :class:`Run` yielded.
        files: The content of its files by name, where the plan asked for it; and of what a failed
            tool said, always.
        debts: What a :class:`Recall` found.
        live_runs: Which runs among those debts are being worked on by a process at this moment.
        damaged: Files that a Recall could not read: each may be a debt to the host.
    """

    at: datetime
    output: ScriptOutput = field(default_factory=ScriptOutput)
    files: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    debts: tuple[Debt, ...] = ()
    live_runs: frozenset[str] = frozenset()
    damaged: tuple[str, ...] = ()


Plan = Generator[Step, Answer, "HostRecord"]
"""Everything that happens to one host, as a generator; the record it returns names no evidence."""
