"""WS-Management envelopes: a request taken apart, an answer put together as Windows writes it.

The sets of elements and attributes are those of recorded answers of Windows Server (psrp.md 3).
A request, shortened::

    <s:Envelope><s:Header>
      <wsa:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/Create</wsa:Action>
      <wsa:MessageID>uuid:AE32...</wsa:MessageID>
      <wsman:OperationTimeout>PT20S</wsman:OperationTimeout>
      <wsman:ResourceURI>http://schemas.microsoft.com/powershell/Microsoft.PowerShell
      </wsman:ResourceURI>
      <wsman:SelectorSet><wsman:Selector Name="ShellId">D63B...</wsman:Selector>
      </wsman:SelectorSet>
    </s:Header><s:Body>...</s:Body></s:Envelope>
"""

from __future__ import annotations

import base64
import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "Action",
    "Envelope",
    "NotAnEnvelopeError",
    "ShellFacts",
    "Signal",
    "command_response",
    "create_response",
    "empty_response",
    "identify_response",
    "parse_envelope",
    "receive_response",
    "signal_response",
]

_S: Final = "{http://www.w3.org/2003/05/soap-envelope}"
_A: Final = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
_W: Final = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
_RSP: Final = "{http://schemas.microsoft.com/wbem/wsman/1/windows/shell}"
_ID: Final = "{http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd}"

_TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer/"
_SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/"
ANONYMOUS: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"

_SECONDS: Final = re.compile(r"PT(\d+(?:\.\d+)?)S")


class Action:
    """What a client asks for (MS-WSMV 3.1.4)."""

    IDENTIFY: Final = "identify"
    CREATE: Final = _TRANSFER + "Create"
    DELETE: Final = _TRANSFER + "Delete"
    COMMAND: Final = _SHELL + "Command"
    SEND: Final = _SHELL + "Send"
    RECEIVE: Final = _SHELL + "Receive"
    SIGNAL: Final = _SHELL + "Signal"


class Signal:
    """The code of a Signal (MS-WSMV 2.2.4.38)."""

    TERMINATE: Final = _SHELL + "signal/Terminate"
    CTRL_C: Final = _SHELL + "signal/ctrl_c"
    PS_CTRL_C: Final = "powershell/signal/ctrl_c"


class NotAnEnvelopeError(ValueError):
    """The body of a request is not XML, or no envelope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a request says.

    Attributes:
        action: One of :class:`Action`, or something we do not know.
        message_id: As sent, ``uuid:...``; a client that repeats a request repeats it.
        resource: The resource URI; its last part names the session configuration.
        to: The address the client used.
        timeout_s: The operation timeout.
        selectors: By name; ``ShellId``.
        body: The first element of the body, where there is one.
    """

    action: str
    message_id: str
    resource: str
    to: str
    timeout_s: float
    selectors: Mapping[str, str]
    body: etree._Element | None

    @property
    def command_id(self) -> str:
        """Return the command the body is about; empty where it is about the shell."""
        if self.body is None:
            return ""
        inner = self.body[0] if len(self.body) else None
        for element in (self.body, inner):
            if element is not None and (found := element.get("CommandId")):
                return found
        return ""

    def data(self, name: str) -> bytes:
        """Return the bytes of the named descendant: ``Arguments``, ``Stream``, ``creationXml``.

        Raises:
            NotAnEnvelopeError: It is not base64.
        """
        if self.body is None:
            return b""
        element = next(self.body.iter("{*}" + name), None)
        try:
            return b"" if element is None else base64.b64decode(element.text or "")
        except ValueError as error:
            raise NotAnEnvelopeError(f"{name} is not base64") from error

    def text(self, name: str, default: str = "") -> str:
        """Return the text of the named child of the body in the shell namespace."""
        return default if self.body is None else self.body.findtext(_RSP + name, default) or default

    def attribute(self, name: str) -> str:
        """Return an attribute of the body's element; empty where it has none."""
        return "" if self.body is None else self.body.get(name, "")


def parse_envelope(data: bytes) -> Envelope:
    """Return what a request says.

    Raises:
        NotAnEnvelopeError: It is no SOAP envelope.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise NotAnEnvelopeError(str(error)) from error
    header, body = root.find(_S + "Header"), root.find(_S + "Body")
    if body is None or root.tag != _S + "Envelope":
        raise NotAnEnvelopeError(root.tag)
    first = body[0] if len(body) else None
    if first is not None and str(first.tag).endswith("}Identify"):
        return _envelope(first, action=Action.IDENTIFY)
    if header is None:
        raise NotAnEnvelopeError("no header")
    timeout = _SECONDS.fullmatch(header.findtext(_W + "OperationTimeout", ""))
    return _envelope(
        first,
        action=header.findtext(_A + "Action", ""),
        message_id=header.findtext(_A + "MessageID", ""),
        resource=header.findtext(_W + "ResourceURI", ""),
        to=header.findtext(_A + "To", ""),
        timeout_s=float(timeout[1]) if timeout else 60.0,
        selectors={
            str(selector.get("Name")): selector.text or ""
            for selector in header.iterfind(f"{_W}SelectorSet/{_W}Selector")
        },
    )


def _envelope(
    body: etree._Element | None,
    *,
    action: str,
    message_id: str = "",
    resource: str = "",
    to: str = "",
    timeout_s: float = 60.0,
    selectors: Mapping[str, str] | None = None,
) -> Envelope:
    return Envelope(
        action=action,
        message_id=message_id,
        resource=resource,
        to=to,
        timeout_s=timeout_s,
        selectors=selectors or {},
        body=body,
    )


def _wrap(request: Envelope, action: str, body: str) -> bytes:
    return (
        '<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/transfer"'
        ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"'
        ' xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"'
        ' xmlns:p="http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd">'
        f"<s:Header><a:Action>{action}</a:Action>"
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        f"<a:To>{ANONYMOUS}</a:To><a:RelatesTo>{escape(request.message_id)}</a:RelatesTo>"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def identify_response() -> bytes:
    """Return the answer to Identify: vendor, product, protocol (DSP0226 11)."""
    return (
        b'<s:Envelope xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
        b"<s:Header/><s:Body><wsmid:IdentifyResponse"
        b' xmlns:wsmid="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
        b"<wsmid:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
        b"</wsmid:ProtocolVersion><wsmid:ProductVendor>Microsoft Corporation"
        b"</wsmid:ProductVendor><wsmid:ProductVersion>OS: 0.0.0 SP: 0.0 Stack: 3.0"
        b"</wsmid:ProductVersion></wsmid:IdentifyResponse></s:Body></s:Envelope>"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellFacts:
    """What an answer to Create says of the shell."""

    shell_id: str
    owner: str
    client_address: str
    idle_timeout: str


def create_response(request: Envelope, shell: ShellFacts) -> bytes:
    """Return the answer to Create."""
    resource = escape(request.resource)
    body = (
        f"<x:ResourceCreated><a:Address>{escape(request.to)}</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{resource}</w:ResourceURI><w:SelectorSet>"
        f'<w:Selector Name="ShellId">{escape(shell.shell_id)}</w:Selector></w:SelectorSet>'
        "</a:ReferenceParameters></x:ResourceCreated>"
        '<rsp:Shell xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell">'
        f"<rsp:ShellId>{escape(shell.shell_id)}</rsp:ShellId>"
        f"<rsp:ResourceUri>{resource}</rsp:ResourceUri><rsp:Owner>{escape(shell.owner)}</rsp:Owner>"
        f"<rsp:ClientIP>{shell.client_address}</rsp:ClientIP><rsp:ProcessId>2368</rsp:ProcessId>"
        f"<rsp:IdleTimeOut>{escape(shell.idle_timeout)}</rsp:IdleTimeOut>"
        "<rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout"
        "</rsp:OutputStreams><rsp:MaxIdleTimeOut>PT2147483.647S</rsp:MaxIdleTimeOut>"
        "<rsp:Locale>en-US</rsp:Locale><rsp:DataLocale>en-US</rsp:DataLocale>"
        "<rsp:CompressionMode>NoCompression</rsp:CompressionMode>"
        "<rsp:ProfileLoaded>Yes</rsp:ProfileLoaded><rsp:Encoding>UTF8</rsp:Encoding>"
        "<rsp:BufferMode>Block</rsp:BufferMode><rsp:State>Connected</rsp:State>"
        "<rsp:ShellRunTime>P0DT0H0M0S</rsp:ShellRunTime>"
        "<rsp:ShellInactivity>P0DT0H0M0S</rsp:ShellInactivity></rsp:Shell>"
    )
    return _wrap(request, Action.CREATE + "Response", body)


def command_response(request: Envelope, command_id: str) -> bytes:
    """Return the answer to Command."""
    body = (
        f"<rsp:CommandResponse><rsp:CommandId>{escape(command_id)}</rsp:CommandId>"
        "</rsp:CommandResponse>"
    )
    return _wrap(request, Action.COMMAND + "Response", body)


def receive_response(
    request: Envelope, fragments: Iterable[bytes], *, command_id: str, is_done: bool
) -> bytes:
    """Return the answer to Receive: a Stream for each fragment, and the state once it is done."""
    command = f" CommandId={quoteattr(command_id)}" if command_id else ""
    streams = "".join(
        f'<rsp:Stream Name="stdout"{command}>{base64.b64encode(fragment).decode()}</rsp:Stream>'
        for fragment in fragments
    )
    state = (
        f'<rsp:CommandState{command} State="{_SHELL}CommandState/Done">'
        "<rsp:ExitCode>0</rsp:ExitCode></rsp:CommandState>"
        if is_done
        else ""
    )
    body = f"<rsp:ReceiveResponse>{streams}{state}</rsp:ReceiveResponse>"
    return _wrap(request, Action.RECEIVE + "Response", body)


def signal_response(request: Envelope) -> bytes:
    """Return the answer to Signal."""
    return _wrap(request, Action.SIGNAL + "Response", "<rsp:SignalResponse/>")


def empty_response(request: Envelope) -> bytes:
    """Return the answer to Send or Delete."""
    body = "<rsp:SendResponse/>" if request.action == Action.SEND else ""
    return _wrap(request, request.action + "Response", body)
