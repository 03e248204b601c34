r"""What a host says of itself: ``facts.json`` and ``groups.csv`` of Get-HostFact.

A sample of ``facts.json`` (times in UTC, seven digits)::

    {"ComputerName":"WEB01","OSBuild":20348,"BootTime":"2026-11-20T05:11:09.0000000Z",
     "HostTime":"2026-11-21T08:00:00.0000000Z","LanguageMode":"FullLanguage",
     "TimeZone":{"TimeZoneKeyName":"W. Europe Standard Time","ActiveTimeBias":-60, ...},
     "SecurityLog":{"MaximumSizeInBytes":20971520,"LogMode":"Circular", ...}, ...}

and of ``groups.csv``, ``whoami /groups /fo csv /nh`` (names are in the host's language)::

    "Mandatory Label\High Mandatory Level","Label","S-1-16-12288",""
"""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from fleetaudit.errors import EvidenceError
from fleetaudit.parsers._json import JsonObject, JsonProblem, read_json
from fleetaudit.parsers._text import decode
from fleetaudit.records.host import (
    HostFacts,
    LanguageMode,
    PolicyRefresh,
    SecurityLog,
    TimeZone,
)

__all__ = ["read_facts", "read_security_log"]

_FILETIME_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)
_HIGH_INTEGRITY: Final = 0x3000
_LABEL = re.compile(r"S-1-16-([0-9]{1,5})")
_SID_COLUMN = 2
_EARLIEST_YEAR: Final = 1980
_LATEST_YEAR: Final = 2100
_REMEDY = "Run the check again; where the host answers the same, report it with this file"


def read_facts(facts: bytes, groups: bytes, *, received_at: datetime) -> HostFacts:
    """Return what a host said of itself.

    Args:
        facts: ``facts.json``; registry numbers may have lost their sign.
        groups: ``groups.csv``; a mandatory label of S-1-16-12288 or above means elevated.
        received_at: When the answer came, by the controller's clock.

    Raises:
        EvidenceError: Something that every Windows host has is missing or is of another kind.
    """
    try:
        host = JsonObject.of(read_json(facts))
        return _facts(host, groups, received_at=received_at)
    except JsonProblem as problem:
        raise EvidenceError(str(problem), file="facts.json", remedy=_REMEDY) from problem


def read_security_log(facts: bytes) -> SecurityLog:
    """Return how far the Security log has come: the ``facts.json`` of Get-SecurityLog.

    Raises:
        EvidenceError: It cannot be read.
    """
    try:
        return _security_log(JsonObject.of(read_json(facts)))
    except JsonProblem as problem:
        raise EvidenceError(str(problem), file="facts.json", remedy=_REMEDY) from problem


def _facts(host: JsonObject, groups: bytes, *, received_at: datetime) -> HostFacts:
    host_time = _time(host, "HostTime")
    zone = host.inner("TimeZone")
    override = host.optional_number("SCENoApplyLegacyAuditPolicy")
    quotas = host.optional_inner("ShellQuotas") or JsonObject({})
    log = host.optional_inner("SecurityLog")
    return HostFacts(
        computer_name=host.text("ComputerName"),
        os_build=host.number("OSBuild"),
        os_caption=host.optional_text("OSCaption"),
        culture=host.optional_text("Culture"),
        boot_time=_time(host, "BootTime"),
        host_time=host_time,
        clock_offset=host_time - received_at,
        time_zone=_time_zone(zone),
        language_mode=_language_mode(host.text("LanguageMode")),
        powershell_version=host.optional_text("PSVersion"),
        is_elevated=_is_elevated(groups),
        security_log=None if log is None else _security_log(log),
        crash_on_audit_fail=host.optional_number("CrashOnAuditFail") or 0,
        subcategory_override=override,
        system_drive_free_bytes=host.optional_number("SystemDriveFreeBytes"),
        shell_memory_mb=quotas.optional_number("MaxMemoryPerShellMB"),
        shells_per_user=quotas.optional_number("MaxShellsPerUser"),
        policy_refresh=_policy_refresh(host.optional_inner("GroupPolicy")),
    )


def _time(host: JsonObject, key: str) -> datetime:
    """Return a time of this age: sums with others soon are beyond what a time can be."""
    time = host.time(key)
    if not _EARLIEST_YEAR <= time.year <= _LATEST_YEAR:
        raise JsonProblem(key, time.isoformat(), "a time of this age")
    return time


def _time_zone(zone: JsonObject) -> TimeZone:
    return TimeZone(
        name=zone.optional_text("TimeZoneKeyName"),
        active_bias_minutes=zone.minutes("ActiveTimeBias"),
        bias_minutes=zone.minutes("Bias"),
        standard_bias_minutes=zone.minutes("StandardBias", default=0),
        daylight_bias_minutes=zone.minutes("DaylightBias", default=0),
        standard_start=zone.hexadecimal("StandardStart"),
        daylight_start=zone.hexadecimal("DaylightStart"),
    )


def _security_log(log: JsonObject) -> SecurityLog:
    return SecurityLog(
        maximum_bytes=log.number("MaximumSizeInBytes"),
        mode=log.text("LogMode"),
        is_enabled=log.flag("IsEnabled"),
        record_count=log.optional_number("RecordCount") or 0,
        oldest_record=log.optional_number("OldestRecordNumber") or 0,
        oldest_record_time=log.optional_time("OldestRecordTime"),
        file_bytes=log.optional_number("FileSize"),
    )


def _policy_refresh(policy: JsonObject | None) -> PolicyRefresh | None:
    """Return when group policy was applied; the time is a FILETIME in two halves of 32 bits.

    The intervals are the policies "Set Group Policy refresh interval" for computers and for domain
    controllers; without them 90 minutes and up to 30, or 5 minutes (learn.microsoft.com/
    previous-versions/windows/desktop/policy/background-refresh-of-group-policy).
    """
    if policy is None or policy.members.get("StartTimeHi") is None:
        return None
    ticks = (policy.word("StartTimeHi") << 32) + policy.word("StartTimeLo")
    is_controller = policy.flag("IsDomainController")
    suffix, every, at_random = ("DC", 5, 0) if is_controller else ("", 90, 30)
    chosen = policy.optional_number(f"RefreshTime{suffix}")
    offset = policy.optional_number(f"RefreshTimeOffset{suffix}")
    try:
        refresh = PolicyRefresh(
            applied_at=_FILETIME_EPOCH + timedelta(microseconds=ticks // 10),
            every=timedelta(minutes=every if chosen is None else chosen),
            at_random=timedelta(minutes=at_random if offset is None else offset),
        )
        refresh.next_after(refresh.applied_at)
    except OverflowError as error:
        raise JsonProblem("", None, "GroupPolicy: its times are beyond all times") from error
    return refresh


def _language_mode(text: str) -> LanguageMode:
    for mode in LanguageMode:
        if mode.value.lower() == text.lower():
            return mode
    raise JsonProblem("LanguageMode", text, "a language mode of PowerShell")


def _is_elevated(groups: bytes) -> bool:
    """Return whether the token's mandatory label is high or above; names are not looked at."""
    for line in decode(groups).splitlines():
        try:
            row = next(csv.reader([line]), [])
        except csv.Error:
            continue
        label = _LABEL.fullmatch(row[_SID_COLUMN].strip()) if len(row) > _SID_COLUMN else None
        if label:
            return int(label[1]) >= _HIGH_INTEGRITY
    happened = "it names no mandatory label, so it is not known whether the session is elevated"
    raise EvidenceError(happened, file="groups.csv", remedy=_REMEDY)
