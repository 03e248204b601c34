"""Recorded conversations with a real PowerShell, given to our server half once more.

What the recorded client sent is fed in, an engine emits what the recorded host emitted, and our
messages are compared with the recorded ones: type, addressee, object id and CLIXML, byte for byte.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import struct
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from fleetaudit.simulation._seam import (
    Emission,
    ErrorText,
    NonTerminatingError,
    Output,
    TerminatingError,
    Value,
)
from fleetaudit.simulation.network._psrp import Assembler, Pool, cut
from fleetaudit.simulation.network._psrp_greeting import Version, VersionTable, private_data
from fleetaudit.simulation.network._psrp_pipeline import Pipeline
from fleetaudit.simulation.network._wire_faults import Hang

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleetaudit.simulation.network._psrp_commands import Command

CASES = Path(__file__).parents[1] / "cases" / "psrp"

WHOLE = (
    "bytes_wrapped",
    "control_characters",
    "native_braces",
    "native_merged",
    "native_stop_preference",
    "output_then_error_order",
    "parameters",
    "parameters_unknown",
    "pieces_256k",
    "stop_native",
    "strings",
)
"""Every message of the server is reproduced byte for byte."""

IN_PART = {
    "bytes_unrolled": "a single byte is an object: our scripts send strings",
    "dotnet_object": "live .NET objects: our scripts return strings and flat hashtables only",
    "exit": "a host call: our scripts never call exit",
    "lastexit_fresh": "an enumeration",
    "objects": "an ordered dictionary and a custom object; the rest is reproduced",
    "scalars": "numbers and types a flat hashtable of ours never holds; the rest is reproduced",
    "streams": "warning, verbose, debug, information and progress records, which no script writes",
}
"""Messages that the seam cannot express are left out, and the object ids counted without them."""

ERROR_RECORDS = (
    "host_prompt",
    "native_exit_code",
    "native_missing",
    "parameters_missing",
    "parse_error",
    "stop_preference",
    "strict_mode",
    "throw",
    "throw_in_function",
    "unknown_command",
)
"""Reproduced but for what an ErrorText does not carry: the exception, and where the script was."""

NOT_REPLAYED = {
    "chdir": "only the client's view was recorded",
    "constrained_language": "only the client's view was recorded",
    "exit_then_next": "only the client's view was recorded",
    "no_language": "only the client's view was recorded; test_server compares its text",
    "scope_leaks": "only the client's view was recorded",
}

PLACE = frozenset({"ScriptLineNumber", "OffsetInLine", "Statement", "PositionMessage"})
BEYOND_ERROR_TEXT = frozenset(
    {"Exception", "InvocationInfo", "ErrorCategory_Activity", "ErrorCategory_Reason"}
    | {"ErrorCategory_Message", "CommandInfo_CommandType", "CommandInfo_Name"}
    | {"CommandInfo_Definition", "InvocationInfo_InvocationName", "InvocationInfo_Line"}
    | {"InvocationInfo_OffsetInLine", "InvocationInfo_HistoryId"}
    | {"InvocationInfo_PositionMessage", "InvocationInfo_ScriptLineNumber"}
)

TYPES = {
    "SESSION_CAPABILITY": 0x00010002,
    "INIT_RUNSPACEPOOL": 0x00010004,
    "RUNSPACEPOOL_STATE": 0x00021005,
    "CREATE_PIPELINE": 0x00021006,
    "APPLICATION_PRIVATE_DATA": 0x00021009,
    "PIPELINE_OUTPUT": 0x00041004,
    "ERROR_RECORD": 0x00041005,
    "PIPELINE_STATE": 0x00041006,
}
PLAIN: dict[str, Callable[[str], Value]] = {
    "S": lambda text: re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text),
    "I32": int,
    "B": lambda text: text == "true",
    "BA": base64.b64decode,
}
HEAD = struct.Struct("<II16s16s")
POOL, PIPELINE = uuid.UUID(int=0x11), uuid.UUID(int=0x22)

Message = dict[str, Any]


def recorded(case: str) -> list[Message]:
    lines = (CASES / f"{case}.jsonl").read_text(encoding="utf-8").splitlines()
    return [message for message in map(json.loads, lines) if message["from"] != "view"]


def fragments_of(message: Message) -> bytes:
    about = PIPELINE if message["pipeline"] else uuid.UUID(int=0)
    head = HEAD.pack(2, TYPES[message["type"]], POOL.bytes_le, about.bytes_le)
    return b"".join(cut(message["object_id"], head + message["xml"].encode()))


def opened_pool(versions: VersionTable | None = None) -> Pool:
    pool = Pool(private_data(versions or {}))
    sent = [one for one in recorded("open_pool") if one["from"] == "client"]
    pool.receive(b"".join(map(fragments_of, sent)))
    return pool


def received(fragments: list[bytes]) -> list[tuple[int, int, str]]:
    """Return object id, type and CLIXML of each message."""
    assembler = Assembler()
    messages = []
    for fragment in fragments:
        for kind, clixml in assembler.feed(fragment):
            messages.append((struct.unpack_from(">Q", fragment)[0], kind, clixml.decode()))
    return messages


def value_of(element: etree._Element) -> Value:
    """Return the value the seam has for a recorded object; LookupError where it has none."""
    text = element.text or ""
    match str(element.tag):
        case "S" | "I32" | "B" | "BA" as tag:
            return PLAIN[tag](text)
        case "Obj" if element.findtext("TN/T") == "System.Object[]":
            return tuple(value_of(one) for one in element.iterfind("LST/*"))
        case "Obj" if element.findtext("TN/T") == "System.Collections.Hashtable":
            return {str(value_of(one[0])): value_of(one[1]) for one in element.iterfind("DCT/En")}
    raise LookupError(element.tag)


def unescaped(text: str) -> str:
    return str(PLAIN["S"](text))


def error_of(record: etree._Element) -> ErrorText:
    members = {one.get("N"): unescaped(one.text or "") for one in record.iterfind("MS/*")}
    return ErrorText(
        message=unescaped(record.findtext("ToString") or ""),
        fully_qualified_id=members["FullyQualifiedErrorId"],
        category=int(members["ErrorCategory_Category"]),
        target=members["TargetObject"],
        script_stack_trace=members.get("ErrorDetails_ScriptStackTrace", ""),
    )


def emission_of(message: Message) -> Emission | Hang | None:
    """Return what the engine emits; LookupError where the seam has no word for it."""
    xml = message.get("xml")
    if message["type"] == "PIPELINE_OUTPUT" and xml is None:
        return Output("A" * (message["xml_length"] - len("<S></S>")))
    if xml == "":
        return Output(None)
    root = etree.fromstring(str(xml))
    if message["type"] == "PIPELINE_OUTPUT":
        return Output(value_of(root))
    if message["type"] == "ERROR_RECORD":
        return NonTerminatingError(error_of(root))
    if message["type"] != "PIPELINE_STATE":
        raise LookupError(message["type"])
    state, *record = root.iterfind("MS/*")
    if state.text == "3":
        return Hang()
    return TerminatingError(error_of(record[0])) if record else None


def conversation(case: str) -> tuple[list[tuple[int, int, str]], list[Message]]:
    """Return what our half said, and what of the recorded messages it should have said."""
    pool = opened_pool()
    pool.take()
    said: list[tuple[int, int, str]] = []
    expected: list[Message] = []
    for request, answers in exchanges(recorded(case)):
        emissions = []
        for answer in answers:
            try:
                emissions.append(emission_of(answer))
            except LookupError:
                continue
            expected.append(answer)
        said += run(pool, request, [one for one in emissions if one is not None])
    return said, expected


def exchanges(messages: list[Message]) -> Iterator[tuple[Message, list[Message]]]:
    starts = [at for at, message in enumerate(messages) if message["from"] == "client"]
    for start, end in zip(starts, [*starts[1:], len(messages)], strict=True):
        yield messages[start], messages[start + 1 : end]


def run(
    pool: Pool, request: Message, emissions: list[Emission | Hang]
) -> list[tuple[int, int, str]]:
    def start(_statements: list[list[Command]]) -> Iterator[Emission | Hang]:
        return iter(emissions)

    async def talk() -> list[bytes]:
        pipeline = Pipeline(pool, PIPELINE, run=start, completed=lambda: None)
        pipeline.feed(fragments_of(request))
        fragments, is_done = pipeline.take()
        while not is_done:
            more, is_done = pipeline.take()
            if not more:
                pipeline.stop()
            fragments += more
        return fragments

    return received(asyncio.run(talk()))


def assert_ids_count_on(said: list[tuple[int, int, str]]) -> None:
    assert [number for number, _, _ in said] == list(range(4, 4 + len(said)))


def as_it_counts(clixml: str, free: frozenset[str]) -> list[tuple[str, str, str]]:
    """Return tag, name and text of every element; those named in ``free`` without content."""
    outline = []
    skipped: etree._Element | None = None
    for event, element in etree.iterwalk(etree.fromstring(clixml), events=("start", "end")):
        if skipped is not None:
            skipped = None if event == "end" and element is skipped else skipped
        elif event == "start":
            name = element.get("N", "")
            is_free = name in free
            skipped = element if is_free else None
            tag = "any" if is_free else str(element.tag)
            outline.append((tag, name, "" if is_free else element.text or ""))
    return outline


def test_every_recorded_case_is_replayed_or_has_a_reason() -> None:
    listed = {*WHOLE, *IN_PART, *ERROR_RECORDS, *NOT_REPLAYED, "open_pool"}
    assert listed == {file.stem for file in CASES.glob("*.jsonl")}


def test_a_pool_opens_as_recorded() -> None:
    versions: VersionTable = {
        "GitCommitId": "7.6.5",
        "PSVersion": Version("7.6.5"),
        "Platform": "Unix",
        "PSSemanticVersion": "7.6.5",
        "PSRemotingProtocolVersion": Version("2.3"),
        "PSEdition": "Core",
        "OS": "Debian GNU/Linux 12 (bookworm)",
        "PSCompatibleVersions": tuple(
            map(Version, ("1.0", "2.0", "3.0", "4.0", "5.0", "5.1", "6.0", "7.0"))
        ),
        "SerializationVersion": Version("1.1.0.1"),
        "WSManStackVersion": Version("3.0"),
    }
    assert received(opened_pool(versions).take()) == [
        (message["object_id"], TYPES[message["type"]], message["xml"])
        for message in recorded("open_pool")
        if message["from"] == "server"
    ]


@pytest.mark.parametrize("case", WHOLE)
def test_our_messages_are_the_recorded_ones(case: str) -> None:
    said, expected = conversation(case)
    ids = [message["object_id"] for message in recorded(case) if message["from"] == "server"]
    assert [number for number, _, _ in said][: len(ids)] == ids
    for (_, kind, clixml), message in zip(said, expected, strict=False):
        assert kind == TYPES[message["type"]]
        assert clixml == message.get("xml", clixml)
        assert len(clixml) == message.get("xml_length", len(clixml))
    if case != "control_characters":  # its recording ends where pypsrp died of the surrogate
        assert len(said) == len(expected)


@pytest.mark.parametrize("case", sorted(IN_PART))
def test_what_the_seam_can_say_is_said_as_recorded(case: str) -> None:
    said, expected = conversation(case)
    assert_ids_count_on(said)
    assert [(kind, clixml) for _, kind, clixml in said] == [
        (TYPES[message["type"]], message["xml"]) for message in expected
    ]


@pytest.mark.parametrize("case", ERROR_RECORDS)
def test_an_error_is_told_as_recorded_but_for_exception_and_place(case: str) -> None:
    said, expected = conversation(case)
    assert_ids_count_on(said)
    free = PLACE if case == "throw" else BEYOND_ERROR_TEXT
    for (_, kind, clixml), message in zip(said, expected, strict=True):
        assert kind == TYPES[message["type"]]
        assert as_it_counts(clixml, free) == as_it_counts(message["xml"], free)
