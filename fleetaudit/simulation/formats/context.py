r"""What a host says of itself, its services, processes, addresses and volumes.

JSON as Windows PowerShell 5.1 writes it, and the text of ``fltmc volumes``::

    Dos Name                        Volume Name                              FileSystem   Status
    ------------------------------  ---------------------------------------  ----------   --------
    C:                              \Device\HarddiskVolume3                  NTFS
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.model._languages import Language

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["iso", "render_groups", "render_json", "render_volumes"]

_VOLUME_HEADERS: Final = {
    Language.ENGLISH: ("Dos Name", "Volume Name", "FileSystem", "Status"),
    Language.GERMAN: ("DOS-Name", "Volumename", "Dateisystem", "Status"),
    Language.FRENCH: ("Nom DOS", "Nom de volume", "Système de fichiers", "État"),
    Language.JAPANESE: ("Dos 名", "ボリューム名", "ファイルシステム", "状態"),
}

_GROUPS: Final = (
    ("Everyone", "Well-known group", "S-1-1-0"),
    ("BUILTIN\\Administrators", "Alias", "S-1-5-32-544"),
    ("BUILTIN\\Users", "Alias", "S-1-5-32-545"),
    ("NT AUTHORITY\\NETWORK", "Well-known group", "S-1-5-2"),
    ("NT AUTHORITY\\Authenticated Users", "Well-known group", "S-1-5-11"),
)
_LABELS: Final = {
    True: ("Mandatory Label\\High Mandatory Level", "S-1-16-12288"),
    False: ("Mandatory Label\\Medium Plus Mandatory Level", "S-1-16-8448"),
}


def iso(moment: datetime) -> str:
    """Return a time as .NET's round-trip format has it: seven digits and Z."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}0Z"


def render_json(value: object, *, has_mark: bool) -> bytes:
    """Return a JSON file; ``has_mark`` puts a byte order mark before it."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return text.replace("\n", "\r\n").encode("utf-8-sig" if has_mark else "utf-8")


def render_groups(*, is_elevated: bool) -> bytes:
    """Return the answer of ``whoami /groups /fo csv /nh``."""
    name, sid = _LABELS[is_elevated]
    enabled = "Mandatory group, Enabled by default, Enabled group"
    denied = "Group used for deny only"
    lines = [
        f'"{group}","{kind}","{each}",'
        f'"{denied if each == "S-1-5-32-544" and not is_elevated else enabled}"'
        for group, kind, each in _GROUPS
    ]
    lines.append(f'"{name}","Label","{sid}",""')
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8-sig")


def render_volumes(volume: str, *, language: Language) -> bytes:
    """Return the answer of ``fltmc volumes`` for a host whose drive C is ``volume``."""
    number = volume.rpartition("harddiskvolume")[2]
    rows = [
        ("", "\\Device\\Mup", "Remote", ""),
        ("C:", f"\\Device\\HarddiskVolume{number}", "NTFS", ""),
        ("", "\\Device\\HarddiskVolume1", "NTFS", ""),
        ("", "\\Device\\NamedPipe", "NamedPipe", ""),
        ("", "\\Device\\Mailslot", "Mailslot", ""),
    ]
    lines = ["", _row(_VOLUME_HEADERS[language]), _row(("-" * 30, "-" * 39, "-" * 10, "-" * 8))]
    lines += [_row(row) for row in rows]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8-sig")


def _row(columns: tuple[str, ...]) -> str:
    dos, name, system, status = columns
    return f"{dos:<30}  {name:<39}  {system:<10}   {status:<8}".rstrip()
