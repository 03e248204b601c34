"""The seam inside the simulated fleet: which script with which parameters, what comes out.

The PSRP server half knows how an answer travels; an engine knows what a host answers. The engine
that ships (:mod:`fleetaudit.simulation.engine`) answers from a model of the host. An engine that
runs the real ``.ps1`` files in a real PowerShell fits behind the same protocol.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

__all__ = [
    "Emission",
    "Engine",
    "ErrorText",
    "NonTerminatingError",
    "Output",
    "ScriptRequest",
    "TerminatingError",
    "Value",
]

Value = str | int | bool | bytes | None | Mapping[str, "Value"] | tuple["Value", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptRequest:
    """A script that a client asked a host to run.

    Attributes:
        host: The simulated host's name.
        script: The stem of the file in ``fleetaudit/scripts`` whose text was sent, or the name of
            the JEA function; empty where the text is none of ours.
        text: What was sent.
        parameters: By name, as the client sent them.
    """

    host: str
    script: str
    text: str
    parameters: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorText:
    """What an error record says."""

    message: str
    fully_qualified_id: str
    category: int = 0
    target: str = ""
    script_stack_trace: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """An object written to the pipeline."""

    value: Value


@dataclass(frozen=True, slots=True)
class NonTerminatingError:
    """A record of the error stream; the script goes on."""

    error: ErrorText


@dataclass(frozen=True, slots=True)
class TerminatingError:
    """The script ends here, in state Failed."""

    error: ErrorText


Emission = Output | NonTerminatingError | TerminatingError


class Engine(Protocol):
    """Answers scripts for simulated hosts; called from one thread."""

    def answer(self, request: ScriptRequest) -> Iterator[Emission]:
        """Return what the script emits, lazily, in order; the pipeline ends with the iterator."""
        ...
