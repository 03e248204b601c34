"""The file that ``netsh wfp show netevents`` writes (windows-facts 4.6).

::

    <?xml version="1.0" encoding="UTF-8" standalone="yes"?>
    <netEvents numItems="1">
        <item>
            <header>
                <timeStamp>2026-04-27T06:11:02.295Z</timeStamp>
                ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.formats import _wfp_layers as layers
from fleetaudit.simulation.formats.wfp_state import dotted, escaped
from fleetaudit.simulation.model.filters import Sublayer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fleetaudit.simulation.model.generations import Generation
    from fleetaudit.simulation.model.net_events import NetEvent

__all__ = ["render_net_events"]

_PUBLIC_TYPE_SINCE: Final = 22631
_PROCESS_SINCE: Final = 22631
_PLAIN_TEXT_SINCE: Final = 26100
_SUBLAYERS: Final = {
    Sublayer.INSPECTION: "INSPECTION",
    Sublayer.TEREDO: "TEREDO",
    Sublayer.MPSSVC_WF: "FIREWALL_WF",
    Sublayer.MPSSVC_WSH: "FIREWALL_WSH",
    Sublayer.MPSSVC_QUARANTINE: "FIREWALL_QUARANTINE",
    Sublayer.MPSSVC_APP_ISOLATION: "FIREWALL_APP_ISOLATION",
}
"""Sublayers that ``terminatingFiltersInfo`` names; it tells of no others."""


def render_net_events(events: Iterable[NetEvent], *, generation: Generation) -> bytes:
    """Return the file's bytes."""
    items = ["\n".join(_item(event, generation)) for event in events]
    body = "\n".join(items)
    listed = f'<netEvents numItems="{len(items)}">\n{body}\n</netEvents>\n'
    text = f"{layers.HEAD}{listed if items else '<netEvents/>' + chr(10)}"
    return text.encode("utf-8-sig")


def _item(event: NetEvent, generation: Generation) -> Iterator[str]:
    kind = "PUBLIC_CLASSIFY_DROP" if generation.build >= _PUBLIC_TYPE_SINCE else "CLASSIFY_DROP"
    yield "\t<item>\n\t\t<header>"
    yield from (f"\t\t\t{line}" for line in _header(event, generation))
    yield f"\t\t</header>\n\t\t<type>FWPM_NET_EVENT_TYPE_{kind}</type>\n\t\t<classifyDrop>"
    yield from (f"\t\t\t{line}" for line in _drop(event))
    yield "\t\t</classifyDrop>\n\t\t<internalFields>"
    yield from (f"\t\t\t{line}" for line in _internal(event, generation))
    yield "\t\t</internalFields>\n\t</item>"


def _header(event: NetEvent, generation: Generation) -> Iterator[str]:
    packet = event.packet
    names = ["IP_PROTOCOL", "LOCAL_ADDR", "REMOTE_ADDR", "LOCAL_PORT", "REMOTE_PORT"]
    names += [*(["APP_ID"] if packet.program else []), *(["USER_ID"] if event.user_sid else [])]
    names += ["IP_VERSION", *(["PACKAGE_ID"] if packet.program else [])]
    family, suffix = ("V6", "V6.byteArray16") if packet.layer.is_v6 else ("V4", "V4")
    shown = f"{event.at:%Y-%m-%dT%H:%M:%S}.{event.at.microsecond // 1000:03}Z"
    yield f"<timeStamp>{shown}</timeStamp>"
    yield f'<flags numItems="{len(names)}">'
    yield from (f"\t<item>FWPM_NET_EVENT_FLAG_{name}_SET</item>" for name in names)
    yield "</flags>"
    yield f"<ipVersion>FWP_IP_VERSION_{family}</ipVersion>"
    yield f"<ipProtocol>{packet.protocol}</ipProtocol>"
    yield f"<localAddr{suffix}>{packet.local_ip}</localAddr{suffix}>"
    yield f"<remoteAddr{suffix}>{packet.remote_ip}</remoteAddr{suffix}>"
    yield f"<localPort>{packet.local_port}</localPort>"
    yield f"<remotePort>{packet.remote_port}</remotePort>"
    yield "<scopeId>0</scopeId>"
    if packet.program:
        octets = f"{packet.program}\0".encode("utf-16-le")
        plain = generation.build >= _PLAIN_TEXT_SINCE
        text = escaped(packet.program if plain else dotted(octets))
        yield f"<appId>\n\t\t\t\t<data>{octets.hex()}</data>"
        yield f"\t<asString>{text}</asString>\n\t\t\t</appId>"
    else:
        yield "<appId/>"
    yield f"<userId>{event.user_sid}</userId>" if event.user_sid else "<userId/>"
    yield f"<addressFamily>FWP_AF_INET{'6' if packet.layer.is_v6 else ''}</addressFamily>"
    yield f"<packageSid>{packet.package_sid}</packageSid>" if packet.program else "<packageSid/>"
    yield "<enterpriseId/>"
    yield "<policyFlags>0</policyFlags>"
    yield "<effectiveName/>"


def _drop(event: NetEvent) -> Iterator[str]:
    yield f"<filterId>{event.by.id}</filterId>"
    yield f"<layerId>{event.packet.layer.id}</layerId>"
    yield "<reauthReason>0</reauthReason>"
    yield f"<originalProfile>{event.packet.profile}</originalProfile>"
    yield f"<currentProfile>{event.packet.profile}</currentProfile>"
    direction = "IN" if event.is_inbound else "OUT"
    yield f"<msFwpDirection>MS_FWP_DIRECTION_{direction}</msFwpDirection>"
    yield "<isLoopback>false</isLoopback>"
    yield "<vSwitchId/>"
    yield "<vSwitchSourcePort>0</vSwitchSourcePort>"
    yield "<vSwitchDestinationPort>0</vSwitchDestinationPort>"


def _internal(event: NetEvent, generation: Generation) -> Iterator[str]:
    origin = event.by.origin if generation.has_origin else ""
    if origin:
        yield '<internalFlags numItems="1">'
        yield "\t<item>FWPM_NET_EVENT_INTERNAL_FLAG_FILTER_ORIGIN_SET</item>"
        yield "</internalFlags>"
    else:
        yield "<internalFlags/>"
    yield "<capabilities/>"
    yield "<fqbnVersion>0</fqbnVersion>"
    yield "<fqbnName/>"
    named = [one for one in event.winners if one.sublayer in _SUBLAYERS]
    yield (
        f'<terminatingFiltersInfo numItems="{len(named)}">'
        if named
        else ("<terminatingFiltersInfo/>")
    )
    for one in named:
        yield f"\t<item>\n\t\t\t\t\t<filterId>{one.id}</filterId>"
        sublayer = f"FWPP_SUBLAYER_INTERNAL_{_SUBLAYERS[one.sublayer]}"
        yield f"\t\t<subLayer>{sublayer}</subLayer>"
        yield f"\t\t<actionType>{one.action}</actionType>\n\t\t\t\t</item>"
    if named:
        yield "</terminatingFiltersInfo>"
    if generation.has_origin:
        yield f"<filterOrigin>{escaped(origin)}</filterOrigin>" if origin else "<filterOrigin/>"
        yield f"<interfaceIndex>{event.interface_index}</interfaceIndex>"
    if generation.build >= _PROCESS_SINCE:
        yield f"<processId>{event.process_id}</processId>"
