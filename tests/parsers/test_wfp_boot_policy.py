"""Boot-time policy: a file of our own, and real lists of filters in their place."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleetaudit.parsers import wfp_boot_policy
from fleetaudit.records.evidence import EvidenceContext, Issue, split

_REPOSITORY = Path(__file__).parents[2]
_SAMPLES = Path(
    os.environ.get("FLEETAUDIT_SAMPLES", _REPOSITORY.parent / "shared" / "samples"), "wfp"
)
_CONTEXT = EvidenceContext(name="btpol.xml")
_POLICY = (_REPOSITORY / "tests" / "cases" / "wfp-boot-policy" / "boot-policy.xml").read_bytes()


def _parse(data: bytes) -> tuple[list[dict[str, Any]], list[Issue]]:
    rows, issues = split(wfp_boot_policy.parse(BytesIO(data), _CONTEXT))
    assert {item.table for item in rows} <= {"boot_filters"}
    return [row for item in rows for row in item.batch.to_pylist()], issues


def test_filters_are_read_wherever_they_stand_and_need_no_number() -> None:
    rows, issues = _parse(_POLICY)
    assert issues == []
    shown = ("filter_id", "filter_name", "filter_flags", "action", "layer_key", "provider_name")
    assert [tuple(row[name] for name in shown) for row in rows] == [
        (
            66203,
            "Startzeitfilter",
            "BOOTTIME",
            "FWP_ACTION_BLOCK",
            "FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V4",
            "Microsoft Corporation",
        ),
        (
            None,
            "Startzeitfilter",
            "BOOTTIME",
            "FWP_ACTION_PERMIT",
            "FWPM_LAYER_ALE_AUTH_CONNECT_V4",
            "Microsoft Corporation",
        ),
    ]
    assert {row["snapshot_time"].isoformat() for row in rows} == {
        "2026-11-21T08:00:01.295000+00:00"
    }


@pytest.mark.parametrize("name", [b"bootTimeFilters", b"policy", b"item"])
def test_the_name_of_the_list_does_not_matter(name: bytes) -> None:
    data = _POLICY.replace(b"<filters>", b"<%s>" % name).replace(b"</filters>", b"</%s>" % name)
    assert _parse(data) == _parse(_POLICY)


@pytest.mark.parametrize(
    ("sample", "filters"), [("filters_fr.xml", 286), ("wfpstate_two_roots_zh.xml", 200)]
)
def test_the_filters_of_other_dumps_are_all_found(sample: str, filters: int) -> None:
    file = _SAMPLES / sample
    if not file.exists():
        pytest.skip(f"no sample {sample}")
    rows, issues = _parse(file.read_bytes())
    assert (len(rows), issues) == (filters, [])


def test_a_number_that_is_none_is_told() -> None:
    rows, issues = _parse(_POLICY.replace(b"66203", b"-1"))
    assert [row["filter_id"] for row in rows] == [None, None]
    assert [issue.where for issue in issues] == ["filter {00000001-0000-4000-8000-000000000000}"]


@pytest.mark.parametrize("data", [b"<wfpdiag/>", b"<bootTimePolicy><filters/></bootTimePolicy>"])
def test_a_policy_without_filters_is_told(data: bytes) -> None:
    rows, issues = _parse(data)
    assert (rows, [(issue.problem, issue.lost) for issue in issues]) == (
        [],
        [("holds no filter", 0)],
    )


def test_damage_costs_what_comes_after_it() -> None:
    rows, issues = _parse(_POLICY[: _POLICY.index(b"CONNECT_V4")])
    assert [row["filter_id"] for row in rows] == [66203]
    assert [issue.lost for issue in issues] == [1]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(_POLICY)), st.integers(0, 40), st.binary(max_size=20))
def test_any_damage_becomes_rows_and_issues(at: int, length: int, junk: bytes) -> None:
    rows, issues = _parse(_POLICY[:at] + junk + _POLICY[at + length :])
    assert rows or issues


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_become_rows_and_issues(data: bytes) -> None:
    assert _parse(data)[1]
