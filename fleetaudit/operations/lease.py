r"""The lease: what a host does by itself if nobody puts its settings back.

Before a change is made, two things are left on the host: a one-shot task of SYSTEM that puts the
old settings back at a deadline by the host's own clock, and a baseline file that says what the old
settings are and whose they were (windows-facts 10). A baseline, as
``%ProgramData%\fleetaudit\fleetaudit-20261121T080000Z.json``::

    {"format": 1, "name": "fleetaudit-20261121T080000Z", "run_id": "20261121T080000Z",
     "host": "web01", "deadline": "2026-11-21T08:20:00+00:00",
     "baseline_run_id": "",
     "debts": [{"run_id": "20261121T080000Z", "host": "web01", "operation": "audit-policy",
                "setting": "{0CCE9225-69AE-11D9-BED3-505054503030}",
                "before": "none", "during": "failure", "lease": "fleetaudit-20261121T080000Z"}],
     "sha256": "9f86d081..."}

``sha256`` is of the other members, as JSON with sorted keys and without blanks. It shows an edit
or damage, not who wrote the file; that only administrators can is what its folder sees to.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import EvidenceError, HostFailedError
from fleetaudit.operations._lease_task import (
    TASK_FOLDER,
    FoundTask,
    command_of,
    read_task,
    task_xml,
)
from fleetaudit.parsers._json import JsonObject, JsonProblem, read_json
from fleetaudit.records.call import ScriptCall
from fleetaudit.records.debt import Debt

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "LEASES_FILE",
    "TASK_FOLDER",
    "FoundLease",
    "FoundTask",
    "Lease",
    "baseline_json",
    "find",
    "lease_name",
    "read_baseline",
    "read_leases",
    "read_task",
    "register",
    "remove",
    "task_xml",
]

LEASES_FILE: Final = "leases.json"
"""What ``Get-Lease`` sends."""

_FORMAT: Final = 1
_MOST_BYTES: Final = 1 << 20
_MOST_LEASES: Final = 1000
_DEBT: Final = ("run_id", "host", "operation", "setting", "before", "during")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LEAVE_IT: Final = (
    "Nothing is assumed from it; look at the host's audit policy, then remove the file"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A promise of the host to put settings back at ``deadline``, unless told otherwise.

    Attributes:
        name: The task's name; also that of its files. Letters, digits, ``.``, ``_``, ``-``.
        run_id: The run that may renew and remove it.
        host: The inventory name.
        deadline: By the host's own clock, in UTC.
        debts: What is put back: ``before`` of each is the oldest snapshot that is known.
        baseline_run_id: The run whose snapshot that is: another than ``run_id`` where this run
            adopted it; empty for its own.
    """

    name: str
    run_id: str
    host: str
    deadline: datetime
    debts: tuple[Debt, ...]
    baseline_run_id: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} cannot be the name of a lease")
        if self.deadline.tzinfo is None:
            raise ValueError("the deadline of a lease needs a time zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLease:
    """What of one lease was found on a host; each part may be missing.

    Attributes:
        name: The task's or the files' name.
        lease: What the baseline file says; None where there is none or it cannot be trusted.
        task: What the task says; None where there is no task, or it is no task of ours.
        has_task: Whether there is a task at all.
        has_fired: Whether the task has run, and so has put the settings back.
        problems: Why a part cannot be trusted, as sentences.
    """

    name: str
    lease: Lease | None = None
    task: FoundTask | None = None
    has_task: bool = False
    has_fired: bool = False
    problems: tuple[str, ...] = ()

    @property
    def run_id(self) -> str:
        """Return the run that it belongs to; empty where neither part says so."""
        if self.lease is not None:
            return self.lease.run_id
        return self.task.run_id if self.task is not None else ""

    @property
    def before(self) -> Mapping[tuple[str, str], str]:
        """Return what it puts back; of the baseline, or of the task where that is missing."""
        if self.lease is not None:
            return {(debt.operation, debt.setting): debt.before for debt in self.lease.debts}
        return self.task.before if self.task is not None else {}


def lease_name(run_id: str) -> str:
    """Return the name of a run's lease: ``fleetaudit-20261121T080000Z``."""
    return f"fleetaudit-{_NOT_IN_A_NAME.sub('-', run_id)[:80]}"


def register(lease: Lease, *, host_now: datetime) -> ScriptCall:
    """Return the call that registers the lease, or renews it where one of that name exists.

    ``host_now`` is the time by the host's clock.

    Raises:
        HostFailedError: The deadline has passed on the host, so the task would run at once.
        ValueError: A task cannot do what the lease asks.
    """
    if lease.deadline <= host_now:
        raise HostFailedError(
            f"the lease would end at {lease.deadline:%Y-%m-%d %H:%M:%S} by the host's clock, "
            f"where it is {host_now:%Y-%m-%d %H:%M:%S} already",
            host=lease.host,
            stage="registering the lease",
            remedy="Set the host's clock, or ask for a longer window",
        )
    parameters = {
        "LeaseName": lease.name,
        "TaskXml": task_xml(lease),
        "Baseline": baseline_json(lease),
    }
    return ScriptCall(script="Register-Lease", parameters=MappingProxyType(parameters))


def find() -> ScriptCall:
    """Return the call that asks a host for every lease on it."""
    return ScriptCall(script="Get-Lease")


def remove(name: str) -> ScriptCall:
    """Return the call that removes a lease; a part that is missing is no failure."""
    return ScriptCall(script="Remove-Lease", parameters=MappingProxyType({"LeaseName": name}))


def baseline_json(lease: Lease) -> str:
    """Return the baseline file of a lease: JSON in ASCII with a hash over it."""
    content: dict[str, object] = {
        "format": _FORMAT,
        "name": lease.name,
        "run_id": lease.run_id,
        "host": lease.host,
        "deadline": lease.deadline.astimezone(UTC).isoformat(),
        "baseline_run_id": lease.baseline_run_id,
        "debts": [_from_debt(debt) for debt in lease.debts],
    }
    return json.dumps({**content, "sha256": _hash(content)}, ensure_ascii=True)


def read_baseline(data: bytes, *, file: str = "") -> Lease:
    """Return the lease that a baseline file describes.

    Raises:
        EvidenceError: It was edited, is damaged, or was written by a newer fleetaudit.
    """
    try:
        if len(data) > _MOST_BYTES:
            raise JsonProblem("", None, "it is too large")
        whole = JsonObject.of(read_json(data))
        if whole.number("format") > _FORMAT:
            raise EvidenceError(
                "was written by a newer version of fleetaudit",
                file=file,
                remedy="Use that version, or wait for the lease to end by itself",
            )
        content = {key: value for key, value in whole.members.items() if key != "sha256"}
        if whole.text("sha256") != _hash(content):
            raise EvidenceError(
                "was edited or is damaged: its content is not what its hash says",
                file=file,
                remedy=_LEAVE_IT,
            )
        return _to_lease(whole)
    except (ValueError, OverflowError, RecursionError) as error:
        reason = str(error).rstrip(".")
        raise EvidenceError(f"is no baseline: {reason}", file=file, remedy=_LEAVE_IT) from error


def read_leases(files: Mapping[str, bytes]) -> tuple[FoundLease, ...]:
    """Return every lease that ``Get-Lease`` found, by name.

    ``files[LEASES_FILE]`` is, with every part as base64 or null::

        {"Leases": [{"Name": "fleetaudit-20261121T080000Z", "Task": "//48AD...",
                     "Baseline": "eyJm...", "Marker": null}]}

    Raises:
        EvidenceError: The answer cannot be read; damage to one lease is in its ``problems``.
    """
    try:
        listed = JsonObject.of(read_json(files[LEASES_FILE])).members.get("Leases")
        # Windows PowerShell makes a bare object of an array that has one element, at times.
        entries = listed if isinstance(listed, list) else [] if listed is None else [listed]
        if len(entries) > _MOST_LEASES:
            raise JsonProblem("Leases", len(entries), f"at most {_MOST_LEASES}")
        found = [_found(JsonObject.of(entry)) for entry in entries]
    except KeyError as error:
        raise EvidenceError("the host did not send it", file=LEASES_FILE) from error
    except ValueError as error:
        raise EvidenceError(f"cannot be read: {error}", file=LEASES_FILE) from error
    return tuple(sorted(found, key=lambda one: one.name))


def _found(entry: JsonObject) -> FoundLease:
    name = entry.text("Name")
    parts = {part: _bytes(entry, part) for part in ("Task", "Baseline", "Marker")}
    problems = []
    lease = task = None
    if parts["Baseline"] is not None:
        try:
            lease = read_baseline(parts["Baseline"], file=f"{name}.json")
            if lease.name != name:
                lease = None
                problems.append(f"{name}.json: is the baseline of another lease.")
        except EvidenceError as error:
            problems.append(str(error))
    if parts["Task"] is not None:
        try:
            task = read_task(parts["Task"])
        except ValueError as error:
            problems.append(f"the task {TASK_FOLDER}{name}: {error}.")
    return FoundLease(
        name=name,
        lease=lease,
        task=task,
        has_task=parts["Task"] is not None,
        has_fired=parts["Marker"] is not None,
        problems=tuple(problems),
    )


def _bytes(entry: JsonObject, key: str) -> bytes | None:
    if entry.members.get(key) is None:
        return None
    try:
        return base64.b64decode(entry.optional_text(key), validate=True)
    except binascii.Error as error:
        raise JsonProblem(key, entry.members[key], "base64") from error


def _hash(content: Mapping[str, object]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _from_debt(debt: Debt) -> dict[str, object]:
    return {name: getattr(debt, name) for name in (*_DEBT, "lease")}


def _to_lease(whole: JsonObject) -> Lease:
    return Lease(
        name=whole.text("name"),
        run_id=whole.text("run_id"),
        host=whole.text("host"),
        deadline=whole.time("deadline"),
        debts=tuple(_to_debt(one) for one in _objects(whole, "debts")),
        baseline_run_id=whole.optional_text("baseline_run_id"),
    )


def _to_debt(one: JsonObject) -> Debt:
    words = {name: one.text(name) for name in _DEBT}
    debt = Debt(**words, lease=one.optional_text("lease"), until=None)
    command_of(debt)  # raises for what no operation has
    return debt


def _objects(whole: JsonObject, key: str) -> list[JsonObject]:
    values = whole.members.get(key)
    if not isinstance(values, list):
        raise JsonProblem(key, values, "a list")
    return [JsonObject.of(value) for value in values]
