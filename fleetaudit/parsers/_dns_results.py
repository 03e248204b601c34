"""What a DNS answer holds, from the text that Windows makes of it.

Samples (windows-facts 9): ``type:  5 a.example.net;::ffff:192.0.2.7;2001:db8::7;`` in the DNS
client's 3008 and in Sysmon's 22, and ``192.0.2.7;`` in 3018 and 3020.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple

__all__ = ["DnsResults", "read_results"]

_LONGEST: Final = 65_536
_ALIAS: Final = re.compile(r"type:\s{0,8}5\s{1,8}(\S+)", re.IGNORECASE)


class DnsResults(NamedTuple):
    """Addresses and aliases (CNAME), each comma-separated; None where there are none."""

    addresses: str | None
    aliases: str | None


_NOTHING: Final = DnsResults(None, None)


def read_results(text: object) -> DnsResults:
    """Return the addresses and aliases in ``text``; whatever else is there is passed over.

    An address that comes twice is named once, in the order of the text.
    """
    if not isinstance(text, str) or not text or text == "-" or len(text) > _LONGEST:
        return _NOTHING
    addresses: dict[str, None] = {}
    aliases: dict[str, None] = {}
    for part in text.split(";"):
        item = part.strip()
        if alias := _ALIAS.fullmatch(item):
            aliases[alias[1].replace(",", "\\,")] = None
        elif item and (address := _address(item)):
            addresses[address] = None
    return DnsResults(",".join(addresses) or None, ",".join(aliases) or None)


def _address(item: str) -> str:
    try:
        address = ip_address(item)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)
