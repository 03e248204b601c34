"""Host patterns of an inventory, expanded: ``web[01:20:2].example.org:5986``.

The rules are Ansible's (ecosystem rule 1): ``[a:b]`` and ``[a:b:step]``, both ends included,
several a name; an end that is padded with zeros pads every name and both ends are as wide;
letters ``[a:f]``. A missing begin is 0. ``NAME:PORT`` and ``[ADDRESS]:PORT`` give a port.
"""

from __future__ import annotations

import ipaddress
import re
import string
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fleetaudit.inventory.values import Origin

__all__ = ["MAXIMUM_HOSTS", "expand", "is_address", "split_port"]

MAXIMUM_HOSTS: Final = 200_000
"""Hosts that one pattern may stand for; more is a slip of the pen."""

_RANGE: Final = re.compile(r"\[(?:[a-z]:[a-z]|\d+:\d+)(?::\d+)?\]", re.IGNORECASE)
_LABEL: Final = re.compile(r"\w[\w-]*(?<![-_])")
_BRACKETED_PORT: Final = re.compile(r"\[(?P<host>.+)\]:(?P<port>\d+)")
_PLAIN_PORT: Final = re.compile(r"(?P<host>(?:\[[^\]]*\]|[^][:])*):(?P<port>\d+)")


def is_address(text: str) -> bool:
    """Return whether ``text`` is a host name or an address, with or without ranges."""
    plain = _RANGE.sub("0", text)
    if all(_LABEL.fullmatch(label) for label in plain.split(".")):
        return True
    try:
        ipaddress.IPv6Address(plain)
    except ValueError:
        return False
    return "%" not in plain


def split_port(pattern: str) -> tuple[str, int | None]:
    """Return the pattern without its port, and the port; None where it has none."""
    for form in (_BRACKETED_PORT, _PLAIN_PORT):
        found = form.fullmatch(pattern)
        if found and is_address(found["host"]):
            return found["host"], int(found["port"])
    return pattern, None


def expand(pattern: str, *, origin: Origin) -> tuple[str, ...]:
    """Return every host name that ``pattern`` stands for, in order.

    Raises:
        InventoryError: A range cannot be read, or stands for more than MAXIMUM_HOSTS names.
    """
    names: tuple[str, ...] = ("",)
    rest = pattern
    while "[" in rest:
        head, _, tail = rest.partition("[")
        inside, closing, rest = tail.partition("]")
        if not closing:
            raise origin.error(f"{pattern!r} has a '[' without a ']'")
        steps = _steps(inside, pattern=pattern, origin=origin)
        if len(names) * len(steps) > MAXIMUM_HOSTS:
            raise origin.error(f"{pattern!r} stands for more than {MAXIMUM_HOSTS:,} hosts")
        names = tuple(f"{name}{head}{step}" for name in names for step in steps)
    return tuple(f"{name}{rest}" for name in names)


def _steps(inside: str, *, pattern: str, origin: Origin) -> Sequence[str]:
    bounds = inside.split(":")
    remedy = "Write a range as [01:20] or [01:20:2], or letters as [a:f]"
    if len(bounds) not in {2, 3}:
        raise origin.error(f"{pattern!r} has '[{inside}]', which is no range", remedy=remedy)
    begin, end = bounds[0] or "0", bounds[1]
    step = bounds[2] if len(bounds) == 3 else "1"  # noqa: PLR2004 - [begin:end:step]
    if not end:
        raise origin.error(f"the range '[{inside}]' in {pattern!r} has no end", remedy=remedy)
    if not (step.isdecimal() and int(step)):
        raise origin.error(
            f"the range '[{inside}]' in {pattern!r} has a step that is no number above 0",
            remedy=remedy,
        )
    letters = string.ascii_letters
    if len(begin) == len(end) == 1 and begin in letters and end in letters:
        if letters.index(begin) > letters.index(end):
            raise origin.error(f"the range '[{inside}]' in {pattern!r} ends before it begins")
        return letters[letters.index(begin) : letters.index(end) + 1 : int(step)]
    return _numbers(begin, end, step=int(step), where=f"'[{inside}]' in {pattern!r}", origin=origin)


def _numbers(begin: str, end: str, *, step: int, where: str, origin: Origin) -> Sequence[str]:
    if not (_is_number(begin) and _is_number(end)):
        raise origin.error(
            f"the range {where} has an end that is neither a number nor one letter",
            remedy="Write a range as [01:20] or [01:20:2], or letters as [a:f]",
        )
    width = len(begin) if begin.startswith("0") and len(begin) > 1 else 0
    if width and len(end) != width:
        raise origin.error(
            f"the range {where} is padded with zeros, but its ends differ in width",
            remedy="Pad both ends to the same width",
        )
    numbers = range(int(begin), int(end) + 1, step)
    if len(numbers) > MAXIMUM_HOSTS:
        raise origin.error(f"the range {where} stands for more than {MAXIMUM_HOSTS:,} hosts")
    return [str(number).zfill(width) for number in numbers]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= len(str(2**63))
