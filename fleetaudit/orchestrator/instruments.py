"""What a plan is given: the sources, the reversible change, and how answers are read."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from fleetaudit import operations
from fleetaudit.collectors import catalogue
from fleetaudit.parsers.auditpol_backup import read_gpo_policy
from fleetaudit.parsers.host_facts import read_facts, read_security_log
from fleetaudit.records.wire import FACTS, STDERR
from fleetaudit.scripts.exits import explain_exit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from uuid import UUID

    from fleetaudit.collectors import Collector
    from fleetaudit.errors import HostError
    from fleetaudit.operations import Operation
    from fleetaudit.orchestrator.steps import Answer
    from fleetaudit.records.call import ScriptCall
    from fleetaudit.records.host import HostFacts, SecurityLog

__all__ = ["Instruments", "default_instruments", "explain_failure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """Everything from other packages that a plan calls; all of it pure.

    Attributes:
        collectors: By name.
        operations: The reversible changes, by name; ``audit-policy`` is always among them.
        read_facts: From the files of ``host-facts`` and the time they came.
        read_log: From the files of a look at the Security log.
        read_group_policy: From the files of ``audit-policy``: what a group policy enforces, by
            subcategory, in its own numbers (0 unchanged, 4 none; windows-facts 5).
        explain_failure: The error that a failed native tool amounts to; None where none failed.
    """

    collectors: Mapping[str, Collector]
    operations: Mapping[str, Operation]
    read_facts: Callable[[Mapping[str, bytes], datetime], HostFacts]
    read_log: Callable[[Mapping[str, bytes]], SecurityLog]
    read_group_policy: Callable[[Mapping[str, bytes]], Mapping[UUID, int]]
    explain_failure: Callable[[str, ScriptCall, Answer], HostError | None]


def default_instruments(collectors: Mapping[str, Collector] | None = None) -> Instruments:
    """Return every reversible change, with every collector or those named."""
    return Instruments(
        collectors=catalogue() if collectors is None else collectors,
        operations=operations.catalogue(),
        read_facts=_facts,
        read_log=lambda files: read_security_log(files[FACTS]),
        read_group_policy=_group_policy,
        explain_failure=explain_failure,
    )


def explain_failure(host: str, call: ScriptCall, answer: Answer) -> HostError | None:
    """Return the error that the first failed native tool amounts to; None where none failed."""
    failed = answer.output.failed_exit
    if failed is None:
        return None
    complaint = answer.files.get(STDERR, b"")
    return explain_exit(failed, host=host, script=call.script, complaint=complaint)


def _facts(files: Mapping[str, bytes], at: datetime) -> HostFacts:
    return read_facts(files[FACTS], files.get("groups.csv", b""), received_at=at)


def _group_policy(files: Mapping[str, bytes]) -> Mapping[UUID, int]:
    data = files.get("gpo-audit.csv")
    return MappingProxyType({}) if data is None else read_gpo_policy(data)
