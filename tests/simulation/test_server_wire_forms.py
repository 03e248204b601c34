"""The server's own readers and writers, against psrpcore's and against damage."""

from __future__ import annotations

import contextlib
import uuid
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psrpcore._crypto import PSRemotingCrypto
from psrpcore.types import deserialize

from fleetaudit.simulation.network._psrp import Assembler, BadMessageError, Pool, cut
from fleetaudit.simulation.network._psrp_clixml import serialize
from fleetaudit.simulation.network._psrp_commands import read_commands
from fleetaudit.simulation.network._psrp_greeting import private_data, windows
from fleetaudit.simulation.network._wsman import NotAnEnvelopeError, parse_envelope

if TYPE_CHECKING:
    from fleetaudit.simulation._seam import Value

few = settings(max_examples=50, deadline=None)
texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = texts | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.binary() | st.none()


def as_psrpcore_reads(clixml: str) -> Any:
    element = ET.fromstring(clixml)  # noqa: S314 - we wrote it
    return deserialize(element, cipher=PSRemotingCrypto())


@few
@given(st.dictionaries(texts, scalars | st.lists(scalars).map(tuple), max_size=4))
def test_psrpcore_reads_what_we_write(value: dict[str, Value]) -> None:
    read = as_psrpcore_reads(serialize(value))
    as_sent = {key: list(one) if isinstance(one, tuple) else one for key, one in value.items()}
    assert dict(read) == as_sent


@pytest.mark.parametrize("text", ["_x000A_", "_X000A_", "__x", "a_b", "_", "\ud800", "\U0001f600"])
def test_an_escape_in_a_text_is_not_an_escape(text: str) -> None:
    written = serialize(text)
    assert written.isascii()
    if text != "\ud800":
        assert as_psrpcore_reads(written) == text


@few
@given(st.binary(min_size=40, max_size=300), st.integers(22, 120))
def test_fragments_are_put_together_again(message: bytes, limit: int) -> None:
    fragments = list(cut(7, message, limit=limit))
    assert all(len(fragment) <= limit for fragment in fragments)
    [(kind, clixml)] = Assembler().feed(b"".join(fragments))
    assert kind == int.from_bytes(message[4:8], "little")
    assert message[40:].endswith(clixml)


@few
@given(st.binary(max_size=200))
def test_damaged_fragments_are_refused(data: bytes) -> None:
    with contextlib.suppress(BadMessageError):
        list(Assembler().feed(data))


def test_a_lost_fragment_is_noticed() -> None:
    first, _, third = cut(1, bytes(100), limit=61)
    with pytest.raises(BadMessageError, match="out of order"):
        list(Assembler().feed(first + third))


@few
@given(st.binary(max_size=60))
def test_a_damaged_opening_is_refused(data: bytes) -> None:
    pool = Pool(private_data(windows("5.1.20348.2849")))
    with contextlib.suppress(BadMessageError):
        pool.receive(data)


@few
@given(st.text(max_size=60))
def test_what_is_no_pipeline_is_refused(text: str) -> None:
    for clixml in (text, f"<Obj><MS><Obj N='PowerShell'>{text}</Obj></MS></Obj>"):
        with pytest.raises(BadMessageError):
            read_commands(clixml.encode("utf-8", "replace"))


@few
@given(st.binary(max_size=60))
def test_what_is_no_envelope_is_refused(data: bytes) -> None:
    with pytest.raises(NotAnEnvelopeError):
        parse_envelope(data)


def test_an_entity_is_not_expanded() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY e "x">]><Obj><MS><Obj N="PowerShell"><MS><Obj N="Cmds"><LST><Obj>'
    bomb += '<MS><S N="Cmd">&e;</S></MS></Obj></LST></Obj></MS></Obj></MS></Obj>'
    [[command]] = read_commands(bomb.encode())
    assert command.text == ""


def test_a_message_about_the_pool_names_no_pipeline() -> None:
    pool = Pool(private_data(windows("5.1.20348.2849")))
    [fragment] = pool.message(0x00021005, "<Obj/>")
    assert uuid.UUID(bytes_le=fragment[45:61]).int == 0
