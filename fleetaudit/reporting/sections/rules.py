"""Which rule dropped what: the rules by attempts, each with its evidence one click away."""

from __future__ import annotations

from fleetaudit.records.figures import Analysis, Attribution, RuleDrops, RuleKind, Tally
from fleetaudit.reporting.blocks import Cell, Column, Details, Paragraph, Section, Table
from fleetaudit.reporting.sections._section import SectionDeclaration
from fleetaudit.reporting.sections._words import count, moment, percent, plural, rate, title_of, top

__all__ = ["SECTION"]

_MOST = 200
"""Rules that the report shows; the run directory holds all."""
_DETAILED = 50
_HOSTS_NAMED = 30

_KINDS = {
    RuleKind.RULE: "firewall rule",
    RuleKind.DEFAULT_INBOUND: "built-in default",
    RuleKind.DEFAULT_OUTBOUND: "built-in default",
    RuleKind.QUARANTINE: "built-in, transient",
    RuleKind.BOOT_TIME: "built-in, at boot",
    RuleKind.STEALTH: "built-in, harmless",
    RuleKind.APP_ISOLATION: "built-in, app isolation",
    RuleKind.SERVICE_HARDENING: "built-in, services",
    RuleKind.THIRD_PARTY: "another product",
    RuleKind.OTHER: "other",
    RuleKind.UNKNOWN: "not known",
}
_SURENESS = {
    Attribution.ORIGIN: "named by the record itself",
    Attribution.CONTEXT: "by its filter's origin",
    Attribution.FILTER: "by its filter's name and provider",
    Attribution.AMBIGUOUS: "ambiguous",
    Attribution.UNRESOLVED: "not resolved",
    Attribution.NO_FILTER: "Windows named no filter",
}


def _build(analysis: Analysis) -> Section:
    rules = analysis.rules
    if not rules:
        said = "Nothing was dropped on the observed hosts while they were audited."
        unseen = "No host's drops were observed, so nothing can be said about any rule."
        nothing = Paragraph(text=said if analysis.coverage.hosts_observed else unseen)
        return Section(name="rules", title="Rules by dropped attempts", blocks=(nothing,))
    most = rules[0].attempts
    table = Table(
        caption="Rates are attempts first seen in the observed time, by observed host-hour of all"
        " observed hosts; times are UTC.",
        columns=(
            Column(title="Rule"),
            Column(title="Attempts", is_number=True),
            Column(title="Records", is_number=True),
            Column(title="Hosts", is_number=True),
            Column(title="Rate", is_number=True),
            Column(title="Direction"),
            Column(title="Ports"),
            Column(title="First seen"),
            Column(title="Last seen"),
            Column(title="How sure"),
        ),
        rows=tuple(_row(rule, analysis, most) for rule in rules[:_MOST]),
        left_out=max(0, len(rules) - _MOST),
    )
    details = tuple(_details(rule) for rule in rules[:_DETAILED])
    return Section(name="rules", title="Rules by dropped attempts", blocks=(table, *details))


def _row(rule: RuleDrops, analysis: Analysis, most: int) -> tuple[Cell, ...]:
    provider = rule.rule.provider
    kind = _KINDS[rule.rule.kind]
    third = rule.rule.kind is RuleKind.THIRD_PARTY and provider
    share = percent(rule.attempts, analysis.attempts)
    return (
        Cell(text=title_of(rule.rule), note=f"{kind}: {provider}" if third else kind),
        Cell(text=count(rule.attempts), note=share, share=rule.attempts / most),
        Cell(text=count(rule.records)),
        Cell(text=count(len(rule.hosts))),
        Cell(text=rate(rule.rate_per_host_hour)),
        Cell(text=top(rule.directions)),
        Cell(text=top(rule.ports)),
        Cell(text=moment(rule.first_seen)),
        Cell(text=moment(rule.last_seen)),
        Cell(text=_sureness(rule)),
    )


def _sureness(rule: RuleDrops) -> str:
    parts = [
        f"{count(tally.attempts)} {_SURENESS[Attribution(tally.value)]}"
        for tally in rule.attributions
    ]
    if len(rule.attributions) == 1:
        return _SURENESS[Attribution(rule.attributions[0].value)]
    return "; ".join(parts)


def _details(rule: RuleDrops) -> Details:
    hosts = ", ".join(rule.hosts[:_HOSTS_NAMED])
    more = len(rule.hosts) - _HOSTS_NAMED
    lines = [f"On {plural(len(rule.hosts), 'host')}: {hosts}{f' and {more} more' * (more > 0)}."]
    if rule.rule.origin:
        lines.append(f"Filter origin: {rule.rule.origin}.")
    if rule.rule.provider:
        lines.append(f"Provider: {rule.rule.provider}.")
    if rule.rule.other_names:
        lines.append(f"Also called: {'; '.join(rule.rule.other_names)}.")
    return Details(
        summary=f"{title_of(rule.rule)}: programs, remotes, ports and hosts",
        blocks=(
            Paragraph(text=" ".join(lines)),
            _tallies("Programs", rule.programs),
            _tallies("Remote addresses", rule.remotes),
            _tallies("Ports", rule.ports),
        ),
    )


def _tallies(title: str, tallies: tuple[Tally, ...]) -> Table:
    most = max((tally.attempts for tally in tallies), default=1)
    return Table(
        caption="",
        columns=(
            Column(title=title),
            Column(title="Attempts", is_number=True),
            Column(title="Hosts", is_number=True),
        ),
        rows=tuple(
            (
                Cell(text=tally.value or "—"),
                Cell(text=count(tally.attempts), share=tally.attempts / most),
                Cell(text=count(tally.hosts)),
            )
            for tally in tallies
        ),
    )


SECTION = SectionDeclaration(name="rules", order=30, build=_build)
