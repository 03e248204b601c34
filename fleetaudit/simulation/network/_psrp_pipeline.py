"""A pipeline on a simulated host: commands in, emissions of the engine out as messages.

Nothing is produced before the client asks for it: each Receive pulls from the engine's iterator
until its answer is full, so a host with a 200 MB log holds one answer's worth in memory.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from fleetaudit.simulation._seam import NonTerminatingError, Output, TerminatingError
from fleetaudit.simulation.network._psrp import (
    CREATE_PIPELINE,
    ERROR_RECORD,
    PIPELINE_OUTPUT,
    PIPELINE_STATE,
    Assembler,
)
from fleetaudit.simulation.network._psrp_clixml import serialize
from fleetaudit.simulation.network._psrp_commands import read_commands
from fleetaudit.simulation.network._psrp_errors import (
    failed_state,
    non_terminating,
    state,
    stopped_state,
)
from fleetaudit.simulation.network._wire_faults import Hang

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Iterator

    from fleetaudit.simulation._seam import Emission
    from fleetaudit.simulation.network._psrp import Pool
    from fleetaudit.simulation.network._psrp_commands import Command

__all__ = ["ANSWER_BYTES", "Pipeline"]

ANSWER_BYTES: Final = 98_304
"""Bytes of fragments in one answer: three whole ones, 128 kB in base64 (psrp.md 1)."""

_COMPLETED: Final = 4


class Pipeline:
    """One pipeline of a pool.

    Args:
        pool: Lays out its messages.
        pipeline_id: As the client chose it.
        run: Starts the statements, each a list of piped commands, once they are known.
        completed: Is called once, when the pipeline has completed without failing.
    """

    def __init__(
        self,
        pool: Pool,
        pipeline_id: uuid.UUID,
        *,
        run: Callable[[list[list[Command]]], Iterator[Emission | Hang]],
        completed: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._id = pipeline_id
        self._run = run
        self._completed = completed
        self._assembler = Assembler()
        self._source: Iterator[Emission | Hang] | None = None
        self._script = ""
        self._ready: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._is_over = False
        self._hangs = False

    def feed(self, data: bytes) -> None:
        """Take fragments of the client.

        Raises:
            BadMessageError: They are no PSRP.
        """
        for kind, clixml in self._assembler.feed(data):
            if kind == CREATE_PIPELINE:
                statements = read_commands(clixml)
                self._script = statements[-1][0].text
                self._source = self._run(statements)
                self._changed.set()

    def take(self) -> tuple[list[bytes], bool]:
        """Return the fragments of the next answer, and whether the pipeline ends with them."""
        taken: list[bytes] = []
        size = 0
        while self._fill():
            if size and size + len(self._ready[0]) > ANSWER_BYTES:
                break
            size += len(self._ready[0])
            taken.append(self._ready.popleft())
        return taken, self._is_over and not self._ready

    async def wait(self) -> None:
        """Return when there may be something to take."""
        self._changed.clear()
        await self._changed.wait()

    def stop(self) -> None:
        """Stop the pipeline, as the client asked."""
        if self._is_over:
            return
        self._ready.clear()
        self._end(stopped_state())

    def close(self) -> None:
        """Drop the engine's iterator."""
        source, self._source = self._source, None
        close = getattr(source, "close", None)
        if close is not None:
            close()

    def _fill(self) -> bool:
        while not self._ready and not self._is_over and not self._hangs:
            if self._source is None:
                return False
            self._pull(self._source)
        return bool(self._ready)

    def _pull(self, source: Iterator[Emission | Hang]) -> None:
        match next(source, None):
            case None:
                self._end(state(_COMPLETED))
                self._completed()
            case Output(value):
                self._write(PIPELINE_OUTPUT, serialize(value))
            case NonTerminatingError(error):
                self._write(ERROR_RECORD, non_terminating(error, script=self._script))
            case TerminatingError(error):
                self._end(failed_state(error, script=self._script))
            case Hang():
                self._hangs = True

    def _end(self, clixml: str) -> None:
        self._is_over = True
        self._write(PIPELINE_STATE, clixml)
        self._changed.set()
        self.close()

    def _write(self, kind: int, clixml: str) -> None:
        self._ready.extend(self._pool.message(kind, clixml, self._id))
