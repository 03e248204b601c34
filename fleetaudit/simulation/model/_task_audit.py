"""What a simulated host writes down of scheduled tasks, ours and other people's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.simulation.model import _events as events
from fleetaudit.simulation.model._accounts import AUDITOR, SYSTEM

if TYPE_CHECKING:
    from datetime import datetime

    from fleetaudit.simulation.model._accounts import Account
    from fleetaudit.simulation.model.auditing import AuditState
    from fleetaudit.simulation.model.scheduler import TaskChange
    from fleetaudit.simulation.model.security_log import SecurityLog
    from fleetaudit.simulation.model.specs import HostSpec

__all__ = ["OTHERS_WORD", "TaskAudit"]

OTHERS_WORD: Final = "made-up-word-of-a-third-party"
"""A secret in the definition of a task that is none of ours."""
_OTHERS_XML: Final = (
    '<?xml version="1.0" encoding="UTF-16"?>\r\n<Task version="1.2"'
    ' xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task"><Actions><Exec>'
    "<Command>C:\\Norrland\\copy.exe</Command>"
    f"<Arguments>/user:backup /password:{OTHERS_WORD}</Arguments></Exec></Actions></Task>"
)
_OTHERS: Final = ("\\Norrland\\Nightly copy", _OTHERS_XML)


class TaskAudit:
    """Writes 4698, 4699 and 4702 while successes of Other Object Access Events are audited."""

    def __init__(self, spec: HostSpec, *, audit: AuditState, log: SecurityLog) -> None:
        self._spec = spec
        self._audit = audit
        self._log = log

    def note(self, change: TaskChange, moment: datetime) -> None:
        """Write down what became of a lease's task; ``moment`` is by the host's clock."""
        account = SYSTEM if change.is_by_system else AUDITOR
        self._write(change.event_id, (f"\\fleetaudit\\{change.name}", change.xml), account, moment)

    def note_others(self, moment: datetime) -> None:
        """Write down that somebody else made a task."""
        self._write(4698, _OTHERS, SYSTEM, moment)

    def _write(
        self, event_id: int, task: tuple[str, str], account: Account, moment: datetime
    ) -> None:
        if not self._audit.succeeds(Subcategory.OTHER_OBJECT_ACCESS):
            return
        self._log.write(
            events.task_changed(
                self._log.next_record,
                moment,
                computer=self._spec.computer,
                build=self._spec.generation.build,
                event_id=event_id,
                task=task,
                account=account,
            )
        )
