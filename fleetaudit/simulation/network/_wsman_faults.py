"""WS-Management faults with Windows' own codes and texts (psrp.md 2, MS-WSMV, winerror.h)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from fleetaudit.simulation.network._wsman import ANONYMOUS

if TYPE_CHECKING:
    from fleetaudit.simulation.network._wsman import Envelope

__all__ = [
    "ACCESS_DENIED",
    "ACTION_UNKNOWN",
    "NO_SUCH_CONFIGURATION",
    "OPERATION_TIMED_OUT",
    "SCHEMA_VIOLATED",
    "SHELL_GONE",
    "TOO_MANY_SHELLS",
    "WSManFault",
    "WSManFaultRaised",
    "fault_response",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class WSManFault:
    """A fault.

    Attributes:
        code: Windows' number.
        subcode: The SOAP subcode.
        text: What Windows says.
        is_ours: Whether the receiver is to blame, not the sender.
        detail: The last part of the fault detail's URI; empty where Windows sends none.
    """

    code: int
    subcode: str
    text: str
    is_ours: bool = False
    detail: str = ""


class WSManFaultRaised(Exception):  # noqa: N818 - it carries a fault, it is no error of ours
    """An operation ends in a fault."""

    def __init__(self, fault: WSManFault) -> None:
        self.fault = fault
        super().__init__(fault.text)


ACCESS_DENIED: Final = WSManFault(code=5, subcode="w:AccessDenied", text="Access is denied. ")

OPERATION_TIMED_OUT: Final = WSManFault(
    code=2150858793,
    subcode="w:TimedOut",
    text="The WS-Management service cannot complete the operation within the time specified in "
    "OperationTimeout.  ",
    is_ours=True,
)

NO_SUCH_CONFIGURATION: Final = WSManFault(
    code=2150858752,
    subcode="a:DestinationUnreachable",
    text="The WS-Management service cannot process the request. The resource URI was not found in "
    "the WS-Management catalog. The catalog contains the metadata that describes resources, or "
    "logical endpoints. ",
    detail="InvalidResourceURI",
)

SHELL_GONE: Final = WSManFault(
    code=2150858843,
    subcode="w:InvalidSelectors",
    text="The request for the Windows Remote Shell failed because the shell was not found on the "
    "server. Possible causes are: the specified ShellId is incorrect or the shell no longer "
    "exists on the server. Provide the correct ShellId or create a new shell and retry the "
    "operation. ",
    detail="UnexpectedSelectors",
)

TOO_MANY_SHELLS: Final = WSManFault(
    code=2150859173,
    subcode="w:QuotaLimit",
    text="The WS-Management service cannot process the request. This user is allowed a maximum "
    "number of concurrent shells, which has been exceeded. Close existing shells or raise the "
    "quota for this user. ",
)

SCHEMA_VIOLATED: Final = WSManFault(
    code=2150858817,
    subcode="w:SchemaValidationError",
    text="The SOAP XML in the message does not match the corresponding XML schema definition. "
    "Change the XML and retry. ",
)

ACTION_UNKNOWN: Final = WSManFault(
    code=2150858754,
    subcode="a:ActionNotSupported",
    text="The WS-Management service cannot process the request because the action is not "
    "supported by the service. ",
)


def fault_response(request: Envelope | None, fault: WSManFault, *, machine: str) -> bytes:
    """Return the envelope of a fault; the HTTP status that goes with it is 500."""
    relates = escape(request.message_id) if request is not None else ""
    detail = (
        f"<w:FaultDetail>http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/{fault.detail}"
        "</w:FaultDetail>"
        if fault.detail
        else ""
    )
    text = escape(fault.text)
    return (
        '<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer"'
        ' xmlns:e="http://schemas.xmlsoap.org/ws/2004/08/eventing"'
        ' xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration"'
        ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"'
        ' xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd">'
        "<s:Header><a:Action>http://schemas.dmtf.org/wbem/wsman/1/wsman/fault</a:Action>"
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID><a:To>{ANONYMOUS}</a:To>"
        f"<a:RelatesTo>{relates}</a:RelatesTo></s:Header><s:Body><s:Fault><s:Code>"
        f"<s:Value>{'s:Receiver' if fault.is_ours else 's:Sender'}</s:Value><s:Subcode>"
        f"<s:Value>{fault.subcode}</s:Value></s:Subcode></s:Code><s:Reason>"
        f'<s:Text xml:lang="en-US">{text}</s:Text></s:Reason><s:Detail>{detail}'
        '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"'
        f' Code="{fault.code}" Machine={quoteattr(machine)}><f:Message>{text}</f:Message>'
        "</f:WSManFault></s:Detail></s:Fault></s:Body></s:Envelope>"
    ).encode()
