"""The shape of an answer, and the records that every answer is made of."""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fleetaudit.records.wire import PIECE_BYTES, STDERR, Encoding, Kind
from fleetaudit.simulation._seam import Emission, ErrorText, Output, TerminatingError, Value
from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.model._languages import REFUSALS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from fleetaudit.simulation.model.host import SimulatedHost

__all__ = [
    "Answer",
    "Asked",
    "complaint",
    "exit_record",
    "file_records",
    "has_rights",
    "invalid_argument",
    "refusal",
    "unsupported",
]

ACCESS_DENIED = 5
PRIVILEGE_NOT_HELD = 1314


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question to one host.

    Attributes:
        now: The true time.
        parameters: As the client sent them.
    """

    host: SimulatedHost
    now: datetime
    parameters: Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How the model answers one script.

    Attributes:
        name: The script's stem.
        give: Yields what the script emits.
    """

    name: str
    give: Callable[[Asked], Iterator[Emission]]


def exit_record(tool: str, code: int = 0) -> Output:
    """Return the record of how a native tool ended."""
    return Output({"Kind": Kind.EXIT.value, "Tool": tool, "Code": code})


def file_records(name: str, content: bytes) -> Iterator[Output]:
    """Yield a file as pieces and trailer (records/wire.py); an empty one as no pieces."""
    packed = gzip.compress(content, compresslevel=6, mtime=0) if content else b""
    pieces = [packed[at : at + PIECE_BYTES] for at in range(0, len(packed), PIECE_BYTES)]
    for index, piece in enumerate(pieces):
        data = base64.b64encode(piece).decode("ascii")
        yield Output({"Kind": Kind.PIECE.value, "Name": name, "Index": index, "Data": data})
    yield Output(
        {
            "Kind": Kind.TRAILER.value,
            "Name": name,
            "Encoding": (Encoding.GZIP if content else Encoding.NONE).value,
            "Pieces": len(pieces),
            "Length": len(content),
            "Sha256": hashlib.sha256(content).hexdigest(),
        }
    )


def invalid_argument(script: str) -> TerminatingError:
    """Return the error of a script that was given a value its parameter does not take."""
    message = "Cannot validate argument on parameter: it does not belong to the set."
    error = f"ParameterArgumentValidationError,{script}"
    return TerminatingError(ErrorText(message=message, fully_qualified_id=error, category=5))


def has_rights(host: SimulatedHost) -> bool:
    """Return whether the account is elevated on the host."""
    return host.fault is not Fault.NO_RIGHTS


def refusal(host: SimulatedHost, tool: str) -> Iterator[Output]:
    """Yield what a script emits whose tool refuses an account without rights.

    ``auditpol`` ends with the Win32 error (windows-facts 5), ``netsh`` and ``reg`` with 1.
    """
    error = PRIVILEGE_NOT_HELD if tool == "auditpol" else ACCESS_DENIED
    yield exit_record(tool, 1 if tool in ("netsh", "reg") else error)
    yield from complaint(REFUSALS[error][host.spec.language])


def complaint(text: str) -> Iterator[Output]:
    """Yield what a tool said on stderr, as the script's UTF-8 file."""
    yield from file_records(STDERR, text.encode("utf-8-sig"))


def unsupported(what: str, message: str) -> TerminatingError:
    """Return the error of a script whose subject the host does not have."""
    return TerminatingError(
        ErrorText(message=message, fully_qualified_id=f"Fleetaudit.Unsupported.{what}", category=13)
    )
