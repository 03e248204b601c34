"""The answer of ``check`` for a person: one line a host, what to know of it indented below."""

from __future__ import annotations

import textwrap
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from fleetaudit.cli._terminal import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["WIDTH", "table"]

WIDTH: Final = 100
_HEADS: Final = ("HOST", "SWEEP", "BUILD", "AUDIT", "GPO", "LOG", "LASTS", "FREE", "CLOCK")
_LEFT: Final = 2
"""The columns of words; those of numbers end at their right."""
_LEGEND: Final = (
    "AUDIT: packet drops/connections, 0 none, 1 success, 2 failure, 3 both. GPO: what a group"
    " policy sets there, 0 unchanged, 4 none. LOG: the Security log's limit; LASTS: how long it"
    " holds a record at its present rate. CLOCK: how far the host's clock is ahead of ours."
)
_STEP: Final = 1_024
_HOUR_S: Final = 3_600
_KERBEROS_S: Final = 300
"""How far two clocks may be apart by Kerberos' default."""
_LEAST_FREE: Final = 2**30
_USUAL_SHELL_MB: Final = 1_024
_LEAST_SHELLS: Final = 3
_FAILURE: Final = 2


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table for ``rows`` of :mod:`fleetaudit.cli._readiness`; no line is over 100.

    What hosts and inventories say cannot change the terminal.
    """
    cells = [_HEADS, *(_cells(row) for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(_HEADS))]
    widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - 2 * len(widths[1:]))
    lines = list(_line(_HEADS, widths))
    for row, line in zip(rows, cells[1:], strict=True):
        lines += _line(line, widths)
        lines += [part for text in _remarks(row) for part in _wrapped(text, indent="    ")]
    return "\n".join([*lines, "", *_wrapped(_sum(rows)), *_wrapped(_LEGEND)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Yield the line; a name that is too long stands above it."""
    name, *others = cells
    if len(name) > widths[0]:
        yield from _wrapped(name)
        name = ""
    placed = [name.ljust(widths[0])]
    for place, (cell, width) in enumerate(zip(others, widths[1:], strict=True), start=1):
        placed.append(cell.ljust(width) if place < _LEFT else cell.rjust(width))
    yield "  ".join(placed).rstrip()


def _wrapped(text: str, *, indent: str = "") -> list[str]:
    return textwrap.wrap(
        visible(text), WIDTH, initial_indent=indent, subsequent_indent=indent, tabsize=1
    )


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        visible(str(row["host"])),
        "would audit" if row["would_audit"] else visible(str(row["outcome"])),
        str(row.get("os_build", "-")),
        _both(row, "setting"),
        _both(row, "group_policy"),
        _known(row.get("security_log_bytes"), _size),
        _known(row.get("security_log_lifetime_s"), _length),
        _known(row.get("system_drive_free_bytes"), _size),
        _known(row.get("clock_offset_s"), _offset),
    )


def _both(row: Mapping[str, Any], key: str) -> str:
    audit = row.get("audit")
    if audit is None:
        return "-"
    return "/".join("-" if one[key] is None else str(one[key]) for one in audit.values())


def _known(value: Any, form: Callable[[Any], str]) -> str:  # noqa: ANN401 - a value of JSON
    return "-" if value is None else form(value)


def _size(number: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if number < _STEP:
            return f"{number:.0f} {unit}"
        number /= _STEP
    return f"{number:.0f} GiB"


def _offset(seconds: float) -> str:
    if abs(seconds) < _KERBEROS_S:
        return f"{seconds:+.1f} s"
    return f"{'-' if seconds < 0 else '+'}{_length(abs(seconds))}"


def _length(seconds: float) -> str:
    for limit, unit, word in ((120, 1, "s"), (7_200, 60, "min"), (172_800, _HOUR_S, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {word}"
    return f"{seconds / 86_400:.0f} d"


def _sum(rows: Sequence[Mapping[str, Any]]) -> str:
    kinds = Counter("would be audited" if r["would_audit"] else str(r["outcome"]) for r in rows)
    said = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    hosts = "host" if len(rows) == 1 else "hosts"
    return f"{len(rows)} {hosts}: {said}." if said else "No hosts."


def _remarks(row: Mapping[str, Any]) -> Iterator[str]:
    if row["reason"]:
        yield _sentences(str(row["reason"]), str(row["remedy"]))
    yield from _of_audit(row)
    yield from _of_session(row)
    yield from _of_log(row)
    yield from _of_host(row)
    for lease in row.get("leases", ()):
        until = "has ended" if lease["has_fired"] else f"ends {lease['deadline'] or 'unknown'}"
        text = f"lease {lease['lease']} of run {lease['run_id'] or 'unknown'} {until}"
        yield _sentences(text, *lease["problems"])
    yield from row["problems"]


def _sentences(*texts: str) -> str:
    return " ".join(f"{one[0].upper()}{one[1:].rstrip('.')}." for one in texts if one)


def _of_audit(row: Mapping[str, Any]) -> Iterator[str]:
    audit = row.get("audit", {})
    owned = [name for name, one in audit.items() if one["is_owned_by_group_policy"]]
    if owned:
        names = " and ".join(name.replace("_", " ") for name in owned)
        yield f"A group policy owns {names}: its next refresh{_due(row)} sets that again."
    if audit and all((one["setting"] or 0) & _FAILURE for one in audit.values()):
        yield "Both are audited for failure already; a sweep changes nothing here."
    if row.get("sce_no_apply_legacy_audit_policy") == 0:
        yield (
            "SCENoApplyLegacyAuditPolicy is 0: where a legacy audit policy is set, it can"
            " override these settings."
        )


def _due(row: Mapping[str, Any]) -> str:
    """Return when group policy is refreshed next, by the host's clock, which may be off."""
    times = [row.get(f"group_policy_next_{end}") for end in ("from", "until")]
    if None in times:
        return ""
    first, last = (datetime.fromisoformat(str(time)) for time in times)
    if first == last:
        return f", at {first:%H:%M} UTC by its clock,"
    return f", between {first:%H:%M} and {last:%H:%M} UTC by its clock,"


def _of_session(row: Mapping[str, Any]) -> Iterator[str]:
    if not row.get("is_elevated", True) and "elevated" not in row["reason"]:
        yield "The session's token is not elevated."
    mode = row.get("language_mode", "FullLanguage")
    if mode != "FullLanguage":
        yield f"Sessions run in {mode}: evidence is sent uncompressed, so slower."
    memory, shells = row.get("shell_memory_mb"), row.get("shells_per_user")
    if memory and memory < _USUAL_SHELL_MB:
        yield f"A remote shell may use {memory} MB only (MaxMemoryPerShellMB; 1024 is usual)."
    if shells and shells < _LEAST_SHELLS:
        yield f"An account may open {shells} remote shells only (MaxShellsPerUser; 30 is usual)."


def _of_log(row: Mapping[str, Any]) -> Iterator[str]:
    mode, lifetime = row.get("security_log_mode"), row.get("security_log_lifetime_s")
    if "security_log_bytes" in row and row["security_log_bytes"] is None:
        yield "The host did not say what its Security log holds."
    if row.get("security_log_is_enabled") is False:
        yield "The Security log is disabled: nothing would be recorded."
    if mode is not None and str(mode).casefold() == "retain":
        yield "The Security log overwrites nothing: once it is full, new records are lost."
    elif row.get("security_log_auto_backup"):
        yield "The Security log is archived when it is full; the archives stay on the host's disk."
    if lifetime is not None and lifetime < _HOUR_S:
        yield f"The Security log holds {_length(lifetime)} only; auditing shortens that."


def _of_host(row: Mapping[str, Any]) -> Iterator[str]:
    free, offset = row.get("system_drive_free_bytes"), row.get("clock_offset_s", 0)
    if free is not None and free < _LEAST_FREE:
        yield f"The system drive has {_size(free)} free; an export needs as much as the log."
    if abs(offset) > _KERBEROS_S:
        yield f"The clock is off by {_length(abs(offset))}; Kerberos allows 5 minutes."
