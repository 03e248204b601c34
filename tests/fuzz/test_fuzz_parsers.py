"""Every parser of a table, fed with damaged cases.

Bounded here; FLEETAUDIT_FUZZ_EXAMPLES=100000 goes on longer. With FLEETAUDIT_FUZZ_KEEP=1 what a
parser could not take is kept in tests/cases/fuzz, and from then on every run tries it.
"""

from __future__ import annotations

import hashlib
import io
import os
import tracemalloc
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleetaudit.collectors import catalogue
from fleetaudit.parsers import (
    auditpol_backup,
    dns_cache,
    event_json,
    event_xml,
    firewall_log,
    host_context,
    registry_rules,
    security_evtx,
    wfp_boot_policy,
    wfp_netevents,
    wfp_state,
)
from fleetaudit.records.evidence import EvidenceContext, Issue, Rows
from fleetaudit.records.tables import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from fleetaudit.collectors import Parser

CASES = Path(__file__).parents[1] / "cases"
KEPT = CASES / "fuzz"
EXAMPLES = int(os.environ.get("FLEETAUDIT_FUZZ_EXAMPLES", "40"))
MOST_ISSUES = 1_001
TEXT_PARSERS: dict[str, tuple[Parser, str]] = {
    "firewall-log": (firewall_log.parse, "firewall-log/*.log"),
    "audit-policy": (auditpol_backup.parse, "auditpol/*.csv"),
    "group-audit-policy": (auditpol_backup.parse_group_policy, "auditpol/*.csv"),
    "firewall-rules": (registry_rules.parse, "registry-rules/*"),
    "boot-time-policy": (wfp_boot_policy.parse, "wfp-boot-policy/*.xml"),
    "dns-cache": (dns_cache.parse, "dns-cache/*"),
    "event-json": (event_json.parse, "event-json/*"),
    "event-xml": (event_xml.parse, "event-xml/*.xml"),
    "wfp-net-events": (wfp_netevents.parse, "wfp-*/*.xml"),
    "wfp-state": (wfp_state.parse, "wfp-*/*.xml"),
    "services": (host_context.parse_services, "host-context/*.json"),
    "processes": (host_context.parse_processes, "host-context/*.json"),
    "addresses": (host_context.parse_addresses, "host-context/*.json"),
    "listeners": (host_context.parse_listeners, "host-context/*.json"),
    "interfaces": (host_context.parse_interfaces, "host-context/*.json"),
    "unsupported": (host_context.parse_unsupported, "host-context/*.json"),
    "volumes": (host_context.parse_volumes, "host-context/*.txt"),
}


@cache
def seeds(pattern: str) -> tuple[bytes, ...]:
    found = tuple(path.read_bytes()[:8_192] for path in sorted(CASES.glob(pattern)))
    assert found, pattern
    return found


def damage(data: bytes, other: bytes, cuts: list[int], filler: bytes) -> bytes:
    """Return ``data`` with a stretch of it replaced by a stretch of ``other`` and ``filler``."""
    a, b, c, d = (cut % (len(data) + 1) if n < 2 else cut for n, cut in enumerate(cuts))
    start, end = sorted((a, b))
    piece = other[c % (len(other) + 1) :][: d % 200]
    return data[:start] + piece + filler + data[end:]


def check(name: str, data: bytes) -> None:
    parser = TEXT_PARSERS[name][0]
    issues = 0
    for item in parser(io.BytesIO(data), EvidenceContext(name=name)):
        if isinstance(item, Rows):
            assert item.batch.schema == SCHEMAS[item.table]
            item.batch.validate(full=True)
        else:
            assert isinstance(item, Issue)
            assert item.lost >= 0
            issues += 1
    assert issues <= MOST_ISSUES


@pytest.mark.parametrize("name", sorted(TEXT_PARSERS))
@given(data=st.data())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_a_damaged_file_gives_rows_and_issues(name: str, data: st.DataObject) -> None:
    choice = st.sampled_from(seeds(TEXT_PARSERS[name][1]))
    cuts = data.draw(st.lists(st.integers(0, 8_192), min_size=4, max_size=4))
    filler = data.draw(st.one_of(st.binary(max_size=20), st.text(max_size=10).map(str.encode)))
    tried = damage(data.draw(choice), data.draw(choice), cuts, filler)
    try:
        check(name, tried)
    except Exception:
        if os.environ.get("FLEETAUDIT_FUZZ_KEEP"):
            folder = KEPT / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / hashlib.sha256(tried).hexdigest()[:16]).write_bytes(tried)
        raise


@pytest.mark.parametrize("name", sorted(TEXT_PARSERS))
def test_what_was_found_once_is_taken_for_good(name: str) -> None:
    for path in sorted(KEPT.glob(f"{name}/*")):
        check(name, path.read_bytes())


def test_every_text_source_is_fuzzed() -> None:
    """Event logs are no text; their own tests damage them."""
    fuzzed = {parser for parser, _ in TEXT_PARSERS.values()}
    for source in catalogue().values():
        for reading in source.readings:
            assert reading.parse in fuzzed or reading.parse is security_evtx.parse, source.name


RULE_KEY = (
    b"Windows Registry Editor Version 5.00\r\n\r\n"
    rb"[X\SharedAccess\Parameters\FirewallPolicy\FirewallRules]"
    b"\r\n"
)
MIB = 1 << 20
SHORT = 25_000
LARGE: dict[str, tuple[Parser, Callable[[], bytes]]] = {
    "policy of one field": (auditpol_backup.parse, lambda: b"x" * 10 * MIB),
    "policy of short lines": (auditpol_backup.parse, lambda: b"\x81\n" * SHORT),
    "rule of one field": (
        registry_rules.parse,
        lambda: RULE_KEY + b'"a"="v2.30|Name=' + b"x" * 10 * MIB + b'"',
    ),
    "rules of short lines": (registry_rules.parse, lambda: RULE_KEY + b"x\n" * SHORT),
    "services of one field": (
        host_context.parse_services,
        lambda: b'[{"Name":"' + b"x" * 10 * MIB + b'"}]',
    ),
    "services of nothing": (host_context.parse_services, lambda: b"[" + b"{}," * SHORT + b"{}]"),
    "volumes of one field": (host_context.parse_volumes, lambda: b"x" * 10 * MIB),
    "volumes of short lines": (host_context.parse_volumes, lambda: b"\x81\n" * SHORT),
    "names of one field": (dns_cache.parse, lambda: b'[{"Entry":"' + b"x" * 10 * MIB + b'"}]'),
    "names of short lines": (dns_cache.parse, lambda: b"--- ---\n" + b"x\n" * SHORT),
    "events of one field": (
        event_json.parse,
        lambda: b'{"EventID":5157,"Channel":"Security","a":"' + b"x" * 10 * MIB + b'"}',
    ),
    "events of short lines": (event_json.parse, lambda: b"{\n" * SHORT),
    "events of one line": (event_json.parse, lambda: b'[{"a":1' + b'},{"a":1' * SHORT + b"}]"),
    "event elements of one field": (
        event_xml.parse,
        lambda: b"<Event><System><EventID>" + b"5" * 10 * MIB + b"</EventID></System></Event>",
    ),
    "event elements without ends": (event_xml.parse, lambda: b"<Event " * SHORT),
    "filters of one field": (
        wfp_state.parse,
        lambda: b"<wfpstate><filters><item><filterKey>" + b"x" * 10 * MIB,
    ),
    "net events of nothing": (
        wfp_netevents.parse,
        lambda: b"<netEvents>" + b"<item><header/></item>" * SHORT + b"</netEvents>",
    ),
}
"""Files that tempt a parser to take many times their size: a field of 10 MiB, lines of a letter.

A firewall log is read in windows of a fixed size, which its own tests measure."""

MULTIPLE = 40
SLACK = MIB


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(LARGE))
def test_memory_is_a_stated_multiple_of_the_file(name: str) -> None:
    parser, make = LARGE[name]
    data = make()
    tracemalloc.start()
    try:
        for _ in _consumed(parser, io.BytesIO(data)):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= MULTIPLE * len(data) + SLACK


def _consumed(parser: Parser, stream: BinaryIO) -> Iterator[None]:
    for _ in parser(stream, EvidenceContext(name="x")):
        yield
