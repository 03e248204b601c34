"""What ``check`` found out about a host, as plain values: one row of its JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleetaudit.analysis.coverage import host_outcome
from fleetaudit.errors import FleetauditError
from fleetaudit.ingest import read_facts_timeline
from fleetaudit.operations.lease import LEASES_FILE, read_leases
from fleetaudit.parsers.auditpol_backup import read_gpo_policy, read_policy
from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.outcome import OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from fleetaudit.operations.lease import FoundLease
    from fleetaudit.records.host import HostFacts, SecurityLog
    from fleetaudit.store import HostFolder

__all__ = ["Row", "log_lifetime_s", "row_of"]

Row = dict[str, object]

_WATCHED: Final = {"packet_drop": Subcategory.PACKET_DROP, "connection": Subcategory.CONNECTION}
_POLICY: Final = "policy.csv"
_GROUP_POLICY: Final = "gpo-audit.csv"


def row_of(folder: HostFolder) -> Row:
    """Return what is known of the host; keys whose source was not stored are missing.

    Times are ISO 8601; lengths in bytes or seconds, as the keys say; audit settings are the
    numbers of ``auditpol /backup``, those of a group policy its own (windows-facts 5).
    """
    end = host_outcome(folder.record())
    row: Row = {
        "host": end.host,
        "outcome": end.kind.value,
        "would_audit": end.kind is OutcomeKind.COLLECTED,
        "reason": end.reason,
        "remedy": end.remedy,
    }
    timeline = read_facts_timeline(folder)
    problems = list(timeline.problems)
    if timeline.latest is not None:
        row |= _of_facts(timeline.latest)
    files = {one.name: one for one in folder.evidence() if one.source != "host-facts"}
    for read in (_of_policy, _of_leases):
        try:
            row |= read({name: folder.open(one).read() for name, one in files.items()})
        except FleetauditError as error:
            problems.append(str(error))
    return {**row, "problems": problems}


def log_lifetime_s(log: SecurityLog, *, span: timedelta) -> float | None:
    """Return for how many seconds the Security log holds a record, at the mean rate of ``span``.

    ``span`` is the age of the oldest record. A log that is not full yet holds more than that, in
    the proportion of its limit to its file. None where the host did not say enough.
    """
    age = span.total_seconds()
    if log.record_count < 1 or age <= 0 or not log.file_bytes:
        return None
    return round(age * max(1.0, log.maximum_bytes / log.file_bytes), 1)


def _of_facts(facts: HostFacts) -> Row:
    return {
        "os": facts.os_caption,
        "os_build": facts.os_build,
        "language_mode": facts.language_mode.value,
        "is_elevated": facts.is_elevated,
        "boot_time": facts.boot_time.isoformat(),
        "clock_offset_s": round(facts.clock_offset.total_seconds(), 3),
        "time_zone": facts.time_zone.name,
        "crash_on_audit_fail": facts.crash_on_audit_fail,
        "sce_no_apply_legacy_audit_policy": facts.subcategory_override,
        **_of_log(facts),
        **_of_group_policy(facts),
        "system_drive_free_bytes": facts.system_drive_free_bytes,
        "shell_memory_mb": facts.shell_memory_mb,
        "shells_per_user": facts.shells_per_user,
    }


def _of_group_policy(facts: HostFacts) -> Row:
    if facts.policy_refresh is None:
        return {"group_policy_applied_at": None}
    earliest, latest = facts.policy_refresh.next_after(facts.host_time)
    return {
        "group_policy_applied_at": facts.policy_refresh.applied_at.isoformat(),
        "group_policy_next_from": earliest.isoformat(),
        "group_policy_next_until": latest.isoformat(),
    }


def _of_log(facts: HostFacts) -> Row:
    log = facts.security_log
    if log is None:
        return {"security_log_bytes": None}
    oldest = log.oldest_record_time
    span = None if oldest is None else facts.host_time - oldest
    age = span.total_seconds() if span is not None else 0
    return {
        "security_log_bytes": log.maximum_bytes,
        "security_log_file_bytes": log.file_bytes,
        "security_log_mode": log.mode,
        "security_log_auto_backup": log.mode.casefold() == "autobackup",
        "security_log_is_enabled": log.is_enabled,
        "security_log_oldest_record": log.oldest_record,
        "security_log_newest_record": log.newest_record,
        "security_log_records": log.record_count,
        "security_log_oldest_time": None if oldest is None else oldest.isoformat(),
        "security_log_records_per_s": round(log.record_count / age, 4) if age > 0 else None,
        "security_log_lifetime_s": None if span is None else log_lifetime_s(log, span=span),
    }


def _of_policy(files: Mapping[str, bytes]) -> Row:
    if _POLICY not in files:
        return {}
    policy = read_policy(files[_POLICY])
    group = read_gpo_policy(files[_GROUP_POLICY]) if _GROUP_POLICY in files else {}
    audit: dict[str, object] = {}
    for name, subcategory in _WATCHED.items():
        setting, said = policy.of(subcategory), group.get(subcategory.value)
        audit[name] = {
            "setting": None if setting is None else int(setting),
            "group_policy": said,
            "is_owned_by_group_policy": bool(said),
        }
    return {"audit": audit}


def _of_leases(files: Mapping[str, bytes]) -> Row:
    if LEASES_FILE not in files:
        return {}
    return {"leases": [_of_lease(one) for one in read_leases(files)]}


def _of_lease(one: FoundLease) -> Row:
    part = one.lease or one.task
    deadline = part.deadline if part is not None else None
    return {
        "lease": one.name,
        "run_id": one.run_id,
        "deadline": None if deadline is None else deadline.isoformat(),
        "has_task": one.has_task,
        "has_fired": one.has_fired,
        "problems": list(one.problems),
    }
