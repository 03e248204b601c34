"""The shape of a collector: what to ask, and how to read the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO

from fleetaudit.records.evidence import EvidenceContext, Issue, Phase, Rows

if TYPE_CHECKING:
    from fleetaudit.parsers.recognition import Form
    from fleetaudit.records.call import Parameter
    from fleetaudit.records.window import Window

__all__ = ["Collector", "Parser", "Reading", "no_parameters"]

Parser = Callable[[BinaryIO, EvidenceContext], Iterator[Rows | Issue]]
"""Reads one file of evidence: every record becomes a row or an issue; never raises for content."""


def no_parameters(_window: Window) -> Mapping[str, Parameter]:
    """Return no parameters: what the script asks does not depend on the window."""
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Which of the script's files a parser reads.

    Attributes:
        pattern: A shell pattern over the file's name, compared without case.
        parse: The parser.
        tables: Which of the collector's tables this file fills; None means all of them. Once the
            file was read they are there, if only without a row.
        forms: What else than its name tells a file that somebody gathered: how it begins.
    """

    pattern: str
    parse: Parser
    tables: tuple[str, ...] | None = None
    forms: frozenset[Form] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """One evidence source; a declaration, never subclassed.

    Attributes:
        name: Unique, kebab-case; the name of the source everywhere.
        title: What it is, for people.
        script: The script's stem.
        phases: When it is asked.
        readings: How its files are read; a file that no reading names is kept unread.
        tables: The tables that its parsers fill.
        privilege: What the account needs on the host.
        reference: Where the facts come from.
        parameters: The script's parameters for a window.
        deadline_s: How long the script may take.
        limits: What the source cannot tell, where that surprises; a sentence.
    """

    name: str
    title: str
    script: str
    phases: frozenset[Phase]
    readings: tuple[Reading, ...]
    tables: tuple[str, ...]
    privilege: str
    reference: str
    parameters: Callable[[Window], Mapping[str, Parameter]] = no_parameters
    deadline_s: float = 300.0
    limits: str = ""
