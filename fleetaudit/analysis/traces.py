"""The records that fleetaudit itself caused, told apart from anybody else's.

A change of the audit policy is written down whatever the policy says (4719, windows-facts 0.7), and
a task that is made or removed is where Other Object Access is audited (4698, 4699; windows-facts
10). Whoever watches a fleet will ask, so the report lists them. Of tasks only the records of the
run's own lease are fetched, apart from the rest, so that others' definitions stay on the host.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.event_codes import AuditChange
from fleetaudit.records.figures import Gap, Trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fleetaudit.analysis.observation import AuditRecord
    from fleetaudit.ingest import FactsTimeline
    from fleetaudit.records.window import Window

__all__ = ["own_traces", "unread_tasks"]

_POLICY_CHANGED: Final = 4719
_TASK_EVENTS: Final[Mapping[int, str]] = {4698: "made", 4699: "removed", 4702: "changed"}
_TASK_FOLDER: Final = "\\fleetaudit\\"
_BEFORE: Final = timedelta(seconds=60)
"""How long a change may come before it was read back; the script that makes it has two minutes."""
_LONGEST: Final = 300
_AFTER: Final = timedelta(seconds=5)
_WATCHED: Final = {
    str(one.value).casefold(): one.name.lower().replace("_", "-")
    for one in (Subcategory.PACKET_DROP, Subcategory.CONNECTION)
}


def own_traces(
    host: str, window: Window | None, facts: FactsTimeline, changes: Iterable[AuditRecord]
) -> Iterator[Trace]:
    """Yield the traces of fleetaudit among a host's ``audit_events``, by time.

    A change of policy is ours if it sets one of the two subcategories the way we do, at the time
    when we did; a task is ours by its folder.
    """
    offset = facts.latest.clock_offset if facts.latest else timedelta(0)
    for change in changes:
        time = datetime.fromtimestamp(change.time_ns // 1000 / 1e6, tz=UTC) - offset
        if change.code == _POLICY_CHANGED and window is not None:
            what = _own_change(change.fields, time, window)
        elif change.code in _TASK_EVENTS and _is_own_task(change.fields):
            what = f"the lease's task was {_TASK_EVENTS[change.code]}"
        else:
            continue
        if what:
            yield Trace(host=host, time=time, event_code=change.code, what=what)


def unread_tasks(host: str, facts: bytes) -> Iterator[Gap]:
    """Yield a gap where ``facts``, of the export, say that the lease's records did not come."""
    try:
        problem = json.loads(facts.decode("utf-8-sig"))["TasksProblem"]
    except (ValueError, KeyError, TypeError):
        return
    if isinstance(problem, str) and problem:
        yield Gap(
            kind="own-tasks-unread",
            host=host,
            what=f"The records of the lease's own task could not be fetched: {problem[:_LONGEST]}",
            effect="Where the host audits tasks, the traces of this audit do not list them",
        )


def _own_change(fields: Mapping[str, object], time: datetime, window: Window) -> str:
    name = _WATCHED.get(str(fields.get("subcategoryguid", "")).strip("{}").casefold())
    said = str(fields.get("auditpolicychanges", ""))
    if name is None:
        return ""
    if AuditChange.FAILURE_ADDED.mark in said and _is_near(time, window.opened_at):
        return f"{name} auditing was switched on"
    if (
        AuditChange.FAILURE_REMOVED.mark in said
        and window.closed_at
        and _is_near(time, window.closed_at)
    ):
        return f"{name} auditing was put back"
    return ""


def _is_near(time: datetime, moment: datetime) -> bool:
    return moment - _BEFORE <= time <= moment + _AFTER


def _is_own_task(fields: Mapping[str, object]) -> bool:
    return str(fields.get("taskname", "")).casefold().startswith(_TASK_FOLDER)
