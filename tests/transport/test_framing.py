from __future__ import annotations

import base64
import gzip
import hashlib
import tracemalloc
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.errors import RunDirectoryError
from fleetaudit.transport import MemorySink
from fleetaudit.transport.framing import Decoder, FramingError, Limits

if TYPE_CHECKING:
    from fleetaudit.records.call import Attachment

Record = dict[str, Any]
TEXT = b"Machine Name,Policy Target,Subcategory\r\n" * 300


def records_of(
    content: bytes, *, name: str = "policy.csv", encoding: str = "gzip", piece: int = 64
) -> list[Record]:
    packed = gzip.compress(content) if encoding == "gzip" else content
    pieces = [packed[at : at + piece] for at in range(0, len(packed), piece)]
    sent: list[Record] = [
        {"Kind": "Piece", "Name": name, "Index": index, "Data": base64.b64encode(data).decode()}
        for index, data in enumerate(pieces)
    ]
    trailer = {
        "Kind": "Trailer",
        "Name": name,
        "Encoding": encoding,
        "Pieces": len(pieces),
        "Length": len(content),
        "Sha256": hashlib.sha256(content).hexdigest().upper(),
    }
    return [*sent, trailer]


def decode(records: list[Any], limits: Limits | None = None) -> tuple[MemorySink, Decoder]:
    sink = MemorySink()
    with Decoder(sink, limits or Limits()) as decoder:
        for record in records:
            decoder.feed(record)
        decoder.finish()
    return sink, decoder


@pytest.mark.parametrize("encoding", ["gzip", "none"])
@pytest.mark.parametrize("content", [TEXT, b"a"])
def test_a_file_comes_whole_and_is_stored_as_gzip(encoding: str, content: bytes) -> None:
    sink, decoder = decode(records_of(content, encoding=encoding))
    (attachment,) = decoder.attachments
    assert sink.read("policy.csv") == content
    assert attachment.length == len(content)
    assert attachment.sha256 == hashlib.sha256(content).hexdigest()
    assert attachment.stored_length > 0


@pytest.mark.parametrize("encoding", ["gzip", "none"])
def test_an_empty_file_may_come_without_any_piece(encoding: str) -> None:
    (*_, trailer) = records_of(b"", encoding=encoding)
    sink, _ = decode([trailer | {"Pieces": 0}])
    assert sink.read("policy.csv") == b""


def test_exits_and_files_keep_their_order() -> None:
    first = {"Kind": "Exit", "Tool": "reg", "Code": 1}
    second = {"Kind": "Exit", "Tool": "auditpol", "Code": -5}
    records = [first, *records_of(TEXT, name="b"), second, *records_of(TEXT, name="a")]
    _, decoder = decode(records)
    assert [(one.tool, one.code) for one in decoder.exits] == [("reg", 1), ("auditpol", -5)]
    assert [one.name for one in decoder.attachments] == ["b", "a"]


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=3000), piece=st.integers(1, 999), plain=st.booleans())
def test_any_bytes_survive_any_cutting(content: bytes, piece: int, plain: bool) -> None:  # noqa: FBT001
    if plain and (content.startswith(b"\x1f\x8b") or not content):
        return
    encoding = "none" if plain else "gzip"
    sink, _ = decode(records_of(content, encoding=encoding, piece=piece))
    assert sink.read("policy.csv") == content


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_lost_doubled_or_exchanged_record_goes_unnoticed(data: st.DataObject) -> None:
    records = records_of(TEXT)
    index = data.draw(st.integers(0, len(records) - 1))
    match data.draw(st.sampled_from(["lost", "doubled", "exchanged"])):
        case "lost":
            del records[index]
        case "doubled":
            records.insert(index, records[index])
        case _:
            index = min(index, len(records) - 2)
            records[index : index + 2] = reversed(records[index : index + 2])
    with pytest.raises(FramingError):
        decode(records)


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, 10_000), mask=st.integers(1, 255), plain=st.booleans())
def test_no_changed_byte_of_a_file_goes_unnoticed(position: int, mask: int, plain: bool) -> None:  # noqa: FBT001
    records = records_of(TEXT, encoding="none" if plain else "gzip", piece=100_000)
    raw = bytearray(base64.b64decode(records[0]["Data"]))
    raw[position % len(raw)] ^= mask
    records[0]["Data"] = base64.b64encode(raw).decode()
    try:
        sink, _ = decode(records)
    except FramingError:
        return
    # The time in a gzip header and the last bits of a stream do not belong to the content.
    assert sink.read("policy.csv") == TEXT


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
shaped = st.fixed_dictionaries(
    {"Kind": st.sampled_from(["Exit", "Piece", "Trailer", "Other"])},
    optional=dict.fromkeys(
        ("Tool", "Code", "Name", "Index", "Data", "Pieces", "Length", "Sha256"), json_like
    ),
)


@settings(max_examples=150, deadline=None)
@given(records=st.lists(json_like | shaped, min_size=1, max_size=4))
def test_whatever_a_host_sends_only_framing_errors_come_of_it(records: list[Any]) -> None:
    with pytest.raises(FramingError) as raised:
        decode([*records, object()])
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(
    ("change", "clause"),
    [
        ({"Kind": "Junk"}, "unknown kind"),
        ({"Kind": ["Exit"]}, "unknown kind"),
        ({"Extra": 1}, "has the fields"),
        ({"Code": True}, "of type bool"),
        ({"Code": "0"}, "of type str"),
        ({"Tool": "../../etc/passwd"}, "cannot be a name"),
        ({"Tool": "a" * 65}, "cannot be a name"),
        ({"Tool": "a\nb"}, "cannot be a name"),
        ({"Tool": ""}, "cannot be a name"),
    ],
)
def test_an_exit_of_another_shape_is_refused(change: Record, clause: str) -> None:
    with pytest.raises(FramingError, match=clause):
        decode([{"Kind": "Exit", "Tool": "reg", "Code": 0} | change])


@pytest.mark.parametrize(
    ("change", "clause"),
    [
        ({"Encoding": "zip"}, "encoding 'zip' is unknown"),
        ({"Encoding": "none"}, "not encoded as its trailer says"),
        ({"Pieces": 2}, "has 2 pieces, of which 1 came"),
        ({"Length": 1}, "has 1 bytes, of which"),
        ({"Sha256": "0" * 64}, "SHA-256"),
        ({"Sha256": "\u0660" * 64}, "SHA-256"),
        ({"Name": "other"}, "without its pieces"),
    ],
)
def test_a_trailer_that_does_not_fit_is_refused(change: Record, clause: str) -> None:
    records = records_of(TEXT, piece=100_000)
    records[-1] |= change
    with pytest.raises(FramingError, match=clause):
        decode(records)


def test_a_file_that_did_not_come_whole_is_never_kept() -> None:
    sink = MemorySink()
    with Decoder(sink, Limits()) as decoder:
        decoder.feed(records_of(TEXT)[0])
        with pytest.raises(FramingError, match=r"ended inside policy.csv"):
            decoder.finish()
    assert sink.kept == {}


def test_a_name_may_come_only_once_whatever_its_case() -> None:
    with pytest.raises(FramingError, match="sent twice"):
        decode([*records_of(TEXT), *records_of(TEXT, name="POLICY.csv")])


def test_bytes_behind_the_gzip_stream_are_refused() -> None:
    records = records_of(TEXT, piece=100_000)
    raw = base64.b64decode(records[0]["Data"]) + gzip.compress(b"more")
    records[0]["Data"] = base64.b64encode(raw).decode()
    with pytest.raises(FramingError, match="follow the end"):
        decode(records)


def test_a_bomb_ends_at_the_limit_of_a_file() -> None:
    records = records_of(bytes(1 << 22), piece=1 << 20)
    with pytest.raises(FramingError, match="longer than the 1000000 bytes allowed"):
        decode(records, Limits(file_bytes=1_000_000))


def test_bulk_evidence_may_be_longer_than_what_is_read_as_a_whole() -> None:
    limits = Limits(file_bytes=1000, bulk_bytes=1 << 20)
    sink, _ = decode(records_of(TEXT, name="pfirewall-1.log.OLD"), limits)
    assert sink.kept
    with pytest.raises(FramingError, match="longer than the 1000 bytes allowed"):
        decode(records_of(TEXT, name="facts.json"), limits)


def test_many_small_bombs_end_at_the_limit_of_a_host() -> None:
    records = [*records_of(bytes(600), name="a"), *records_of(bytes(600), name="b")]
    with pytest.raises(FramingError, match="longer than the 400 bytes allowed"):
        decode(records, Limits(host_bytes=1000))


def test_too_many_records_are_refused() -> None:
    exits = [{"Kind": "Exit", "Tool": "reg", "Code": 0}] * 11
    with pytest.raises(FramingError, match="more than 10 records"):
        decode(list(exits), Limits(records=10))


def test_too_large_a_piece_is_refused() -> None:
    with pytest.raises(FramingError, match="characters"):
        decode(records_of(TEXT, encoding="none", piece=9000), Limits(piece_characters=1000))


def test_expanding_takes_the_memory_of_a_block_and_not_of_the_file() -> None:
    (piece, trailer) = records_of(bytes(16 << 20), name="security.evtx", piece=1 << 20)
    with Decoder(MemorySink(), Limits()) as decoder:
        tracemalloc.start()
        decoder.feed(piece)
        decoder.feed(trailer)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 2 << 20


def test_a_full_disk_is_our_trouble_and_not_the_hosts() -> None:
    class Full(MemorySink):
        def open(self, name: str) -> BinaryIO:
            raise OSError(28, "No space left on device", name)

        def keep(self, attachment: Attachment) -> None:
            raise AssertionError(attachment)

    with pytest.raises(RunDirectoryError, match="No space left"), Decoder(Full(), Limits()) as one:
        one.feed(records_of(TEXT)[0])
