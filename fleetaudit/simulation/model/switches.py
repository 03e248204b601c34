"""What can be switched on a simulated host beside its audit policy, by Windows' own commands.

Three things: whether and how much the firewall logs of what it drops, by profile; whether the log
of the DNS client is on; and whether net events of multicast and broadcast are kept.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.model.specs import Trait

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fleetaudit.simulation.formats.firewall_log import FirewallLogFile
    from fleetaudit.simulation.model.net_events import NetEventRing
    from fleetaudit.simulation.model.specs import HostSpec

__all__ = ["DNS_CHANNEL", "Switches"]

DNS_CHANNEL: Final = "Microsoft-Windows-DNS-Client/Operational"
_DNS_ONE_IN: Final = 4
"""On so many hosts somebody switched the channel on."""
_LAST_WITHOUT_CHANNEL: Final = 7601
_PROFILES: Final = {
    "domainprofile": "Domain",
    "privateprofile": "Private",
    "publicprofile": "Public",
}
_LOGGING: Final = re.compile(
    r"advfirewall set (\w+) logging (?:droppedconnections (enable|disable)|maxfilesize (\d{1,5}))"
)
_KEYWORDS: Final = re.compile(r"wfp set options keywords=(none|bcast|mcast|bcast\+mcast)")
_CHANNEL: Final = re.compile(rf"sl {re.escape(DNS_CHANNEL)} /e:(true|false)")
_LARGEST: Final = 32_767


@dataclass(slots=True, kw_only=True)
class Switches:
    """The settings of one host.

    Attributes:
        log_blocked: Whether the firewall logs what it drops, by profile.
        log_kilobytes: How large its log may become, by profile.
        is_dns_logged: Whether the log of the DNS client is on; None where there is none.
        was_dns_logged: Whether it ever was, so that it may hold something.
    """

    spec: HostSpec
    firewall_log: FirewallLogFile
    net_events: NetEventRing
    log_blocked: dict[str, bool] = field(init=False)
    log_kilobytes: dict[str, int] = field(init=False)
    is_dns_logged: bool | None = field(init=False)
    was_dns_logged: bool = field(init=False)

    def __post_init__(self) -> None:
        is_on = Trait.LOGS_DROPS in self.spec.traits
        kilobytes = self.firewall_log.maximum_bytes // 1024
        self.log_blocked = dict.fromkeys(_PROFILES.values(), is_on)
        self.log_kilobytes = dict.fromkeys(_PROFILES.values(), kilobytes)
        drawn = zlib.crc32(f"{self.spec.name} {DNS_CHANNEL}".encode()) % _DNS_ONE_IN == 0
        has_channel = self.spec.generation.build > _LAST_WITHOUT_CHANNEL
        self.is_dns_logged = drawn if has_channel else None
        self.was_dns_logged = bool(self.is_dns_logged)
        self._apply()

    @property
    def is_logging(self) -> bool:
        """Return whether the firewall logs now what it drops."""
        return self.log_blocked[self.spec.profile]

    def values(self) -> Mapping[str, object]:
        """Return every setting, to be compared."""
        return {
            **{f"{name}/blocked": value for name, value in self.log_blocked.items()},
            **{f"{name}/kilobytes": value for name, value in self.log_kilobytes.items()},
            "dns": self.is_dns_logged,
            "keywords": self.net_events.keywords,
        }

    def netsh(self, arguments: str) -> None:
        """Do as ``netsh`` does.

        Raises:
            ValueError: These arguments are not modelled.
        """
        if wanted := _KEYWORDS.fullmatch(arguments):
            self.net_events.keywords = wanted[1]
            return
        wanted = _LOGGING.fullmatch(arguments)
        if wanted is None or wanted[1] not in _PROFILES:
            raise ValueError("netsh does not know these arguments")
        profile = _PROFILES[wanted[1]]
        if wanted[2]:
            self.log_blocked[profile] = wanted[2] == "enable"
        elif 1 <= int(wanted[3]) <= _LARGEST:
            self.log_kilobytes[profile] = int(wanted[3])
        else:
            raise ValueError("netsh takes 1 to 32767 KB")
        self._apply()

    def wevtutil(self, arguments: str) -> None:
        """Do as ``wevtutil`` does.

        Raises:
            ValueError: These arguments are not modelled, or there is no such channel.
        """
        wanted = _CHANNEL.fullmatch(arguments)
        if wanted is None or self.is_dns_logged is None:
            raise ValueError("wevtutil knows no such channel")
        self.is_dns_logged = wanted[1] == "true"
        self.was_dns_logged |= self.is_dns_logged

    def _apply(self) -> None:
        self.firewall_log.maximum_bytes = self.log_kilobytes[self.spec.profile] * 1024
        self.firewall_log.exists |= self.is_logging
