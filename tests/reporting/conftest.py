from datetime import UTC, datetime, timedelta

import pytest

from fleetaudit.records.figures import (
    Analysis,
    Coverage,
    Gap,
    HostDrops,
    RuleDrops,
    RuleIdentity,
    RuleKind,
    RunInfo,
    SourceCoverage,
    Tally,
)
from fleetaudit.records.outcome import HOST, Outcome, OutcomeKind

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>|*x*`y`[z](javascript:1)\n\x1b[31m\u202e"


def tally(value: str, attempts: int, hosts: int = 1) -> Tally:
    return Tally(value=value, attempts=attempts, hosts=hosts)


def rule(name: str, attempts: int, kind: RuleKind = RuleKind.RULE) -> RuleDrops:
    return RuleDrops(
        rule=RuleIdentity(key=name, name=name, kind=kind, origin=name, provider="Contoso"),
        attempts=attempts,
        observed_attempts=attempts,
        records=attempts * 2,
        hosts=("web01",),
        directions=(tally("inbound", attempts),),
        programs=(tally("\\windows\\system32\\svchost.exe", attempts),),
        remotes=(tally("10.0.0.9", attempts),),
        ports=(tally("tcp/445", attempts),),
        attributions=(tally("origin", attempts),),
        first_seen=START,
        last_seen=START + timedelta(minutes=9),
        rate_per_host_hour=attempts / 2,
    )


def host(name: str, kind: OutcomeKind = OutcomeKind.COLLECTED) -> HostDrops:
    seen = kind is OutcomeKind.COLLECTED
    return HostDrops(
        host=name,
        outcome=Outcome(host=name, source=HOST, kind=kind, reason="" if seen else "no answer"),
        os_caption="Windows Server 2022" if seen else "",
        os_build=20348 if seen else None,
        attempts=12 if seen else None,
        records=24 if seen else None,
        unresolved=0 if seen else None,
        log_drops=None,
        observed_hours=2.0 if seen else 0.0,
        first_seen=START if seen else None,
        last_seen=START if seen else None,
    )


@pytest.fixture
def analysis() -> Analysis:
    hosts = (host("web01"), host("web02", OutcomeKind.UNREACHABLE))
    outcomes = dict.fromkeys(OutcomeKind, 0) | {
        OutcomeKind.COLLECTED: 1,
        OutcomeKind.UNREACHABLE: 1,
    }
    return Analysis(
        run=RunInfo(
            run_id="20261121T080000Z",
            command="sweep",
            started_at=START,
            ended_at=START + timedelta(minutes=11),
            tool_version="0.1.0",
            started_by="audit@controller",
            parameters={"window": "0:10:00"},
        ),
        coverage=Coverage(
            hosts=2,
            hosts_observed=1,
            observed_hours=2.0,
            outcomes=tuple(one.outcome for one in hosts),
            sources=(
                SourceCoverage(
                    source="security-events",
                    title="Blocked events",
                    outcomes=outcomes,
                    rows=24,
                    issues=1,
                    lost=3,
                ),
            ),
            gaps=(
                Gap(
                    kind="host-unreachable",
                    host="web02",
                    what=f"while connecting: {HOSTILE}",
                    effect="The figures say nothing about this host",
                    remedy="Look whether WinRM listens",
                ),
            ),
        ),
        rules=(rule("Default inbound block", 10, RuleKind.DEFAULT_INBOUND), rule(HOSTILE, 2)),
        hosts=hosts,
    )
