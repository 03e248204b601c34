"""Whatever a file, a folder or an option holds: one sentence with its facts, and an exit code."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fleetaudit.cli._exits import Exit
from fleetaudit.cli.main import run
from fleetaudit.clock import SystemClock
from fleetaudit.records.host import Auth
from fleetaudit.records.secret import Secret
from fleetaudit.simulation.engine import ModelEngine
from fleetaudit.simulation.faults import Fault
from fleetaudit.simulation.model.fleet import build_fleet
from fleetaudit.simulation.network.server import ServedHost, serve
from fleetaudit.store.locks import Lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PASSWORD = "made-up-and-searched-for"
INVENTORIES = {
    "binary": (b"\x00\xff\xfe\x80", ("inv.yml, line 1", "UTF-8")),
    "broken": (b"all:\n  hosts:\n    web01: {a: [1\n", ("inv.yml, line 4", "not YAML")),
    "tabs": (b"all:\n\thosts:\n", ("inv.yml, line 2", "tab", "spaces")),
    "empty": (b"", ("inv.yml", "empty")),
    "no hosts": (b"all:\n  hosts: {}\n", ("inv.yml", "no hosts")),
    "a list": (b"all:\n  hosts: [web01]\n", ("inv.yml, line 2", "list")),
    "a port": (
        b"all:\n  hosts:\n    w:\n      ansible_port: x\n      ansible_password: "
        + PASSWORD.encode(),
        ("inv.yml, line 4", "ansible_port", "'x'"),
    ),
    "a control character": (
        b'all:\n  hosts:\n    "web\\e[31m":\n',
        ("inv.yml, line 3", "cannot be printed"),
    ),
    "a name of 300 characters": (
        f"all:\n  hosts:\n    {'x' * 300}:\n".encode(),
        ("inv.yml, line 3", "253"),
    ),
    "one machine twice": (
        b"all:\n  hosts:\n    WEB01:\n    web01:\n",
        ("inv.yml", "WEB01 and web01", "same machine", "--limit 'all:!web01'"),
    ),
}


@pytest.mark.parametrize(("content", "facts"), INVENTORIES.values(), ids=INVENTORIES)
def test_an_inventory_that_cannot_be_used_is_one_sentence(
    content: bytes, facts: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "inv.yml"
    path.write_bytes(content)
    assert run(["inventory", "-i", str(path), "--json"]) == Exit.USAGE
    _assert_sentence(capsys, facts)


@pytest.mark.parametrize("limit", ["nobody", "~((", "@no-such-file", "all:!web01"])
def test_a_limit_that_leaves_no_host_is_wrong_usage(
    limit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "inv.yml"
    path.write_text("all:\n  hosts:\n    web01:\n", encoding="utf-8")
    arguments = ["sweep", "-i", str(path), "--limit", limit, "--out", str(tmp_path / "run")]
    assert run(arguments) == Exit.USAGE
    _assert_sentence(capsys, ())
    assert not (tmp_path / "run").exists()


def test_an_unknown_key_is_a_warning_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "inv.yml"
    path.write_text("all:\n  hosts:\n    w:\n      ansible_psrp_bogus: 1\n", encoding="utf-8")
    assert run(["inventory", "-i", str(path), "--json"]) == Exit.OK
    said = capsys.readouterr()
    assert json.loads(said.out)["hosts"][0]["name"] == "w"
    assert "inv.yml, line 4" in said.err
    assert "ansible_psrp_bogus" in said.err


def _gather(folder: Path) -> Path:
    """Return a folder with the files of one host that are whole."""
    host = folder / "web01"
    host.mkdir(parents=True)
    (host / "pfirewall.log").write_bytes(
        b"#Version: 1.5\n#Software: Microsoft Windows Firewall\n#Time Format: Local\n"
        b"#Fields: date time action protocol src-ip dst-ip src-port dst-port size tcpflags tcpsyn"
        b" tcpack tcpwin icmptype icmpcode info path\n\n"
        b"2026-11-20 10:00:00 DROP TCP 10.0.0.1 10.0.0.2 1 445 0 - 0 0 0 - - - RECEIVE\n"
    )
    return host


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


DAMAGES: dict[str, tuple[str, bytes, tuple[str, ...]]] = {
    "not an event log": ("security.evtx", b"nope", ("security.evtx", "not an event log")),
    "an empty event log": ("security.evtx", b"", ("security.evtx", "not an event log")),
    "an empty WFP state": ("wfpstate.xml", b"", ("wfpstate.xml", "neither")),
    "malformed XML": (
        "wfpstate.xml",
        b"<wfpstate>\n<layers>\n<item></wfpstate>",
        ("wfpstate.xml, line 3", "damaged"),
    ),
    "a cut gzip file": (
        "wfpstate.xml.gz",
        _cut(gzip.compress(bytes(range(256)) * 99)),
        ("wfpstate.xml.gz", "cannot be read", "ended before"),
    ),
    "no gzip file": ("policy.csv.gz", b"text", ("policy.csv.gz", "cannot be read", "gzip")),
}


@pytest.mark.parametrize(("name", "content", "facts"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_named_and_the_others_are_read(
    name: str,
    content: bytes,
    facts: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    host = _gather(tmp_path / "gathered")
    (host / name).write_bytes(content)
    out = tmp_path / "run"
    code = run(["import", str(host.parent), "--out", str(out), "--json"])
    said = capsys.readouterr()
    assert code == Exit.PARTIAL
    for fact in ("Warning: web01: ", *facts):
        assert fact in said.err
    coverage = json.loads(said.out)["coverage"]
    log = next(source for source in coverage["sources"] if source["source"] == "firewall-log")
    assert log["rows"] == 1
    report = (out / "report.md").read_text("utf-8")
    assert facts[-1] in report[: report.index("## Summary")]


def test_what_could_be_read_of_a_cut_file_is_kept_and_marked(tmp_path: Path) -> None:
    host = _gather(tmp_path / "gathered")
    whole = b"".join(number.to_bytes(4, "big") for number in range(99_999))
    (host / "wfpstate.xml.gz").write_bytes(_cut(gzip.compress(whole)))
    out = tmp_path / "run"
    assert run(["import", str(host.parent), "--out", str(out)]) == Exit.PARTIAL
    (part,) = out.glob("hosts/web01/evidence/wfp-state/imported/*.partial")
    kept = gzip.decompress(part.read_bytes())
    assert kept
    assert whole.startswith(kept)


def test_an_unknown_log_column_is_named_with_its_line(tmp_path: Path) -> None:
    host = _gather(tmp_path / "gathered")
    log = host / "pfirewall.log"
    content = log.read_bytes().replace(b"info path", b"info path newcol", 1)
    log.write_bytes(content.replace(b"RECEIVE", b"RECEIVE x"))
    out = tmp_path / "run"
    run(["import", str(host.parent), "--out", str(out)])
    report = (out / "report.md").read_text("utf-8")
    assert "web01: pfirewall.log, line 4: " in report
    assert "newcol" in report


def test_what_a_run_directory_keeps_can_be_imported_again(tmp_path: Path) -> None:
    host = _gather(tmp_path / "gathered" / "x").rename(tmp_path / "gathered" / "WEB01")
    (tmp_path / "gathered" / "x").rmdir()
    assert run(["import", str(host.parent), "--out", str(tmp_path / "first")]) == Exit.OK
    (tmp_path / "first" / "manifest.json").write_text("{", encoding="utf-8")
    again = tmp_path / "again"
    assert run(["import", str(tmp_path / "first" / "hosts"), "--out", str(again)]) == Exit.OK
    (name,) = again.glob("hosts/*/name.json")
    assert json.loads(name.read_text("utf-8")) == {"host": "WEB01"}


@pytest.fixture
def imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Return a run directory of two hosts."""
    host = _gather(tmp_path / "gathered")
    shutil.copytree(host, host.with_name("web02"))
    assert run(["import", str(host.parent), "--out", str(tmp_path / "run")]) == Exit.OK
    capsys.readouterr()
    return tmp_path / "run"


def _newer(folder: Path) -> None:
    manifest = folder / "manifest.json"
    content = {**json.loads(manifest.read_text("utf-8")), "schema_version": 99}
    manifest.write_text(json.dumps(content), encoding="utf-8")


RUINS: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "of a newer version": (_newer, ("layout 99", "Update fleetaudit")),
    "damaged manifest": (
        lambda folder: (folder / "manifest.json").write_text("{"),
        ("manifest.json", "damaged", "import"),
    ),
    "no manifest": (
        lambda folder: (folder / "manifest.json").unlink(),
        ("no run directory", "manifest.json"),
    ),
    "no hosts": (lambda folder: shutil.rmtree(folder / "hosts"), ("hosts", "cannot be read")),
}


@pytest.mark.parametrize("command", ["analyze", "report"])
@pytest.mark.parametrize(("ruin", "facts"), RUINS.values(), ids=RUINS)
def test_a_run_directory_that_cannot_be_used_is_one_sentence(
    ruin: Callable[[Path], object],
    facts: tuple[str, ...],
    command: str,
    imported: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ruin(imported)
    assert run([command, str(imported)]) == Exit.USAGE
    _assert_sentence(capsys, (str(imported), *facts))


def test_a_damaged_host_does_not_end_the_report_of_the_others(
    imported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (imported / "hosts" / "web01" / "host.json").write_text("{", encoding="utf-8")
    assert run(["analyze", str(imported), "--json"]) == Exit.OK
    outcomes = json.loads(capsys.readouterr().out)["coverage"]["outcomes"]
    assert {one["host"]: one["kind"] for one in outcomes} == {
        "web01": "failed",
        "web02": "collected",
    }
    assert "web01/host.json is damaged" in (imported / "report.md").read_text("utf-8")


def test_a_run_that_another_process_writes_is_busy(
    imported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Lock(imported / "lock"):
        assert run(["analyze", str(imported), "--json"]) == Exit.BUSY
        _assert_sentence(capsys, (str(imported), "another process", "Wait"))
        assert run(["report", str(imported), "--format", "json", "--out", "-"]) == Exit.OK


@pytest.mark.parametrize(
    ("arguments", "facts"),
    [
        (["sweep", "--out", "RUN"], ("RUN", "not empty")),
        (["sweep", "--out", "FILE"], ("FILE", "cannot be used")),
        (["sweep", "--out", "NEW", "--state-dir", "FILE"], ("FILE", "is a file")),
        (["sweep", "--out", "NEW", "--state-dir", "FILE/state"], ("FILE/state", "journal")),
    ],
)
def test_a_folder_that_cannot_be_written_is_said_before_any_host_is_asked(
    arguments: list[str],
    facts: tuple[str, ...],
    imported: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    inventory = imported.parent / "FILE"
    inventory.write_text("all:\n  hosts:\n    web01.invalid:\n", encoding="utf-8")
    places = {"RUN": str(imported), "FILE": str(inventory), "NEW": str(imported.parent / "new")}
    named = [
        argument.replace(word, places[word])
        for argument in arguments
        for word in [next((one for one in places if one in argument), "RUN")]
    ]
    assert run([*named, "-i", str(inventory), "--json"]) == Exit.USAGE
    said = _assert_sentence(capsys, ())
    for fact in facts:
        word = next((one for one in places if one in fact), "RUN")
        assert fact.replace(word, places[word]) in said
    assert "done" not in said


def test_a_report_that_cannot_be_written_is_one_sentence(
    imported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = imported / "manifest.json" / "report.html"
    assert run(["report", str(imported), "--out", str(out)]) == Exit.USAGE
    _assert_sentence(capsys, (str(out), "cannot be written"))


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no device that is full")
def test_a_device_is_written_to_and_never_replaced(
    imported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    assert run(["report", str(imported), "--out", str(full)]) == Exit.USAGE
    _assert_sentence(capsys, (str(full), "cannot be written"))
    assert Path("/dev/full").is_char_device()


def test_a_demo_removes_nothing_that_is_no_demo(
    imported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (imported / "manifest.json").write_text("{", encoding="utf-8")
    assert run(["demo", "--hosts", "1", "--out", str(imported)]) == Exit.USAGE
    _assert_sentence(capsys, (str(imported), "not empty"))
    assert (imported / "hosts" / "web01" / "host.json").exists()


def test_a_name_that_would_rewrite_the_terminal_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = _gather(tmp_path / "gathered")
    (host / "strange\x1b[2J.txt").touch()
    assert run(["import", str(host), "--out", str(tmp_path / "run")]) == Exit.PARTIAL
    assert run(["report", "\x1b[2J"]) == Exit.USAGE
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert said.err.count("\\u001b[2J") == 2


@pytest.mark.parametrize(("command", "key"), [(["restore"], "owed"), (["audit", "off"], "hosts")])
def test_a_damaged_debt_is_named_and_keeps_the_exit_code_until_it_is_seen_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str], key: str
) -> None:
    inventory = tmp_path / "inv.yml"
    inventory.write_text("all:\n  hosts:\n    web01:\n", encoding="utf-8")
    (tmp_path / "state" / "debts" / "web01").mkdir(parents=True)
    (tmp_path / "state" / "debts" / "web01" / "audit-policy.x.json").write_text(
        "{", encoding="utf-8"
    )
    arguments = [*command, "-i", str(inventory), "--state-dir", str(tmp_path / "state"), "--json"]
    for _ in range(2):
        assert run(arguments) == Exit.STILL_ON
        said = capsys.readouterr()
        assert json.loads(said.out)[key] == []
        assert "web01.audit-policy.x.json cannot be read" in said.err


LIMITED = """
import resource, runpy, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
runpy.run_module("fleetaudit", run_name="__main__", alter_sys=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a file's size")
@pytest.mark.parametrize("size", [100, 600, 2000])
@pytest.mark.parametrize("command", ["import", "analyze"])
def test_a_full_disk_is_one_sentence(command: str, size: int, imported: Path) -> None:
    with (imported.parent / "gathered" / "web01" / "pfirewall.log").open("ab") as log:
        log.write(os.urandom(2000))
    arguments = {
        "import": ["import", str(imported.parent / "gathered"), "--out", str(imported / "new")],
        "analyze": ["analyze", str(imported)],
    }[command]
    done = subprocess.run(
        [sys.executable, "-B", "-c", LIMITED, str(size), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == Exit.USAGE, done.stderr
    assert done.stderr.count("Error: ") == 1
    assert "File too large" in done.stderr
    assert "space" in done.stderr
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr


FAULTS = {
    Fault.NONE: ("collected", ""),
    Fault.REFUSE: ("unreachable", "nothing listens"),
    Fault.RESET: ("failed", "cut off"),
    Fault.RUBBISH: ("failed", "does not speak as WinRM"),
    Fault.SURROGATE: ("failed", "no valid Unicode"),
    Fault.WRONG_PASSWORD: ("refused", "user name or the password"),
    Fault.NO_JEA: ("refused", ""),
    Fault.TRUNCATED: ("failed", ""),
    Fault.ERROR_FLOOD: ("failed", "more than 200 errors"),
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[dict[str, Fault]]:
    """Yield which host has which fault; the inventory is ``inv.yml``."""
    fleet = build_fleet(size=len(FAULTS), seed=7, clock=SystemClock())
    faults = {host.name: fault for host, fault in zip(fleet, FAULTS, strict=True)}
    hosts = [
        ServedHost(
            name=name,
            username="audit",
            password=Secret(PASSWORD),
            auths=(Auth.NTLM,),
            fault=fault,
            jea=("Get-Nothing",) if fault is Fault.NO_JEA else None,
        )
        for name, fault in faults.items()
    ]
    with serve(ModelEngine(fleet), hosts) as server:
        variables = {
            name: {"ansible_host": one.address, "ansible_port": one.port}
            for name, one in server.endpoints.items()
        }
        for name, fault in faults.items():
            if fault is Fault.NO_JEA:
                variables[name]["ansible_psrp_configuration_name"] = "Fleetaudit"
        group = {
            "hosts": {**variables, "unknown": {"ansible_host": "no-such-host.invalid"}},
            "vars": {
                "ansible_user": "audit",
                "ansible_password": PASSWORD,
                "ansible_psrp_protocol": "http",
                "ansible_psrp_auth": "ntlm",
            },
        }
        (tmp_path / "inv.yml").write_text(json.dumps({"windows": group}), encoding="utf-8")
        yield faults


@pytest.mark.slow
def test_hosts_that_misbehave_end_each_by_itself_and_no_secret_is_left(
    served: dict[str, Fault], tmp_path: Path
) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "fleetaudit", "sweep", "-i", "inv.yml", "--window", "1s"),
            *("--out", "run", "--state-dir", "state", "--json"),
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"},
        timeout=120,
    )
    assert done.returncode == Exit.PARTIAL, done.stderr
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr
    outcomes = {one["host"]: one for one in json.loads(done.stdout)["coverage"]["outcomes"]}
    assert outcomes.pop("unknown")["kind"] == "unreachable"
    assert outcomes.keys() == served.keys()
    for host, fault in served.items():
        kind, fact = FAULTS[fault]
        assert (fault, outcomes[host]["kind"]) == (fault, kind), outcomes[host]
        assert fact in outcomes[host]["reason"]
        if fault is not Fault.NONE:
            assert f"{host}: {kind}: " in done.stderr
            assert (
                host in (tmp_path / "run" / "report.md").read_text("utf-8").split("## Summary")[0]
            )
    assert _files_with(PASSWORD, tmp_path) == {"inv.yml"}
    assert PASSWORD not in done.stdout + done.stderr


def _files_with(secret: str, folder: Path) -> set[str]:
    found = set()
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        if secret.encode() in content or secret.encode("utf-16-le") in content:
            found.add(path.relative_to(folder).as_posix())
    return found


def _assert_sentence(capsys: pytest.CaptureFixture[str], facts: tuple[str, ...]) -> str:
    said = capsys.readouterr()
    assert said.out == ""
    assert "Error: " in said.err
    assert "Traceback" not in said.err
    assert "defect" not in said.err
    assert PASSWORD not in said.err
    for fact in facts:
        assert fact in said.err
    return said.err
