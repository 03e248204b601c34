"""What a runspace pool tells its client on opening (MS-PSRP 2.2.2.1, 2.2.2.13, 2.2.2.3).

Three messages in this order, the first still without the pool's id: SESSION_CAPABILITY,
APPLICATION_PRIVATE_DATA with ``$PSVersionTable``, RUNSPACEPOOL_STATE Opened (recorded: open_pool).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fleetaudit.simulation.network._psrp_clixml import Writer

__all__ = ["OPENED", "SESSION_CAPABILITY", "Version", "VersionTable", "private_data", "windows"]

_DICTIONARY: Final = (
    "System.Management.Automation.PSPrimitiveDictionary",
    "System.Collections.Hashtable",
    "System.Object",
)
_VERSIONS: Final = ("System.Version[]", "System.Array", "System.Object")

SESSION_CAPABILITY: Final = (
    '<Obj RefId="0"><MS><Version N="protocolversion">2.3</Version><Version N="PSVersion">2.0'
    '</Version><Version N="SerializationVersion">1.1.0.1</Version></MS></Obj>'
)
OPENED: Final = '<Obj RefId="0"><MS><I32 N="RunspaceState">2</I32></MS></Obj>'


@dataclass(frozen=True, slots=True)
class Version:
    """A System.Version."""

    text: str


VersionTable = Mapping[str, str | Version | tuple[Version, ...]]
"""``$PSVersionTable``."""


def windows(powershell_version: str) -> VersionTable:
    """Return the version table of a Windows PowerShell such as 5.1.20348.2849."""
    build = powershell_version.partition(".")[2].partition(".")[2]
    older = ("1.0", "2.0", "3.0", "4.0", "5.0", powershell_version)
    return {
        "PSVersion": Version(powershell_version),
        "PSEdition": "Desktop",
        "PSCompatibleVersions": tuple(Version(one) for one in older),
        "CLRVersion": Version("4.0.30319.42000"),
        "BuildVersion": Version(f"10.0.{build}"),
        "WSManStackVersion": Version("3.0"),
        "PSRemotingProtocolVersion": Version("2.3"),
        "SerializationVersion": Version("1.1.0.1"),
    }


def private_data(versions: VersionTable) -> str:
    """Return the CLIXML of APPLICATION_PRIVATE_DATA."""
    writer = Writer()
    writer.open_object(())
    writer.raw("<MS>")
    writer.open_object(_DICTIONARY, "ApplicationPrivateData")
    writer.raw("<DCT><En>")
    writer.text("Key", "PSVersionTable")
    writer.open_object(_DICTIONARY, "Value")
    writer.raw("<DCT>")
    for key, value in versions.items():
        writer.raw("<En>")
        writer.text("Key", key)
        _value(writer, value)
        writer.raw("</En>")
    writer.raw("</DCT></Obj></En></DCT></Obj></MS></Obj>")
    return str(writer)


def _value(writer: Writer, value: str | Version | tuple[Version, ...]) -> None:
    if isinstance(value, str):
        writer.text("Value", value)
    elif isinstance(value, Version):
        writer.raw(f'<Version N="Value">{value.text}</Version>')
    else:
        writer.open_object(_VERSIONS, "Value")
        writer.raw("<LST>")
        for one in value:
            writer.raw(f"<Version>{one.text}</Version>")
        writer.raw("</LST></Obj>")
