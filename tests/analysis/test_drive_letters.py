from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from fleetaudit.analysis.drive_letters import find_paths

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
BOOT = START - timedelta(days=1)
SVCHOST = "\\device\\harddiskvolume3\\windows\\system32\\svchost.exe"
HERE = "C:\\windows\\system32\\svchost.exe"

Volume = tuple[int | None, str, str | None]


def _ns(minutes: float) -> int:
    return int((START + timedelta(minutes=minutes)).timestamp() * 1e9)


def _volumes(minutes: float | None, **mounted: str | None) -> list[Volume]:
    time = None if minutes is None else _ns(minutes)
    return [(time, f"\\Device\\{device}", place) for device, place in mounted.items()]


def _paths(
    programs: dict[str | None, float],
    volumes: list[Volume],
    *,
    boots: tuple[datetime, ...] = (BOOT,),
    shutdowns: tuple[float, ...] = (),
) -> list[str | None]:
    found = find_paths(
        pd.Series(list(programs), dtype="object"),
        pd.Series([_ns(minutes) for minutes in programs.values()]),
        volumes=volumes,
        boots=boots,
        shutdowns=[_ns(minutes) for minutes in shutdowns],
    )
    return [None if number < 0 else found.paths[number] for number in found.numbers]


@pytest.mark.parametrize(
    ("program", "path"),
    [
        (SVCHOST, HERE),
        (SVCHOST.upper(), HERE.upper()),
        ("\\device\\harddiskvolume12\\x.exe", "D:\\Daten Mount\\x.exe"),
        ("\\device\\harddiskvolume1\\efi\\boot.efi", None),
        ("\\device\\harddiskvolume33\\x.exe", None),
        ("\\device\\harddiskvolume3", None),
        ("\\device\\harddiskvolume3\\", None),
        ("\\device\\mup\\server\\share\\x.exe", None),
        ("C:\\Program Files\\x.exe", "C:\\Program Files\\x.exe"),
        ("System", None),
        ("-", None),
        (None, None),
    ],
)
def test_a_program_lies_where_the_host_itself_has_its_volume(
    program: str | None, path: str | None
) -> None:
    volumes = _volumes(
        0, HarddiskVolume3="C:", HarddiskVolume12="D:\\Daten Mount", HarddiskVolume1=None, Mup=None
    )
    assert _paths({program: 5}, volumes) == [path]


@pytest.mark.parametrize("mounted", ["C:", "c:", "C:\\"])
def test_a_drive_is_written_in_several_ways(mounted: str) -> None:
    (path,) = _paths({SVCHOST: 5}, _volumes(0, HarddiskVolume3=mounted))
    assert path == mounted[:2] + HERE[2:]


@pytest.mark.parametrize("mounted", ["", "CD", "\\\\?\\Volume{0}", "Laufwerk C:", "1:"])
def test_what_is_no_drive_is_not_made_one(mounted: str) -> None:
    assert _paths({SVCHOST: 5}, _volumes(0, HarddiskVolume3=mounted)) == [None]


def test_each_list_holds_for_the_records_of_its_own_boot() -> None:
    volumes = [
        *_volumes(0, HarddiskVolume3="C:", HarddiskVolume4="E:"),
        *_volumes(10, HarddiskVolume3="E:", HarddiskVolume4="C:"),
    ]
    other = SVCHOST.replace("volume3", "volume4")
    boots = (BOOT, START + timedelta(minutes=6))
    programs: dict[str | None, float] = {SVCHOST: 4, other: 8}
    assert _paths(programs, volumes, boots=boots, shutdowns=(5,)) == [HERE, HERE]


def test_between_a_shutdown_and_the_next_known_boot_no_list_holds() -> None:
    volumes = [*_volumes(0, HarddiskVolume3="C:"), *_volumes(10, HarddiskVolume3="C:")]
    boots = (BOOT, START + timedelta(minutes=8))
    assert _paths({SVCHOST: 6}, volumes, boots=boots, shutdowns=(5,)) == [None]


def test_a_list_does_not_hold_before_its_boot_nor_where_no_boot_is_known() -> None:
    volumes = _volumes(0, HarddiskVolume3="C:")
    assert _paths({SVCHOST: -2 * 24 * 60}, volumes) == [None]
    assert _paths({SVCHOST: 5}, volumes, boots=()) == [None]


def test_a_list_that_nobody_dated_is_not_used() -> None:
    assert _paths({SVCHOST: 5}, _volumes(None, HarddiskVolume3="C:")) == [None]


def test_lists_of_one_boot_that_disagree_leave_the_device_alone() -> None:
    volumes = [*_volumes(0, HarddiskVolume3="C:"), *_volumes(10, HarddiskVolume3="D:")]
    assert _paths({SVCHOST: 5}, volumes) == [None]
    volumes = [*_volumes(0, HarddiskVolume3="C:"), *_volumes(10, HarddiskVolume3=None)]
    assert _paths({SVCHOST: 5}, volumes) == [HERE]


def test_without_a_list_no_program_has_a_path() -> None:
    assert _paths({SVCHOST: 5, None: 6}, []) == [None, None]
