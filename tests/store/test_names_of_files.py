from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.store._paths import create, slug

HOSTILE = st.text(
    alphabet=st.one_of(st.sampled_from("./\\~%:*aAzZ0-_ \0\n\udc80"), st.characters()), max_size=120
)


@settings(max_examples=300, deadline=None)
@given(name=HOSTILE)
def test_every_name_becomes_one_harmless_part_of_a_path(name: str) -> None:
    made = slug(name)
    assert Path(made).name == made
    assert made not in {"", ".", ".."}
    assert len(made) <= 80
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-~")
    assert not made.startswith(".")


@settings(max_examples=300, deadline=None)
@given(names=st.lists(HOSTILE, max_size=20, unique=True))
def test_different_names_become_different_ones(names: list[str]) -> None:
    assert len({slug(name) for name in names}) == len(names)


@pytest.mark.parametrize("name", ["web01", "web01.example.com", "10.0.0.1", "pfirewall-1.log.old"])
def test_a_plain_name_stays_as_it_is(name: str) -> None:
    assert slug(name) == name


@pytest.mark.parametrize(
    "name",
    ["WEB01", "con", "nul.txt", "lpt1", "a..b", "x.partial", "x.gz", "x.tmp", "-a", "a.", ""],
)
def test_a_name_that_some_system_would_mistake_is_not_plain(name: str) -> None:
    assert "~" in slug(name)
    assert slug(name) != slug(name + "1")


def test_a_name_that_looks_like_a_made_one_does_not_become_it() -> None:
    made = slug("WEB01")
    assert slug(made) != made


def test_nothing_is_written_through_a_symbolic_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine")
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(OSError, match="symbolic links"):
        create(tmp_path / "link")
    assert target.read_text() == "mine"
