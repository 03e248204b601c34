import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from fleetaudit.records.figures import Analysis, WindowDrops
from fleetaudit.reporting import render_html, render_markdown, render_summary
from fleetaudit.reporting.report import build_sections
from fleetaudit.reporting.sections._words import length
from tests.reporting.conftest import START

HOSTILE_MARKUP = "<script>alert(1)</script>"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.urls: list[str] = []
        self.styled: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "action"}:
                self.urls.append(value or "")
            if name == "style" or name.startswith("on"):
                self.styled.append(tag)


def _tags(page: str) -> _Tags:
    parser = _Tags()
    parser.feed(page)
    return parser


def test_what_was_not_seen_comes_first_then_the_rules_then_the_hosts(analysis: Analysis) -> None:
    names = [section.name for section in build_sections(analysis)]
    assert names == ["not-seen", "summary", "rules", "hosts", "sources", "run"]


def test_a_hostile_rule_name_stays_text_in_html(analysis: Analysis) -> None:
    page = render_html(analysis)
    assert "script" not in _tags(page).tags
    assert HOSTILE_MARKUP not in page
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_the_page_asks_for_nothing_and_needs_no_inline_style(analysis: Analysis) -> None:
    tags = _tags(render_html(analysis))
    assert [url for url in tags.urls if not url.startswith("#")] == []
    assert tags.styled == []
    assert {"link", "img", "iframe", "script"}.isdisjoint(tags.tags)


def test_a_hostile_rule_name_stays_one_cell_in_markdown(analysis: Analysis) -> None:
    text = render_markdown(analysis)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for table in re.split(r"\n(?!\| )", "\n".join(rows)):
        cells = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
        assert len(cells) >= 1
    hostile = next(row for row in rows if "alert" in row)
    assert len(re.findall(r"(?<!\\)\|", hostile)) == 11
    assert HOSTILE_MARKUP not in text
    assert "\x1b" not in text


def test_rules_without_drops_say_so(analysis: Analysis) -> None:
    text = render_markdown(replace(analysis, rules=()))
    assert "Nothing was dropped on the observed hosts" in text


def test_a_host_that_was_not_seen_is_not_shown_as_zero(analysis: Analysis) -> None:
    row = next(line for line in render_markdown(analysis).splitlines() if "web02 |" in line)
    assert "not seen" in row


def test_of_a_host_that_was_not_seen_nothing_is_said_about_its_text_log(
    analysis: Analysis,
) -> None:
    rows = [line for line in render_markdown(analysis).splitlines() if line.startswith("| web0")]
    assert ["does not log" in row for row in rows] == [True, False]


def test_rules_without_a_host_that_was_observed_say_nothing_about_drops(
    analysis: Analysis,
) -> None:
    nobody = replace(analysis, rules=(), coverage=replace(analysis.coverage, hosts_observed=0))
    text = render_markdown(nobody)
    assert "nothing can be said about any rule" in text
    assert "Nothing was dropped" not in text


def _in_bursts(analysis: Analysis) -> Analysis:
    """Return the analysis of a run in which web01 had twelve bursts, one of them cut."""
    windows = tuple(
        WindowDrops(
            opened_at=START + timedelta(minutes=5 * number),
            closed_at=START + timedelta(minutes=5 * number, seconds=30),
            observed_seconds=30.0 if number else 18.0,
            attempts=1,
        )
        for number in range(12)
    )
    first, *others = analysis.hosts
    return replace(analysis, hosts=(replace(first, windows=windows), *others))


def test_bursts_are_shown_with_their_denominator(analysis: Analysis) -> None:
    for text in (render_markdown(_in_bursts(analysis)), render_html(_in_bursts(analysis))):
        assert "12 bursts, 5.8 min observed of 55.5 min" in text
        assert "in 12 bursts; the denominator of every rate" in text
    summary = json.loads(json.dumps(render_summary(_in_bursts(analysis))))
    windows = summary["hosts"][0]["windows"]
    assert len(windows) == 12
    assert windows[0] == {
        "opened_at": "2026-11-21T08:00:00+00:00",
        "closed_at": "2026-11-21T08:00:30+00:00",
        "observed_seconds": 18.0,
        "attempts": 1,
    }


def test_of_one_window_nobody_speaks_as_of_bursts(analysis: Analysis) -> None:
    bursts = _in_bursts(analysis)
    first, *others = bursts.hosts
    one = replace(bursts, hosts=(replace(first, windows=first.windows[:1]), *others))
    for text in (render_markdown(one), render_html(one)):
        assert "burst" not in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (90, "90 s"),
        (360, "6 min"),
        (3330, "55.5 min"),
        (9000, "2.5 h"),
        (86400, "24 h"),
    ],
)
def test_a_length_has_one_unit_and_a_digit_after_it_at_most(seconds: int, text: str) -> None:
    assert length(timedelta(seconds=seconds)) == text


def test_a_rule_without_a_name_is_called_by_its_origin(analysis: Analysis) -> None:
    (rule, *_) = analysis.rules
    nameless = replace(rule, rule=replace(rule.rule, name=" ", origin="{5B1D}"))
    assert "(no name) {5B1D}" in render_markdown(replace(analysis, rules=(nameless,)))


def test_a_large_rate_is_written_without_an_exponent(analysis: Analysis) -> None:
    (rule, *_) = analysis.rules
    busy = replace(rule, rate_per_host_hour=49850.4)
    assert "| 49,850 |" in render_markdown(replace(analysis, rules=(busy,)))


def test_the_same_figures_make_the_same_bytes(analysis: Analysis) -> None:
    assert render_html(analysis) == render_html(analysis)
    assert render_markdown(analysis) == render_markdown(analysis)


def test_the_summary_is_json_with_a_schema_version(analysis: Analysis) -> None:
    summary = json.loads(json.dumps(render_summary(analysis)))
    assert summary["schema_version"] == 1
    assert summary["attempts"] == 12
    assert summary["coverage"]["sources"][0]["outcomes"]["unreachable"] == 1
    assert summary["rules"][0]["first_seen"] == "2026-11-21T08:00:00+00:00"
