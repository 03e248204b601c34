from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.parsers.time_zone import LocalClock
from fleetaudit.records.host import TimeZone

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times
NEVER = "0" * 32
BERLIN = TimeZone(
    name="W. Europe Standard Time",
    active_bias_minutes=-60,
    bias_minutes=-60,
    standard_bias_minutes=0,
    daylight_bias_minutes=-60,
    standard_start=bytes.fromhex("00000a00050003000000000000000000"),
    daylight_start=bytes.fromhex("00000300050002000000000000000000"),
)
BOSTON = replace(
    BERLIN,
    name="Eastern Standard Time",
    active_bias_minutes=300,
    bias_minutes=300,
    standard_start=bytes.fromhex("00000b00010002000000000000000000"),
    daylight_start=bytes.fromhex("00000300020002000000000000000000"),
)
SYDNEY = replace(
    BERLIN,
    name="AUS Eastern Standard Time",
    active_bias_minutes=-660,
    bias_minutes=-600,
    standard_start=bytes.fromhex("00000400010003000000000000000000"),
    daylight_start=bytes.fromhex("00000a00010002000000000000000000"),
)


def utc(zone: TimeZone, *times: datetime) -> list[tuple[int, bool | None]]:
    seconds = pa.array([int((one - EPOCH).total_seconds()) for one in times], pa.int64())
    found, flags = LocalClock.of_zone(zone).utc(seconds)
    return list(zip(found.to_pylist(), flags.to_pylist(), strict=True))


@pytest.mark.parametrize(
    ("zone", "name"),
    [(BERLIN, "Europe/Berlin"), (BOSTON, "America/New_York"), (SYDNEY, "Australia/Sydney")],
)
def test_every_half_hour_of_three_years_agrees_with_the_time_zone_database(
    zone: TimeZone, name: str
) -> None:
    times = [datetime(2024, 1, 1) + timedelta(minutes=30 * n) for n in range(3 * 365 * 48)]  # noqa: DTZ001 - local times
    known = [time.replace(tzinfo=ZoneInfo(name)) for time in times]
    assert utc(zone, *times) == [
        (int(time.timestamp()), time.utcoffset() != time.replace(fold=1).utcoffset())
        for time in known
    ]


def test_each_time_alone_is_read_as_among_others() -> None:
    times = [datetime(2026, 10, 25, hour, 30) for hour in range(5)]  # noqa: DTZ001 - local times
    assert [utc(BERLIN, one)[0] for one in times] == utc(BERLIN, *times)


def test_a_zone_without_daylight_time_is_never_ambiguous() -> None:
    zone = replace(BERLIN, standard_start=bytes(16), daylight_start=bytes(16))
    assert utc(zone, datetime(2026, 10, 25, 2, 30)) == [(1792891800, False)]  # noqa: DTZ001 - local


@pytest.mark.parametrize(
    "changes",
    [
        {"active_bias_minutes": -480},
        {"standard_start": b""},
        {"standard_start": bytes.fromhex("00000d00050003000000000000000000")},
        {"standard_start": bytes.fromhex("00000a00060003000000000000000000")},
        {"daylight_start": bytes.fromhex("00000300050018000000000000000000")},
        {"daylight_start": bytes.fromhex("00000300050002000000000000000700")},
        {"daylight_start": bytes.fromhex("ffff0300050002000000000000000000")},
    ],
)
def test_rules_that_cannot_be_leave_the_bias_in_force_and_say_that_doubts_are_unknown(
    changes: dict[str, object],
) -> None:
    zone = replace(BERLIN, **changes)  # type: ignore[arg-type]  # the fields are named above
    local = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    expected = int(local.timestamp()) + 60 * zone.active_bias_minutes
    assert utc(zone, local.replace(tzinfo=None)) == [(expected, None)]


def test_a_change_at_the_last_millisecond_of_a_day_is_one_at_midnight() -> None:
    # 23:59:59.999, as Windows writes midnight (learn.microsoft.com: TIME_ZONE_INFORMATION).
    zone = replace(BERLIN, standard_start=bytes.fromhex("00000a00050017003b003b00e7030600"))
    before, after = datetime(2026, 10, 31, 23, 59, 59), datetime(2026, 11, 1)  # noqa: DTZ001 - local
    assert [flag for _, flag in utc(zone, before, after)] == [True, False]


def test_a_rule_of_one_year_holds_in_that_year_only() -> None:
    zone = replace(
        BERLIN,
        standard_start=bytes.fromhex("ea070a00190003000000000000000000"),
        daylight_start=bytes.fromhex("ea0703001d0002000000000000000000"),
    )
    times = [datetime(year, 7, 1) for year in (2025, 2026, 2027)]  # noqa: DTZ001 - local times
    offsets = [
        int((time - EPOCH).total_seconds()) - found
        for time, (found, _) in zip(times, utc(zone, *times), strict=True)
    ]
    assert offsets == [3600, 7200, 3600]


@given(
    starts=st.tuples(st.binary(max_size=16), st.binary(min_size=16, max_size=16)),
    biases=st.tuples(*[st.integers(-1440, 1440)] * 3),
    seconds=st.lists(st.integers(0, 9_000_000_000), max_size=5),
)
@settings(max_examples=80, deadline=None)
def test_whatever_a_host_says_of_its_zone_every_time_gets_one(
    starts: tuple[bytes, bytes], biases: tuple[int, int, int], seconds: list[int]
) -> None:
    bias, standard, daylight = biases
    zone = replace(
        BERLIN,
        active_bias_minutes=bias + standard,
        bias_minutes=bias,
        standard_bias_minutes=standard,
        daylight_bias_minutes=daylight,
        standard_start=starts[0],
        daylight_start=starts[1],
    )
    found, flags = LocalClock.of_zone(zone).utc(pa.array(seconds, pa.int64()))
    assert len(found) == len(flags) == len(seconds)
    assert found.null_count == 0
