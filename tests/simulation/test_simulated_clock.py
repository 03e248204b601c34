from __future__ import annotations

from datetime import timedelta

from fleetaudit.simulation.clock import SIMULATION_START, SimulatedClock


def test_time_stands_still_until_somebody_waits_for_a_moment() -> None:
    clock = SimulatedClock()
    clock.sleep(3600)
    assert clock.now() == SIMULATION_START
    clock.sleep_until(SIMULATION_START + timedelta(minutes=10))
    assert clock.now() == SIMULATION_START + timedelta(minutes=10)


def test_waiting_for_the_past_moves_nothing() -> None:
    clock = SimulatedClock()
    clock.sleep_until(SIMULATION_START - timedelta(days=1))
    assert clock.now() == SIMULATION_START


def test_running_work_is_waited_for_as_long_as_it_takes() -> None:
    assert SimulatedClock().patience(SIMULATION_START) is None


def test_deadlines_are_real() -> None:
    clock = SimulatedClock()
    first = clock.monotonic()
    clock.sleep_until(SIMULATION_START + timedelta(days=1))
    assert clock.monotonic() - first < 60
