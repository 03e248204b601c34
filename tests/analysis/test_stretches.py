from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.analysis.policy_changes import PolicyChange, since_epoch
from fleetaudit.analysis.stretches import OUTSIDE, LogStart, ObservedWindow, observe_window, places
from fleetaudit.records.audit_policy import Subcategory
from fleetaudit.records.window import Window

OPENED = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
START = since_epoch(OPENED)
SECOND = 1_000_000_000
WATCHED = (Subcategory.CONNECTION, Subcategory.PACKET_DROP)


def _window(first: int, length: int) -> Window:
    opened = OPENED + timedelta(seconds=first)
    return Window(opened_at=opened, closed_at=opened + timedelta(seconds=length))


def _change(second: int, subcategory: Subcategory, *, is_on: bool) -> PolicyChange:
    return PolicyChange(time_ns=START + second * SECOND, subcategory=subcategory, is_on=is_on)


_CHANGES = st.lists(
    st.builds(_change, st.integers(-100, 1000), st.sampled_from(WATCHED), is_on=st.booleans()),
    max_size=12,
).map(lambda changes: sorted(changes, key=lambda one: one.time_ns))
_LOGS = st.none() | st.builds(
    LogStart,
    oldest_record=st.integers(0, 3),
    first_ns=st.none() | st.integers(-100, 1000).map(lambda s: START + s * SECOND),
)


@settings(deadline=None)
@given(st.integers(0, 600), _CHANGES, _LOGS)
def test_stretches_lie_in_their_window_in_order_and_with_the_rest_add_up_to_it(
    length: int, changes: list[PolicyChange], log: LogStart | None
) -> None:
    seen = observe_window(_window(0, length), changes, log)
    assert 0 <= seen.observed_ns <= (length + 65) * SECOND
    assert seen.cut_ns >= 0
    assert all(begin < end for begin, end in seen.stretches)
    assert all(left[1] <= right[0] for left, right in pairwise(seen.stretches))
    for begin, end in seen.stretches:
        assert begin >= START - 60 * SECOND
        assert end <= START + (length + 5) * SECOND
    if not changes and log is None:
        assert seen.observed_ns == length * SECOND


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), max_size=5), st.data())
def test_a_time_is_placed_in_the_window_whose_stretch_holds_it(
    gaps: list[tuple[int, int]], data: st.DataObject
) -> None:
    windows, at = [], 0
    for pause, length in gaps:
        begin = at + pause + 1
        windows.append(ObservedWindow(window=_window(0, 1), stretches=((begin, begin + length),)))
        at = begin + length
    times = data.draw(st.lists(st.integers(-5, 250), max_size=30))
    numbers, into = places(np.array(times, dtype=np.int64), windows)
    for time, number, far in zip(times, numbers.tolist(), into.tolist(), strict=True):
        held = [n for n, one in enumerate(windows) if _holds(one, time)]
        assert [number] == (held or [OUTSIDE])
        assert far == (time - windows[number].stretches[0][0] if held else -1)


def _holds(one: ObservedWindow, time: int) -> bool:
    return any(begin <= time <= end for begin, end in one.stretches)


def test_an_interrupted_window_is_two_stretches() -> None:
    off = _change(100, Subcategory.CONNECTION, is_on=False)
    on = _change(150, Subcategory.CONNECTION, is_on=True)
    seen = observe_window(_window(0, 600), [off, on], None)
    assert [(b - START, e - START) for b, e in seen.stretches] == [
        (0, 100 * SECOND),
        (150 * SECOND, 600 * SECOND),
    ]
    assert seen.undone_ns == {Subcategory.CONNECTION: 50 * SECOND}


def test_a_log_of_which_nothing_was_read_takes_the_whole_window() -> None:
    seen = observe_window(_window(0, 600), [], LogStart(oldest_record=5, first_ns=None))
    assert (seen.observed_ns, seen.cut_ns) == (0, 600 * SECOND)
