from __future__ import annotations

import logging

import pytest

from fleetaudit.transport._quiet import LOGGERS, hush


@pytest.mark.parametrize("name", LOGGERS)
def test_the_libraries_cannot_log_a_message_body(name: str) -> None:
    hush()
    logger = logging.getLogger(f"{name}.wsman")
    assert not logger.isEnabledFor(logging.CRITICAL)
    assert not logging.getLogger(name).propagate


def test_hushing_twice_adds_no_handler() -> None:
    hush()
    before = list(logging.getLogger("pypsrp").handlers)
    hush()
    assert logging.getLogger("pypsrp").handlers == before
