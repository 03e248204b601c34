"""What a file is follows from how it begins, whatever it is called and however it is encoded."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.parsers.recognition import START_BYTES, Form, container_of, form_of

_REPOSITORY = Path(__file__).parents[2]
_CASES = _REPOSITORY / "tests" / "cases"
_SAMPLES = Path(os.environ.get("FLEETAUDIT_SAMPLES", _REPOSITORY.parent / "shared" / "samples"))

_FORMS = {
    "auditpol/backup-de-*": Form.AUDIT_POLICY,
    "auditpol/get-r-*": Form.AUDIT_POLICY,
    "auditpol/gpo-audit.csv": Form.GROUP_AUDIT_POLICY,
    "dns-cache/*": Form.DNS_CACHE,
    "event-json/*": Form.EVENT_JSON,
    "event-xml/*": Form.EVENT_XML,
    "firewall-log/*": Form.FIREWALL_LOG,
    "host-context/*": None,
    "host-facts/*": None,
    "registry-rules/*": Form.REGISTRY,
    "security-evtx/*": Form.EVENT_JSON,
    "wfp-boot-policy/*": Form.WFP_STATE,
    "wfp-netevents/capture.xml": Form.CAPTURE,
    "wfp-netevents/show-*": Form.NET_EVENTS,
    "wfp-state/capture.xml": Form.CAPTURE,
    "wfp-state/[!c]*": Form.WFP_STATE,
}
_OF_SAMPLES = {
    "auditpol": Form.AUDIT_POLICY,
    "evtx": Form.EVENT_LOG,
    "netevents": Form.NET_EVENTS,
    "pfirewall": Form.FIREWALL_LOG,
    "security-json": Form.EVENT_JSON,
    "wfp": Form.WFP_STATE,
}


@pytest.mark.parametrize("pattern", _FORMS)
def test_every_case_is_known_by_its_beginning(pattern: str) -> None:
    files = sorted(_CASES.glob(pattern))
    assert files
    found = {file.name: form_of(file.read_bytes()[:START_BYTES]) for file in files}
    assert set(found.values()) == {_FORMS[pattern]}


@pytest.mark.parametrize("folder", _OF_SAMPLES)
def test_every_capture_is_known_by_its_beginning(folder: str) -> None:
    files = sorted((_SAMPLES / folder).glob("*"))
    if not files:
        pytest.skip("no samples here")
    for file in files:
        data = file.read_bytes()
        start = gzip.decompress(data) if file.suffix == ".gz" else data
        assert form_of(start[:START_BYTES]) is _OF_SAMPLES[folder], file.name


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize(
    "name",
    [
        "event-xml/with-root.xml",
        "event-json/one-line-array.json",
        "firewall-log/seventeen-columns-crlf.log",
        "auditpol/get-r-seven-columns.csv",
        "wfp-state/show-filters.xml",
        "dns-cache/export.csv",
    ],
)
def test_the_encoding_changes_nothing(name: str, encoding: str) -> None:
    data = (_CASES / name).read_bytes()
    again = data.decode("utf-8-sig").encode(encoding)
    assert form_of(again[:START_BYTES]) is form_of(data[:START_BYTES])


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("#Software: Microsoft Internet Information Services\n#Fields: date time s-ip\n", None),
        ("2026-11-21 09:00:00 DROP TABLE users\n", None),
        ("<html><body>x</body></html>", None),
        ('<Objs Version="1.1.0.1"><Obj/></Objs>', None),
        ('{"name": "a", "services": []}', None),
        ("<14>Nov 21 08:00:01 h <Event xmlns='x'><System><Provider/>", Form.EVENT_XML),
        ('Record 1\n{\n  "Event": {\n    "System": {"EventID": 5157', Form.EVENT_JSON),
        ('{"result": {"_raw": "<Event xmlns=', Form.EVENT_JSON),
        ('{"Id": 5157, "ProviderName": "x"}', Form.EVENT_JSON),
        ("Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\X]\r\n", Form.REGISTRY),
        ("HKEY_LOCAL_MACHINE\\SOFTWARE\\Other\r\n    a    REG_SZ    b\r\n", None),
    ],
)
def test_what_only_looks_alike_is_told_apart(text: str, form: Form | None) -> None:
    assert form_of(text.encode()) is form


@pytest.mark.parametrize("channel", ["Sysmon", "DNS-Client"])
def test_a_log_of_one_channel_alone_is_known_by_it(channel: str) -> None:
    inside = f"Microsoft-Windows-{channel}/Operational".encode("utf-16-le")
    start = b"ElfFile\0".ljust(4096, b"\0") + b"ElfChnk\0" + inside
    assert form_of(start) is (Form.SYSMON_LOG if channel == "Sysmon" else Form.DNS_LOG)
    assert (
        form_of(start + "Microsoft-Windows-Security-Auditing".encode("utf-16-le")) is Form.EVENT_LOG
    )


@pytest.mark.parametrize(
    ("start", "why"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04x", "ZIP"),
        (b"MSCF\0\0", "cabinet"),
        (b"x" * 257 + b"ustar", "tar"),
        (b"\x30\0\0\0LfLe", "Windows XP"),
        (b"just text", ""),
    ],
)
def test_what_holds_no_evidence_as_it_is_says_why(start: bytes, why: str) -> None:
    assert why in container_of(start)
    assert bool(container_of(start)) == bool(why)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet='<{["#Event:, \n', max_size=80).map(str.encode))
def test_any_beginning_has_an_answer(start: bytes) -> None:
    form_of(start)
    container_of(start)


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece", [b"<filters>", b"<Event>", b'{"Id":1,', b'"columns":', b"\n  ---"]
)
def test_a_hostile_beginning_costs_little(piece: bytes) -> None:
    form_of((b"<wfpdiag>" + piece * START_BYTES)[:START_BYTES])
    form_of((piece * START_BYTES)[:START_BYTES])
