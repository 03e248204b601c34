import pytest

from fleetaudit.cli._exits import Exit, exit_of
from fleetaudit.orchestrator.fleet import FleetSummary
from fleetaudit.records.outcome import OutcomeKind


@pytest.mark.parametrize(
    ("collected", "failed", "owed", "interrupted", "code"),
    [
        (3, 0, (), False, Exit.OK),
        (2, 1, (), False, Exit.PARTIAL),
        (0, 3, (), False, Exit.NO_HOST),
        (2, 1, ("web01",), False, Exit.STILL_ON),
        (0, 3, ("web01",), True, Exit.STILL_ON),
        (1, 2, (), True, Exit.INTERRUPTED),
        (0, 0, (), False, Exit.OK),
    ],
)
def test_the_exit_code_says_the_worst_that_happened(
    *, collected: int, failed: int, owed: tuple[str, ...], interrupted: bool, code: Exit
) -> None:
    summary = FleetSummary(
        outcomes={OutcomeKind.COLLECTED: collected, OutcomeKind.FAILED: failed},
        owed=owed,
        is_interrupted=interrupted,
    )
    assert exit_of(summary) is code
