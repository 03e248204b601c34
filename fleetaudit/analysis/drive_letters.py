r"""Device paths of programs as the host's own drive letters, for its table of drops.

The Security log names a program by its NT device, whose number may change with every boot
(windows-facts 1.3), and the volumes that were listed on the host, before and after the window, say
which device is which drive: ``\device\harddiskvolume3\windows\x.exe`` is ``C:\windows\x.exe``. A
list holds for the records of its own boot and for no others. Nothing is guessed: a volume without
a drive, a device that no list of that boot names, the network (``\device\mup``), and a device that
two lists of one boot call different drives have no such path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from fleetaudit.analysis.epochs import draw_epochs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

__all__ = ["ProgramPaths", "find_paths"]

_MOUNTED: Final = re.compile(r"[A-Za-z]:(?:\\.*)?", re.DOTALL)
"""A drive, or a folder on one that a volume is mounted in."""
_DOS: Final = re.compile(r"[A-Za-z]:\\.*", re.DOTALL)
_DEVICE: Final = "\\device\\"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramPaths:
    """Where programs lie by the host's own drive letters.

    Attributes:
        numbers: For each record the place of its path; -1 where it has none.
        paths: The paths.
    """

    numbers: np.ndarray
    paths: tuple[str, ...]


def find_paths(
    programs: pd.Series[str],
    times: pd.Series[int],
    *,
    volumes: Iterable[tuple[int | None, str, str | None]],
    boots: Sequence[datetime],
    shutdowns: Sequence[int],
) -> ProgramPaths:
    """Return the path of each record's program.

    Args:
        programs: As the records name them.
        times: When the records were written, by the host's clock, ns since 1970.
        volumes: When each volume was listed (ns since 1970; None where that is not known, which
            leaves it out), its device, and where it is mounted.
        boots: As :func:`fleetaudit.analysis.epochs.draw_epochs` takes them; without one, nobody
            knows for which records a list holds.
        shutdowns: Likewise.
    """
    drives = _drives_by_time(volumes if boots else ())
    epochs = draw_epochs(snapshots=sorted(drives), boots=boots, shutdowns=shutdowns)
    lists = [drives[time] for time in sorted(drives)]
    maps = [_agreed([lists[number] for number in epoch.snapshots]) for epoch in epochs.epochs]
    codes, names = pd.factorize(programs)
    asked = epochs.index(times) * (len(names) + 1) + codes + 1
    questions, places = np.unique(asked, return_inverse=True)
    answers = [
        _path(str(names[code - 1]), maps[epoch]) if code else None
        for epoch, code in starmap(divmod, ((int(q), len(names) + 1) for q in questions))
    ]
    paths = tuple(sorted({answer for answer in answers if answer is not None}))
    number = {path: place for place, path in enumerate(paths)}
    found = [-1 if answer is None else number[answer] for answer in answers]
    return ProgramPaths(numbers=np.asarray(found, dtype=np.int64)[places], paths=paths)


_Drives = dict[str, set[str]]
"""Where devices are mounted, by their names in lower case."""


def _drives_by_time(volumes: Iterable[tuple[int | None, str, str | None]]) -> dict[int, _Drives]:
    found: dict[int, _Drives] = {}
    for time, device, mount_point in volumes:
        if time is None:
            continue
        drives = found.setdefault(time, {})
        if mount_point is not None and _MOUNTED.fullmatch(mount_point):
            drives.setdefault(device.casefold(), set()).add(mount_point.rstrip("\\"))
    return found


def _agreed(lists: Sequence[_Drives]) -> Mapping[str, str]:
    """Return where the devices are that all lists of one boot have in one place."""
    said: _Drives = {}
    for drives in lists:
        for device, places in drives.items():
            said.setdefault(device, set()).update(places)
    return {device: next(iter(places)) for device, places in said.items() if len(places) == 1}


def _path(program: str, drives: Mapping[str, str]) -> str | None:
    if _DOS.fullmatch(program):
        return program
    if not program.casefold().startswith(_DEVICE):
        return None
    name, separator, rest = program[len(_DEVICE) :].partition("\\")
    drive = drives.get(f"{_DEVICE}{name}".casefold()) if rest else None
    return None if drive is None else f"{drive}{separator}{rest}"
