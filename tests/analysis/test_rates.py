from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from fleetaudit.analysis.host import HostFigures
from fleetaudit.analysis.policy_changes import since_epoch
from fleetaudit.analysis.rates import BurstEdges, outside_gaps, window_drops
from fleetaudit.analysis.stretches import ObservedWindow, observe_window, places
from fleetaudit.records.window import Window

OPENED = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
SECOND = 1_000_000_000


def _bursts(number: int = 3) -> list[ObservedWindow]:
    windows = []
    for minute in range(0, 5 * number, 5):
        opened = OPENED + timedelta(minutes=minute)
        window = Window(opened_at=opened, closed_at=opened + timedelta(seconds=30))
        windows.append(observe_window(window, [], None))
    return windows


def _figures(windows: list[ObservedWindow], *seconds: float) -> HostFigures:
    """Return figures of attempts of two records that were first seen at these seconds."""
    times = np.array([since_epoch(OPENED) + int(s * SECOND) for s in seconds], dtype=np.int64)
    attempts = pd.DataFrame({"first_ns": times, "records": 2})
    attempts["window"], attempts["into_ns"] = places(times, windows)
    return HostFigures(partial=pd.DataFrame(), identities={}, attempts=attempts, records=0)


NOTHING = HostFigures(partial=pd.DataFrame(), identities={}, attempts=pd.DataFrame(), records=0)


def test_each_burst_has_its_own_attempts_and_its_own_denominator() -> None:
    windows = _bursts()
    seen = window_drops(windows, _figures(windows, 1, 29, 605, 400))
    assert [(one.observed_seconds, one.attempts) for one in seen] == [(30, 2), (30, 0), (30, 1)]
    assert [one.opened_at - OPENED for one in seen] == [timedelta(minutes=m) for m in (0, 5, 10)]


def test_a_burst_without_a_drop_saw_none_and_one_that_was_not_read_saw_nobody_knows() -> None:
    assert [one.attempts for one in window_drops(_bursts(), NOTHING)] == [0, 0, 0]
    unread = window_drops(_bursts(), None)
    assert [(one.observed_seconds, one.attempts) for one in unread] == [(0.0, None)] * 3


def test_attempts_between_bursts_are_counted_and_said() -> None:
    windows = _bursts()
    (gap,) = outside_gaps("web01", windows, _figures(windows, 1, 60, 400))
    assert (gap.kind, gap.host) == ("records-outside-windows", "web01")
    assert gap.what == "Attempts first seen outside the observed time: 2; records behind them: 4"
    assert list(outside_gaps("web01", windows, _figures(windows, 1))) == []
    assert list(outside_gaps("web01", windows, NOTHING)) == []


def test_where_nobody_knows_when_was_audited_nothing_is_outside() -> None:
    assert list(outside_gaps("web01", [], _figures([], 1))) == []
    left_open = [observe_window(Window(opened_at=OPENED), [], None)]
    assert list(outside_gaps("web01", left_open, _figures(left_open, 1))) == []


def test_what_may_have_begun_before_a_burst_is_told_with_both_rates() -> None:
    windows = _bursts()
    edges = BurstEdges()
    edges.add(windows, _figures(windows, 1, 9, 15, 301, 600, 611, 400))
    edges.add(windows[:1], _figures(windows[:1], 1, 2))
    (gap,) = edges.gaps()
    assert gap.what.startswith("4 of 6 attempts were first seen in the first 10 s of a burst")
    assert "240.0 attempts by host-hour in all of the bursts" in gap.effect
    assert "120.0 without their first 10 s" in gap.effect


def test_bursts_as_short_as_an_edge_have_no_other_rate() -> None:
    window = Window(opened_at=OPENED, closed_at=OPENED + timedelta(seconds=8))
    later = Window(
        opened_at=OPENED + timedelta(minutes=5), closed_at=OPENED + timedelta(minutes=5, seconds=8)
    )
    windows = [observe_window(one, [], None) for one in (window, later)]
    edges = BurstEdges()
    edges.add(windows, _figures(windows, 1, 2))
    (gap,) = edges.gaps()
    assert gap.effect == "Rates are too high by those that had"


@pytest.mark.parametrize("seconds", [(), (25.0, 320.0)])
def test_bursts_that_cut_nothing_say_nothing(seconds: tuple[float, ...]) -> None:
    windows = _bursts()
    edges = BurstEdges()
    edges.add(windows, _figures(windows, *seconds))
    assert list(edges.gaps()) == []
