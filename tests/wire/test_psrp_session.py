from __future__ import annotations

import base64
import gzip
import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from fleetaudit.clock import SystemClock
from fleetaudit.errors import (
    CredentialsRefusedError,
    HostFailedError,
    HostRefusedError,
    HostRubbishError,
    HostTimedOutError,
    HostUnreachableError,
    HostUnsupportedError,
    Retry,
    ScriptFailedError,
)
from fleetaudit.records.call import ScriptCall
from fleetaudit.records.host import Auth, Host, LanguageMode
from fleetaudit.records.secret import Secret
from fleetaudit.simulation._seam import (
    ErrorText,
    NonTerminatingError,
    Output,
    TerminatingError,
)
from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.network.server import RunningServer, ServedHost, serve
from fleetaudit.transport import MemorySink
from fleetaudit.transport.psrp import PsrpSettings, PsrpTransport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fleetaudit.records.call import Parameter
    from fleetaudit.simulation._seam import Emission, ScriptRequest, Value

CONTENT = b"Machine Name,Policy Target\r\n" * 40_000
SCRIPTS = ("Get-Sample", "Get-Failure", "Get-Nothing", "Get-Complaint", "Get-Method", "Get-Text")


class Library:
    def text(self, name: str) -> str:
        if name not in SCRIPTS:
            raise KeyError(name)
        return f"[CmdletBinding()]param($Word, $Number, $IsOn, $Words)\n# {name}\n"

    def functions(self, language_mode: LanguageMode = LanguageMode.FULL) -> str:
        return f"function Send-File {{ '{language_mode}' }}"

    def identify(self, text: str) -> str:
        return next((name for name in SCRIPTS if f"# {name}\n" in text), "")


def records_of(name: str, content: bytes, *, piece: int = 1 << 10) -> Iterator[Output]:
    packed = gzip.compress(content)
    pieces = [packed[at : at + piece] for at in range(0, len(packed), piece)]
    for index, data in enumerate(pieces):
        text = base64.b64encode(data).decode()
        yield Output({"Kind": "Piece", "Name": name, "Index": index, "Data": text})
    yield Output(
        {
            "Kind": "Trailer",
            "Name": name,
            "Encoding": "gzip",
            "Pieces": len(pieces),
            "Length": len(content),
            "Sha256": hashlib.sha256(content).hexdigest(),
        }
    )


@dataclass
class Engine:
    requests: list[ScriptRequest] = field(default_factory=list)
    extra: tuple[Value, ...] = ()

    def answer(self, request: ScriptRequest) -> Iterator[Emission]:
        self.requests.append(request)
        match request.script:
            case "Get-Sample":
                yield Output({"Kind": "Exit", "Tool": "auditpol", "Code": 0})
                yield from records_of("policy.csv", CONTENT)
                yield from (Output(value) for value in self.extra)
            case "Get-Failure":
                yield TerminatingError(ErrorText(message="gone wrong", fully_qualified_id="Oops"))
            case "Get-Nothing":
                yield TerminatingError(
                    ErrorText(
                        message="no firewall log", fully_qualified_id="Fleetaudit.UnsupportedLog"
                    )
                )
            case "Get-Complaint":
                for number in range(30):
                    yield NonTerminatingError(
                        ErrorText(message=f"bad\x1b[31m {number}", fully_qualified_id="E")
                    )
            case "Get-Method":
                yield TerminatingError(
                    ErrorText(
                        message="Cannot invoke method.",
                        fully_qualified_id="MethodInvocationNotSupportedInConstrainedLanguage",
                    )
                )
            case _:
                yield Output("just a text")


WEB01 = ServedHost(name="web01", username="audit", password=Secret("correct horse"))


@contextmanager
def one_host(
    host: ServedHost, engine: Engine | None = None
) -> Iterator[tuple[RunningServer, Host]]:
    with serve(engine or Engine(), [host], identify=Library().identify) as server:
        yield server, Host(name=host.name, connection=server.endpoints[host.name].connection)


def transport(settings: PsrpSettings | None = None) -> PsrpTransport:
    return PsrpTransport(SystemClock(), library=Library(), settings=settings)


@pytest.mark.parametrize(
    ("auth", "tls"),
    [
        (Auth.BASIC, False),
        (Auth.BASIC, True),
        (Auth.NTLM, False),
        (Auth.NEGOTIATE, False),
        (Auth.NEGOTIATE, True),
    ],
)
def test_a_script_sends_its_file_over_every_kind_of_authentication(auth: Auth, tls: bool) -> None:  # noqa: FBT001
    engine = Engine()
    with one_host(replace(WEB01, auths=(auth,), tls=tls), engine) as (_, host):
        session = transport().connect(host)
        sink = MemorySink()
        parameters: dict[str, Parameter] = {"Word": "w", "Number": 5, "IsOn": True}
        parameters["Words"] = ("a", "b")
        output = session.run(ScriptCall(script="Get-Sample", parameters=parameters), sink)
        session.close()
    assert sink.read("policy.csv") == CONTENT
    assert [one.name for one in output.attachments] == ["policy.csv"]
    assert output.exits[0].tool == "auditpol"
    assert dict(engine.requests[0].parameters) == parameters | {"Words": ("a", "b")}


def test_scripts_run_one_after_the_other_in_one_session() -> None:
    with one_host(WEB01) as (_, host):
        session = transport().connect(host)
        for _attempt in range(3):
            assert session.run(ScriptCall(script="Get-Sample"), MemorySink()).attachments
        session.close()


def test_a_script_that_throws_is_a_failed_script_and_the_session_lives_on() -> None:
    with one_host(WEB01) as (_, host):
        session = transport().connect(host)
        with pytest.raises(
            ScriptFailedError, match=r"web01: while running Get-Failure: gone wrong"
        ):
            session.run(ScriptCall(script="Get-Failure"), MemorySink())
        assert session.run(ScriptCall(script="Get-Sample"), MemorySink()).attachments
        session.close()


def test_what_a_host_does_not_have_is_an_answer() -> None:
    with one_host(WEB01) as (_, host):
        session = transport().connect(host)
        with pytest.raises(HostUnsupportedError, match="no firewall log"):
            session.run(ScriptCall(script="Get-Nothing"), MemorySink())
        session.close()


def test_errors_that_end_nothing_become_capped_visible_complaints() -> None:
    with one_host(WEB01) as (_, host):
        session = transport().connect(host)
        output = session.run(ScriptCall(script="Get-Complaint"), MemorySink())
        session.close()
    assert len(output.complaints) == 21
    assert output.complaints[0] == "bad\\x1b[31m 0"
    assert output.complaints[-1] == "and 10 more errors"


def test_an_object_that_is_no_record_is_rubbish() -> None:
    with one_host(WEB01) as (_, host):
        session = transport().connect(host)
        with pytest.raises(HostRubbishError, match="str is no record"):
            session.run(ScriptCall(script="Get-Text"), MemorySink())
        assert not session.is_open


def test_a_constrained_session_is_tried_once_more_with_the_functions_made_for_it() -> None:
    engine = Engine()
    with one_host(WEB01, engine) as (_, host):
        session = transport().connect(host)
        with pytest.raises(HostRefusedError, match="ConstrainedLanguage"):
            session.run(ScriptCall(script="Get-Method"), MemorySink())
        assert len(engine.requests) == 2
        session.close()


def test_a_session_without_a_language_is_refused_with_the_remedy() -> None:
    with one_host(replace(WEB01, language_mode=LanguageMode.NONE)) as (_, host):
        session = transport().connect(host)
        with pytest.raises(HostRefusedError, match=r"NoLanguage.*ansible_psrp_configuration_name"):
            session.run(ScriptCall(script="Get-Sample"), MemorySink())
        session.close()


def test_a_jea_function_is_called_by_the_name_of_the_script() -> None:
    with one_host(replace(WEB01, jea=("Get-Sample",))) as (_, host):
        session = transport().connect(host)
        sink = MemorySink()
        session.run(ScriptCall(script="Get-Sample"), sink)
        assert sink.read("policy.csv") == CONTENT
        session.close()


def test_a_missing_jea_function_is_refused_with_the_remedy() -> None:
    with one_host(replace(WEB01, jea=())) as (_, host):
        session = transport().connect(host)
        with pytest.raises(HostRefusedError, match="VisibleFunctions"):
            session.run(ScriptCall(script="Get-Sample"), MemorySink())
        session.close()


def test_an_unknown_endpoint_is_refused() -> None:
    with one_host(WEB01) as (_, host):
        connection = replace(host.connection, configuration_name="NoSuchThing")
        with pytest.raises(HostRefusedError, match="Get-PSSessionConfiguration"):
            transport().connect(replace(host, connection=connection))


@pytest.mark.parametrize("auth", [Auth.BASIC, Auth.NTLM])
def test_a_wrong_password_is_told_and_never_shown(auth: Auth) -> None:
    with one_host(replace(WEB01, auths=(auth,))) as (_, host):
        connection = replace(host.connection, password=Secret("hunter2"))
        with pytest.raises(CredentialsRefusedError) as raised:
            transport().connect(replace(host, connection=connection))
    assert raised.value.retry is Retry.NEVER
    assert "hunter2" not in str(raised.value)


def test_a_closed_port_is_unreachable() -> None:
    with one_host(replace(WEB01, fault=Fault.REFUSE)) as (_, host):
        with pytest.raises(HostUnreachableError, match="refused"):
            transport().connect(host)
        with pytest.raises(HostUnreachableError):
            transport().knock(host)


def test_a_host_that_never_answers_costs_no_more_than_the_deadline() -> None:
    quick = transport(PsrpSettings(open_s=0.3, close_s=0.1))
    silent = replace(WEB01, fault=Fault.HANG_CONNECT)
    with one_host(silent) as (_, host), pytest.raises(HostTimedOutError):
        quick.connect(host)


def test_a_script_that_never_ends_is_stopped_and_the_session_lives_on() -> None:
    with one_host(replace(WEB01, fault=Fault.HANG_SCRIPT)) as (_, host):
        session = transport().connect(host)
        with pytest.raises(HostTimedOutError, match=r"stopped after 0.3 s"):
            session.run(ScriptCall(script="Get-Sample", deadline_s=0.3), MemorySink())
        assert session.is_open
        session.close()


@pytest.mark.parametrize("fault", [Fault.SURROGATE, Fault.TRUNCATED, Fault.ERROR_FLOOD])
def test_damaged_output_is_that_hosts_rubbish(fault: Fault) -> None:
    with one_host(replace(WEB01, fault=fault)) as (_, host):
        session = transport().connect(host)
        sink = MemorySink()
        with pytest.raises(HostRubbishError):
            session.run(ScriptCall(script="Get-Sample"), sink)
        assert not session.is_open
        session.close()
        with pytest.raises(HostFailedError, match="session is closed"):
            session.run(ScriptCall(script="Get-Sample"), sink)


def test_what_is_no_winrm_is_rubbish_or_broken() -> None:
    other = replace(WEB01, fault=Fault.RUBBISH)
    with one_host(other) as (_, host), pytest.raises(HostFailedError):
        transport().connect(host)


def test_a_reset_in_an_answer_is_worth_another_try() -> None:
    resetting = replace(WEB01, fault=Fault.RESET)
    with one_host(resetting) as (_, host), pytest.raises(HostFailedError) as raised:
        transport().connect(host).run(ScriptCall(script="Get-Sample"), MemorySink())
    assert raised.value.retry is not Retry.NEVER


def test_an_untrusted_certificate_is_refused_with_the_remedy() -> None:
    with one_host(replace(WEB01, tls=True)) as (_, host):
        connection = replace(host.connection, trust_path=None)
        with pytest.raises(HostRefusedError, match="ansible_psrp_cert_trust_path"):
            transport().connect(replace(host, connection=connection))


def test_a_certificate_need_not_be_trusted_where_the_inventory_says_so() -> None:
    with one_host(replace(WEB01, tls=True)) as (_, host):
        connection = replace(host.connection, trust_path=None, verify=False)
        transport().connect(replace(host, connection=connection)).close()


def test_a_host_that_dies_is_noticed_in_the_next_script() -> None:
    with one_host(WEB01) as (server, host):
        session = transport(PsrpSettings(close_s=0.5)).connect(host)
        session.run(ScriptCall(script="Get-Sample"), MemorySink())
        server.kill("web01")
        with pytest.raises((HostFailedError, HostUnreachableError)) as raised:
            session.run(ScriptCall(script="Get-Sample", deadline_s=2), MemorySink())
        assert raised.value.retry is not Retry.NEVER
        assert not session.is_open
