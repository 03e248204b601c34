"""What ``Get-HostFact`` answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fleetaudit.records.host import LanguageMode
from fleetaudit.records.wire import FACTS
from fleetaudit.simulation.answers._answer import (
    Answer,
    Asked,
    exit_record,
    file_records,
    has_rights,
)
from fleetaudit.simulation.formats.context import iso, render_groups, render_json
from fleetaudit.simulation.model._events import filetime
from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fleetaudit.simulation._seam import Emission
    from fleetaudit.simulation.model.specs import HostSpec

__all__ = ["ANSWER"]


_INTERVAL: Final = timedelta(minutes=90)
_INTERVALS: Final = (
    "RefreshTime",
    "RefreshTimeOffset",
    "RefreshTimeDC",
    "RefreshTimeOffsetDC",
)


def _number(value: int, spec: HostSpec) -> int:
    return value % 2**32 if Trait.UNSIGNED_BIAS in spec.traits else value


def _language_mode(spec: HostSpec) -> LanguageMode:
    return LanguageMode.CONSTRAINED if Trait.CONSTRAINED in spec.traits else LanguageMode.FULL


def _oldest_time(asked: Asked) -> datetime:
    """Return when the oldest record was written, had others always written as they do now."""
    log, is_small = asked.host.log, Trait.SMALL_LOG in asked.host.spec.traits
    return asked.now - log.record_count * timedelta(seconds=0.25 if is_small else 5)


def _facts(asked: Asked) -> dict[str, object]:
    host, spec = asked.host, asked.host.spec
    zone = spec.zone
    log: dict[str, object] | None = None
    if has_rights(host):
        log = {
            "MaximumSizeInBytes": host.log.maximum_bytes,
            "LogMode": "Circular",
            "IsEnabled": True,
            "RecordCount": host.log.record_count,
            "OldestRecordNumber": host.log.oldest_record,
            "OldestRecordTime": iso(host.host_time(_oldest_time(asked))),
            "FileSize": host.log.file_bytes,
        }
    return {
        "ComputerName": spec.name.upper()[:15],
        "OSBuild": spec.generation.build,
        "OSCaption": spec.generation.caption.strip(),
        "Culture": spec.language.value,
        "BootTime": iso(host.host_time(host.booted_at)),
        "HostTime": iso(host.host_time(asked.now)),
        "LanguageMode": _language_mode(spec).value,
        "PSVersion": spec.generation.powershell,
        "TimeZone": {
            "TimeZoneKeyName": zone.name,
            "ActiveTimeBias": _number(zone.active_bias, spec),
            "Bias": _number(zone.bias, spec),
            "StandardBias": 0,
            "DaylightBias": _number(zone.daylight_bias, spec),
            "StandardStart": zone.standard_start,
            "DaylightStart": zone.daylight_start,
        },
        "SecurityLog": log,
        "CrashOnAuditFail": 0,
        "SCENoApplyLegacyAuditPolicy": None if Trait.NO_AUDIT_OVERRIDE in spec.traits else 1,
        "SystemDriveFreeBytes": (20 + spec.number % 60) * 2**30,
        "ShellQuotas": {"MaxMemoryPerShellMB": 1024, "MaxShellsPerUser": 30}
        if has_rights(host)
        else None,
        "GroupPolicy": _group_policy(asked),
    }


def _group_policy(asked: Asked) -> dict[str, object] | None:
    """Return when group policy was applied, as if that were every 90 minutes from the start on."""
    host = asked.host
    if not host.spec.domain:
        return None
    applied = host.booted_at + (asked.now - host.booted_at) // _INTERVAL * _INTERVAL
    ticks = filetime(host.host_time(applied))
    return {
        "IsDomainController": False,
        "StartTimeHi": ticks >> 32,
        "StartTimeLo": ticks % 2**32,
        **dict.fromkeys(_INTERVALS),
    }


def _give(asked: Asked) -> Iterator[Emission]:
    has_mark = Trait.BYTE_ORDER_MARK in asked.host.spec.traits
    yield from file_records(FACTS, render_json(_facts(asked), has_mark=has_mark))
    yield exit_record("whoami")
    groups = render_groups(is_elevated=has_rights(asked.host))
    yield from file_records("groups.csv", groups)


ANSWER = Answer(name="Get-HostFact", give=_give)
