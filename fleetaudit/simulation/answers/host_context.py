"""What ``Get-HostContext`` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.answers._answer import (
    Answer,
    Asked,
    exit_record,
    file_records,
    has_rights,
    refusal,
)
from fleetaudit.simulation.formats.context import iso, render_json, render_volumes
from fleetaudit.simulation.model._recorder import INTERFACE_INDEX
from fleetaudit.simulation.model.specs import Trait
from fleetaudit.simulation.model.traffic import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.simulation._seam import Emission
    from fleetaudit.simulation.model.host import SimulatedHost

__all__ = ["ANSWER"]

_FIRST_WITH_NET_CMDLETS: Final = 9200
"""Windows 8 and Server 2012; before, there is no Get-NetIPAddress and its like."""

_DISPLAY: Final = {
    "Dnscache": "DNS Client",
    "SSDPSRV": "SSDP Discovery",
    "TermService": "Remote Desktop Services",
    "W32Time": "Windows Time",
    "LMHosts": "TCP/IP NetBIOS Helper",
    "wuauserv": "Windows Update",
}


def _dos(path: str) -> str:
    expanded = path.replace("%SystemRoot%", r"C:\WINDOWS")
    return expanded.replace("%ProgramFiles%", r"C:\Program Files")


def _services(host: SimulatedHost) -> list[dict[str, object]]:
    found: list[dict[str, object]] = [
        {
            "Name": program.service,
            "DisplayName": _DISPLAY[program.service],
            "ProcessId": host.process_id(name),
            "State": "Running",
            "StartMode": "Auto",
            "StartName": r"NT AUTHORITY\NetworkService",
            "PathName": r"C:\WINDOWS\system32\svchost.exe -k NetworkService -p",
        }
        for name, program in PROGRAMS.items()
        if program.service
    ]
    found.append(
        {
            "Name": "BITS",
            "DisplayName": "Background Intelligent Transfer Service",
            "ProcessId": 0,
            "State": "Stopped",
            "StartMode": "Manual",
            "StartName": "LocalSystem",
            "PathName": r"C:\WINDOWS\System32\svchost.exe -k netsvcs -p",
        }
    )
    return found


def _processes(host: SimulatedHost) -> list[dict[str, object]]:
    started = iso(host.host_time(host.booted_at))
    found: list[dict[str, object]] = [
        {
            "ProcessId": 0,
            "Name": "System Idle Process",
            "ExecutablePath": None,
            "CreationDate": None,
        },
        {"ProcessId": 4, "Name": "System", "ExecutablePath": None, "CreationDate": started},
    ]
    for name, program in PROGRAMS.items():
        if program.path and program.path != "System":
            path = _dos(program.path)
            found.append(
                {
                    "ProcessId": host.process_id(name),
                    "Name": path.rpartition("\\")[2],
                    "ExecutablePath": path,
                    "CreationDate": started,
                }
            )
    return found


def _addresses(host: SimulatedHost) -> list[dict[str, object]]:
    rows = (
        (f"{host.spec.v6}%{INTERFACE_INDEX}", 64, INTERFACE_INDEX, "Ethernet"),
        (str(host.spec.v4), 24, INTERFACE_INDEX, "Ethernet"),
        ("::1", 128, 1, "Loopback Pseudo-Interface 1"),
        ("127.0.0.1", 8, 1, "Loopback Pseudo-Interface 1"),
    )
    names = ("IPAddress", "PrefixLength", "InterfaceIndex", "InterfaceAlias")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _old_addresses(host: SimulatedHost) -> list[dict[str, object]]:
    """Return what Win32_NetworkAdapterConfiguration says: masks, and no loopback."""
    return [
        {
            "IPAddress": address,
            "IPSubnet": mask,
            "InterfaceIndex": INTERFACE_INDEX,
            "InterfaceAlias": "Intel(R) PRO/1000 MT Network Connection",
        }
        for address, mask in ((str(host.spec.v4), "255.255.255.0"), (str(host.spec.v6), "64"))
    ]


def _listeners(host: SimulatedHost) -> list[dict[str, object]]:
    names = ("Protocol", "LocalAddress", "LocalPort", "OwningProcess")
    rows = [
        (6, "0.0.0.0", 135, 912),  # noqa: S104 - what a host says of itself
        (6, "::", 445, 4),
        (6, "::", 5985, 4),
        (17, "0.0.0.0", 5353, host.process_id("dnscache")),  # noqa: S104 - see above
        (17, f"{host.spec.v6}%{INTERFACE_INDEX}", 1900, host.process_id("ssdp")),
    ]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _interfaces(host: SimulatedHost) -> list[dict[str, object]]:
    category = ("Public", "Private", "Domain").index(host.spec.profile)
    return [
        {
            "InterfaceIndex": INTERFACE_INDEX,
            "InterfaceAlias": "Ethernet",
            "Name": host.spec.domain,
            "NetworkCategory": category,
        }
    ]


def _unsupported() -> list[dict[str, object]]:
    return [
        {"Name": "listeners.json", "Missing": "Get-NetTCPConnection"},
        {"Name": "interfaces.json", "Missing": "Get-NetConnectionProfile"},
    ]


def _give(asked: Asked) -> Iterator[Emission]:
    host = asked.host
    has_mark = Trait.BYTE_ORDER_MARK in host.spec.traits
    files = {"services.json": _services(host), "processes.json": _processes(host)}
    if host.spec.generation.build < _FIRST_WITH_NET_CMDLETS:
        files |= {"addresses.json": _old_addresses(host), "unsupported.json": _unsupported()}
    else:
        files |= {
            "addresses.json": _addresses(host),
            "listeners.json": _listeners(host),
            "interfaces.json": _interfaces(host),
        }
    for name, rows in files.items():
        yield from file_records(name, render_json(rows, has_mark=has_mark))
    if not has_rights(host):
        yield from refusal(host, "fltmc")
        return
    yield exit_record("fltmc")
    volumes = render_volumes(host.volume, language=host.spec.language)
    yield from file_records("volumes.txt", volumes)


ANSWER = Answer(name="Get-HostContext", give=_give)
