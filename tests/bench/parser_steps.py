"""One measured step in a process of its own; prints ``{"seconds", "items", "floor"}`` as JSON.

    python tests/bench/parser_steps.py STEP TIMES FILE

``seconds`` is the best of TIMES, ``floor`` what the step is measured against where that has to be
taken in the same process. Peers are imported by name, because they need not be there.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fleetaudit.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

CLOCK = SystemClock()
TAKEN = datetime(2026, 11, 21, 8, tzinfo=UTC)
THREADS = 2
PORTS = ("src-port", "dst-port")
HEAD = ("date", "time", "action", "protocol", "src-ip", "dst-ip", *PORTS, "size", "tcpflags")
TAIL = ("tcpsyn", "tcpack", "tcpwin", "icmptype", "icmpcode", "info", "path", "pid")
COLUMNS = [*HEAD, *TAIL]
NUMBERS = (*PORTS, "size", "tcpsyn", "tcpack", "tcpwin", "icmptype", "icmpcode")
NAMES = "{http://schemas.microsoft.com/win/2004/08/events/event}"
TRAFFIC = frozenset({5031, *range(5148, 5161)})
AUDIT_FAILURE = 0x10000000000000
FLAGS = {"%%1825": True, "%%1826": False}
FIELDS = (
    ("ProcessID", "ProcessId"),
    ("Application", ""),
    ("Direction", ""),
    ("SourceAddress", ""),
    ("SourcePort", ""),
    ("DestAddress", ""),
    ("DestPort", ""),
    ("Protocol", ""),
    ("FilterRTID", ""),
    ("FilterOrigin", ""),
    ("FilterName", ""),
    ("LayerName", ""),
    ("LayerRTID", ""),
    ("InterfaceIndex", ""),
    ("OriginalProfile", ""),
    ("CurrentProfile", ""),
    ("IsLoopback", ""),
)
"""Fields of the events in the order of the table's columns, and what else they are called."""
EVTX_SAMPLE = 40 * 65536
"""Of an EVTX file, for readers that would take minutes for all of it."""


def best(times: int, work: Callable[[], object]) -> tuple[float, int]:
    """Return the fewest CPU seconds of some runs, and what the last one counted.

    One thread's CPU time is its wall time on a machine that does nothing else, and it is still
    about right on one that does.
    """
    shortest, count = float("inf"), 0
    for _ in range(times):
        begun = cpu()
        counted = work()
        shortest = min(shortest, cpu() - begun)
        count = counted if isinstance(counted, int) else 0
    return shortest, count


def in_turn(times: int, floor: Callable[[], object], work: Callable[[], object]) -> dict[str, Any]:
    """Return the fewest CPU seconds of both, each taken as often and soon after the other.

    So what else the machine does falls on both.
    """
    least, shortest, items = float("inf"), float("inf"), 0
    for _ in range(times):
        least = min(least, best(1, floor)[0])
        seconds, items = best(1, work)
        shortest = min(shortest, seconds)
    return {"seconds": shortest, "items": items, "floor": least}


def best_wall(times: int, work: Callable[[], int]) -> dict[str, Any]:
    """Return the shortest of some runs by the clock on the wall."""
    shortest, items = float("inf"), 0
    for _ in range(times):
        begun = CLOCK.monotonic()
        items = work()
        shortest = min(shortest, CLOCK.monotonic() - begun)
    return {"seconds": shortest, "items": items, "floor": 0.0}


def cpu() -> float:
    """Return the CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def parsed(module: str, data: bytes | Path, name: str) -> int:
    """Return how many rows a parser of ours gives; no row is kept."""
    evidence = import_module("fleetaudit.records.evidence")
    context = evidence.EvidenceContext(name=name, taken_at=TAKEN, utc_offset_minutes=60)
    parse = import_module(f"fleetaudit.parsers.{module}").parse
    stream = data.open("rb") if isinstance(data, Path) else BytesIO(data)
    with stream:
        return sum(item.batch.num_rows for item in parse(stream, context) if hasattr(item, "batch"))


def single_thread() -> None:
    """Keep Arrow to one thread."""
    arrow = import_module("pyarrow")
    arrow.set_cpu_count(1)
    arrow.set_io_thread_count(1)


def log(times: int, file: Path) -> dict[str, Any]:
    """Ours, one thread, over the floor."""
    single_thread()
    data = file.read_bytes()
    work = partial(parsed, "firewall_log", data, "pfirewall.log")
    return in_turn(3 * times, lambda: data.count(b"\n"), work)


def small(times: int, file: Path) -> dict[str, Any]:
    """Ours, many files, a thread a file."""
    single_thread()
    files = sorted(file.iterdir())

    def work() -> int:
        with ThreadPoolExecutor(THREADS) as pool:
            return sum(pool.map(lambda one: parsed("firewall_log", one, one.name), files))

    return best_wall(times, work)


def small_pandas(times: int, file: Path) -> dict[str, Any]:
    """Read the same files with pandas' C reader, types given, one after the other."""
    pandas = import_module("pandas")
    types = dict.fromkeys(("action", "protocol", "tcpflags", "path"), "category")
    types |= dict.fromkeys(("src-ip", "dst-ip", "info"), "str")
    types |= dict.fromkeys((*NUMBERS, "pid"), "UInt64")

    def work() -> int:
        return sum(
            len(
                pandas.read_csv(
                    one,
                    sep=" ",
                    comment="#",
                    header=None,
                    names=COLUMNS,
                    dtype=types,
                    na_values=["-"],
                    keep_default_na=False,
                    parse_dates=["date"],
                    date_format="%Y-%m-%d",
                    index_col=False,
                )
            )
            for one in sorted(file.iterdir())
        )

    return best_wall(times, work)


def log_pyarrow(times: int, file: Path) -> dict[str, Any]:
    """Read the log with pyarrow's own CSV reader: no headers, no checks, one thread."""
    csv = import_module("pyarrow.csv")
    arrow = import_module("pyarrow")
    single_thread()
    data = arrow.py_buffer(b"".join(file.read_bytes().partition(b"\r\n\r\n")[2:]))

    def work() -> int:
        table = csv.read_csv(
            arrow.BufferReader(data),
            read_options=csv.ReadOptions(column_names=COLUMNS, use_threads=False),
            parse_options=csv.ParseOptions(delimiter=" ", quote_char=False),
            convert_options=csv.ConvertOptions(null_values=["-"], strings_can_be_null=True),
        )
        return int(table.num_rows)

    return measured(times, work)


def log_duckdb(times: int, file: Path) -> dict[str, Any]:
    """Read the log with DuckDB into a table of its own; one thread."""
    duckdb = import_module("duckdb")
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in COLUMNS)
    query = (
        f"CREATE OR REPLACE TABLE log AS SELECT * FROM read_csv('{file}', delim=' ', skip=5, "  # noqa: S608 -- a path of our own
        f"header=false, auto_detect=false, nullstr='-', quote='', escape='', columns={{{columns}}})"
    )

    def work() -> int:
        connection.execute(query)
        return int(connection.execute("SELECT count(*) FROM log").fetchone()[0])

    return measured(times, work)


def evtx(times: int, file: Path) -> dict[str, Any]:
    """Ours, over the bare iteration of the package under it."""
    package = import_module("evtx")

    def bare() -> int:
        return sum(1 for _ in package.PyEvtxParser(str(file)).records_json())

    return in_turn(2 * times, bare, partial(parsed, "security_evtx", file, "security.evtx"))


def evtx_python(times: int, file: Path) -> dict[str, Any]:
    """Read a part of the file with python-evtx, each record to lxml."""
    package = import_module("Evtx.Evtx")
    part = _part(file)

    def work() -> int:
        with package.Evtx(str(part)) as log_file:
            return sum(1 for record in log_file.records() if record.lxml() is not None)

    return measured(min(times, 1), work)


def evtx_dissect(times: int, file: Path) -> dict[str, Any]:
    """Read a part of the file with the library of dissect.target."""
    package = import_module("dissect.eventlog.evtx")
    part = _part(file)

    def work() -> int:
        with part.open("rb") as stream:
            return sum(1 for _ in package.Evtx(stream))

    return measured(min(times, 1), work)


def _part(file: Path) -> Path:
    """Return a file of the header and the first chunks; rates are per byte, so a part will do."""
    part = file.with_name("part.evtx")
    part.write_bytes(file.read_bytes()[: 4096 + EVTX_SAMPLE])
    return part


def event_xml(times: int, file: Path) -> dict[str, Any]:
    """Ours, over lxml event by event in the same process; both make the same typed table.

    The other way is the straightforward one: ``fromstring`` for each line, fields by their names, a
    list a column, and arrays in the types of the table. It checks nothing and handles none of what
    real files have beside such lines. Both tables have to be equal, or the step fails.
    """
    etree = import_module("lxml.etree")
    arrow = import_module("pyarrow")
    schema = import_module("fleetaudit.records.tables").SECURITY_EVENTS
    single_thread()
    data = file.read_bytes()

    def each() -> Any:
        rows = [_event_row(etree.fromstring(line)) for line in data.splitlines()]
        columns = zip(*(row for row in rows if row), strict=True)
        arrays = [
            _event_array(arrow, field.type, list(one))
            for field, one in zip(schema, columns, strict=True)
        ]
        return arrow.Table.from_arrays(arrays, schema=schema)

    ours = arrow.Table.from_batches(
        [one.batch for one in _items("event_xml", data) if hasattr(one, "batch")]
    )
    if _checksum(each()) != _checksum(ours):
        raise SystemExit("the two tables of the events differ")
    return in_turn(times, each, partial(parsed, "event_xml", data, "events.xml"))


def _items(module: str, data: bytes) -> Iterable[Any]:
    evidence = import_module("fleetaudit.records.evidence")
    parse = import_module(f"fleetaudit.parsers.{module}").parse
    found: Iterable[Any] = parse(BytesIO(data), evidence.EvidenceContext(name="events.xml"))
    return found


def _checksum(table: Any) -> str:
    return hashlib.sha256(repr(table.to_pylist()).encode()).hexdigest()


def _event_row(event: Any) -> tuple[Any, ...] | None:
    """Return an event's values in the order of the table's columns, None for another event."""
    system = event.find(f"{NAMES}System")
    code = int(system.findtext(f"{NAMES}EventID"))
    if code not in TRAFFIC:
        return None
    fields = {one.get("Name"): one.text for one in event.find(f"{NAMES}EventData")}
    own = (
        int(system.findtext(f"{NAMES}EventRecordID")),
        system.find(f"{NAMES}TimeCreated").get("SystemTime"),
        code,
        int(system.findtext(f"{NAMES}Version")),
        system.findtext(f"{NAMES}Computer"),
        bool(int(system.findtext(f"{NAMES}Keywords"), 16) & AUDIT_FAILURE),
    )
    named = [fields.pop(name, fields.pop(other, None)) for name, other in FIELDS]
    others = json.dumps(fields, separators=(",", ":")) if fields else None
    return (*own, *named, others)


def _event_array(arrow: Any, kind: Any, values: list[Any]) -> Any:
    """Return one column in its type; numbers may be ``%%14592`` and flags ``%%1825``."""
    types = arrow.types
    if types.is_boolean(kind):
        return arrow.array([FLAGS.get(value, value) for value in values], kind)
    if types.is_integer(kind):
        numbers = (int(one.lstrip("%")) if isinstance(one, str) else one for one in values)
        return arrow.array(list(numbers), kind)
    texts = arrow.array([None if value == "-" else value for value in values], arrow.string())
    return texts.cast(kind) if types.is_timestamp(kind) or types.is_dictionary(kind) else texts


def state(times: int, file: Path) -> dict[str, Any]:
    """Ours; the file is opened and not held."""
    return measured(times, lambda: parsed("wfp_state", file, "wfpstate.xml"))


def state_elementtree(times: int, file: Path) -> dict[str, Any]:
    """Read the state into ElementTree's tree, and no further; with the libraries of ours."""
    imports(times, file)
    tree = import_module("xml.etree.ElementTree")

    def work() -> int:
        return len(tree.parse(str(file)).getroot().findall("layers/item/filters/item"))

    return measured(times, work)


def imports(_times: int, _file: Path) -> dict[str, Any]:
    """Load the libraries that reading a state loads: Arrow loads pandas with its first array."""
    import_module("fleetaudit.parsers.wfp_state")
    import_module("pyarrow").array(["x"])
    return {"seconds": 0.0, "items": 0, "floor": 0.0}


def ingest(_times: int, file: Path) -> dict[str, Any]:
    """Derive the tables of a host folder that :func:`stored` has made."""
    store = import_module("fleetaudit.store")
    ingested = import_module("fleetaudit.ingest")
    collectors = import_module("fleetaudit.collectors").catalogue()
    folder = store.HostFolder(file.parent / f"host-{file.stem}-{file.suffix[1:]}")
    begun = CLOCK.monotonic()
    ingested.ingest_host(folder, collectors)
    seconds = CLOCK.monotonic() - begun
    rows = sum(folder.row_count(name) for name in folder.table_names())
    return {"seconds": seconds, "items": rows, "floor": 0.0}


def stored(_times: int, file: Path) -> dict[str, Any]:
    """Keep a file as evidence of a host, as a sweep does."""
    store = import_module("fleetaudit.store")
    evidence = import_module("fleetaudit.records.evidence")
    call = import_module("fleetaudit.records.call")
    source, name = {
        ".log": ("firewall-log", "pfirewall-1.log"),
        ".evtx": ("security-events", "security.evtx"),
    }[file.suffix]
    folder = store.HostFolder(file.parent / f"host-{file.stem}-{file.suffix[1:]}")
    sink = folder.sink(source, evidence.Phase.AFTER, TAKEN)
    digest, length = hashlib.sha256(), 0
    with file.open("rb") as read, sink.open(name) as kept, gzip.open(kept, "wb", 1) as packed:
        for block in _blocks(read):
            digest.update(block)
            length += len(block)
            packed.write(block)
    sink.keep(call.Attachment(name=name, length=length, sha256=digest.hexdigest(), stored_length=1))
    return {"seconds": 0.0, "items": 0, "floor": 0.0}


def _blocks(stream: Any) -> Iterable[bytes]:
    while block := stream.read(1 << 20):
        yield block


def measured(times: int, work: Callable[[], int]) -> dict[str, Any]:
    """Return a step that is measured against another process."""
    seconds, items = best(times, work)
    return {"seconds": seconds, "items": items, "floor": 0.0}


STEPS: dict[str, Callable[[int, Path], dict[str, Any]]] = {
    one.__name__: one
    for one in (
        log,
        small,
        small_pandas,
        log_pyarrow,
        log_duckdb,
        evtx,
        evtx_python,
        evtx_dissect,
        event_xml,
        state,
        state_elementtree,
        imports,
        ingest,
        stored,
    )
}


if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](int(sys.argv[2]), Path(sys.argv[3]))))
