r"""Records of an event log, from an EVTX file as ``wevtutil epl`` writes it.

The reader gives each record as JSON text, and this is all of it that is looked at::

    {"Event":{"System":{
       "Provider":{"#attributes":{"Name":"Microsoft-Windows-Security-Auditing"}},
       "EventID":5157,"Version":1,"Keywords":"0x8010000000000000",
       "TimeCreated":{"#attributes":{"SystemTime":"2026-11-21T08:00:01.512340Z"}},
       "EventRecordID":227694,"Computer":"WEB01.example.org"},
     "EventData":{"ProcessID":820,
       "Application":"\\device\\harddiskvolume3\\windows\\system32\\svchost.exe",
       "Direction":"%%14592","SourceAddress":"10.0.0.7","SourcePort":"50100",
       "DestAddress":"10.0.0.5","DestPort":"445","Protocol":6,"FilterRTID":67229,
       "LayerName":"%%14610","LayerRTID":44,
       "RemoteUserID":"S-1-0-0","RemoteMachineID":"S-1-0-0"}}}

Forwarded records have every number as a text. Events 1100 to 1105 have ``UserData`` with one
element of fields instead of ``EventData``. What the fields mean: windows-facts 1.2 to 1.4.

Which events are kept, and in which table: :mod:`fleetaudit.parsers._event_sorting`. The log may
be the Security log, the DNS client's or Sysmon's. Other records are counted in one issue with
``lost=0``: they are no evidence of drops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from fleetaudit.parsers._event_pending import PendingEvents
from fleetaudit.parsers._event_sorting import AUDIT_CODES, TRAFFIC_CODES, table_of
from fleetaudit.parsers._event_text import EventReader
from fleetaudit.parsers._evtx_chunks import read_records
from fleetaudit.parsers._text import capped
from fleetaudit.records.evidence import EvidenceContext, Issue, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["AUDIT_CODES", "TRAFFIC_CODES", "parse"]


def parse(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    """Yield the kept records as batches of at most 50,000 rows, and issues.

    Values that read ``-`` are null. Damaged chunks and records become issues that name them; the
    rest of the file is read. Memory does not grow with the file.
    """
    yield from capped(_items(stream, context), source=context.name)


def _items(stream: BinaryIO, context: EvidenceContext) -> Iterator[Rows | Issue]:
    pending = PendingEvents(context.name, EventReader(table_of), "record {} of the file")
    for item in read_records(stream, context.name):
        if isinstance(item, Issue):
            yield item
        else:
            yield from pending.take(*item)
    yield from pending.finish()
