"""The server half of PSRP for one shell: messages of a client in, fragments for it out.

psrpcore is the pool: it opens, negotiates and answers what is asked of the pool itself. What
concerns a pipeline does not go through it: it cuts a message by copying what is left of it for each
fragment, so an object of 1 MB costs quadratic time, and reading one CREATE_PIPELINE costs it 2 ms.
Messages are laid out as in MS-PSRP 2.2.1, fragments as in 2.2.4::

    object id 8 | fragment id 8 | start 1, end 2 | length 4 | data          (big endian)
    destination 4 | message type 4 | pool 16 | pipeline 16 | BOM | CLIXML   (little endian)
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

import psrpcore
import psrpcore.types

from fleetaudit.simulation.network._psrp_greeting import OPENED, SESSION_CAPABILITY

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator

__all__ = [
    "CREATE_PIPELINE",
    "ERROR_RECORD",
    "FRAGMENT_BYTES",
    "PIPELINE_OUTPUT",
    "PIPELINE_STATE",
    "Assembler",
    "BadMessageError",
    "Pool",
    "cut",
]

FRAGMENT_BYTES: Final = 32_768
"""Bytes of a fragment with its head: what Windows sends at most (psrp.md 1)."""

_HEAD: Final = struct.Struct(">QQBI")
_MESSAGE: Final = struct.Struct("<II16s16s")
_TO_CLIENT: Final = 1
_START: Final = 1
_END: Final = 2
_BOM: Final = b"\xef\xbb\xbf"

CREATE_PIPELINE: Final = 0x00021006
PIPELINE_OUTPUT: Final = 0x00041004
ERROR_RECORD: Final = 0x00041005
PIPELINE_STATE: Final = 0x00041006


class BadMessageError(ValueError):
    """What the client sent is no PSRP."""


def cut(object_id: int, message: bytes, *, limit: int = FRAGMENT_BYTES) -> Iterator[bytes]:
    """Yield the fragments of a message, none longer than ``limit``."""
    room = limit - _HEAD.size
    for number, start in enumerate(range(0, len(message), room)):
        piece = message[start : start + room]
        is_last = start + room >= len(message)
        flags = (_START if number == 0 else 0) | (_END if is_last else 0)
        yield _HEAD.pack(object_id, number, flags, len(piece)) + piece


class Pool(psrpcore.ServerRunspacePool):
    """A runspace pool on a simulated host.

    Args:
        private_data: What it tells its client of itself, as CLIXML.
    """

    def __init__(self, private_data: str) -> None:
        super().__init__()
        self._private_data = private_data
        self._outbox: list[bytes] = []

    def prepare_message(
        self,
        message: Any,  # noqa: ANN401 - psrpcore is untyped
        message_type: Any = None,  # noqa: ANN401 - likewise
        pipeline_id: uuid.UUID | None = None,
        stream_type: psrpcore.StreamType = psrpcore.StreamType.default,
    ) -> None:
        """Queue a message of the pool; those of an opening in the words of a Windows host."""
        known = self._greeting(message)
        if known is not None:
            self._outbox.extend(self.message(*known))
            return
        super().prepare_message(message, message_type, pipeline_id, stream_type)
        while (payload := self.data_to_send(FRAGMENT_BYTES)) is not None:
            self._outbox.append(payload.data)

    def receive(self, data: bytes) -> None:
        """Take what a client sent to the pool itself: one or more fragments.

        Raises:
            BadMessageError: It is no PSRP.
        """
        try:
            self.receive_data(psrpcore.PSRPPayload(data, psrpcore.StreamType.default, None))
            while self.next_event() is not None:
                pass
        except (psrpcore.PSRPCoreError, ValueError, LookupError, AttributeError) as error:
            raise BadMessageError(str(error)) from error
        except (struct.error, SyntaxError) as error:  # a cut fragment; damaged XML
            raise BadMessageError(str(error)) from error

    def take(self) -> list[bytes]:
        """Return the fragments that the pool itself has to say since the last time."""
        taken, self._outbox = self._outbox, []
        return taken

    def message(self, kind: int, clixml: str, pipeline: uuid.UUID | None = None) -> Iterator[bytes]:
        """Yield the fragments of a message about a pipeline, or about the pool."""
        text = clixml.encode()
        about = pipeline.bytes_le if pipeline is not None else bytes(16)
        head = _MESSAGE.pack(_TO_CLIENT, kind, self.runspace_pool_id.bytes_le, about)
        return cut(self._fragment_counter, head + (_BOM + text if text else b""))

    def _greeting(self, message: object) -> tuple[int, str] | None:
        types = psrpcore.types
        if isinstance(message, types.SessionCapability):
            return types.PSRPMessageType.SessionCapability.value, SESSION_CAPABILITY
        if isinstance(message, types.ApplicationPrivateData):
            return types.PSRPMessageType.ApplicationPrivateData.value, self._private_data
        is_state = isinstance(message, types.RunspacePoolStateMsg)
        if is_state and self.state == types.RunspacePoolState.Opened:
            return types.PSRPMessageType.RunspacePoolState.value, OPENED
        return None


class Assembler:
    """Puts the fragments of a pipeline's messages together."""

    def __init__(self) -> None:
        self._object_id = 0
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the type and the CLIXML of each message that is now whole.

        Raises:
            BadMessageError: The fragments are cut or out of order.
        """
        at = 0
        while at < len(data):
            try:
                object_id, number, flags, length = _HEAD.unpack_from(data, at)
            except struct.error as error:
                raise BadMessageError("a fragment's head is cut") from error
            at += _HEAD.size
            piece = data[at : at + length]
            at += length
            if number == 0:
                self._object_id, self._parts = object_id, []
            if len(piece) < length or (object_id, number) != (self._object_id, len(self._parts)):
                raise BadMessageError(f"fragment {number} of object {object_id} is out of order")
            self._parts.append(piece)
            if flags & _END:
                yield _unpack(b"".join(self._parts))


def _unpack(message: bytes) -> tuple[int, bytes]:
    if len(message) < _MESSAGE.size:
        raise BadMessageError("a message is shorter than its head")
    _, kind, _, _ = _MESSAGE.unpack_from(message)
    return kind, message[_MESSAGE.size :].removeprefix(_BOM)
