from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.errors import InventoryError
from fleetaudit.inventory.patterns import match, split_patterns

HOSTS = ("web01", "web02", "web03", "db01", "db02", "10.0.0.1")
GROUPS = {
    "all": HOSTS,
    "ungrouped": ("10.0.0.1",),
    "web": ("web01", "web02", "web03"),
    "db": ("db01", "db02"),
    "site_a": ("web02", "db01"),
}


def matched(limit: str) -> str:
    return " ".join(match(limit, hosts=HOSTS, groups=GROUPS, notices=[]))


@pytest.mark.parametrize(
    ("limit", "hosts"),
    [
        ("all", " ".join(HOSTS)),
        ("web", "web01 web02 web03"),
        ("db02,web01", "db02 web01"),
        ("web:&site_a", "web02"),
        ("web:!site_a", "web01 web03"),
        ("!web:db", "db01 db02"),
        ("!web", "db01 db02 10.0.0.1"),
        ("&site_a", "web02 db01"),
        ("web*", "web01 web02 web03"),
        ("~(web|db)02", "web02 db02"),
        ("web[0]", "web01"),
        ("web[-1]", "web03"),
        ("web[0:1]", "web01 web02"),
        ("web[1:]", "web02 web03"),
        ("10.0.0.1", "10.0.0.1"),
        ("ungrouped", "10.0.0.1"),
        (" web01 , db01 ", "web01 db01"),
    ],
)
def test_a_limit_names_the_hosts_that_ansible_would_take(limit: str, hosts: str) -> None:
    assert matched(limit) == hosts


def test_a_colon_within_a_range_or_an_address_separates_nothing() -> None:
    assert split_patterns("web[0:2]:db") == ["web[0:2]", "db"]
    assert split_patterns("fe80::1") == ["fe80::1"]
    assert split_patterns("web01:5985") == ["web01:5985"]


def test_a_part_that_matches_nothing_is_a_warning() -> None:
    warnings: list[str] = []
    assert match("web01,wbe02", hosts=HOSTS, groups=GROUPS, notices=warnings) == ("web01",)
    assert warnings == ["--limit: 'wbe02' matches no host and no group."]


def test_a_file_gives_one_pattern_a_line(tmp_path: Path) -> None:
    file = tmp_path / "retry"
    file.write_text("web01\n\n  db \n!db02\n", encoding="utf-8")
    assert matched(f"@{file}") == "web01 db01"


@pytest.mark.parametrize("limit", ["@/does/not/exist", "~(", "web[9]", "web[-9]"])
def test_a_limit_that_cannot_be_read_is_an_error(limit: str) -> None:
    with pytest.raises(InventoryError, match="--limit"):
        matched(limit)


@given(st.text(alphabet="webd01[]:,&!~*.-", max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_limit_yields_known_hosts_once_or_is_refused(limit: str) -> None:
    try:
        found = match(limit, hosts=HOSTS, groups=GROUPS, notices=[])
    except InventoryError:
        return
    assert len(found) == len(set(found))
    assert set(found) <= set(HOSTS)
