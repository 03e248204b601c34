"""The parts of a state dump that do not depend on the host's policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FLAGS_AND_FIELDS", "HEAD", "LAYERS", "SESSIONS", "TAIL"]

HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_FAMILIES: Final = (
    (0, "INBOUND_IPPACKET", "Inbound IP Packet"),
    (4, "OUTBOUND_IPPACKET", "Outbound IP Packet"),
    (8, "IPFORWARD", "IP Forward"),
    (12, "INBOUND_TRANSPORT", "Inbound Transport"),
    (16, "OUTBOUND_TRANSPORT", "Outbound Transport"),
    (20, "STREAM", "Stream"),
    (24, "DATAGRAM_DATA", "Datagram Data"),
    (28, "INBOUND_ICMP_ERROR", "Inbound ICMP Error"),
    (32, "OUTBOUND_ICMP_ERROR", "Outbound ICMP Error"),
    (36, "ALE_RESOURCE_ASSIGNMENT", "ALE Resource Assignment"),
    (40, "ALE_AUTH_LISTEN", "ALE Listen"),
    (44, "ALE_AUTH_RECV_ACCEPT", "ALE Receive/Accept"),
    (48, "ALE_AUTH_CONNECT", "ALE Connect"),
    (52, "ALE_FLOW_ESTABLISHED", "ALE Flow Established"),
)
_SINGLE: Final = (
    (56, "INBOUND_MAC_FRAME_ETHERNET", "Inbound Ethernet Layer"),
    (57, "OUTBOUND_MAC_FRAME_ETHERNET", "Outbound Ethernet Layer"),
    (58, "INBOUND_MAC_FRAME_NATIVE", "Inbound Native MAC Layer"),
    (59, "OUTBOUND_MAC_FRAME_NATIVE", "Outbound Native MAC Layer"),
    (62, "ALE_RESOURCE_RELEASE_V4", "ALE Resource Release v4 Layer"),
    (63, "ALE_RESOURCE_RELEASE_V6", "ALE Resource Release v6 Layer"),
    (64, "ALE_ENDPOINT_CLOSURE_V4", "ALE Endpoint Closure v4 Layer"),
    (65, "ALE_ENDPOINT_CLOSURE_V6", "ALE Endpoint Closure v6 Layer"),
    (66, "ALE_CONNECT_REDIRECT_V4", "ALE Connect Redirect v4 Layer"),
    (67, "ALE_CONNECT_REDIRECT_V6", "ALE Connect Redirect v6 Layer"),
    (68, "ALE_BIND_REDIRECT_V4", "ALE Bind Redirect v4 Layer"),
    (69, "ALE_BIND_REDIRECT_V6", "ALE Bind Redirect v6 Layer"),
    (70, "STREAM_PACKET_V4", "Stream Packet v4 Layer"),
    (71, "STREAM_PACKET_V6", "Stream Packet v6 Layer"),
    (89, "IPSEC_V4", "IPsec v4 Layer"),
    (90, "IPSEC_V6", "IPsec v6 Layer"),
    (93, "RPC_UM", "RPC UM Layer"),
    (94, "RPC_EPMAP", "RPC EPMAP Layer"),
)


def _layers() -> Iterator[tuple[int, str, str]]:
    for first, key, name in _FAMILIES:
        for offset, (family, shown) in enumerate(
            (("V4", "v4"), ("V4_DISCARD", "v4 Discard"), ("V6", "v6"), ("V6_DISCARD", "v6 Discard"))
        ):
            yield first + offset, f"FWPM_LAYER_{key}_{family}", f"{name} {shown} Layer"
    for number, key, name in _SINGLE:
        yield number, f"FWPM_LAYER_{key}", name


LAYERS: Final = tuple(_layers())
"""Run-time id, key and display name (windows-facts 1.3)."""

FLAGS_AND_FIELDS: Final = (
    '\t\t\t\t<flags numItems="2">\n'
    "\t\t\t\t\t<item>FWPM_LAYER_FLAG_KERNEL</item>\n"
    "\t\t\t\t\t<item>FWPM_LAYER_FLAG_BUILTIN</item>\n"
    "\t\t\t\t</flags>\n"
    '\t\t\t\t<field numItems="1">\n'
    "\t\t\t\t\t<item>\n"
    "\t\t\t\t\t\t<fieldKey>FWPM_CONDITION_FLAGS</fieldKey>\n"
    "\t\t\t\t\t\t<type>FWPM_FIELD_FLAGS</type>\n"
    "\t\t\t\t\t\t<dataType>FWP_UINT32</dataType>\n"
    "\t\t\t\t\t</item>\n"
    "\t\t\t\t</field>\n"
)

SESSIONS: Final = (
    '\t<sessions numItems="1">\n'
    "\t\t<item>\n"
    "\t\t\t<sessionKey>{54057838-e2fb-4cfc-b5df-67a4dd958e28}</sessionKey>\n"
    "\t\t\t<displayData>\n\t\t\t\t<name>wfputil</name>\n\t\t\t\t<description/>\n"
    "\t\t\t</displayData>\n"
    "\t\t\t<flags/>\n"
    "\t\t\t<txnWaitTimeoutInMSec>4294967295</txnWaitTimeoutInMSec>\n"
    "\t\t\t<processId>6760</processId>\n"
    "\t\t\t<sid>S-1-5-21-3623811015-3361044348-30300820-1105</sid>\n"
    "\t\t\t<username>CORP\\svc-fleetaudit</username>\n"
    "\t\t\t<kernelMode>false</kernelMode>\n"
    "\t\t</item>\n"
    "\t</sessions>\n"
)

TAIL: Final = (
    "\t<subscriptions>\n\t\t<calloutSubscriptions/>\n\t\t<filterSubscriptions/>\n"
    "\t\t<layerSubscriptions/>\n\t\t<providerSubscriptions/>\n"
    "\t\t<providerContextSubscriptions/>\n\t\t<subLayerSubscriptions/>\n\t</subscriptions>\n"
    "\t<ipsecSaContexts/>\n\t<aleConnectedEndpoints/>\n"
    "\t<ikeextStatistics>\n\t\t<commonStatistics>\n"
    "\t\t\t<totalPacketsReceived>0</totalPacketsReceived>\n"
    "\t\t</commonStatistics>\n\t</ikeextStatistics>\n"
    "\t<ipsecStatistics>\n\t\t<aggregateSaStatistics>\n\t\t\t<activeSas>0</activeSas>\n"
    "\t\t</aggregateSaStatistics>\n\t</ipsecStatistics>\n"
    "\t<ikeextSas/>\n"
)
