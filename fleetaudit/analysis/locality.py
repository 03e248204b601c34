"""Which end of a record is the host, and how its ports read.

Before Windows 10 an inbound record named the host as the source, since then as the destination
(windows-facts 1.3), so the ends are told apart by what is known, best first; ``local_decided_by``
says which test did it.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

import numpy as np

from fleetaudit.records.event_codes import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

__all__ = ["localize", "port_labels", "strip_volume"]

_AT_A_SWITCH: Final = {
    Direction.VSWITCH_INGRESS: Direction.INBOUND,
    Direction.VSWITCH_EGRESS: Direction.OUTBOUND,
}
_CONNECT_LAYERS: Final = (48, 50)
_ACCEPT_LAYERS: Final = (44, 46)
PACKET_DIRECTION_BUILD: Final = 10240
"""From this build on an inbound record's destination is the host."""

_TRANSPORTS: Final = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 58: "icmpv6"}
_WITH_PORTS: Final = frozenset({6, 17})
_WITH_TYPES: Final = frozenset({1, 58})


def localize(
    events: pd.DataFrame,
    *,
    own: frozenset[str],
    os_build: int | None,
    broadcasts: frozenset[str] = frozenset(),
) -> pd.DataFrame:
    """Return ``events`` with the ends told apart.

    Needs ``direction_code``, ``layer_rtid``, ``source_ip``, ``source_port``, ``destination_ip``,
    ``destination_port`` (ports -1 for none). Adds ``network_direction``, ``local_ip``,
    ``local_port``, ``remote_ip``, ``remote_port``, ``local_decided_by``.

    Args:
        events: One row a record.
        own: The host's own addresses, as canonical text.
        os_build: The host's build; None when unknown, then taken for a current one.
        broadcasts: The broadcast addresses of the host's own networks.
    """
    direction = _direction(events)
    source, destination = events["source_ip"], events["destination_ip"]
    outbound = direction.eq("outbound").to_numpy()
    modern = os_build is None or os_build >= PACKET_DIRECTION_BUILD
    tests: list[tuple[str, np.ndarray, np.ndarray]] = [
        ("outbound", outbound, np.ones(len(events), dtype=bool)),
        ("own-address", _in(destination, own) & ~_in(source, own), np.zeros(len(events), bool)),
        ("own-address", _in(source, own) & ~_in(destination, own), np.ones(len(events), bool)),
        ("group-address", _is_group(destination, broadcasts), np.zeros(len(events), dtype=bool)),
        ("group-address", _is_group(source, broadcasts), np.ones(len(events), dtype=bool)),
    ]
    rest = "os-build" if os_build is not None else "assumed"
    decided = np.full(len(events), rest, dtype=object)
    source_is_local = np.full(len(events), not modern)
    open_rows = np.ones(len(events), dtype=bool)
    for name, holds, is_source in tests:
        now = open_rows & holds
        decided[now] = name
        source_is_local[now] = is_source[now]
        open_rows &= ~holds
    return events.assign(
        network_direction=direction,
        local_ip=source.where(source_is_local, destination),
        local_port=events["source_port"].where(source_is_local, events["destination_port"]),
        remote_ip=destination.where(source_is_local, source),
        remote_port=events["destination_port"].where(source_is_local, events["source_port"]),
        local_decided_by=decided,
    )


def port_labels(events: pd.DataFrame) -> pd.Series[str]:
    """Return ``tcp/445``, ``icmp/8:0`` (type and code), ``proto-47`` for each record.

    The port is the one that a rule would name: the local one when inbound, else the remote one.
    For ICMP the local port is the type and the remote port the code (windows-facts 1.3).
    """
    protocol = events["network_iana_number"].astype("int64")
    port = events["local_port"].where(
        events["network_direction"].eq("inbound"), events["remote_port"]
    )
    name = protocol.map(_TRANSPORTS).fillna("proto-" + protocol.astype(str))
    name = name.where(protocol >= 0, "no protocol")
    labels = name.copy()
    with_port = protocol.isin(_WITH_PORTS)
    labels = labels.where(~with_port, name + "/" + port.astype("int64").astype(str))
    with_type = protocol.isin(_WITH_TYPES)
    kind = events["local_port"].astype("int64").astype(str)
    code = events["remote_port"].astype("int64").astype(str)
    return labels.where(~with_type, name + "/" + kind + ":" + code)


def strip_volume(program: str | None) -> str:
    r"""Return a program's path without its volume, lower case: volume numbers differ by boot.

    ``\device\harddiskvolume3\windows\system32\svchost.exe`` and ``C:\Windows\System32\svchost.exe``
    both become ``\windows\system32\svchost.exe``; ``-`` and nothing become ``(no endpoint)``.
    """
    if not program or program == "-":
        return "(no endpoint)"
    text = program.casefold()
    if text.startswith("\\device\\"):
        _volume, separator, path = text.removeprefix("\\device\\").partition("\\")
        return separator + path if separator else text
    return text[2:] if text[1:3] == ":\\" else text


def _direction(events: pd.DataFrame) -> pd.Series[str]:
    code, layer = events["direction_code"], events["layer_rtid"]
    words = {number: _direction_word(int(number)) for number in code.unique()}
    direction = code.map(words).astype("str")
    # 25H2 was seen to call an outbound connect inbound; the layer is right (windows-facts 1.3).
    direction = direction.where(~layer.isin(_CONNECT_LAYERS), "outbound")
    direction = direction.where(~layer.isin(_ACCEPT_LAYERS), "inbound")
    # A blocked bind or listen has no direction and only its own end (windows-facts 1.2).
    return direction.where(direction.ne("unknown") | events["destination_ip"].notna(), "none")


def _direction_word(number: int) -> str:
    if number < 0:
        return "unknown"
    direction = Direction(number)
    return _AT_A_SWITCH.get(direction, direction).word


def _in(values: pd.Series[str], known: Iterable[str]) -> np.ndarray:
    return values.isin(set(known)).to_numpy(dtype=bool)


def _is_group(values: pd.Series[str], broadcasts: frozenset[str]) -> np.ndarray:
    groups = {text for text in values.dropna().unique() if _is_group_address(str(text))}
    return _in(values, groups | broadcasts)


def _is_group_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.is_multicast or text == "255.255.255.255"
