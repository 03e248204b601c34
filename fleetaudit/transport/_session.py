"""One open PowerShell on one host, behind the seam."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from pypsrp.complex_objects import PSInvocationState
from pypsrp.powershell import PowerShell

from fleetaudit.errors import (
    CredentialsRefusedError,
    FleetauditError,
    HostError,
    HostFailedError,
    HostRefusedError,
    HostTimedOutError,
    Retry,
)
from fleetaudit.records.call import ScriptOutput
from fleetaudit.records.host import LanguageMode
from fleetaudit.transport._classify import classify
from fleetaudit.transport._complaints import Complaints
from fleetaudit.transport._failure import Scene, Stage
from fleetaudit.transport._pipeline import (
    add_function,
    add_script,
    drain,
    is_constrained,
    pipeline_error,
)
from fleetaudit.transport.framing import Decoder

if TYPE_CHECKING:
    from pypsrp.powershell import RunspacePool

    from fleetaudit.clock import Clock
    from fleetaudit.records.call import ScriptCall
    from fleetaudit.records.host import Host
    from fleetaudit.transport._budget import Budget
    from fleetaudit.transport._protocol import Sink
    from fleetaudit.transport._wsman import GuardedWSMan
    from fleetaudit.transport.settings import PsrpSettings

__all__ = ["PsrpSession", "ScriptLibrary"]


class ScriptLibrary(Protocol):
    """Where the texts come from; :mod:`fleetaudit.scripts` is one."""

    def text(self, name: str) -> str:
        """Return the text of the script ``name``."""
        ...

    def functions(self, language_mode: LanguageMode = LanguageMode.FULL) -> str:
        """Return the functions that all scripts share."""
        ...


class PsrpSession:
    """An open runspace pool; runs one script after the other, in one thread."""

    def __init__(
        self,
        host: Host,
        pool: RunspacePool,
        *,
        wsman: GuardedWSMan,
        budget: Budget,
        clock: Clock,
        settings: PsrpSettings,
        library: ScriptLibrary,
    ) -> None:
        self._host = host
        self._pool = pool
        self._wsman = wsman
        self._budget = budget
        self._clock = clock
        self._settings = settings
        self._library = library
        self._language_mode = LanguageMode.FULL
        self._bytes_left = settings.limits.host_bytes
        self._is_open = True

    @property
    def is_open(self) -> bool:
        """Return whether another script can be run."""
        return self._is_open

    def run(self, call: ScriptCall, sink: Sink) -> ScriptOutput:
        """Run a script; in ConstrainedLanguage once more with the functions made for it.

        Raises:
            HostError: One of its subclasses; ``is_open`` says whether the session outlived it.
            RunDirectoryError: The sink cannot be written.
        """
        mode = self._language_mode
        try:
            return self._run(call, sink)
        except HostRefusedError:
            if self._language_mode is mode or not call.is_repeatable:
                raise
            return self._run(call, sink)

    def close(self) -> None:
        """Close the shell on the host; never raises."""
        if self._is_open:
            self._is_open = False
            self._say_goodbye()

    def _run(self, call: ScriptCall, sink: Sink) -> ScriptOutput:
        scene = Scene(host=self._host.name, stage=Stage.RUNNING, script=call.script)
        if not self._is_open:
            raise HostFailedError(
                "the session is closed", host=scene.host, stage=scene.doing, retry=Retry.FEW
            )
        shell = self._shell(call)
        complaints = Complaints(self._settings.limits)
        with Decoder(sink, self._settings.limits, host_bytes_left=self._bytes_left) as decoder:
            try:
                self._follow(shell, call, decoder, complaints)
                error = pipeline_error(
                    shell,
                    complaints,
                    host=scene.host,
                    call=call,
                    is_jea=self._host.connection.is_jea,
                )
                if error is None:
                    decoder.finish()
            except HostTimedOutError:
                raise
            except FleetauditError as exception:
                self._give_up(say_goodbye=not isinstance(exception, CredentialsRefusedError))
                raise
            except Exception as exception:
                raise self._lose(exception, scene) from exception
            self._bytes_left = decoder.host_bytes_left
            self._end(shell)
            if error is not None:
                if is_constrained(complaints) and not self._host.connection.is_jea:
                    self._language_mode = LanguageMode.CONSTRAINED
                raise error
            return ScriptOutput(
                attachments=decoder.attachments,
                exits=decoder.exits,
                complaints=complaints.lines,
            )

    def _shell(self, call: ScriptCall) -> PowerShell:
        shell = PowerShell(self._pool)
        if self._host.connection.is_jea:
            add_function(shell, call.script, call.parameters)
        else:
            functions = self._library.functions(self._language_mode)
            add_script(shell, functions, self._library.text(call.script), call.parameters)
        return shell

    def _follow(
        self, shell: PowerShell, call: ScriptCall, decoder: Decoder, complaints: Complaints
    ) -> None:
        until = self._clock.monotonic() + call.deadline_s
        self._budget.allow(call.deadline_s + self._settings.grace_s)
        # No invocation info: it would make every error record 4 to 12 kB.
        shell.begin_invoke(remote_stream_options=0)
        while shell.state == PSInvocationState.RUNNING:
            left = until - self._clock.monotonic()
            if left <= 0:
                self._stop(shell, call)
            # Seconds with fractions are a proper xs:duration; pypsrp only declares whole ones.
            timeout: Any = round(max(0.001, min(self._settings.poll_s, left)), 3)
            shell.poll_invoke(timeout=timeout)
            self._take(shell, decoder, complaints)

    def _take(self, shell: PowerShell, decoder: Decoder, complaints: Complaints) -> None:
        output = drain(
            self._pool,
            shell,
            limits=self._settings.limits,
            object_bytes=self._settings.object_bytes,
        )
        for record in output:
            decoder.feed(record)
        complaints.add(shell.streams.error)
        shell.streams.error.clear()

    def _stop(self, shell: PowerShell, call: ScriptCall) -> None:
        self._budget.allow(self._settings.stop_s)
        try:
            shell.stop()
        except Exception:  # noqa: BLE001 - the deadline is the news; the session is given up
            self._give_up(say_goodbye=True)
        else:
            self._end(shell)
        raise HostTimedOutError(
            f"the script was stopped after {call.deadline_s:g} s",
            host=self._host.name,
            stage=f"running {call.script}",
            remedy="Raise the deadline if the host is slow or its logs are large",
        )

    def _end(self, shell: PowerShell) -> None:
        """Let go of a finished script; it counts against the host's quota until then."""
        self._budget.allow(self._settings.close_s)
        try:
            shell.close()
        except Exception:  # noqa: BLE001 - what the script yielded is not lost by this
            self._give_up(say_goodbye=True)

    def _lose(self, exception: Exception, scene: Scene) -> HostError:
        """Give the session up and return what to raise."""
        error = classify(exception, scene).error
        self._give_up(say_goodbye=not isinstance(error, CredentialsRefusedError))
        return error

    def _give_up(self, *, say_goodbye: bool) -> None:
        self._is_open = False
        if say_goodbye:
            self._say_goodbye(is_broken=True)
        else:
            with suppress(Exception):
                self._wsman.reset()

    def _say_goodbye(self, *, is_broken: bool = False) -> None:
        # After a transport error the cipher state is useless, so a new connection has to say it.
        self._budget.allow(self._settings.close_s)
        with suppress(Exception):
            if is_broken:
                self._wsman.reset()
            self._pool.close()
        with suppress(Exception):
            self._wsman.reset()
