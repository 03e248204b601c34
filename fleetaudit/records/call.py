"""What is asked of a host, and what it answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Attachment", "Parameter", "ScriptCall", "ScriptOutput", "ToolExit"]

Parameter = str | int | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptCall:
    """One run of one script of ``fleetaudit/scripts`` with typed parameters.

    Attributes:
        script: The file's stem, such as ``Get-AuditPolicy``.
        parameters: By the names that the script's ``param()`` block has. Never a secret.
        deadline_s: When the run is stopped on the host, in seconds from its start.
        is_repeatable: Whether it may be sent again when it is unknown if the host ran it.
    """

    script: str
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: MappingProxyType({}))
    deadline_s: float = 120.0
    is_repeatable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolExit:
    """How a native tool ended."""

    tool: str
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that a script sent whole, checked against its trailer.

    Attributes:
        name: The script's name for it, such as ``wfpstate.xml``.
        length: Bytes before compression.
        sha256: Of the bytes before compression, lower-case hex.
        stored_length: Bytes of the gzip stream that was stored.
    """

    name: str
    length: int
    sha256: str
    stored_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptOutput:
    """What one run of a script yielded.

    Attributes:
        attachments: In the order they came; their bytes went into the sink.
        exits: How each native tool ended, in order.
        complaints: The error stream, one line a record, cut and capped; never empty lines.
    """

    attachments: tuple[Attachment, ...] = ()
    exits: tuple[ToolExit, ...] = ()
    complaints: tuple[str, ...] = ()

    @property
    def failed_exit(self) -> ToolExit | None:
        """Return the first native tool that did not end with 0."""
        return next((one for one in self.exits if one.code != 0), None)
