"""The names of an event's values where an export has left them out.

``Get-WinEvent | ConvertTo-Json`` writes ``Properties``, Fluent Bit ``StringInserts`` and
``Get-EventLog`` ``ReplacementStrings``: values in the order of the event's template, without
names. Newer versions insert fields in the middle (windows-facts 1.2), so an order is believed only
where a manifest has exactly so many fields and each value looks like what stands there.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["named"]

_PACKET: Final = (
    "ProcessId",
    "Application",
    "Direction",
    "SourceAddress",
    "SourcePort",
    "DestAddress",
    "DestPort",
    "Protocol",
    "FilterRTID",
    "LayerName",
    "LayerRTID",
)
_REMOTE: Final = ("RemoteUserID", "RemoteMachineID")
_VERSION_3: Final = (
    *_PACKET[:8],
    "InterfaceIndex",
    "FilterOrigin",
    *_PACKET[8:],
    *_REMOTE,
    "OriginalProfile",
    "CurrentProfile",
    "IsLoopback",
    "HasRemoteDynamicKeywordAddress",
)
_LOCAL: Final = (*_PACKET[:2], *_PACKET[3:5], *_PACKET[7:])
_CHANGE: Final = (
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
    "CategoryId",
    "SubcategoryId",
    "SubcategoryGuid",
    "AuditPolicyChanges",
)
_FORMS: Final = MappingProxyType(
    {
        **{(code, len(_PACKET)): _PACKET for code in (5152, 5153, 5156, 5157)},
        **{(code, len(_PACKET) + 2): (*_PACKET, *_REMOTE) for code in (5156, 5157)},
        **{(code, len(_VERSION_3)): _VERSION_3 for code in (5156, 5157)},
        **{(code, len(_LOCAL)): _LOCAL for code in (5154, 5155, 5158, 5159)},
        (5031, 2): ("Profiles", "Application"),
        (4719, len(_CHANGE)): _CHANGE,
    }
)
"""Names by event id and number of fields; only layouts that windows-facts 1.2 is certain of."""
_NUMBER: Final = re.compile(r"[0-9]{1,20}", re.ASCII)
_CODE: Final = re.compile(r"%%[0-9]{1,9}", re.ASCII)
_LOOKS: Final = MappingProxyType(
    {
        **dict.fromkeys(("ProcessId", "SourcePort", "DestPort", "Protocol"), _NUMBER),
        **dict.fromkeys(("FilterRTID", "LayerRTID", "InterfaceIndex"), _NUMBER),
        **dict.fromkeys(("Direction", "LayerName", "CategoryId"), _CODE),
        "SubjectUserSid": re.compile(r"S-1-[0-9-]{1,180}", re.ASCII),
    }
)


def named(code: int, values: Sequence[Any]) -> dict[str, Any] | None:
    """Return the values of event ``code`` by name; None where their order is not certain."""
    names = _FORMS.get((code, len(values)))
    if names is None:
        return None
    fields = dict(zip(names, values, strict=True))
    for name, pattern in _LOOKS.items():
        if name in fields and not pattern.fullmatch(str(fields[name])):
            return None
    return fields
