"""The files of ``auditpol /backup`` and of a GPO's advanced audit policy (windows-facts 5).

A header and two of its lines::

    Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,...,Setting Value
    WEB01,System,Logon,{0cce9215-69ae-11d9-bed3-505054503030},Success and Failure,,3

The two look alike and number differently: in a GPO's file 0 is unchanged and 4 is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.model._languages import INCLUSIONS, Language
from fleetaudit.simulation.model._subcategories import SUBCATEGORIES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from fleetaudit.records.audit_policy import Inclusion

__all__ = ["render_backup", "render_group_policy"]

_HEADER: Final = (
    "Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,"
    "Exclusion Setting,Setting Value"
)
_OPTIONS: Final = (
    ",,Option:CrashOnAuditFail,,Disabled,,0",
    ",,Option:FullPrivilegeAuditing,,Disabled,,0",
    ",,Option:AuditBaseObjects,,Disabled,,0",
    ",,Option:AuditBaseDirectories,,Disabled,,0",
    ",,FileGlobalSacl,,,,",
    ",,RegistryGlobalSacl,,,,",
)
_UNCHANGED, _NONE = 0, 4


def render_backup(settings: Mapping[UUID, Inclusion], *, machine: str, language: Language) -> bytes:
    """Return the file of ``auditpol /backup``, in the ANSI code page of the language."""
    lines = [_HEADER]
    for guid, (names, _) in SUBCATEGORIES.items():
        value = settings[guid]
        shown = INCLUSIONS[language][value]
        lines.append(f"{machine},System,{names[language]},{{{guid}}},{shown},,{int(value)}")
    lines += _OPTIONS
    text = "".join(f"{line}\r\n" for line in lines)
    return text.encode(language.ansi_code_page, "replace")


def render_group_policy(
    enforced: Mapping[UUID, Inclusion], *, unchanged: tuple[UUID, ...] = ()
) -> bytes:
    """Return ``audit.csv`` of a GPO, with English names as its editor writes them."""
    lines = [_HEADER]
    for guid, value in enforced.items():
        name = SUBCATEGORIES[guid][0][Language.ENGLISH]
        shown = INCLUSIONS[Language.ENGLISH][value]
        number = int(value) or _NONE
        lines.append(f",System,Audit {name},{{{guid}}},{shown},,{number}")
    for guid in unchanged:
        name = SUBCATEGORIES[guid][0][Language.ENGLISH]
        lines.append(f",System,Audit {name},{{{guid}}},Not specified,,{_UNCHANGED}")
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")
