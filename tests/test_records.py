import pickle

import pytest

from fleetaudit.records.secret import MASK, Secret


def test_a_secret_shows_its_value_to_nobody_who_does_not_ask_for_it() -> None:
    secret = Secret("hunter2")
    assert {repr(secret), str(secret), f"{secret}", f"{secret:>20}"} == {MASK}
    assert secret.reveal() == "hunter2"


def test_a_secret_cannot_be_pickled() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret("hunter2"))


def test_secrets_with_one_value_are_equal() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a")}) == 1
