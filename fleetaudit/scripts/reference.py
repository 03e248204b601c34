"""What the scripts say of themselves, as records and as a page for people.

``python -m fleetaudit.scripts.reference`` writes the page ``docs/reference/scripts.md``. Every
script begins with comment-based help (about_Comment_Based_Help on learn.microsoft.com)::

    <#
    .SYNOPSIS
    Asks a host for its system audit policy, by GUID and number.
    .DESCRIPTION
    Sends policy.csv (auditpol /backup) ...
    .PARAMETER AfterRecord
    The number of the newest record that is not wanted; 0 for all.
    .NOTES
    Tools: auditpol
    Changes: nothing.
    Needs: an elevated administrator (SeSecurityPrivilege).
    #>
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit import scripts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ScriptHelp", "help_of", "page"]

_KEYWORD: Final = re.compile(r"^\s*\.(?P<word>[A-Z]+)(?: +(?P<of>\S+))?\s*$", re.MULTILINE)
_NOTE: Final = re.compile(r"^\s*(?P<word>[A-Z][a-z]+): (?P<text>.+)$", re.MULTILINE)

_OPENING: Final = """\
# The scripts

Everything that fleetaudit runs on a host is one of these files in `fleetaudit/scripts/`. A script
fetches and never interprets: it answers with raw files, each with its length and SHA-256, and with
the exit codes of the tools it called (`fleetaudit/records/wire.py`). What it writes on the way lies
in a folder of its own below `%SystemRoot%\\Temp`, with a random name, readable by administrators,
SYSTEM and the folder's owner only, and is removed at the end, also when the script is stopped. If
the host loses power meanwhile, a folder `fleetaudit-...` may be left there; it can be deleted.

In ConstrainedLanguage (WDAC, AppLocker) files are sent by cmdlets and `certutil -encode` instead of
.NET, uncompressed; a product that watches for living-off-the-land tools may report that.

This page is written by `python -m fleetaudit.scripts.reference` from the help in the scripts.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptHelp:
    """The comment-based help of one script; texts are single lines.

    Attributes:
        name: The script.
        synopsis: What it does, as one sentence.
        description: What it sends and why so.
        outputs: What it writes to the pipeline.
        parameters: What each parameter means, by name, in the order of the help.
        tools: The tools of Windows that it calls.
        changes: What it changes on the host.
        needs: What the account needs.
    """

    name: str
    synopsis: str
    description: str
    outputs: str
    parameters: Mapping[str, str]
    tools: str
    changes: str
    needs: str


def help_of(name: str) -> ScriptHelp:
    """Return what the script ``name`` says of itself; empty texts where it says nothing.

    Raises:
        KeyError: There is no such script.
    """
    _, _, after = scripts.text(name).partition("<#")
    block = after.partition("#>")[0]
    topics = tuple(_topics(block))
    texts = {word: _line(text) for word, of, text in topics if not of}
    notes = next((text for word, _, text in topics if word == "NOTES"), "")
    said = {match["word"]: match["text"].strip() for match in _NOTE.finditer(notes)}
    return ScriptHelp(
        name=name,
        synopsis=texts.get("SYNOPSIS", ""),
        description=texts.get("DESCRIPTION", ""),
        outputs=texts.get("OUTPUTS", ""),
        parameters=MappingProxyType(
            {of: _line(text) for word, of, text in topics if word == "PARAMETER"}
        ),
        tools=said.get("Tools", ""),
        changes=said.get("Changes", ""),
        needs=said.get("Needs", ""),
    )


def page() -> str:
    """Return the page about all scripts, as Markdown."""
    helps = [help_of(name) for name in scripts.names()]
    lines = [
        _OPENING,
        "| script | tools | changes on the host | needs |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| [{one.name}](#{one.name.lower()}) | {one.tools} | {one.changes} | {one.needs} |"
        for one in helps
    ]
    for one in helps:
        lines += ["", f"## {one.name}", "", one.synopsis, "", one.description]
        if one.parameters:
            lines += ["", "| parameter | meaning |", "| --- | --- |"]
            lines += [f"| `{of}` | {meaning} |" for of, meaning in one.parameters.items()]
    return "\n".join(lines) + "\n"


def _topics(block: str) -> Iterator[tuple[str, str, str]]:
    found = list(_KEYWORD.finditer(block))
    ends = [match.start() for match in found[1:]] + [len(block)]
    for match, end in zip(found, ends, strict=True):
        yield match["word"], match["of"] or "", block[match.end() : end]


def _line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    sys.stdout.write(page())
