"""Error records as PowerShell serializes them (MS-PSRP 2.2.3.15), from what the seam says.

Three recorded shapes are modelled (psrp.md 7): ``Write-Error`` (an ERROR_RECORD with the extended
invocation information), ``throw`` (state Failed) and a stop by the client (state Stopped).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleetaudit.simulation.network._psrp_clixml import Writer

if TYPE_CHECKING:
    from fleetaudit.simulation._seam import ErrorText

__all__ = ["CATEGORIES", "failed_state", "non_terminating", "state", "stopped_state"]

_CORE: Final = (
    "System.Private.CoreLib, Version=10.0.0.0, Culture=neutral, PublicKeyToken=7cec85d7bea7798e"
)

_ERROR_RECORD: Final = ("System.Management.Automation.ErrorRecord", "System.Object")
_EXCEPTION: Final = ("System.SystemException", "System.Exception", "System.Object")
_RUNTIME: Final = ("System.Management.Automation.RuntimeException", *_EXCEPTION)
_WRITE_ERROR: Final = ("Microsoft.PowerShell.Commands.WriteErrorException", *_EXCEPTION)
_STOPPED: Final = ("System.Management.Automation.PipelineStoppedException", *_RUNTIME)
_DATA: Final = ("System.Collections.ListDictionaryInternal", "System.Object")
_INVOCATION: Final = ("System.Management.Automation.InvocationInfo", "System.Object")
_BOUND: Final = (
    f"System.Collections.Generic.Dictionary`2[[System.String, {_CORE}],[System.Object, {_CORE}]]",
    "System.Object",
)
_UNBOUND: Final = (f"System.Collections.Generic.List`1[[System.Object, {_CORE}]]", "System.Object")
_INTEGERS: Final = (
    f"System.Collections.ObjectModel.ReadOnlyCollection`1[[System.Int32, {_CORE}]]",
    "System.Object",
)
_ENUM: Final = ("System.Enum", "System.ValueType", "System.Object")

CATEGORIES: Final = (
    "NotSpecified",
    "OpenError",
    "CloseError",
    "DeviceError",
    "DeadlockDetected",
    "InvalidArgument",
    "InvalidData",
    "InvalidOperation",
    "InvalidResult",
    "InvalidType",
    "MetadataError",
    "NotImplemented",
    "NotInstalled",
    "ObjectNotFound",
    "OperationStopped",
    "OperationTimeout",
    "SyntaxError",
    "ParserError",
    "PermissionDenied",
    "ResourceBusy",
    "ResourceExists",
    "ResourceUnavailable",
    "ReadError",
    "WriteError",
    "FromStdErr",
    "SecurityError",
    "ProtocolError",
    "ConnectionError",
    "AuthenticationError",
    "LimitsExceeded",
    "QuotaExceeded",
    "NotEnabled",
)
"""System.Management.Automation.ErrorCategory, by number."""

_HRESULT: Final = -2146233087
_STOP_TEXT: Final = "The pipeline has been stopped."
_STOP_TRACE: Final = (
    "   at System.Management.Automation.Internal.PipelineProcessor.SynchronousExecuteEnumerate"
    "(Object input)\n"
    "   at System.Management.Automation.Runspaces.LocalPipeline.InvokeHelper()\n"
    "   at System.Management.Automation.Runspaces.LocalPipeline.InvokeThreadProc()"
)


def state(number: int) -> str:
    """Return a PIPELINE_STATE without an error: 4 is Completed."""
    return f'<Obj RefId="0"><MS><I32 N="PipelineState">{number}</I32></MS></Obj>'


def non_terminating(error: ErrorText, *, script: str) -> str:
    """Return the ERROR_RECORD that ``Write-Error`` in ``script`` sends."""
    writer = Writer()
    writer.open_object(_ERROR_RECORD)
    _open_record(writer, error.message)
    _exception(writer, _WRITE_ERROR, error.message)
    writer.value(error.target or None, "TargetObject")
    writer.text("FullyQualifiedErrorId", error.fully_qualified_id)
    bound, unbound = _invocation(writer, command=script)
    _category(writer, error, activity="Write-Error", reason="WriteErrorException")
    writer.value(True, "SerializeExtendedInfo")  # noqa: FBT003 - a value to be written
    _extended_invocation(writer, script=script, bound=bound, unbound=unbound)
    if error.script_stack_trace:
        writer.text("ErrorDetails_ScriptStackTrace", error.script_stack_trace)
    writer.value(None, "PSMessageDetails")
    writer.raw("</MS></Obj>")
    return str(writer)


def failed_state(error: ErrorText, *, script: str) -> str:
    """Return the PIPELINE_STATE Failed that a ``throw`` in ``script`` ends with."""
    writer = Writer()
    writer.open_object(())
    writer.raw("<MS>")
    writer.value(5, "PipelineState")
    writer.open_object(_ERROR_RECORD, "ExceptionAsErrorRecord")
    _open_record(writer, error.message)
    _exception(writer, _RUNTIME, error.message, was_thrown=True)
    writer.value(error.target or None, "TargetObject")
    writer.text("FullyQualifiedErrorId", error.fully_qualified_id)
    _invocation(writer, command=None, line=script.partition("\n")[0])
    _category(writer, error, activity="", reason="RuntimeException")
    writer.value(False, "SerializeExtendedInfo")  # noqa: FBT003 - a value to be written
    if error.script_stack_trace:
        writer.text("ErrorDetails_ScriptStackTrace", error.script_stack_trace)
    writer.raw("</MS></Obj></MS></Obj>")
    return str(writer)


def stopped_state() -> str:
    """Return the PIPELINE_STATE Stopped that a client's stop ends with."""
    writer = Writer()
    writer.open_object(())
    writer.raw("<MS>")
    writer.value(3, "PipelineState")
    writer.open_object(_ERROR_RECORD, "ExceptionAsErrorRecord")
    _open_record(writer, _STOP_TEXT)
    _exception(writer, _STOPPED, _STOP_TEXT, was_thrown=False, trace=_STOP_TRACE)
    writer.value(None, "TargetObject")
    writer.text("FullyQualifiedErrorId", "PipelineStopped")
    writer.value(None, "InvocationInfo")
    writer.value(14, "ErrorCategory_Category")
    writer.text("ErrorCategory_Activity", "")
    writer.text("ErrorCategory_Reason", "PipelineStoppedException")
    writer.text("ErrorCategory_TargetName", "")
    writer.text("ErrorCategory_TargetType", "")
    writer.text("ErrorCategory_Message", "OperationStopped: (:) [], PipelineStoppedException")
    writer.value(False, "SerializeExtendedInfo")  # noqa: FBT003 - a value to be written
    writer.raw("</MS></Obj></MS></Obj>")
    return str(writer)


def _open_record(writer: Writer, message: str) -> None:
    _to_string(writer, message)
    writer.raw("<MS>")


def _to_string(writer: Writer, text: str) -> None:
    before = Writer()
    before.value(text)
    writer.raw(f"<ToString>{str(before).removeprefix('<S>').removesuffix('</S>')}</ToString>")


def _exception(
    writer: Writer,
    types: tuple[str, ...],
    message: str,
    *,
    was_thrown: bool | None = None,
    trace: str = "",
) -> None:
    writer.open_object(types, "Exception")
    _to_string(writer, f"{types[0]}: {message}" + (f"\n{trace}" if trace else ""))
    writer.raw("<Props>")
    if was_thrown is not None:
        writer.text("ErrorRecord", message)
        writer.value(was_thrown, "WasThrownFromThrowStatement")
    writer.value("Void Throw()" if trace else None, "TargetSite")
    writer.text("Message", message)
    writer.open_object(_DATA, "Data")
    writer.raw("<DCT /></Obj>")
    writer.value(None, "InnerException")
    writer.value(None, "HelpLink")
    writer.value("System.Private.CoreLib" if trace else None, "Source")
    writer.value(_HRESULT, "HResult")
    writer.value(trace or None, "StackTrace")
    writer.raw("</Props></Obj>")


def _invocation(writer: Writer, *, command: str | None, line: str = "") -> tuple[int, int]:
    writer.open_object(_INVOCATION, "InvocationInfo")
    writer.raw(f"<ToString>{_INVOCATION[0]}</ToString><Props>")
    writer.value(command, "MyCommand")
    bound = writer.open_object(_BOUND, "BoundParameters")
    writer.raw("<DCT /></Obj>")
    unbound = writer.open_object(_UNBOUND, "UnboundArguments")
    writer.raw("<LST /></Obj>")
    place = 1 if line else 0
    writer.raw(f'<I32 N="ScriptLineNumber">{place}</I32><I32 N="OffsetInLine">{place}</I32>')
    writer.raw('<I64 N="HistoryId">1</I64><S N="ScriptName"></S>')
    writer.text("Line", line)
    writer.text("Statement", line)
    position = f"At line:1 char:1\n+ {line}\n+ {'~' * len(line)}" if line else ""
    writer.text("PositionMessage", position)
    writer.raw('<S N="PSScriptRoot"></S><Nil N="PSCommandPath" /><S N="InvocationName"></S>')
    writer.raw('<I32 N="PipelineLength">0</I32><I32 N="PipelinePosition">0</I32>')
    writer.raw('<B N="ExpectingInput">false</B><S N="CommandOrigin">Internal</S>')
    writer.raw('<Nil N="DisplayScriptPosition" /></Props></Obj>')
    return bound, unbound


def _category(writer: Writer, error: ErrorText, *, activity: str, reason: str) -> None:
    known = error.category in range(len(CATEGORIES))
    name = CATEGORIES[error.category] if known else "NotSpecified"
    target_type = "String" if error.target else ""
    writer.value(error.category, "ErrorCategory_Category")
    writer.text("ErrorCategory_Activity", activity)
    writer.text("ErrorCategory_Reason", reason)
    writer.text("ErrorCategory_TargetName", error.target)
    writer.text("ErrorCategory_TargetType", target_type)
    message = f"{name}: ({error.target}:{target_type}) [{activity}], {reason}"
    writer.text("ErrorCategory_Message", message)


def _extended_invocation(writer: Writer, *, script: str, bound: int, unbound: int) -> None:
    writer.raw(f'<Ref N="InvocationInfo_BoundParameters" RefId="{bound}" />')
    _enum(writer, "InvocationInfo_CommandOrigin", "CommandOrigin", "Internal", 1)
    writer.raw('<B N="InvocationInfo_ExpectingInput">false</B>')
    writer.raw('<S N="InvocationInfo_InvocationName"></S><S N="InvocationInfo_Line"></S>')
    writer.raw('<I32 N="InvocationInfo_OffsetInLine">0</I32>')
    writer.raw('<I64 N="InvocationInfo_HistoryId">1</I64>')
    writer.open_object(
        ("System.Int32[]", "System.Array", "System.Object"), "InvocationInfo_PipelineIterationInfo"
    )
    writer.raw("<LST /></Obj>")
    writer.raw('<I32 N="InvocationInfo_PipelineLength">0</I32>')
    writer.raw('<I32 N="InvocationInfo_PipelinePosition">0</I32>')
    writer.raw('<S N="InvocationInfo_PSScriptRoot"></S><Nil N="InvocationInfo_PSCommandPath" />')
    writer.raw('<S N="InvocationInfo_PositionMessage"></S>')
    writer.raw('<I32 N="InvocationInfo_ScriptLineNumber">0</I32>')
    writer.raw('<S N="InvocationInfo_ScriptName"></S>')
    writer.raw(f'<Ref N="InvocationInfo_UnboundArguments" RefId="{unbound}" />')
    writer.raw('<B N="SerializeExtent">false</B>')
    _enum(writer, "CommandInfo_CommandType", "CommandTypes", "Script", 64)
    writer.text("CommandInfo_Definition", script)
    writer.raw('<S N="CommandInfo_Name"></S>')
    _enum(writer, "CommandInfo_Visibility", "SessionStateEntryVisibility", "Public", 0)
    writer.open_object(_INTEGERS, "PipelineIterationInfo")
    writer.raw("<LST><I32>0</I32><I32>0</I32></LST></Obj>")


def _enum(writer: Writer, name: str, kind: str, label: str, number: int) -> None:
    writer.open_object((f"System.Management.Automation.{kind}", *_ENUM), name)
    writer.raw(f"<ToString>{label}</ToString><I32>{number}</I32></Obj>")
