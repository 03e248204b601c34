import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.analysis.attempts import fold

SECOND = 1_000_000_000


def _records(*rows: tuple[float, int, int, int]) -> pd.DataFrame:
    """Return records from (second, event, protocol, remote port)."""
    return pd.DataFrame(
        {
            "time_ns": [int(row[0] * SECOND) for row in rows],
            "event_code": [row[1] for row in rows],
            "network_iana_number": [row[2] for row in rows],
            "remote_port": [row[3] for row in rows],
            "rule_key": "rule",
            "attribution": "origin",
            "network_direction": "inbound",
            "local_ip": "10.0.0.1",
            "local_port": 445,
            "remote_ip": "10.0.0.2",
        }
    )


def _attempts(*rows: tuple[float, int, int, int]) -> int:
    return int(fold(_records(*rows))["attempt"].nunique())


def test_five_transmissions_of_one_syn_are_one_attempt() -> None:
    assert _attempts(*[(s, 5157, 6, 50000) for s in (0, 1, 3, 7, 15)]) == 1


def test_a_syn_after_a_longer_pause_is_another_attempt() -> None:
    assert _attempts((0, 5157, 6, 50000), (10.5, 5157, 6, 50000)) == 2


def test_another_source_port_is_another_attempt() -> None:
    assert _attempts((0, 5157, 6, 50000), (0, 5157, 6, 50001)) == 2


def test_the_twin_records_of_a_block_are_one_attempt() -> None:
    assert _attempts((0, 5157, 17, 5353), (0.001, 5152, 17, 5353)) == 1
    assert _attempts((0, 5152, 6, 50000), (0, 5157, 6, 50000), (1, 5157, 6, 50000)) == 1


def test_a_datagram_that_is_sent_again_and_again_is_one_attempt() -> None:
    assert _attempts(*[(s, 5152, 17, 1900) for s in (0, 1, 2, 11)]) == 1
    assert _attempts((0, 5152, 17, 1900), (0, 5152, 17, 1901)) == 2


def test_a_record_that_cannot_be_traced_belongs_to_the_rule_of_its_attempt() -> None:
    records = _records((0, 5157, 6, 50000), (1, 5157, 6, 50000), (30, 5157, 6, 50000))
    records["attribution"] = ["unresolved", "filter", "unresolved"]
    records["rule_key"] = ["unresolved", "rule", "unresolved"]
    folded = fold(records)
    assert folded["rule_key"].tolist() == ["rule", "rule", "unresolved"]
    assert folded["attempt"].nunique() == 2


def test_two_rules_that_drop_one_tuple_have_an_attempt_each() -> None:
    records = _records((0, 5157, 6, 50000), (1, 5157, 6, 50000), (2, 5157, 6, 50000))
    records["rule_key"] = ["one", "other", "unresolved"]
    records["attribution"] = ["origin", "origin", "unresolved"]
    assert fold(records)["attempt"].nunique() == 3


def test_no_records_are_no_attempts() -> None:
    assert fold(_records()).empty


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 60),
            st.sampled_from([5152, 5157]),
            st.sampled_from([6, 17]),
            st.integers(1, 3),
        ),
        max_size=30,
    )
)
def test_every_record_is_in_one_attempt_whatever_the_order(
    rows: list[tuple[float, int, int, int]],
) -> None:
    records = _records(*rows)
    numbers = fold(records)["attempt"]
    shuffled = fold(records.sample(frac=1, random_state=1))["attempt"]
    assert len(numbers) == len(rows)
    assert numbers.notna().all()
    assert numbers.nunique() == shuffled.nunique()
