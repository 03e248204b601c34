import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.analysis.statistics import merge_partials, partial_of, rule_drops
from fleetaudit.records.figures import RuleIdentity, RuleKind

_ATTEMPT = st.fixed_dictionaries(
    {
        "rule_key": st.sampled_from(["a", "b"]),
        "records": st.integers(1, 5),
        "first_ns": st.integers(0, 1_000_000_000),
        "last_ns": st.integers(1_000_000_000, 2_000_000_000),
        "network_direction": st.sampled_from(["inbound", "outbound"]),
        "process_executable": st.sampled_from(["x.exe", "y.exe"]),
        "remote_ip": st.sampled_from(["10.0.0.1", None]),
        "port": st.sampled_from(["tcp/1", "tcp/2"]),
        "attribution": st.sampled_from(["origin", "filter"]),
        "window": st.sampled_from([-1, 0, 1]),
    }
)
_HOST = st.lists(_ATTEMPT, min_size=1, max_size=8).map(pd.DataFrame)


@settings(deadline=None, max_examples=25)
@given(st.lists(_HOST, min_size=1, max_size=4))
def test_partials_add_up_in_any_order_and_grouping(hosts: list[pd.DataFrame]) -> None:
    partials = [partial_of(host) for host in hosts]
    whole = merge_partials(partials)
    parted = merge_partials([merge_partials(partials[1:]), partials[0]])
    pd.testing.assert_frame_equal(whole[parted.columns], parted, check_dtype=False, check_like=True)


@settings(deadline=None, max_examples=25)
@given(st.lists(_HOST, min_size=1, max_size=4))
def test_every_breakdown_of_a_rule_adds_up_to_its_attempts(hosts: list[pd.DataFrame]) -> None:
    fleet = merge_partials(partial_of(host) for host in hosts)
    identities = {key: RuleIdentity(key=key, name=key, kind=RuleKind.RULE) for key in ("a", "b")}
    drops = rule_drops(
        fleet, identities=identities, hosts={"a": ["h"], "b": ["h"]}, observed_hours=2.0
    )
    assert sum(one.attempts for one in drops) == sum(len(host) for host in hosts)
    for one in drops:
        for tallies in (one.directions, one.programs, one.remotes, one.ports, one.attributions):
            assert sum(tally.attempts for tally in tallies) == one.attempts
        assert one.rate_per_host_hour == one.observed_attempts / 2.0
    seen = sum(int((host["window"] >= 0).sum()) for host in hosts)
    assert sum(one.observed_attempts for one in drops) == seen


def test_no_hosts_are_no_rules() -> None:
    fleet = merge_partials([])
    assert rule_drops(fleet, identities={}, hosts={}, observed_hours=0.0) == ()
