r"""What a file of evidence is, by how it begins.

People call the same export ``Security.evtx``, ``sec_export.xml`` or ``events.json``, and keep their
firewall's log as ``domainfw.log``. What each tool writes begins in its own way: ``ElfFile`` in an
event log, ``<wfpstate>`` in a WFP state, ``#Fields: date time action`` in a firewall log, a GUID
that ends in ``-69AE-11D9-BED3-505054503030`` in an audit policy (windows-facts 4.2, 5, 6 and 7).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from fleetaudit.parsers._text import encoding_of

__all__ = ["START_BYTES", "Form", "container_of", "form_of"]

START_BYTES: Final = 1 << 17
"""How much of a file tells what it is: the header of an event log and its first records."""

_EVTX: Final = (b"ElfFile\0", b"ElfChnk\0")
_HEADER: Final = 4096
_AROUND: Final = " \t\r\n\ufeff\0"


class Form(StrEnum):
    """What a file can be."""

    AUDIT_POLICY = "an audit policy of auditpol"
    CAPTURE = "a capture of netsh wfp"
    DNS_CACHE = "a DNS cache"
    DNS_LOG = "an event log of the DNS client"
    EVENT_JSON = "events as JSON"
    EVENT_LOG = "an event log"
    EVENT_XML = "events as XML"
    FIREWALL_LOG = "a firewall log"
    GROUP_AUDIT_POLICY = "a group policy's audit.csv"
    NET_EVENTS = "WFP net events"
    REGISTRY = "firewall keys of the registry"
    SYSMON_LOG = "an event log of Sysmon"
    WFP_STATE = "WFP filters"


_CONTAINERS: Final = (
    (b"PK\x03\x04", "is a ZIP archive; unpack it first"),
    (b"MSCF", "is a cabinet; expand it first (expand -F:* FILE .)"),
    (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive; unpack it first"),
    (b"Rar!", "is a RAR archive; unpack it first"),
    (b"BZh", "is compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ\0", "is compressed with xz; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed with Zstandard; unpack it first"),
    (b"regf", "is a registry hive; export its firewall keys with reg export"),
    (b"SQLite format 3\0", "is an SQLite database"),
)
_TAR: Final = (b"ustar", 257)
_OLD_LOG: Final = (b"LfLe", 4)

_ROOTS: Final = (
    (
        re.compile(r"<wfpdiag[\s>].*<(?:initialState|sysInfo|events|netEvent)[\s/>]", re.DOTALL),
        Form.CAPTURE,
    ),
    (re.compile(r"<wfpdiag[\s>]"), Form.WFP_STATE),
    (re.compile(r"<wfpstate[\s>]"), Form.WFP_STATE),
    (re.compile(r"<netEvents[\s/>]"), Form.NET_EVENTS),
    (re.compile(r"<netEvent[\s>]"), Form.NET_EVENTS),
    (re.compile(r"<filters[\s>].{0,2000}?<filterKey>", re.DOTALL), Form.WFP_STATE),
)
_EVENT: Final = re.compile(
    r"<(?:\w{1,20}:)?Event[\s>].{0,2000}?<(?:\w{1,20}:)?System[\s>]", re.DOTALL
)
_JSON: Final = re.compile(r"(?:Record \d+\s+)?[\[{]")
_JSON_EVENT: Final = re.compile(
    r'"(?:_?event_?id|winlog|winlog\.event_id|event\.code|_raw)"\s*:'
    r'|"(?:event|_raw|original)"\s*:\s*"\s*<Event[ >]'
    r'|"Id"\s*:\s*[0-9]{1,5}\s*,(?=.{0,4000}?"ProviderName"\s*:)'
    r'|"columns"\s*:.{0,4000}?"EventID"',
    re.DOTALL | re.IGNORECASE,
)
_JSON_ENTRY: Final = re.compile(
    r'"Entry"\s*:(?=.{0,1000}?"(?:TimeToLive|DataLength)"\s*:)', re.DOTALL
)
_FIELDS: Final = re.compile(r"^#\s?Fields:\s*date time action ", re.MULTILINE | re.IGNORECASE)
_SOFTWARE: Final = re.compile(
    r"^#Software: Microsoft (?:Windows Firewall|Internet Connection Firewall)", re.MULTILINE
)
_RECORD: Final = re.compile(
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} "
    r"(?:ALLOW|DROP|OPEN|OPEN-INBOUND|CLOSE|INFO-EVENTS-LOST) \S+ \S+ \S+ ",
    re.MULTILINE,
)
_SUBCATEGORY: Final = re.compile(
    r"[,;\t]\"?\{?0cce9[0-9a-f]{3}-69ae-11d9-bed3-505054503030\}?\"?[,;\t]", re.IGNORECASE
)
_UNCHANGED: Final = re.compile(r"[,;\t]\"?4\"?\s*$", re.MULTILINE)
_EXPORT: Final = re.compile(r"(?:Windows Registry Editor Version 5\.00|REGEDIT4)\s", re.IGNORECASE)
_QUERY: Final = re.compile(r"HKEY_[A-Z_]+\\")
_FIREWALL_KEY: Final = re.compile(
    r"\\(?:FirewallPolicy|WindowsFirewall)(?:[\\\]\r\n]|$)", re.IGNORECASE
)
_CACHE: Final = re.compile(
    r"^\s*\"?Entry\"?(?:\s{2,}(?:Record|Name)|\s{1,20}: )"
    r"|^[^\r\n]{0,200}[,;\t\"]Entry\"?[,;\t][^\r\n]{0,200}TimeToLive"
    r"|^\s+-{30,}\s*\r?\n(?:\s+\S[^\r\n:]{0,60}:[^\r\n]{0,300}\r?\n){3}",
    re.MULTILINE,
)


def form_of(start: bytes) -> Form | None:
    """Return what a file is that begins so; None where that does not say."""
    if start.startswith(_EVTX) or start[_HEADER : _HEADER + 8] == _EVTX[1]:
        return _log_of(start)
    encoding, mark = encoding_of(start[:_HEADER])
    text = start[mark:].decode(encoding, "replace").lstrip(_AROUND)
    if text.startswith("<"):
        found = next((form for pattern, form in _ROOTS if pattern.search(text)), None)
        return found or (Form.EVENT_XML if _EVENT.search(text) else None)
    if _JSON.match(text):
        if _JSON_EVENT.search(text):
            return Form.EVENT_JSON
        return Form.DNS_CACHE if _JSON_ENTRY.search(text) else None
    return _text_form(text)


def container_of(start: bytes) -> str:
    """Return why a file that begins so holds no evidence as it is, as a clause; or nothing."""
    if not start:
        return "is empty"
    if start[_TAR[1] :].startswith(_TAR[0]):
        return "is a tar archive; unpack it first"
    if start[_OLD_LOG[1] :].startswith(_OLD_LOG[0]):
        return "is an event log of Windows XP or 2003; wevtutil epl OLD NEW /lf:true converts it"
    return next((why for magic, why in _CONTAINERS if start.startswith(magic)), "")


def _log_of(start: bytes) -> Form:
    """Return whose log it is: of Sysmon or the DNS client alone, or any other."""

    def names(channel: str) -> bool:
        return channel.encode("utf-16-le") in start

    if names("Microsoft-Windows-Security-Auditing"):
        return Form.EVENT_LOG
    if names("Microsoft-Windows-Sysmon/Operational"):
        return Form.SYSMON_LOG
    if names("Microsoft-Windows-DNS-Client/Operational"):
        return Form.DNS_LOG
    return Form.EVENT_LOG


def _text_form(text: str) -> Form | None:
    if _FIELDS.search(text) or _SOFTWARE.search(text) or _RECORD.search(text):
        return Form.FIREWALL_LOG
    if _SUBCATEGORY.search(text):
        return Form.GROUP_AUDIT_POLICY if _UNCHANGED.search(text) else Form.AUDIT_POLICY
    if _EXPORT.match(text) or (_QUERY.match(text) and _FIREWALL_KEY.search(text)):
        return Form.REGISTRY
    if _CACHE.search(text):
        return Form.DNS_CACHE
    return Form.EVENT_XML if _EVENT.search(text) else None
