"""One run of one script: a PSRP pipeline from its first statement to its last record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pypsrp.complex_objects import PSInvocationState

from fleetaudit.errors import (
    HostError,
    HostFailedError,
    HostRefusedError,
    HostUnsupportedError,
    Retry,
    ScriptFailedError,
)
from fleetaudit.transport.framing import FramingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pypsrp.powershell import PowerShell, RunspacePool

    from fleetaudit.records.call import Parameter, ScriptCall
    from fleetaudit.transport._complaints import Complaints
    from fleetaudit.transport.framing import Limits

__all__ = ["add_function", "add_script", "drain", "is_constrained", "pipeline_error"]

_NO_SCRIPTS: Final = "ScriptsNotAllowed"
_CONSTRAINED: Final = (
    "ConstrainedLanguage",
    "CannotDefineNewType",
    "ConversionSupportedOnlyToCoreTypes",
)
"""FullyQualifiedErrorIds of PowerShell's language modes; the messages are translated."""

_UNKNOWN: Final = "CommandNotFoundException"


def add_script(
    shell: PowerShell, functions: str, text: str, parameters: Mapping[str, Parameter]
) -> None:
    """Make ``shell`` define the shared functions, then run the script in a scope of its own."""
    shell.add_script(functions, use_local_scope=False)
    shell.add_statement()
    shell.add_script(text, use_local_scope=True)
    shell.add_parameters(_arguments(parameters))


def add_function(shell: PowerShell, name: str, parameters: Mapping[str, Parameter]) -> None:
    """Make ``shell`` call a function of a JEA endpoint, which has the script's name."""
    shell.add_cmdlet(name)
    shell.add_parameters(_arguments(parameters))


def drain(pool: RunspacePool, shell: PowerShell, *, limits: Limits, object_bytes: int) -> list[Any]:
    """Take the objects that came since the last time, and throw the chatter away.

    Raises:
        FramingError: One object, or the chatter, is larger than anything of ours.
    """
    output: list[Any] = shell.output
    shell.output = []
    streams = shell.streams
    chatter = (streams.debug, streams.information, streams.progress, streams.verbose)
    for stream in (*chatter, streams.warning, pool.user_events):
        if len(stream) > limits.records:
            raise FramingError(f"the script wrote more than {limits.records} messages")
        stream.clear()
    waiting = pool._fragmenter.incoming_buffer.values()  # noqa: SLF001 - the only place to see it
    if any(len(one["data"]) > object_bytes for one in waiting):
        raise FramingError(f"one object is larger than {object_bytes} bytes")
    return output


def pipeline_error(
    shell: PowerShell, complaints: Complaints, *, host: str, call: ScriptCall, is_jea: bool
) -> HostError | None:
    """Return why the pipeline did not yield what the script promises; None where it did."""
    doing = f"running {call.script}"
    said = complaints.last_message
    if complaints.unsupported:
        return HostUnsupportedError(said.partition(": ")[2] or said, host=host, stage=doing)
    if shell.state == PSInvocationState.COMPLETED:
        return None
    if shell.state != PSInvocationState.FAILED:
        return HostFailedError(
            "the host stopped the script before its end", host=host, stage=doing, retry=Retry.ONCE
        )
    identifier = _last_identifier(complaints)
    if (mode := _language_mode(identifier)) is not None:
        return HostRefusedError(
            f"the session's language mode is {mode}: {said}",
            host=host,
            stage=doing,
            remedy="Let the account use a full-language endpoint (ansible_psrp_configuration_name),"
            " allow fleetaudit's scripts in the application control policy, or set up the JEA"
            " endpoint with its functions",
        )
    if is_jea and identifier.startswith(_UNKNOWN):
        return HostRefusedError(
            f"the JEA endpoint has no function {call.script}, or one without all it needs: {said}",
            host=host,
            stage=doing,
            remedy="Add the function to the endpoint's role capability (VisibleFunctions)",
        )
    return ScriptFailedError(said or "no reason given", host=host, script=call.script)


def is_constrained(complaints: Complaints) -> bool:
    """Return whether ConstrainedLanguage is what ended the script."""
    return _language_mode(_last_identifier(complaints)) == "ConstrainedLanguage"


def _last_identifier(complaints: Complaints) -> str:
    return complaints.identifiers[-1] if complaints.identifiers else ""


def _language_mode(identifier: str) -> str | None:
    if identifier.startswith(_NO_SCRIPTS):
        return "NoLanguage"
    if any(one in identifier for one in _CONSTRAINED):
        return "ConstrainedLanguage"
    return None


def _arguments(parameters: Mapping[str, Parameter]) -> dict[str, object]:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in parameters.items()
    }
