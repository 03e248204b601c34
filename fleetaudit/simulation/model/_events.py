"""The events of the Security log, field by field (windows-facts 1.2 to 1.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.formats.evtx import AUDITING, EVENTLOG, EventRecord, Field, ValueType

if TYPE_CHECKING:
    from fleetaudit.simulation.model.auditing import Change
    from fleetaudit.simulation.model.filters import Filter, Packet
    from fleetaudit.simulation.model.generations import Generation

__all__ = ["blocked", "filetime", "log_stopped", "policy_changed", "task_changed"]

FAILURE: Final = 0x8010000000000000
SUCCESS: Final = 0x8020000000000000
NOBODY: Final = "S-1-0-0"
SYSTEM_SID: Final = "S-1-5-18"
_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)

_T, _U32, _U64, _SID = ValueType.TEXT, ValueType.UINT32, ValueType.UINT64, ValueType.SID


def filetime(moment: datetime) -> int:
    """Return 100 ns since 1601."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 10


@lru_cache(maxsize=32)
def _blocked_fields(generation: Generation, *, is_connection: bool) -> tuple[Field, ...]:
    """Return the fields of 5157 or 5152 in the generation's order."""
    new = generation.has_origin
    fields = [
        Field("ProcessID" if is_connection else "ProcessId", _U64),
        Field("Application", _T),
        Field("Direction", _T),
        Field("SourceAddress", _T),
        Field("SourcePort", _T),
        Field("DestAddress", _T),
        Field("DestPort", _T),
        Field("Protocol", _U32),
    ]
    if is_connection and new:
        fields.append(Field("InterfaceIndex", _U32))
    if generation.is_enriched:
        fields.append(Field("FilterName", _T))
    if new:
        fields.append(Field("FilterOrigin", _T))
    fields += [Field("FilterRTID", _U64), Field("LayerName", _T), Field("LayerRTID", _U64)]
    if generation.is_enriched:
        fields.append(Field("SublayerInformation", _T))
    if is_connection and generation.connection_version >= 1:
        fields += [Field("RemoteUserID", _SID), Field("RemoteMachineID", _SID)]
    if is_connection and generation.connection_version >= 3:  # noqa: PLR2004 - 5157 version 3
        fields += [Field("OriginalProfile", _T), Field("CurrentProfile", _T)]
        fields += [Field("IsLoopback", _T), Field("HasRemoteDynamicKeywordAddress", _T)]
    if generation.is_enriched:
        fields.append(Field("FilterAction", _T))
    return tuple(fields)


def _values(
    packet: Packet,
    by: Filter,
    *,
    is_inbound: bool,
    generation: Generation,
    process: tuple[int, str],
    interface_index: int,
) -> dict[str, object]:
    local = (str(packet.local_ip), str(packet.local_port))
    remote = (str(packet.remote_ip), str(packet.remote_port))
    from_local = not is_inbound or generation.is_source_local
    source, destination = (local, remote) if from_local else (remote, local)
    profile = f"%%{14643 + packet.profile}"
    return {
        "ProcessID": process[0],
        "ProcessId": process[0],
        "Application": process[1],
        "Direction": "%%14592" if is_inbound else "%%14593",
        "SourceAddress": source[0],
        "SourcePort": source[1],
        "DestAddress": destination[0],
        "DestPort": destination[1],
        "Protocol": packet.protocol,
        "InterfaceIndex": interface_index,
        "FilterName": by.name,
        "FilterOrigin": by.origin or "Unknown",
        "FilterRTID": by.id,
        "LayerName": f"%%{packet.layer.code}",
        "LayerRTID": packet.layer.id,
        "SublayerInformation": by.sublayer.key,
        "RemoteUserID": NOBODY,
        "RemoteMachineID": NOBODY,
        "OriginalProfile": profile,
        "CurrentProfile": profile,
        "IsLoopback": "%%1826",
        "HasRemoteDynamicKeywordAddress": "%%1826",
        "FilterAction": "Block",
    }


def blocked(
    record_id: int,
    moment: datetime,
    *,
    is_connection: bool,
    computer: str,
    packet: Packet,
    by: Filter,
    is_inbound: bool,
    generation: Generation,
    process: tuple[int, str],
    interface_index: int,
) -> EventRecord:
    """Return event 5157 for a connection, 5152 for a packet.

    ``moment`` is by the host's clock, ``process`` the id and the NT path that the event names.
    """
    fields = _blocked_fields(generation, is_connection=is_connection)
    values = _values(
        packet,
        by,
        is_inbound=is_inbound,
        generation=generation,
        process=process,
        interface_index=interface_index,
    )
    version = generation.connection_version if is_connection else int(generation.has_origin)
    return EventRecord(
        record_id=record_id,
        filetime=filetime(moment),
        provider=AUDITING,
        event_id=5157 if is_connection else 5152,
        version=version,
        task=12810 if is_connection else 12809,
        keywords=FAILURE,
        computer=computer,
        fields=fields,
        values=tuple(values[field.name] for field in fields),
        thread_id=4 + 4 * (record_id % 60),
    )


_SUBJECT_FIELDS: Final = (
    Field("SubjectUserSid", _SID),
    Field("SubjectUserName", _T),
    Field("SubjectDomainName", _T),
    Field("SubjectLogonId", ValueType.HEX64),
)
_CHANGED_FIELDS: Final = (
    *_SUBJECT_FIELDS,
    Field("CategoryId", _T),
    Field("SubcategoryId", _T),
    Field("SubcategoryGuid", ValueType.GUID),
    Field("AuditPolicyChanges", _T),
)
_OBJECT_ACCESS: Final = {0x25: "%%12809", 0x26: "%%12810", 0x27: "%%12804"}


def policy_changed(
    record_id: int,
    moment: datetime,
    *,
    computer: str,
    change: Change,
    account: tuple[str, str, str],
) -> EventRecord:
    """Return event 4719; ``account`` is SID, name and domain of who changed the policy."""
    last = change.subcategory.bytes[3]
    values = (
        *_subject(account),
        "%%8274",
        _OBJECT_ACCESS.get(last, "%%12288"),
        change.subcategory,
        change.codes,
    )
    return EventRecord(
        record_id=record_id,
        filetime=filetime(moment),
        provider=AUDITING,
        event_id=4719,
        version=0,
        task=13568,
        keywords=SUCCESS,
        computer=computer,
        fields=_CHANGED_FIELDS,
        values=values,
        process_id=752,
        thread_id=812,
    )


_CLIENT_FIELDS: Final = (
    Field("ClientProcessStartKey", _U64),
    Field("ClientProcessId", _U32),
    Field("ParentProcessId", _U32),
    Field("RpcCallClientLocality", _U32),
    Field("FQDN", _T),
)
_FIRST_WITH_CLIENT: Final = 18362
"""Windows 10 1903, whose events of tasks have version 1 (learn.microsoft.com: event 4698)."""


def task_changed(
    record_id: int,
    moment: datetime,
    *,
    computer: str,
    build: int,
    event_id: int,
    task: tuple[str, str],
    account: tuple[str, str, str],
) -> EventRecord:
    """Return event 4698, 4699 or 4702; ``task`` is its path and definition, ``account`` as above.

    The definition is called TaskContent, of a changed task TaskContentNew.
    """
    is_new = build >= _FIRST_WITH_CLIENT
    content = "TaskContentNew" if event_id == 4702 else "TaskContent"  # noqa: PLR2004 - the event
    fields = [*_SUBJECT_FIELDS, Field("TaskName", _T), Field(content, _T)]
    values = [*_subject(account), *task]
    if is_new:
        fields += _CLIENT_FIELDS
        values += (5066549580796854, 3932, 5304, 0, computer)
    return EventRecord(
        record_id=record_id,
        filetime=filetime(moment),
        provider=AUDITING,
        event_id=event_id,
        version=int(is_new),
        task=12804,
        keywords=SUCCESS,
        computer=computer,
        fields=tuple(fields),
        values=tuple(values),
        process_id=752,
        thread_id=5048,
    )


def _subject(account: tuple[str, str, str]) -> tuple[object, ...]:
    """Return who did it: SID, name and domain, and the number of the logon session."""
    return (*account, 0x3E7 if account[0] == SYSTEM_SID else 0x1F3A77)


def log_stopped(record_id: int, moment: datetime, *, computer: str) -> EventRecord:
    """Return event 1100, which the event log writes when the host shuts down."""
    return EventRecord(
        record_id=record_id,
        filetime=filetime(moment),
        provider=EVENTLOG,
        event_id=1100,
        version=0,
        task=103,
        keywords=0x4020000000000000,
        computer=computer,
        fields=(),
        values=(),
        level=4,
        process_id=1480,
        thread_id=1620,
        user_data="ServiceShutdown",
    )
