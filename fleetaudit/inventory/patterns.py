"""Host patterns, as Ansible's ``--limit`` has them.

Names, groups, globs (``web*``), ``~regex``; joined by ``,`` or ``:``; ``:&`` keeps what is also in
the next, ``:!`` takes out. All unions come first, then the ``&``, then the ``!``, wherever they
stand. ``web[0]``, ``web[-1]``, ``web[0:2]`` and ``web[1:]`` pick from a group's hosts by position,
both ends included. ``@FILE`` is a file with one pattern a line.
"""

from __future__ import annotations

import fnmatch
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import InventoryError
from fleetaudit.inventory.ranges import is_address, split_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = ["match", "split_patterns"]

_PIECE: Final = re.compile(r"(?:\[[^\]]*\]|[^][:\s])+")
_SUBSCRIPT: Final = re.compile(
    r"(?P<group>.+)\[(?:(?P<only>-?\d+)|(?P<first>\d+):(?P<last>\d*))\]", re.ASCII
)
_GLOB_MARKS: Final = frozenset(".?*[")


def match(
    limit: str,
    *,
    hosts: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    notices: list[str],
) -> tuple[str, ...]:
    """Return the hosts that ``limit`` names, in the order in which Ansible lists them.

    Args:
        limit: The whole pattern.
        hosts: Every host, in the order in which the inventory first mentions them.
        groups: The hosts of each group, ``all`` and ``ungrouped`` among them.
        notices: A part that matches nothing is reported here.

    Raises:
        InventoryError: A regular expression or a file cannot be read, or a position does not exist.
    """
    parts = [part for written in split_patterns(limit) for part in _from_file(written)]
    unions = [part for part in parts if part[0] not in "&!"] or ["all"]
    kept = [part for part in parts if part[0] == "&"]
    removed = [part for part in parts if part[0] == "!"]
    matching = _Matching(hosts, groups, notices)
    found = {host: None for part in unions for host in matching.hosts_of(part)}
    for part in kept:
        named = set(matching.hosts_of(part[1:]))
        found = {host: None for host in found if host in named}
    for part in removed:
        for host in matching.hosts_of(part[1:]):
            found.pop(host, None)
    return tuple(found)


def split_patterns(limit: str) -> list[str]:
    """Return the single patterns; a colon in an address or a range separates nothing."""
    if "," in limit:
        parts = limit.split(",")
    elif is_address(split_port(limit)[0]):
        parts = [limit]
    else:
        parts = _PIECE.findall(limit)
    return [part.strip() for part in parts if part.strip()]


def _from_file(part: str) -> list[str]:
    if not part.startswith("@"):
        return [part]
    file = part[1:]
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InventoryError(
            f"--limit names it as a list of hosts, but it cannot be read: {reason}", file=file
        ) from None
    return [line.strip() for line in lines if line.strip()]


class _Matching:
    def __init__(
        self,
        hosts: Sequence[str],
        groups: Mapping[str, Sequence[str]],
        notices: list[str],
    ) -> None:
        self._hosts = hosts
        self._known = frozenset(hosts)
        self._groups = groups
        self._notices = notices

    def hosts_of(self, pattern: str) -> Sequence[str]:
        if pattern in self._known:
            return [pattern]
        subscript = None if pattern.startswith("~") else _SUBSCRIPT.fullmatch(pattern)
        if subscript is None:
            return self._named(pattern)
        found = self._named(subscript["group"])
        if not found:
            return found
        if subscript["only"] is None:
            last = int(subscript["last"]) if subscript["last"] else len(found)
            return found[int(subscript["first"]) : last + 1]
        position = int(subscript["only"])
        if not -len(found) <= position < len(found):
            raise InventoryError(
                f"--limit {pattern!r} picks a position that does not exist",
                remedy=f"{subscript['group']!r} has {len(found)} hosts; the first is number 0",
            )
        return [found[position]]

    def _named(self, pattern: str) -> Sequence[str]:
        is_match = _matcher(pattern)
        groups = [name for name in self._groups if is_match(name)]
        found = {host: None for name in groups for host in self._groups[name]}
        if not groups or pattern.startswith("~") or _GLOB_MARKS & set(pattern):
            found.update(dict.fromkeys(_filtered(self._hosts, is_match)))
        if not found and not groups and pattern != "all":
            self._notices.append(f"--limit: {pattern!r} matches no host and no group.")
        return list(found)


def _matcher(pattern: str) -> Callable[[str], bool]:
    is_expression = pattern.startswith("~")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # nested sets, which match as written
            compiled = re.compile(pattern[1:] if is_expression else fnmatch.translate(pattern))
    except re.error as error:
        raise InventoryError(
            f"--limit {pattern!r} is not a regular expression: {error.msg}"
        ) from None
    return lambda name: compiled.match(name) is not None


def _filtered(names: Iterable[str], is_match: Callable[[str], bool]) -> list[str]:
    return [name for name in names if is_match(name)]
