"""The WinRM service of one simulated host: shells, their pipelines, faults with Windows' codes."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.network._psrp import BadMessageError, Pool
from fleetaudit.simulation.network._psrp_greeting import private_data, windows
from fleetaudit.simulation.network._psrp_pipeline import Pipeline
from fleetaudit.simulation.network._wsman import (
    Action,
    ShellFacts,
    Signal,
    command_response,
    create_response,
    empty_response,
    identify_response,
    receive_response,
    signal_response,
)
from fleetaudit.simulation.network._wsman_faults import (
    ACTION_UNKNOWN,
    NO_SUCH_CONFIGURATION,
    OPERATION_TIMED_OUT,
    SCHEMA_VIOLATED,
    SHELL_GONE,
    TOO_MANY_SHELLS,
    WSManFaultRaised,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleetaudit.simulation._seam import Emission
    from fleetaudit.simulation.network._psrp_commands import Command
    from fleetaudit.simulation.network._wire_faults import Hang
    from fleetaudit.simulation.network._wsman import Envelope
    from fleetaudit.simulation.network._wsman_endpoint import ServedHost
    from fleetaudit.simulation.network._wsman_scripts import ScriptRunner

__all__ = ["Service"]

_CONFIGURATIONS: Final = "http://schemas.microsoft.com/powershell/"
_OWN: Final = frozenset(
    {"microsoft.powershell", "microsoft.powershell.workflow", "microsoft.powershell32"}
)
_DEFAULT_IDLE: Final = "PT7200.000S"


@dataclass(slots=True, kw_only=True)
class _Shell:
    pool: Pool
    is_jea: bool
    greeting: list[bytes]
    pipelines: dict[str, Pipeline] = field(default_factory=dict)
    last_message: str = ""
    last_answer: bytes = b""


class Service:
    """Answers the envelopes of one host.

    Args:
        host: Whom it plays.
        runner: Runs what a pipeline asks for.
        doomed: Is called when the host has to die because of its fault.
    """

    def __init__(
        self, host: ServedHost, runner: ScriptRunner, *, doomed: Callable[[], None]
    ) -> None:
        self._host = host
        self._runner = runner
        self._doomed = doomed
        self._dies = host.fault == Fault.DIES_IN_WINDOW
        self._is_marked = False
        self._private_data = private_data(windows(host.powershell_version))
        self._shells: dict[str, _Shell] = {}

    async def answer(self, request: Envelope) -> bytes:
        """Return the answer to a request.

        Raises:
            WSManFaultRaised: The answer is a fault.
        """
        if request.action == Action.IDENTIFY:
            return identify_response()
        if request.action == Action.CREATE:
            return self._create(request)
        shell = self._shells.get(request.selectors.get("ShellId", "").upper())
        if shell is None:
            raise WSManFaultRaised(SHELL_GONE)
        try:
            return await self._in_shell(shell, request)
        except BadMessageError as error:
            raise WSManFaultRaised(SCHEMA_VIOLATED) from error

    def drop(self) -> None:
        """Forget all shells, as a host does that is switched off."""
        for shell in self._shells.values():
            _close(shell)
        self._shells.clear()

    def recover(self) -> None:
        """Do not die again."""
        self._dies = self._is_marked = False

    async def _in_shell(self, shell: _Shell, request: Envelope) -> bytes:
        match request.action:
            case Action.COMMAND:
                return self._command(shell, request)
            case Action.SEND:
                return self._send(shell, request)
            case Action.RECEIVE:
                return await self._receive(shell, request)
            case Action.SIGNAL:
                return self._signal(shell, request)
            case Action.DELETE:
                return self._delete(shell, request)
            case _:
                raise WSManFaultRaised(ACTION_UNKNOWN)

    def _create(self, request: Envelope) -> bytes:
        is_jea = self._is_jea(request)
        if len(self._shells) >= self._host.max_shells:
            raise WSManFaultRaised(TOO_MANY_SHELLS)
        shell_id = request.attribute("ShellId").upper() or str(uuid.uuid4()).upper()
        pool = Pool(self._private_data)
        try:
            pool.receive(request.data("creationXml"))
        except BadMessageError as error:
            raise WSManFaultRaised(SCHEMA_VIOLATED) from error
        greeting = pool.take()
        self._shells[shell_id] = _Shell(pool=pool, is_jea=is_jea, greeting=greeting)
        facts = ShellFacts(
            shell_id=shell_id,
            owner=self._host.username,
            client_address="127.0.0.1",
            idle_timeout=request.text("IdleTimeOut", _DEFAULT_IDLE),
        )
        return create_response(request, facts)

    def _is_jea(self, request: Envelope) -> bool:
        name = request.resource.removeprefix(_CONFIGURATIONS)
        if name.lower() in _OWN:
            return False
        is_known = self._host.jea is not None and self._host.fault != Fault.NO_JEA
        if is_known and name.lower() == self._host.jea_endpoint.lower():
            return True
        text = (
            "The WS-Management service cannot process the request. Cannot find the "
            f"{name} session configuration in the WSMan: drive on the {self._host.name} computer. "
        )
        raise WSManFaultRaised(replace(NO_SUCH_CONFIGURATION, text=text))

    def _command(self, shell: _Shell, request: Envelope) -> bytes:
        command_id = request.command_id or str(uuid.uuid4()).upper()
        try:
            identity = uuid.UUID(command_id)
        except ValueError as error:
            raise WSManFaultRaised(SCHEMA_VIOLATED) from error
        script = ""

        def run(statements: list[list[Command]]) -> Iterator[Emission | Hang]:
            nonlocal script
            script = self._runner.name_of(statements)
            return self._runner.run(self._host, statements, is_jea=shell.is_jea)

        def completed() -> None:
            if self._dies and script == self._host.dies_after:
                self._is_marked = True

        pipeline = Pipeline(shell.pool, identity, run=run, completed=completed)
        pipeline.feed(request.data("Arguments"))
        shell.pipelines[command_id.upper()] = pipeline
        return command_response(request, command_id)

    def _send(self, shell: _Shell, request: Envelope) -> bytes:
        data = request.data("Stream")
        if request.command_id:
            _pipeline(shell, request).feed(data)
        else:
            shell.pool.receive(data)
            shell.greeting.extend(shell.pool.take())
        return empty_response(request)

    async def _receive(self, shell: _Shell, request: Envelope) -> bytes:
        if request.message_id and request.message_id == shell.last_message:
            return shell.last_answer
        if not request.command_id:
            answer = await self._receive_from_pool(shell, request)
        else:
            answer = await self._receive_from_pipeline(_pipeline(shell, request), request)
        shell.last_message, shell.last_answer = request.message_id, answer
        return answer

    async def _receive_from_pool(self, shell: _Shell, request: Envelope) -> bytes:
        if not shell.greeting:
            await asyncio.sleep(request.timeout_s)
            raise WSManFaultRaised(OPERATION_TIMED_OUT)
        fragments, shell.greeting = shell.greeting, []
        return receive_response(request, fragments, command_id="", is_done=False)

    async def _receive_from_pipeline(self, pipeline: Pipeline, request: Envelope) -> bytes:
        fragments, is_done = pipeline.take()
        if not fragments:
            try:
                await asyncio.wait_for(pipeline.wait(), request.timeout_s)
            except TimeoutError as error:
                raise WSManFaultRaised(OPERATION_TIMED_OUT) from error
            fragments, is_done = pipeline.take()
        return receive_response(request, fragments, command_id=request.command_id, is_done=is_done)

    def _signal(self, shell: _Shell, request: Envelope) -> bytes:
        pipeline = _pipeline(shell, request)
        code = request.text("Code")
        if code in {Signal.PS_CTRL_C, Signal.CTRL_C}:
            pipeline.stop()
        elif code == Signal.TERMINATE:
            pipeline.close()
            del shell.pipelines[request.command_id.upper()]
        return signal_response(request)

    def _delete(self, shell: _Shell, request: Envelope) -> bytes:
        _close(shell)
        del self._shells[request.selectors["ShellId"].upper()]
        if self._is_marked:
            self._doomed()
        return empty_response(request)


def _pipeline(shell: _Shell, request: Envelope) -> Pipeline:
    pipeline = shell.pipelines.get(request.command_id.upper())
    if pipeline is None:
        raise WSManFaultRaised(SHELL_GONE)
    return pipeline


def _close(shell: _Shell) -> None:
    for pipeline in shell.pipelines.values():
        pipeline.close()
    shell.pipelines.clear()
