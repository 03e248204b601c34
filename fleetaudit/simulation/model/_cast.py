"""Who is in the simulated fleet: about 22 healthy hosts of every kind, and some that fail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.model._languages import Language
from fleetaudit.simulation.model.generations import GENERATIONS
from fleetaudit.simulation.model.specs import ZONES, HostSpec, Role, Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BEHAVIOURS_OF", "cast"]

_EN, _DE, _FR, _JA = Language.ENGLISH, Language.GERMAN, Language.FRENCH, Language.JAPANESE
_ZONE_OF: Final = {
    _EN: "Eastern Standard Time",
    _DE: "W. Europe Standard Time",
    _FR: "W. Europe Standard Time",
    _JA: "Tokyo Standard Time",
}
_T = Trait

_HEALTHY: Final = (
    ("ws-berlin-01", "11", _DE, Role.WORKSTATION, (_T.REFRESHES, _T.LOGS_DROPS)),
    ("fs-berlin-01", "2022", _DE, Role.FILE_SERVER, (_T.LOGS_DROPS, _T.TASKS_AUDITED)),
    ("ws-paris-01", "10", _FR, Role.WORKSTATION, (_T.PROMPTED_BLOCKS, _T.BYTE_ORDER_MARK)),
    ("web-paris-01", "2025", _FR, Role.WEB_SERVER, (_T.LOGS_DROPS, _T.SMALL_FIREWALL_LOG)),
    ("ws-osaka-01", "11-24H2", _JA, Role.WORKSTATION, (_T.REBOOTS,)),
    ("db-osaka-01", "2019", _JA, Role.DATABASE, (_T.UNSIGNED_BIAS, _T.TASKS_AUDITED)),
    ("ws-boston-01", "11", _EN, Role.WORKSTATION, (_T.VPN, _T.PROMPTED_BLOCKS)),
    ("web-boston-01", "2022", _EN, Role.WEB_SERVER, (_T.AUDITED_BEFORE, _T.LOGS_DROPS)),
    ("old-boston-01", "7", _EN, Role.WORKSTATION, (_T.LOGS_DROPS,)),
    ("db-boston-01", "2016", _EN, Role.DATABASE, (_T.SMALL_LOG,)),
    ("ws-sydney-01", "10", _EN, Role.WORKSTATION, (_T.REUSES_IDS, _T.UNSIGNED_BIAS)),
    ("srv-sydney-01", "2019", _EN, Role.HARDENED, (_T.LOGS_DROPS, _T.LOSES_EVENTS)),
    ("ws-pune-01", "11-25H2", _EN, Role.WORKSTATION, (_T.HOSTILE_NAMES,)),
    ("fs-pune-01", "2016", _EN, Role.FILE_SERVER, (_T.HOSTILE_NAMES, _T.NO_AUDIT_OVERRIDE)),
    ("ws-berlin-02", "10", _DE, Role.WORKSTATION, (_T.VPN, _T.REFRESHES)),
    ("dc-berlin-01", "2025", _DE, Role.HARDENED, (_T.GPO_AUDIT, _T.SUCCESS_BEFORE, _T.GPO_LOGGING)),
    ("fs-boston-02", "2022", _EN, Role.FILE_SERVER, (_T.GPO_REVERTS,)),
    ("ws-boston-02", "11-24H2", _EN, Role.WORKSTATION, (_T.BYTE_ORDER_MARK, _T.AGENT_REVERTS)),
    (
        "web-osaka-02",
        "2025",
        _JA,
        Role.WEB_SERVER,
        (_T.REFRESHES, _T.CONSTRAINED, _T.TASKS_AUDITED),
    ),
    ("ws-paris-02", "11", _FR, Role.WORKSTATION, (_T.LOGS_DROPS, _T.GPO_AUDIT, _T.CONSTRAINED)),
    ("old-berlin-02", "7", _DE, Role.WORKSTATION, ()),
    ("ws-boston-03", "10", _EN, Role.WORKSTATION, (_T.REBOOTS, _T.LOGS_DROPS)),
)
"""Name, generation, language, role, traits."""

_ZONES: Final = {"sydney": "AUS Eastern Standard Time", "pune": "India Standard Time"}
_SKEWS: Final = {
    "ws-paris-01": timedelta(minutes=7, seconds=12),
    "db-osaka-01": timedelta(hours=-3, seconds=-4),
    "ws-boston-02": timedelta(seconds=1.4),
    "old-boston-01": timedelta(days=-1, minutes=2),
    "fs-pune-01": timedelta(seconds=-95),
}
_PROFILES: Final = {"ws-boston-01": "Public", "ws-sydney-01": "Private", "ws-paris-02": "Public"}

_FAILING: Final = (
    ("ws-lyon-90", "11", _FR, Fault.REFUSE),
    ("ws-lyon-91", "10", _FR, Fault.WRONG_PASSWORD),
    ("srv-lyon-92", "2019", _FR, Fault.NO_RIGHTS),
    ("srv-bonn-93", "2022", _DE, Fault.TRUNCATED),
    ("ws-bonn-94", "10", _DE, Fault.DIES_IN_WINDOW),
    ("srv-bonn-95", "2016", _DE, Fault.HANG_CONNECT),
    ("ws-kobe-96", "11", _JA, Fault.RUBBISH),
    ("srv-kobe-97", "2025", _JA, Fault.RESET),
    ("srv-york-98", "2022", _EN, Fault.HANG_SCRIPT),
    ("ws-york-99", "11-24H2", _EN, Fault.SURROGATE),
    ("srv-york-89", "2019", _EN, Fault.NO_JEA),
    ("ws-york-88", "10", _EN, Fault.ERROR_FLOOD),
)
"""Those that fail; a fleet of 28 has the first six of them."""

_COMMON: Final = ("echo", "echo-v6", "igmp", "mdns", "mdns-v6", "netbios", "late-reply")
_CLIENT: Final = (*_COMMON, "smb", "ssdp", "updater", "updater-v6", "browser", "sql", "spool")
_SERVER: Final = (*_COMMON, "smb", "winrm", "rdp", "rdp-v6", "port-scan", "updater")

BEHAVIOURS_OF: Final = {
    Role.WORKSTATION: (*_CLIENT, "chatter-in", "widgets", "private-dns", "time", "odd-in"),
    Role.FILE_SERVER: (*_SERVER, "spool", "lmhosts", "odd-in", "chatter-in"),
    Role.WEB_SERVER: (*_SERVER, "browser-quic", "port-unreachable", "time"),
    Role.DATABASE: (*_SERVER, "sql", "time"),
    Role.HARDENED: (*_SERVER, "browser", "windows-update", "port-unreachable"),
}
"""Why there is traffic, by role."""


def _healthy(number: int) -> HostSpec:
    name, generation, language, role, traits = _HEALTHY[(number - 1) % len(_HEALTHY)]
    turn = (number - 1) // len(_HEALTHY)
    site = name.split("-")[1]
    zone = ZONES[_ZONES.get(site, _ZONE_OF[language])]
    base = name
    if turn:
        name = f"{name.rpartition('-')[0]}-{turn}{name.rpartition('-')[2]}"
    return HostSpec(
        name=name,
        number=number,
        generation=GENERATIONS[generation],
        language=language,
        role=role,
        profile=_PROFILES.get(base, "Domain"),
        zone=zone,
        skew=_SKEWS.get(base, timedelta(0)),
        traits=frozenset(traits),
    )


def _failing(place: int, number: int) -> HostSpec:
    name, generation, language, fault = _FAILING[place]
    found = GENERATIONS[generation]
    return HostSpec(
        name=name,
        number=number,
        generation=found,
        language=language,
        role=Role.FILE_SERVER if found.is_server else Role.WORKSTATION,
        zone=ZONES[_ZONE_OF[language]],
        fault=fault,
    )


def cast(size: int) -> Iterator[HostSpec]:
    """Yield ``size`` hosts: of every 28 the first 22 are healthy, at most 12 fail in all."""
    failing = min(size * 6 // 28, len(_FAILING)) if size > len(_HEALTHY) else 0
    healthy = size - failing
    for number in range(1, healthy + 1):
        yield _healthy(number)
    for place in range(failing):
        yield _failing(place, healthy + place + 1)
