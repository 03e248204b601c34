from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.errors import EvidenceError
from fleetaudit.parsers.host_facts import read_facts, read_security_log
from fleetaudit.records.host import LanguageMode

CASES = Path(__file__).parents[2] / "tests/cases/host-facts"
RECEIVED_AT = datetime(2026, 11, 21, 7, 59, 30, tzinfo=UTC)
FULL = (CASES / "server-2022-de.json").read_bytes()
LEAST = (CASES / "least.json").read_bytes()
ELEVATED = (CASES / "groups-elevated-de.csv").read_bytes()


FAR = {"IsDomainController": False, "StartTimeHi": 31_217_000, "StartTimeLo": 0}


def least(**changes: Any) -> bytes:
    return json.dumps(json.loads(LEAST) | changes).encode()


def test_facts_of_a_german_server_are_read() -> None:
    facts = read_facts(FULL, ELEVATED, received_at=RECEIVED_AT)
    assert facts.computer_name == "WEB01"
    assert facts.os_build == 20348
    assert facts.culture == "de-DE"
    assert facts.boot_time == datetime(2026, 11, 20, 5, 11, 9, tzinfo=UTC)
    assert facts.clock_offset == timedelta(seconds=30)
    assert facts.language_mode is LanguageMode.FULL
    assert facts.is_elevated
    assert facts.subcategory_override == 1
    assert facts.security_log is not None
    assert facts.security_log.newest_record == 40_328
    assert facts.security_log.oldest_record_time == datetime(2026, 11, 18, 22, 10, tzinfo=UTC)
    assert facts.security_log.file_bytes == 20_975_616
    assert facts.system_drive_free_bytes == 42_949_672_960
    assert (facts.shell_memory_mb, facts.shells_per_user) == (1024, 30)


def test_the_next_refresh_of_group_policy_is_known_by_the_last_one() -> None:
    refresh = read_facts(FULL, ELEVATED, received_at=RECEIVED_AT).policy_refresh
    assert refresh is not None
    last = datetime(2026, 11, 21, 7, 10, tzinfo=UTC)
    assert refresh.applied_at == last
    due = (last + timedelta(minutes=60), last + timedelta(minutes=90))
    assert refresh.next_after(last) == due
    later = last + timedelta(minutes=70)
    assert refresh.next_after(later) == (later, due[1])


@pytest.mark.parametrize(("is_controller", "minutes"), [(False, (90, 120)), (True, (5, 5))])
def test_intervals_that_no_policy_sets_are_those_of_windows(
    *, is_controller: bool, minutes: tuple[int, int]
) -> None:
    times = {"IsDomainController": is_controller, "StartTimeHi": 31_217_000, "StartTimeLo": -1}
    facts = read_facts(least(GroupPolicy=times), ELEVATED, received_at=RECEIVED_AT)
    refresh = facts.policy_refresh
    assert refresh is not None
    due = refresh.next_after(refresh.applied_at)
    assert [(one - refresh.applied_at) / timedelta(minutes=1) for one in due] == list(minutes)


def test_registry_numbers_get_their_sign_back() -> None:
    zone = read_facts(FULL, ELEVATED, received_at=RECEIVED_AT).time_zone
    assert (zone.active_bias_minutes, zone.bias_minutes, zone.daylight_bias_minutes) == (-60,) * 3
    assert zone.standard_bias_minutes == 0
    assert zone.standard_start.hex() == "00000a00050003000000000000000000"


def test_what_a_host_need_not_have_may_be_missing_or_null() -> None:
    facts = read_facts(LEAST, ELEVATED, received_at=RECEIVED_AT)
    assert facts.security_log is None
    assert facts.subcategory_override is None
    assert facts.crash_on_audit_fail == 0
    assert (facts.os_caption, facts.culture, facts.powershell_version) == ("", "", "")
    assert facts.time_zone.standard_start == b""
    assert facts.system_drive_free_bytes is None
    assert facts.policy_refresh is None
    assert (facts.shell_memory_mb, facts.shells_per_user) == (None, None)


def test_a_look_at_the_security_log_reads_as_the_facts_do() -> None:
    log = json.loads(FULL.decode("utf-8-sig"))["SecurityLog"]
    found = read_security_log(json.dumps(log).encode("utf-8-sig"))
    assert found == read_facts(FULL, ELEVATED, received_at=RECEIVED_AT).security_log
    with pytest.raises(EvidenceError, match="MaximumSizeInBytes is missing"):
        read_security_log(b"{}")


def test_a_log_whose_oldest_record_is_not_known_is_read() -> None:
    log = json.loads(FULL.decode("utf-8-sig"))["SecurityLog"]
    for silent in ({**log, "OldestRecordTime": None, "FileSize": None}, {**log}):
        silent.pop("FileSize", None)
        facts = read_facts(least(SecurityLog=silent), ELEVATED, received_at=RECEIVED_AT)
        assert facts.security_log is not None
        assert facts.security_log.file_bytes is None


def test_elevation_is_told_by_the_label_and_never_by_a_name() -> None:
    groups = (CASES / "groups-medium.csv").read_bytes()
    assert not read_facts(LEAST, groups, received_at=RECEIVED_AT).is_elevated
    system = b'"x","Label","S-1-16-16384",""\r\n'
    assert read_facts(LEAST, system, received_at=RECEIVED_AT).is_elevated


def test_without_a_label_elevation_is_not_guessed() -> None:
    with pytest.raises(EvidenceError, match=r"groups\.csv: it names no mandatory label"):
        read_facts(LEAST, b"", received_at=RECEIVED_AT)


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        (b"", "it is no JSON"),
        (b"[" * 100_000, "it is no JSON"),
        (b"[]", "the whole is 'list', not an object"),
        (least(OSBuild="20348"), "OSBuild is '20348', not a whole number"),
        (least(OSBuild=True), "OSBuild is 'True', not a whole number"),
        (least(OSBuild=-1), "OSBuild"),
        (least(ComputerName=None), "ComputerName is 'None', not a text"),
        (least(ComputerName="x" * 100_000), "ComputerName is 'x+"),
        (least(LanguageMode="Polite"), "LanguageMode is 'Polite', not a language mode"),
        (least(HostTime="2026-11-21T08:00:00"), "HostTime is '2026-11-21T08:00:00', not a time"),
        (least(HostTime="/Date(999999999999999)/"), "HostTime"),
        (least(GroupPolicy={"StartTimeHi": 2**32}), r"GroupPolicy\.StartTimeHi is '4294967296'"),
        (least(GroupPolicy={"StartTimeHi": "1"}), r"GroupPolicy\.StartTimeHi is '1', not a whole"),
        (
            least(GroupPolicy=FAR | {"StartTimeHi": -1, "StartTimeLo": -1}),
            "GroupPolicy: its times are beyond",
        ),
        (least(GroupPolicy=FAR | {"RefreshTime": 2**62}), "GroupPolicy: its times are beyond"),
        (least(HostTime="9999-12-31T00:00:00Z"), "HostTime is '9999"),
        (least(BootTime="0001-01-01T00:00:00Z"), "BootTime is '0001"),
        (least(TimeZone={"Bias": 0}), r"TimeZone\.ActiveTimeBias is missing"),
        (least(TimeZone={"ActiveTimeBias": 5000, "Bias": 0}), "not at most a day"),
        (least(SecurityLog=7), "SecurityLog is '7', not an object"),
        (least(ShellQuotas=[]), "ShellQuotas is 'list', not an object"),
        (least(SystemDriveFreeBytes=-1), "SystemDriveFreeBytes is '-1', not a whole number"),
    ],
)
def test_facts_that_no_host_sends_are_refused_with_their_key(facts: bytes, problem: str) -> None:
    with pytest.raises(EvidenceError, match=rf"facts\.json: .*{problem}"):
        read_facts(facts, ELEVATED, received_at=RECEIVED_AT)


def test_a_missing_key_is_named() -> None:
    host = json.loads(LEAST)
    del host["HostTime"]
    with pytest.raises(EvidenceError, match="HostTime is missing"):
        read_facts(json.dumps(host).encode(), ELEVATED, received_at=RECEIVED_AT)


def test_a_time_may_be_milliseconds() -> None:
    facts = read_facts(least(HostTime="/Date(1763712000000)/"), ELEVATED, received_at=RECEIVED_AT)
    assert facts.host_time == datetime(2025, 11, 21, 8, 0, tzinfo=UTC)


def test_a_lone_surrogate_does_not_get_through() -> None:
    facts = read_facts(least(ComputerName="WEB\ud800"), ELEVATED, received_at=RECEIVED_AT)
    assert facts.computer_name == "WEB\N{REPLACEMENT CHARACTER}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(
    key=st.sampled_from(sorted(json.loads(FULL.decode("utf-8-sig")))),
    value=JSON,
    groups=st.binary(max_size=40),
)
@settings(max_examples=80, deadline=None)
def test_any_value_gives_facts_or_a_clear_error(key: str, value: object, groups: bytes) -> None:
    facts = json.dumps(json.loads(FULL.decode("utf-8-sig")) | {key: value}).encode()
    for listed in (groups, ELEVATED):
        with suppress(EvidenceError):
            read_facts(facts, listed, received_at=RECEIVED_AT)
