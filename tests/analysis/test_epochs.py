from datetime import UTC, datetime, timedelta

import pandas as pd

from fleetaudit.analysis.epochs import Epochs, draw_epochs

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def _ns(minutes: float) -> int:
    return int((START + timedelta(minutes=minutes)).timestamp() * 1e9)


def _snapshots_for(epochs: Epochs, minutes: float) -> tuple[int, ...]:
    index = int(epochs.index(pd.Series([_ns(minutes)]))[0])
    return epochs.epochs[index].snapshots


def test_a_record_looks_first_into_the_snapshot_after_it_then_into_the_one_before() -> None:
    epochs = draw_epochs(
        snapshots=[_ns(0), _ns(10)], boots=[START - timedelta(days=1)], shutdowns=[]
    )
    assert _snapshots_for(epochs, 5) == (1, 0)
    assert _snapshots_for(epochs, -1) == (0, 1)
    assert _snapshots_for(epochs, 11) == (1, 0)


def test_a_record_is_never_resolved_against_a_snapshot_of_another_boot() -> None:
    boots = [START - timedelta(days=1), START + timedelta(minutes=6)]
    epochs = draw_epochs(snapshots=[_ns(0), _ns(10)], boots=boots, shutdowns=[_ns(5)])
    assert _snapshots_for(epochs, 4) == (0,)
    assert _snapshots_for(epochs, 8) == (1,)


def test_between_a_shutdown_and_the_next_known_boot_no_snapshot_holds() -> None:
    boots = [START - timedelta(days=1), START + timedelta(minutes=6)]
    epochs = draw_epochs(snapshots=[_ns(0), _ns(10)], boots=boots, shutdowns=[_ns(3)])
    assert _snapshots_for(epochs, 5) == ()


def test_a_record_from_before_the_first_known_boot_has_no_snapshot() -> None:
    epochs = draw_epochs(snapshots=[_ns(10)], boots=[START], shutdowns=[])
    assert [_snapshots_for(epochs, minutes) for minutes in (-1, -0.25, 1)] == [(), (0,), (0,)]


def test_boot_times_that_differ_by_seconds_are_one_boot() -> None:
    boot = START - timedelta(days=1)
    epochs = draw_epochs(
        snapshots=[_ns(0), _ns(10)], boots=[boot, boot + timedelta(seconds=2)], shutdowns=[]
    )
    assert _snapshots_for(epochs, 5) == (1, 0)


def test_without_a_boot_time_a_shutdown_still_parts_the_boots() -> None:
    epochs = draw_epochs(snapshots=[_ns(10)], boots=[], shutdowns=[_ns(5)])
    assert _snapshots_for(epochs, 4) == ()
    assert _snapshots_for(epochs, 6) == (0,)


def test_without_any_snapshot_there_is_one_epoch_that_resolves_nothing() -> None:
    assert _snapshots_for(draw_epochs(snapshots=[], boots=[], shutdowns=[]), 0) == ()
