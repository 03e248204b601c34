r"""What ``reg query KEY /s`` prints, line by line: the same values as an export in another form.

A sample; four spaces stand between name, type and data, tabs on Windows XP::

    HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy
        EnableFirewall    REG_DWORD    0x1
        LogFilePath    REG_EXPAND_SZ    %systemroot%\system32\LogFiles\Firewall\pfirewall.log

A text with a line's end in it cannot be told from what follows, so its rest is a flaw.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_query_key", "query_value"]

_KEY: Final = re.compile(r"(?:HKEY_[A-Z_]{4,20}|HK(?:LM|CU|CR|U|CC))\\.*", re.IGNORECASE)
_VALUE: Final = re.compile(
    r"(?: {4}|\t)(?P<name>.*?)(?: {4}|\t)(?P<type>REG_[A-Z_]{2,30})(?:(?: {4}|\t)(?P<data>.*))?",
    re.DOTALL,
)
_HEX: Final = re.compile(r"0x[0-9a-fA-F]{1,16}")
_NUMBERS: Final = ("REG_DWORD", "REG_DWORD_BIG_ENDIAN", "REG_QWORD")
_TEXTS: Final = ("REG_SZ", "REG_EXPAND_SZ", "REG_MULTI_SZ")


def is_query_key(line: str) -> bool:
    """Return whether a line names a key as ``reg query`` does."""
    return bool(_KEY.fullmatch(line))


def query_value(line: str) -> tuple[str, str | int | bytes] | None:
    """Return the name and the data of a value; None where the line is none."""
    found = _VALUE.fullmatch(line)
    if not found:
        return None
    data = found["data"] or ""
    if found["type"] in _NUMBERS:
        return (found["name"], int(data, 16)) if _HEX.fullmatch(data) else None
    try:
        if found["type"] not in _TEXTS:
            return found["name"], bytes.fromhex(data)
    except ValueError:
        return None
    text = data.replace("\\0", "\n") if found["type"] == "REG_MULTI_SZ" else data
    return found["name"], text
