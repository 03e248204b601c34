"""``pfirewall.log``, the log of the Windows Firewall (windows-facts 6).

Its first lines::

    #Version: 1.5
    #Software: Microsoft Windows Firewall
    #Time Format: Local
    #Fields: date time action protocol src-ip dst-ip src-port dst-port size tcpflags ...

    2021-06-22 12:19:41 DROP UDP 192.168.178.25 224.0.0.251 5353 5353 73 - - - - - - - RECEIVE
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from fleetaudit.simulation.model.filters import Packet

__all__ = ["FirewallLogFile", "drop_line", "lost_line"]

_TCP, _UDP, _ICMP, _ICMP6 = 6, 17, 1, 58
_FIELDS = (
    "date time action protocol src-ip dst-ip src-port dst-port size tcpflags tcpsyn tcpack tcpwin"
    " icmptype icmpcode info path"
)


def _header(*, has_pid: bool) -> str:
    return (
        "#Version: 1.5\r\n#Software: Microsoft Windows Firewall\r\n#Time Format: Local\r\n"
        f"#Fields: {_FIELDS}{' pid' if has_pid else ''}\r\n\r\n"
    )


def drop_line(
    local_time: datetime, packet: Packet, *, is_inbound: bool, size: int, pid: int | None
) -> str:
    """Return the line of a dropped packet; ``pid`` only where the log has its column."""
    names = {_TCP: "TCP", _UDP: "UDP", _ICMP: "ICMP", _ICMP6: "ICMP"}
    local = (str(packet.local_ip), str(packet.local_port))
    remote = (str(packet.remote_ip), str(packet.remote_port))
    source, destination = (remote, local) if is_inbound else (local, remote)
    ports = (source[1], destination[1])
    tcp, icmp = ("-", "-", "-", "-"), ("-", "-")
    if packet.protocol == _TCP:
        number = (packet.local_port * 65599 + packet.remote_port * 31) % 2**32
        tcp = ("S", str(number), "0", "64240") if is_inbound else ("-", "0", "0", "0")
    elif packet.protocol != _UDP:
        ports = ("-", "-")
        if packet.protocol in (_ICMP, _ICMP6):
            icmp = (str(packet.local_port), str(packet.remote_port))
    columns = [
        f"{local_time:%Y-%m-%d %H:%M:%S}",
        "DROP",
        names.get(packet.protocol, str(packet.protocol)),
        source[0],
        destination[0],
        *ports,
        str(size if is_inbound else 0),
        *tcp,
        *icmp,
        "-",
        "RECEIVE" if is_inbound else "SEND",
    ]
    if pid is not None:
        columns.append(str(pid))
    return " ".join(columns)


def lost_line(local_time: datetime, count: int, *, has_pid: bool) -> str:
    """Return the line that says how many events were not written."""
    dashes = " ".join("-" * 12)
    tail = " - -" if has_pid else " -"
    return f"{local_time:%Y-%m-%d %H:%M:%S} INFO-EVENTS-LOST {dashes} {count}{tail}"


@dataclass(slots=True)
class FirewallLogFile:
    """The log and its one older generation.

    Attributes:
        maximum_bytes: When it becomes the older one.
        has_pid: Whether it has the column of process ids.
        exists: Whether the firewall has ever logged.
    """

    maximum_bytes: int
    has_pid: bool
    exists: bool = False
    _lines: list[str] = field(default_factory=list)
    _old: list[str] = field(default_factory=list)
    _bytes: int = 0

    def write(self, line: str) -> None:
        """Append a line; a full log becomes the older one, whose lines are gone."""
        if self._bytes + len(line) > self.maximum_bytes:
            self._old, self._lines, self._bytes = self._lines, [], 0
        self._lines.append(line)
        self._bytes += len(line) + 2

    @property
    def drops(self) -> int:
        """Return the DROP lines in both files."""
        return sum(" DROP " in line for line in (*self._old, *self._lines))

    def files(self) -> dict[str, bytes]:
        """Return the files that exist, by ``""`` or ``.old``."""
        found = {"": self._lines, ".old": self._old}
        header = _header(has_pid=self.has_pid)
        return {
            suffix: (header + "".join(f"{line}\r\n" for line in lines)).encode("ascii")
            for suffix, lines in found.items()
            if self.exists and (lines or not suffix)
        }
