r"""The Task Scheduler of a simulated host: tasks made from their real XML, run by its rules.

The rules are those of the Task Scheduler schema's pages (learn.microsoft.com/windows/win32/
taskschd): a time trigger starts the task at its StartBoundary by the host's clock and, where it
repeats without a duration, at every interval after that, for ever; what was missed while the host
was off or because its clock jumped is made up for ten minutes later where StartWhenAvailable is
set and the trigger ends or repeats for ever; a boot trigger starts the task with the host, from
its StartBoundary on. Actions run in their order, whatever the one before ended with. They take no
time here, so that there never are two instances of a task.

Parts of the schema that no lease uses are refused, so that a task cannot mean on Windows what it
does not mean here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from uuid import UUID

from lxml import etree

from fleetaudit.records.audit_policy import Inclusion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "DISABLED",
    "LEASE_FOLDER",
    "Scheduler",
    "Task",
    "TaskChange",
    "is_lease_name",
    "lease_file",
]

DISABLED: Final = "ERROR: The service cannot be started, because it is disabled."
LEASE_FOLDER: Final = "C:\\ProgramData\\fleetaudit\\"
_NAME: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NAMESPACE: Final = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
_LATE: Final = timedelta(minutes=10)
"""How long a missed start waits (ITaskSettings::put_StartWhenAvailable)."""
_DURATION: Final = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")
_SYSTEM32: Final = "%systemroot%\\system32\\"
_SET: Final = re.compile(
    r"/set /subcategory:(\{[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}\}) "
    r"/success:(enable|disable) /failure:(enable|disable)",
    re.IGNORECASE,
)
_ECHO: Final = re.compile(r'/d /c echo (\w+)>"%ProgramData%(\\[^"%<>|&^]+)"')
_DELETE: Final = re.compile(r'/Delete /TN "\\fleetaudit\\([^"\\]+)" /F')
_TRIGGER_PARTS: Final = MappingProxyType(
    {"TimeTrigger": ("StartBoundary", "Repetition"), "BootTrigger": ("StartBoundary",)}
)


def is_lease_name(name: str) -> bool:
    """Return whether the scripts take ``name`` as that of a lease."""
    return _NAME.fullmatch(name) is not None


def lease_file(name: str, part: str) -> str:
    """Return the path of a lease's ``json`` or ``fired`` file."""
    return f"{LEASE_FOLDER}{name}.{part}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    r"""One registered task; times are by the host's clock.

    Attributes:
        name: Its name in the folder ``\fleetaudit``.
        xml: As it was registered.
        starts_at: When its time trigger starts it first; None where it has none.
        every: How often it starts again; None where it does not.
        boots_from: From when on a start of the host starts it; None where none does.
        is_made_up_for: Whether a missed start is made up for.
        actions: Program in lower case and arguments, in order.
    """

    name: str
    xml: str = field(repr=False)
    starts_at: datetime | None
    every: timedelta | None
    boots_from: datetime | None
    is_made_up_for: bool
    actions: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChange:
    """A task that was made (4698), changed (4702) or removed (4699), by whom."""

    event_id: int
    name: str
    xml: str = field(repr=False)
    is_by_system: bool = False


def _nobody_listens(_change: TaskChange) -> None:
    """Forget the change."""


class Scheduler:
    """The tasks of one host.

    Attributes:
        is_enabled: Whether the service runs and lets tasks be made.
        failures: What an action could not do, as sentences; a test looks that there are none.
        programs: What runs an action, by the program's name in lower case, such as ``netsh.exe``.
    """

    def __init__(
        self,
        *,
        host_time: Callable[[datetime], datetime],
        set_audit: Callable[[UUID, Inclusion, datetime], None],
        files: dict[str, bytes],
        on_change: Callable[[TaskChange], None] = _nobody_listens,
    ) -> None:
        self.is_enabled = True
        self.failures: list[str] = []
        self.programs: dict[str, Callable[[str, datetime], None]] = {
            "auditpol.exe": self._auditpol,
            "cmd.exe": self._cmd,
            "schtasks.exe": self._schtasks,
        }
        self._host_time = host_time
        self._set_audit = set_audit
        self._files = files
        self._on_change = on_change
        self._tasks: dict[str, Task] = {}
        self._next: dict[str, datetime] = {}

    @property
    def tasks(self) -> Mapping[str, Task]:
        r"""Return the tasks of the folder ``\fleetaudit`` by name."""
        return MappingProxyType(self._tasks)

    def register(self, name: str, xml: str, now: datetime) -> str:
        """Make or replace a task, as ``schtasks /Create /XML /F``; return its complaint, or none.

        ``now`` is the true time.
        """
        if not self.is_enabled:
            return DISABLED
        try:
            task = read(name, xml)
        except (ValueError, etree.XMLSyntaxError) as error:
            return f"ERROR: The task XML contains a value which is incorrectly formatted: {error}"
        event_id = 4702 if name in self._tasks else 4698
        self._tasks[name] = task
        self._plan(task, self._host_time(now))
        self._on_change(TaskChange(event_id=event_id, name=name, xml=xml))
        return ""

    def delete(self, name: str, *, is_by_system: bool = False) -> str:
        """Delete a task, as ``schtasks /Delete /F``; return what it complains, or nothing."""
        if not self.is_enabled:
            return DISABLED
        if name not in self._tasks:
            return "ERROR: The system cannot find the file specified."
        xml = self._tasks.pop(name).xml
        self._next.pop(name, None)
        self._on_change(TaskChange(event_id=4699, name=name, xml=xml, is_by_system=is_by_system))
        return ""

    def due(self) -> datetime | None:
        """Return when the next task starts, by the host's clock; None where none will."""
        if not self.is_enabled:
            return None
        return min(self._next.values(), default=None)

    def run(self, now: datetime) -> None:
        """Start what is due at the true time ``now``."""
        here = self._host_time(now)
        for name in [name for name, at in self._next.items() if at <= here]:
            task = self._tasks.get(name)
            if task is not None:
                self._start(task, now)

    def boot(self, now: datetime) -> None:
        """Start what a start of the host starts, and plan the rest anew; the service is up now."""
        here = self._host_time(now)
        for task in tuple(self._tasks.values()):
            if self.is_enabled and task.boots_from is not None and task.boots_from <= here:
                self._start(task, now)
        self.replan(now)

    def replan(self, now: datetime) -> None:
        """Plan all starts anew, after the clock was set or the host was off."""
        for task in self._tasks.values():
            self._plan(task, self._host_time(now))

    def _plan(self, task: Task, here: datetime) -> None:
        self._next.pop(task.name, None)
        if task.starts_at is None:
            return
        if task.starts_at > here:
            self._next[task.name] = task.starts_at
            return
        if task.every is None:
            return  # StartWhenAvailable does not apply to a trigger that neither ends nor repeats
        passed = (here - task.starts_at) // task.every + 1
        again = task.starts_at + passed * task.every
        self._next[task.name] = min(again, here + _LATE) if task.is_made_up_for else again

    def _start(self, task: Task, now: datetime) -> None:
        for program, arguments in task.actions:
            run = self.programs.get(program)
            if run is None:
                self.failures.append(f"{task.name}: there is no {program}")
                continue
            try:
                run(arguments, now)
            except (KeyError, ValueError) as error:
                self.failures.append(f"{task.name}: {program} {arguments}: {error}")
        if task.name in self._tasks:
            self._plan(task, self._host_time(now))

    def _auditpol(self, arguments: str, now: datetime) -> None:
        wanted = _SET.fullmatch(arguments)
        if wanted is None:
            raise ValueError("auditpol does not know these arguments")
        inclusion = Inclusion.NONE
        if wanted[2].lower() == "enable":
            inclusion |= Inclusion.SUCCESS
        if wanted[3].lower() == "enable":
            inclusion |= Inclusion.FAILURE
        self._set_audit(UUID(wanted[1]), inclusion, now)

    def _cmd(self, arguments: str, _: datetime) -> None:
        wanted = _ECHO.fullmatch(arguments)
        if wanted is None:
            raise ValueError("only echo into a file below %ProgramData% is modelled")
        self._files[f"C:\\ProgramData{wanted[2]}"] = f"{wanted[1]}\r\n".encode("ascii")

    def _schtasks(self, arguments: str, _: datetime) -> None:
        wanted = _DELETE.fullmatch(arguments)
        if wanted is None:
            raise ValueError("only /Delete in the folder is modelled")
        problem = self.delete(wanted[1], is_by_system=True)
        if problem:
            raise ValueError(problem)


def read(name: str, xml: str) -> Task:
    """Return the task that ``xml`` defines.

    Raises:
        ValueError: It is none, or has a part that is not modelled.
        lxml.etree.XMLSyntaxError: It is no XML.
    """
    text = re.sub(r"\A\s*<\?xml[^>]*\?>", "", xml)
    task = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False))
    if task.tag != f"{_NAMESPACE}Task":
        raise ValueError("the root is no Task")
    principal = f"{_NAMESPACE}Principals/{_NAMESPACE}Principal/{_NAMESPACE}"
    if task.findtext(f"{principal}UserId") != "S-1-5-18":
        raise ValueError("UserId")
    triggers = {_local(one): one for one in _parts(task, "Triggers")}
    settings = {_local(one): one.text for one in _parts(task, "Settings")}
    if settings.get("Enabled", "true") != "true" or not set(triggers) <= set(_TRIGGER_PARTS):
        raise ValueError("Triggers")
    for kind, trigger in triggers.items():
        if not {_local(part) for part in trigger} <= set(_TRIGGER_PARTS[kind]):
            raise ValueError(kind)
    timed, boot = triggers.get("TimeTrigger"), triggers.get("BootTrigger")
    repetition = None
    if timed is not None:
        repetition = timed.find(f"{_NAMESPACE}Repetition")
    return Task(
        name=name,
        xml=xml,
        starts_at=_boundary(timed) if timed is not None else None,
        every=_every(repetition) if repetition is not None else None,
        boots_from=_boundary(boot) if boot is not None else None,
        is_made_up_for=settings.get("StartWhenAvailable") == "true",
        actions=tuple(_action(one) for one in _parts(task, "Actions")),
    )


def _parts(task: etree._Element, name: str) -> list[etree._Element]:
    found = task.find(f"{_NAMESPACE}{name}")
    return [] if found is None else list(found)


def _local(element: etree._Element) -> str:
    return str(element.tag).removeprefix(_NAMESPACE)


def _boundary(trigger: etree._Element) -> datetime:
    text = trigger.findtext(f"{_NAMESPACE}StartBoundary")
    if text is None:
        if _local(trigger) == "TimeTrigger":
            raise ValueError("StartBoundary")
        return datetime.min.replace(tzinfo=UTC)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("StartBoundary: local time is not modelled")
    return moment


def _every(repetition: etree._Element) -> timedelta:
    (interval,) = repetition
    found = _DURATION.fullmatch(interval.text or "")
    if _local(interval) != "Interval" or found is None:
        raise ValueError("Repetition")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    every = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if every < timedelta(minutes=1):
        raise ValueError("Interval")
    return every


def _action(action: etree._Element) -> tuple[str, str]:
    if _local(action) != "Exec":
        raise ValueError(_local(action))
    command = (action.findtext(f"{_NAMESPACE}Command") or "").lower()
    if not command.startswith(_SYSTEM32):
        raise ValueError("Command")
    return command.removeprefix(_SYSTEM32), action.findtext(f"{_NAMESPACE}Arguments") or ""
