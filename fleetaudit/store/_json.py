"""Records as JSON and back; what was written by hand or damaged raises ValueError."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fleetaudit.records.debt import Debt
from fleetaudit.records.evidence import Evidence, Phase
from fleetaudit.records.figures import Gap, RunInfo
from fleetaudit.records.host_record import HostRecord, Restoration
from fleetaudit.records.outcome import Outcome, OutcomeKind
from fleetaudit.records.window import Window

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "decode",
    "encode",
    "from_debt",
    "from_evidence",
    "from_host_record",
    "from_run",
    "to_debt",
    "to_evidence",
    "to_host_record",
    "to_run",
]

Object = dict[str, Any]  # JSON: what it holds is looked at, key by key, in the functions below


def encode(value: Mapping[str, object], *, indent: int | None = 2) -> bytes:
    """Return JSON in ASCII: a lone surrogate in a host's text survives as its escape."""
    return json.dumps(value, indent=indent, ensure_ascii=True).encode("ascii") + b"\n"


def decode(data: bytes) -> Object:
    """Return the JSON object that ``data`` holds.

    Raises:
        ValueError: It holds none.
    """
    try:
        value = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - damage to a file, not a wrong call
    return value


def from_evidence(evidence: Evidence) -> Object:
    """Return a file of evidence as JSON values."""
    return {
        "source": evidence.source,
        "phase": evidence.phase.value,
        "name": evidence.name,
        "file": evidence.file,
        "length": evidence.length,
        "sha256": evidence.sha256,
        "taken_at": evidence.taken_at.isoformat(),
    }


def to_evidence(value: Object) -> Evidence:
    """Return the file of evidence.

    Raises:
        ValueError: It is not one.
    """
    return Evidence(
        source=_text(value, "source"),
        phase=Phase(_text(value, "phase")),
        name=_text(value, "name"),
        file=_text(value, "file"),
        length=_number(value, "length"),
        sha256=_text(value, "sha256"),
        taken_at=_time(value, "taken_at"),
    )


def from_host_record(record: HostRecord) -> Object:
    """Return a host's record as JSON values."""
    return {
        "host": record.host,
        "restoration": record.restoration.value,
        "windows": [_from_window(one) for one in record.windows],
        "outcomes": [_from_outcome(one) for one in record.outcomes],
        "gaps": [dataclasses.asdict(one) for one in record.gaps],
    }


def to_host_record(value: Object) -> HostRecord:
    """Return the host's record.

    Raises:
        ValueError: It is not one.
    """
    host = _text(value, "host")
    return HostRecord(
        host=host,
        outcomes=tuple(_to_outcome(host, one) for one in _objects(value, "outcomes")),
        windows=tuple(_to_window(one) for one in _objects(value, "windows")),
        restoration=Restoration(_text(value, "restoration")),
        gaps=tuple(_to_gap(one) for one in _objects({"gaps": [], **value}, "gaps")),
    )


def from_run(run: RunInfo) -> Object:
    """Return who ran what and when as JSON values."""
    return {
        "run_id": run.run_id,
        "command": run.command,
        "started_at": run.started_at.isoformat(),
        "ended_at": None if run.ended_at is None else run.ended_at.isoformat(),
        "tool_version": run.tool_version,
        "started_by": run.started_by,
        "parameters": dict(run.parameters),
    }


def to_run(value: Object) -> RunInfo:
    """Return who ran what and when.

    Raises:
        ValueError: It does not say.
    """
    parameters = _object(value.get("parameters"))
    return RunInfo(
        run_id=_text(value, "run_id"),
        command=_text(value, "command"),
        started_at=_time(value, "started_at"),
        ended_at=None if value.get("ended_at") is None else _time(value, "ended_at"),
        tool_version=_text(value, "tool_version"),
        started_by=_text(value, "started_by"),
        parameters={name: _text(parameters, name) for name in parameters},
    )


def from_debt(debt: Debt) -> Object:
    """Return a debt as JSON values."""
    return {
        "run_id": debt.run_id,
        "host": debt.host,
        "operation": debt.operation,
        "setting": debt.setting,
        "before": debt.before,
        "during": debt.during,
        "lease": debt.lease,
        "until": None if debt.until is None else debt.until.isoformat(),
    }


def to_debt(value: Object) -> Debt:
    """Return the debt.

    Raises:
        ValueError: It is not one.
    """
    names = ("run_id", "host", "operation", "setting", "before", "during")
    return Debt(
        **{name: _text(value, name) for name in names},
        lease=_text({"lease": "", **value}, "lease"),
        until=None if value.get("until") is None else _time(value, "until"),
    )


def _from_window(window: Window) -> Object:
    return {
        "opened_at": window.opened_at.isoformat(),
        "closed_at": None if window.closed_at is None else window.closed_at.isoformat(),
        "first_record": window.first_record,
        "leases": list(window.leases),
    }


def _to_window(value: Object) -> Window:
    return Window(
        opened_at=_time(value, "opened_at"),
        closed_at=None if value.get("closed_at") is None else _time(value, "closed_at"),
        first_record=_number(value, "first_record"),
        leases=_texts(value, "leases"),
    )


def _from_outcome(outcome: Outcome) -> Object:
    return {
        "source": outcome.source,
        "kind": outcome.kind.value,
        "reason": outcome.reason,
        "remedy": outcome.remedy,
        "evidence": [from_evidence(one) for one in outcome.evidence],
    }


def _to_outcome(host: str, value: Object) -> Outcome:
    return Outcome(
        host=host,
        source=_text(value, "source"),
        kind=OutcomeKind(_text(value, "kind")),
        reason=_text(value, "reason"),
        remedy=_text(value, "remedy"),
        evidence=tuple(to_evidence(one) for one in _objects(value, "evidence")),
    )


def _to_gap(value: Object) -> Gap:
    return Gap(
        **{name: _text(value, name) for name in ("kind", "host", "what", "effect", "remedy")}
    )


def _text(value: Object, key: str) -> str:
    found = value.get(key)
    if not isinstance(found, str):
        raise ValueError(f"{key!r} is not a text")  # noqa: TRY004 - damage to a file
    return found


def _texts(value: Object, key: str) -> tuple[str, ...]:
    """Return a list of texts; an earlier version may not have written it."""
    found = value.get(key, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ValueError(f"{key!r} is not a list of texts")
    return tuple(found)


def _number(value: Object, key: str) -> int:
    found = value.get(key)
    if not isinstance(found, int) or isinstance(found, bool):
        raise ValueError(f"{key!r} is not a whole number")  # noqa: TRY004 - damage to a file
    return found


def _time(value: Object, key: str) -> datetime:
    moment = datetime.fromisoformat(_text(value, key))
    if moment.tzinfo is None:
        raise ValueError(f"{key!r} does not say its offset from UTC")
    return moment


def _object(value: object) -> Object:
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - damage to a file
    return value


def _objects(value: Object, key: str) -> list[Object]:
    found = value.get(key)
    if not isinstance(found, list):
        raise ValueError(f"{key!r} is not a list")  # noqa: TRY004 - damage to a file
    return [_object(one) for one in found]
