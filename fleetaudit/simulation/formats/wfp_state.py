"""The file that ``netsh wfp show state`` writes (windows-facts 4.2, 4.3).

UTF-8 with a byte order mark, tabs, filters nested per layer; on newer builds a second root::

    <?xml version="1.0" encoding="UTF-8" standalone="yes"?>
    <wfpstate>
        <timeStamp>2026-04-27T06:11:02.295Z</timeStamp>
        ...
    </wfpstate>
    <firewallState>
        <dynamicKeywordAddresses/>
    </firewallState>
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Final
from uuid import uuid5

from fleetaudit.simulation.formats import _wfp_layers as layers
from fleetaudit.simulation.model.filters import Sublayer
from fleetaudit.simulation.model.policy import PROVIDERS
from fleetaudit.simulation.model.rules import FLEET_NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from fleetaudit.simulation.model.filters import Condition, Filter, WfpProvider
    from fleetaudit.simulation.model.generations import Generation

__all__ = [
    "dotted",
    "escaped",
    "render_boot_policy",
    "render_filters",
    "render_state",
    "stamp",
]

_STAMP: Final = "@time@"
_FIRST_CONTEXT: Final = 2**63 + 2
_PLAIN_TEXT_SINCE: Final = 26100
_SYMBOLIC_PROVIDERS_SINCE: Final = 9200
_KNOWN_CONTEXTS: Final = {
    "Quarantine Default": "{30433c31-b05f-421f-8fde-018ea4c68af4}",
    "Boottime Default": "{93132c36-6e06-4e6f-a10b-218787cd49cf}",
}
"""Persistent contexts, which have the same key on every host."""


def escaped(value: str) -> str:
    """Return a text for use between tags."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _element(name: str, value: str) -> str:
    return f"<{name}>{escaped(value)}</{name}>" if value else f"<{name}/>"


def _context_key(host: str, origin: str) -> str:
    known = _KNOWN_CONTEXTS.get(origin)
    return known or f"{{{uuid5(FLEET_NAMESPACE, f'context {host} {origin}')}}}"


def dotted(octets: bytes) -> str:
    """Return bytes as older builds show them, a dot for what is not printable."""
    return "".join(chr(one) if 0x20 <= one < 0x7F else "." for one in octets)  # noqa: PLR2004 - printable ASCII


class _Writer:
    """Writes one dump; ``depth`` is the number of tabs before an item."""

    def __init__(self, host: str, generation: Generation) -> None:
        self._host = host
        self._generation = generation

    def provider_key(self, provider: WfpProvider | None) -> str:
        """Return the provider's key as this build prints it."""
        if provider is None:
            return ""
        is_symbolic = self._generation.build >= _SYMBOLIC_PROVIDERS_SINCE
        return provider.key if is_symbolic else provider.guid

    def listed(self, name: str, items: Sequence[str], depth: int) -> str:
        """Return a list of rendered items."""
        tabs = "\t" * depth
        if not items:
            return f"{tabs}<{name}/>\n"
        body = "".join(items)
        return f'{tabs}<{name} numItems="{len(items)}">\n{body}{tabs}</{name}>\n'

    def display(self, name: str, description: str, tabs: str) -> str:
        """Return a displayData element."""
        return (
            f"{tabs}<displayData>\n{tabs}\t{_element('name', name)}\n"
            f"{tabs}\t{_element('description', description)}\n{tabs}</displayData>\n"
        )

    def filter(self, one: Filter, depth: int) -> str:
        """Return the item of one filter."""
        outer, tabs = "\t" * depth, "\t" * (depth + 1)
        flags = [f"{tabs}\t<item>FWPM_FILTER_FLAG_{flag}</item>\n" for flag in one.flags]
        own = one.provider in PROVIDERS and one.cause.rule_id
        data = one.id.to_bytes(8, "little").hex() if own else "ff" * 8
        conditions = [self.condition(condition, depth + 2) for condition in one.conditions]
        context = (
            f"{tabs}<providerContextKey>{_context_key(self._host, one.origin)}"
            "</providerContextKey>\n"
            if one.origin
            else f"{tabs}<rawContext>0</rawContext>\n"
        )
        return (
            f"{outer}<item>\n{tabs}<filterKey>{{{one.key}}}</filterKey>\n"
            f"{self.display(one.name, one.description, tabs)}"
            f"{self.listed('flags', flags, depth + 1)}"
            f"{tabs}{_element('providerKey', self.provider_key(one.provider))}\n"
            f"{self._provider_data(one, data, tabs)}"
            f"{tabs}<layerKey>{one.layer.key}</layerKey>\n"
            f"{tabs}<subLayerKey>{one.sublayer.key}</subLayerKey>\n"
            f"{self._weight(one, tabs)}"
            f"{self.listed('filterCondition', conditions, depth + 1)}"
            f"{tabs}<action>\n{tabs}\t<type>{one.action}</type>\n"
            f"{tabs}\t{_element('filterType', one.callout_key)}\n{tabs}</action>\n"
            f"{context}{tabs}<reserved/>\n{tabs}<filterId>{one.id}</filterId>\n"
            f"{tabs}<effectiveWeight>\n{tabs}\t<type>FWP_UINT64</type>\n"
            f"{tabs}\t<uint64>{one.weight}</uint64>\n{tabs}</effectiveWeight>\n{outer}</item>\n"
        )

    @staticmethod
    def _provider_data(one: Filter, data: str, tabs: str) -> str:
        if one.provider not in PROVIDERS:
            return f"{tabs}<providerData/>\n"
        shown = escaped(dotted(bytes.fromhex(data)))
        return (
            f"{tabs}<providerData>\n{tabs}\t<data>{data}</data>\n"
            f"{tabs}\t<asString>{shown}</asString>\n{tabs}</providerData>\n"
        )

    @staticmethod
    def _weight(one: Filter, tabs: str) -> str:
        if one.is_auto_weight:
            return f"{tabs}<weight>\n{tabs}\t<type>FWP_EMPTY</type>\n{tabs}</weight>\n"
        return (
            f"{tabs}<weight>\n{tabs}\t<type>FWP_UINT8</type>\n"
            f"{tabs}\t<uint8>{one.weight >> 60}</uint8>\n{tabs}</weight>\n"
        )

    def condition(self, condition: Condition, depth: int) -> str:
        """Return the item of one condition."""
        outer, tabs = "\t" * depth, "\t" * (depth + 1)
        value = "".join(f"{tabs}\t{line}\n" for line in self._value(condition))
        return (
            f"{outer}<item>\n{tabs}<fieldKey>FWPM_CONDITION_{condition.field}</fieldKey>\n"
            f"{tabs}<matchType>{condition.match}</matchType>\n{tabs}<conditionValue>\n"
            f"{tabs}\t<type>{condition.type}</type>\n{value}{tabs}</conditionValue>\n"
            f"{outer}</item>\n"
        )

    def _value(self, condition: Condition) -> Iterator[str]:
        value = condition.value
        if isinstance(value, tuple):
            yield "<rangeValue>"
            for name, bound in zip(("valueLow", "valueHigh"), value, strict=True):
                yield f"\t<{name}>"
                yield "\t\t<type>FWP_UINT16</type>"
                yield f"\t\t<uint16>{bound}</uint16>"
                yield f"\t</{name}>"
            yield "</rangeValue>"
        elif isinstance(value, IPv4Network):
            yield from _block("v4AddrMask", addr=value.network_address, mask=value.netmask)
        elif isinstance(value, IPv6Network):
            yield from _block(
                "v6AddrMask", addr=value.network_address, prefixLength=value.prefixlen
            )
        elif condition.type == "FWP_BYTE_BLOB_TYPE":
            octets = f"{value}\0".encode("utf-16-le")
            is_plain = self._generation.build >= _PLAIN_TEXT_SINCE
            shown = escaped(str(value) if is_plain else dotted(octets))
            yield from _block("byteBlob", is_escaped=True, data=octets.hex(), asString=shown)
        elif condition.type == "FWP_SECURITY_DESCRIPTOR_TYPE":
            yield f"<sd>O:SYG:SYD:(A;;CCRC;;;{value})</sd>"
        else:
            name = condition.type.removeprefix("FWP_").lower()
            yield f"<{name}>{value}</{name}>"

    def context(self, origin: str, number: int) -> str:
        """Return the item of the provider context that holds one origin."""
        octets = f"{origin}\0".encode("utf-16-le")
        key = _context_key(self._host, origin)
        return (
            f"\t\t<item>\n\t\t\t<providerContextKey>{key}</providerContextKey>\n"
            f"{self.display('MPSSVC', 'Stores filter origin', 3 * chr(9))}"
            "\t\t\t<flags/>\n\t\t\t<providerKey>FWPM_PROVIDER_MPSSVC_WF</providerKey>\n"
            "\t\t\t<providerData/>\n\t\t\t<type>FWPM_GENERAL_CONTEXT</type>\n"
            f"\t\t\t<dataBuffer>\n\t\t\t\t<data>{octets.hex()}</data>\n"
            f"\t\t\t\t<asString>{escaped(dotted(octets))}</asString>\n\t\t\t</dataBuffer>\n"
            f"\t\t\t<providerContextId>{_FIRST_CONTEXT + number}</providerContextId>\n"
            "\t\t</item>\n"
        )

    def provider(self, provider: WfpProvider) -> str:
        """Return the item of one provider."""
        return (
            f"\t\t<item>\n\t\t\t<providerKey>{self.provider_key(provider)}</providerKey>\n"
            f"{self.display(provider.name, provider.description, 3 * chr(9))}"
            "\t\t\t<flags/>\n\t\t\t<providerData/>\n"
            f"\t\t\t{_element('serviceName', provider.service)}\n\t\t</item>\n"
        )

    def sublayer(self, sublayer: Sublayer) -> str:
        """Return the item of one sublayer."""
        words = sublayer.name.replace("MPSSVC_", "").replace("_", " ").title()
        name = f"WFP Built-in {words} Sublayer"
        if sublayer is Sublayer.THIRD_PARTY:
            name = "Third party"
        return (
            f"\t\t<item>\n\t\t\t<subLayerKey>{sublayer.key}</subLayerKey>\n"
            f"{self.display(name, '', 3 * chr(9))}\t\t\t<flags/>\n\t\t\t<providerKey/>\n"
            f"\t\t\t<providerData/>\n\t\t\t<weight>{sublayer.value}</weight>\n\t\t</item>\n"
        )

    def layer(self, number: int, key: str, name: str, filters: Sequence[Filter]) -> str:
        """Return the item of one layer with its filters."""
        items = [self.filter(one, 4) for one in filters]
        return (
            f"\t\t<item>\n\t\t\t<layer>\n\t\t\t\t<layerKey>{key}</layerKey>\n"
            f"{self.display(name, '', 4 * chr(9))}{layers.FLAGS_AND_FIELDS}"
            "\t\t\t\t<defaultSubLayerKey>FWPM_SUBLAYER_UNIVERSAL</defaultSubLayerKey>\n"
            f"\t\t\t\t<layerId>{number}</layerId>\n\t\t\t</layer>\n\t\t\t<callouts/>\n"
            f"{self.listed('filters', items, 3)}\t\t</item>\n"
        )


def _block(name: str, *, is_escaped: bool = False, **parts: object) -> Iterator[str]:
    yield f"<{name}>"
    for part, value in parts.items():
        yield f"\t<{part}>{value if is_escaped else escaped(str(value))}</{part}>"
    yield f"</{name}>"


def _providers(filters: Iterable[Filter], generation: Generation) -> list[WfpProvider]:
    found = [one for one in PROVIDERS if generation.has_app_isolation or "APP" not in one.key]
    for one in filters:
        if one.provider is not None and one.provider not in found:
            found.append(one.provider)
    return found


def render_state(filters: Sequence[Filter], *, host: str, generation: Generation) -> str:
    """Return the file's text with a place for the time; :func:`stamp` makes bytes of it."""
    writer = _Writer(host, generation)
    by_layer: dict[int, list[Filter]] = {}
    for one in filters:
        by_layer.setdefault(one.layer.id, []).append(one)
    shown = [
        writer.layer(number, key, name, by_layer.get(number, ()))
        for number, key, name in layers.LAYERS
    ]
    origins = dict.fromkeys(one.origin for one in filters if one.origin)
    contexts = [writer.context(origin, number) for number, origin in enumerate(origins)]
    providers = [writer.provider(one) for one in _providers(filters, generation)]
    sublayers = [
        writer.sublayer(one)
        for one in Sublayer
        if one is not Sublayer.THIRD_PARTY or any(each.sublayer is one for each in filters)
    ]
    second = (
        "<firewallState>\n\t<dynamicKeywordAddresses/>\n</firewallState>\n"
        if generation.has_two_roots
        else ""
    )
    return (
        f"{layers.HEAD}<wfpstate>\n\t<timeStamp>{_STAMP}</timeStamp>\n{layers.SESSIONS}"
        f"{writer.listed('layers', shown, 1)}{writer.listed('providers', providers, 1)}"
        f"{writer.listed('providerContexts', contexts, 1)}"
        f"{writer.listed('subLayers', sublayers, 1)}{layers.TAIL}</wfpstate>\n{second}"
    )


def render_filters(filters: Sequence[Filter], *, host: str, generation: Generation) -> bytes:
    """Return what ``netsh wfp show filters`` writes: no contexts, and no count of the filters."""
    writer = _Writer(host, generation)
    items = "".join(writer.filter(one, 2) for one in filters)
    providers = [writer.provider(one) for one in _providers(filters, generation)]
    text = (
        f"{layers.HEAD}<wfpdiag>\n\t<filters>\n{items}\t</filters>\n"
        f"{writer.listed('providers', providers, 1)}</wfpdiag>\n"
    )
    return text.encode("utf-8-sig")


def render_boot_policy(filters: Sequence[Filter], *, host: str, generation: Generation) -> bytes:
    """Return what ``netsh wfp show boottimepolicy`` writes, as far as the model knows.

    Its real shape is not documented; the model writes the filters that have the flag BOOTTIME in
    the shape of ``show filters``, which the reader does not rely on.
    """
    found = [one for one in filters if "BOOTTIME" in one.flags]
    return render_filters(found, host=host, generation=generation)


def stamp(text: str, moment: datetime) -> bytes:
    """Return the bytes of a rendered state, taken at ``moment`` by the host's clock."""
    shown = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
    return text.replace(_STAMP, shown, 1).encode("utf-8-sig")
