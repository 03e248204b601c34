r"""The scheduled task of a lease: its XML, and what can be read off one found on a host.

The format is the Task Scheduler schema (learn.microsoft.com/windows/win32/taskschd/
task-scheduler-schema; MS-TSCH 2.5). A task, shortened::

    <?xml version="1.0" encoding="UTF-16"?>
    <Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
      <RegistrationInfo><Author>fleetaudit</Author><Description>fleetaudit run 20261121T080000Z on
        web01: puts ... back if nobody else has</Description></RegistrationInfo>
      <Triggers>
        <TimeTrigger><StartBoundary>2026-11-21T08:20:00Z</StartBoundary>
          <Repetition><Interval>PT1M</Interval></Repetition></TimeTrigger>
        <BootTrigger><StartBoundary>2026-11-21T08:20:00Z</StartBoundary></BootTrigger>
      </Triggers>
      <Principals><Principal id="Author"><UserId>S-1-5-18</UserId>
        <RunLevel>HighestAvailable</RunLevel></Principal></Principals>
      <Settings>...</Settings>
      <Actions Context="Author">
        <Exec><Command>%SystemRoot%\System32\auditpol.exe</Command><Arguments>/set
          /subcategory:{0CCE9225-69AE-11D9-BED3-505054503030} /success:disable /failure:disable
          </Arguments></Exec>
        ...
      </Actions>
    </Task>

Why the triggers are what they are: ``StartWhenAvailable`` counts only for a time trigger that ends
or repeats for ever, and starts ten minutes late (its page, taskschedulerschema-startwhenavailable-
settingstype-element, and ITaskSettings::put_StartWhenAvailable). So the trigger repeats every
minute, which also serves a host that slept or whose clock jumped; the task deletes itself in its
first run. The boot trigger serves a host that was off at the deadline; before the deadline it is
not active, so a restart inside a window does not end the window.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from lxml import etree

from fleetaudit.operations import Command, catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.operations.lease import Lease
    from fleetaudit.records.debt import Debt

__all__ = ["NAMESPACE", "TASK_FOLDER", "FoundTask", "command_of", "read_task", "task_xml"]

NAMESPACE: Final = "http://schemas.microsoft.com/windows/2004/02/mit/task"
TASK_FOLDER: Final = "\\fleetaudit\\"
_SYSTEM32: Final = "%SystemRoot%\\System32\\"
_SYSTEM_SID: Final = "S-1-5-18"
_MOST_ACTIONS: Final = 32
"""The schema's limit of actions in one task."""
_MOST_BYTES: Final = 1 << 20
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION: Final = re.compile(r"\A\s*<\?xml[^>]*\?>")
_RUN: Final = re.compile(r"\Afleetaudit run (\S+) on ")
_EXEC: Final = ("Command", "Arguments")
_SETTINGS: Final = (
    ("MultipleInstancesPolicy", "IgnoreNew"),
    ("DisallowStartIfOnBatteries", "false"),
    ("StopIfGoingOnBatteries", "false"),
    ("AllowHardTerminate", "true"),
    ("StartWhenAvailable", "true"),
    ("RunOnlyIfNetworkAvailable", "false"),
    ("WakeToRun", "false"),
    ("Enabled", "true"),
    ("Hidden", "false"),
    ("ExecutionTimeLimit", "PT10M"),
    ("Priority", "4"),
    ("RunOnlyIfIdle", "false"),
)
"""In the order of settingsType (windows-facts 10 says which)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTask:
    """What a task on a host says it will do.

    Attributes:
        run_id: The run that its description names; empty where it names none.
        deadline: When it starts, by the host's clock; None where it has no such trigger.
        before: What it puts back, by operation and setting; what fleetaudit does not know is not
            among it.
    """

    run_id: str
    deadline: datetime | None
    before: Mapping[tuple[str, str], str]


def task_xml(lease: Lease) -> str:
    """Return the task that pays ``lease``: every setting back, a marker, and itself deleted.

    Raises:
        ValueError: There is nothing to put back, or more than a task can do.
    """
    commands = [command_of(debt) for debt in lease.debts]
    if not commands:
        raise ValueError("the lease puts nothing back")
    marker = f'/d /c echo fired>"%ProgramData%\\fleetaudit\\{lease.name}.fired"'
    commands += [
        Command(program="cmd.exe", arguments=marker),
        Command(program="schtasks.exe", arguments=f'/Delete /TN "{TASK_FOLDER}{lease.name}" /F'),
    ]
    if len(commands) > _MOST_ACTIONS:
        raise ValueError(f"a task can do {_MOST_ACTIONS} things, and the lease {len(commands)}")
    namespaces: dict[str | None, str] = {None: NAMESPACE}
    task = etree.Element(f"{{{NAMESPACE}}}Task", {"version": "1.2"}, nsmap=namespaces)  # type: ignore[arg-type]  # the stubs know no default namespace
    _registration(task, lease)
    _triggers(task, lease)
    principal = _add(_add(task, "Principals"), "Principal", id="Author")
    _add(principal, "UserId", _SYSTEM_SID)
    _add(principal, "RunLevel", "HighestAvailable")
    settings = _add(task, "Settings")
    for name, value in _SETTINGS:
        _add(settings, name, value)
    actions = _add(task, "Actions", Context="Author")
    for command in commands:
        execute = _add(actions, "Exec")
        _add(execute, "Command", _SYSTEM32 + command.program)
        _add(execute, "Arguments", command.arguments)
    text = etree.tostring(task, encoding="unicode", pretty_print=True)
    return f'<?xml version="1.0" encoding="UTF-16"?>\n{text}'


def read_task(data: bytes) -> FoundTask:
    """Return what the XML of a task says; ``data`` is UTF-16 with its mark, or UTF-8.

    A task that does not run as SYSTEM is no lease: only an administrator can make one that does.

    Raises:
        ValueError: It is no task's XML, or that of another's task.
    """
    if len(data) > _MOST_BYTES:
        raise ValueError("it is too large")
    is_wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError("it is no text") from error
    text = _DECLARATION.sub("", text)
    if "<!DOCTYPE" in text:
        raise ValueError("it has a document type, which a task has not")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        task = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"it is no XML ({error.msg})") from error
    if task.tag != f"{{{NAMESPACE}}}Task":
        raise ValueError("it is XML, but no task")
    names = {"t": NAMESPACE}
    if task.findtext("t:Principals/t:Principal/t:UserId", "", names) != _SYSTEM_SID:
        raise ValueError("it does not run as SYSTEM, so it was not made by fleetaudit")
    said = task.findtext("t:RegistrationInfo/t:Description", "", names)
    start = task.findtext("t:Triggers/t:TimeTrigger/t:StartBoundary", "", names)
    run = _RUN.match(said)
    before: dict[tuple[str, str], str] = {}
    for action in task.iterfind("t:Actions/t:Exec", names):
        program, arguments = (action.findtext(f"t:{name}", "", names) for name in _EXEC)
        before |= _recognized(program, arguments)
    return FoundTask(run_id=run[1] if run else "", deadline=_moment(start), before=before)


def command_of(debt: Debt) -> Command:
    """Return the command that puts back what ``debt`` says.

    Raises:
        ValueError: It speaks of an operation, a setting or a value that does not exist.
    """
    operation = catalogue().get(debt.operation)
    if operation is None:
        raise ValueError(f"no change is called {debt.operation!r}")
    operation.command(debt.setting, debt.during)
    return operation.command(debt.setting, debt.before)


def _recognized(program: str, arguments: str) -> dict[tuple[str, str], str]:
    try:
        command = Command(program=program.removeprefix(_SYSTEM32), arguments=arguments)
    except ValueError:
        return {}
    for operation in catalogue().values():
        found = operation.recognize(command)
        if found is not None:
            return {(operation.name, found[0]): found[1]}
    return {}


def _registration(task: etree._Element, lease: Lease) -> None:
    about = _add(task, "RegistrationInfo")
    _add(about, "Author", "fleetaudit")
    said = (
        f"fleetaudit run {lease.run_id} on {lease.host}: puts the settings that the run changed "
        "back if nobody else has, then deletes itself."
    )
    _add(about, "Description", said)


def _triggers(task: etree._Element, lease: Lease) -> None:
    triggers = _add(task, "Triggers")
    start = _boundary(lease.deadline)
    timed = _add(triggers, "TimeTrigger")
    _add(timed, "StartBoundary", start)
    _add(_add(timed, "Repetition"), "Interval", "PT1M")
    _add(_add(triggers, "BootTrigger"), "StartBoundary", start)


def _add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)
    if text:
        element.text = _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
    return element


def _boundary(deadline: datetime) -> str:
    """Return xs:dateTime in UTC, in whole seconds, never before the deadline."""
    whole = deadline.astimezone(UTC)
    if whole.microsecond:
        whole = whole.replace(microsecond=0) + timedelta(seconds=1)
    return whole.strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(text: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read.astimezone(UTC) if read.tzinfo is not None else None
