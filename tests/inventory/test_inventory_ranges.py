import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.errors import InventoryError
from fleetaudit.inventory.ranges import expand, is_address, split_port
from fleetaudit.inventory.values import Origin

HERE = Origin(file="hosts.yml", line=7)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("web", ["web"]),
        ("web[1:3]", ["web1", "web2", "web3"]),
        ("web[08:10]", ["web08", "web09", "web10"]),
        ("web[1:6:2]", ["web1", "web3", "web5"]),
        ("web[:2]", ["web0", "web1", "web2"]),
        ("[a:c]-x", ["a-x", "b-x", "c-x"]),
        ("w[y:B]", ["wy", "wz", "wA", "wB"]),
        ("[a:b][1:2]", ["a1", "a2", "b1", "b2"]),
        ("web[5:1]", []),
        ("10.0.0.[1:2]", ["10.0.0.1", "10.0.0.2"]),
    ],
)
def test_a_range_stands_for_every_name_between_its_ends(pattern: str, names: list[str]) -> None:
    assert list(expand(pattern, origin=HERE)) == names


@pytest.mark.parametrize(
    "pattern",
    [
        "web[1]",
        "web[1:2:3:4]",
        "web[1:]",
        "web[01:100]",
        "web[f:a]",
        "web[1:z]",
        "web[aa:bb]",
        "web[1:5:0]",
        "web[1:5:x]",
        "web[1:5",
        "web[1:99999999]",
        "web[1:9999][1:9999]",
        "web[1:" + "9" * 5000 + "]",
        "web[\u0661:\u0663]",
    ],
)
def test_a_range_that_makes_no_sense_is_an_error_with_its_line(pattern: str) -> None:
    with pytest.raises(InventoryError, match=r"^hosts\.yml, line 7: ") as raised:
        expand(pattern, origin=HERE)
    assert raised.value.line == 7


@pytest.mark.parametrize(
    ("pattern", "bare", "port"),
    [
        ("web01:5985", "web01", 5985),
        ("web[01:20]:5985", "web[01:20]", 5985),
        ("[::1]:5985", "::1", 5985),
        ("fe80::1", "fe80::1", None),
        ("web[01:20]", "web[01:20]", None),
        ("-odd-:22", "-odd-:22", None),
    ],
)
def test_a_port_is_split_off_a_name_but_not_off_an_address(
    pattern: str, bare: str, port: int | None
) -> None:
    assert split_port(pattern) == (bare, port)


def test_a_colon_between_two_names_makes_no_address() -> None:
    assert not is_address("web:db")
    assert is_address("web[1:2].example.org")
    assert is_address("10.0.0.1")


@given(
    first=st.integers(0, 500),
    count=st.integers(0, 50),
    step=st.integers(1, 9),
    width=st.integers(4, 6),
)
@settings(max_examples=50, deadline=None)
def test_padded_ranges_count_as_pythons_range_does(
    first: int, count: int, step: int, width: int
) -> None:
    last = first + count
    pattern = f"h[{first:0{width}}:{last:0{width}}:{step}]"
    expected = [f"h{number:0{width}}" for number in range(first, last + 1, step)]
    assert list(expand(pattern, origin=HERE)) == expected


@given(st.text(alphabet="web01[]:-.ab", max_size=20))
@settings(max_examples=150, deadline=None)
def test_any_text_is_either_expanded_or_refused(pattern: str) -> None:
    try:
        assert isinstance(expand(split_port(pattern)[0], origin=HERE), tuple)
    except InventoryError as error:
        assert error.line == 7  # noqa: PT017 - the other outcome is fine as well
