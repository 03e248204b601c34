"""The records that fleetaudit itself caused, told apart from anybody else's.

A change of the audit policy is written down whatever the policy says (4719, windows-facts 0.7), and
a task that is made or removed is where Other Object Access is audited (4698, 4699; windows-facts
10). Whoever watches a fleet will ask, so the report lists them. Of tasks only the records of the
run's own lease are fetched, apart from the rest, so that others' definitions stay on the host.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from fleetaudit.analysis.policy_changes import own_changes, policy_change, policy_changes
from fleetaudit.records.figures import Gap, Trace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fleetaudit.analysis.policy_changes import AuditRecord, PolicyChange
    from fleetaudit.ingest import FactsTimeline
    from fleetaudit.records.window import Window

__all__ = ["own_traces", "unread_tasks"]

_TASK_EVENTS: Final[Mapping[int, str]] = {4698: "made", 4699: "removed", 4702: "changed"}
_TASK_FOLDER: Final = "\\fleetaudit\\"
_LONGEST: Final = 300


def own_traces(
    host: str, windows: Sequence[Window], facts: FactsTimeline, records: Sequence[AuditRecord]
) -> Iterator[Trace]:
    """Yield the traces of fleetaudit among a host's ``audit_events``, by time.

    A change of policy is ours if it opened or closed one of the windows; a task is ours by its
    folder.
    """
    offset = facts.clock_offset
    changes = policy_changes(records, clock_offset=offset)
    own: set[PolicyChange] = set()
    for window in windows:
        ours = own_changes(window, changes)
        own.update(ours.opening, ours.closing)
    for record in records:
        change = policy_change(record, clock_offset=offset)
        if change is not None and change in own:
            what = _said(change)
        elif record.code in _TASK_EVENTS and _is_own_task(record.fields):
            what = f"the lease's task was {_TASK_EVENTS[record.code]}"
        else:
            continue
        time = datetime.fromtimestamp(record.time_ns // 1000 / 1e6, tz=UTC) - offset
        yield Trace(host=host, time=time, event_code=record.code, what=what)


def _said(change: PolicyChange) -> str:
    name = change.subcategory.name.lower().replace("_", "-")
    return f"{name} auditing was {'switched on' if change.is_on else 'put back'}"


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


def _is_own_task(fields: Mapping[str, object]) -> bool:
    return str(fields.get("taskname", "")).casefold().startswith(_TASK_FOLDER)
