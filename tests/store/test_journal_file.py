from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fleetaudit.errors import JournalError
from fleetaudit.records.debt import Debt
from fleetaudit.store import JournalFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEBT = Debt(
    run_id="20261121T080000Z",
    host="WEB01",
    operation="audit-policy",
    setting="{0CCE9225-69AE-11D9-BED3-505054503030}",
    before="none",
    during="failure",
)
OTHER = replace(DEBT, setting="{0CCE9226-69AE-11D9-BED3-505054503030}", before="success")
THIRD = replace(DEBT, operation="firewall-logging", setting="Domain/LogBlocked", before="off")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalFile]:
    with JournalFile(tmp_path / "state") as one:
        yield one


def test_debts_outlive_the_process_that_made_them(journal: JournalFile, tmp_path: Path) -> None:
    journal.owe([DEBT, OTHER, THIRD])
    assert set(JournalFile(tmp_path / "state").open_debts()) == {DEBT, OTHER, THIRD}


def test_one_host_is_told_apart_from_another_whose_name_begins_the_same(
    journal: JournalFile,
) -> None:
    longer = replace(DEBT, host="WEB01.example.com")
    journal.owe([DEBT, OTHER, longer])
    assert set(journal.open_debts("WEB01")) == {DEBT, OTHER}
    assert journal.open_debts("WEB01.example.com") == (longer,)
    assert journal.open_debts("web01") == ()


def test_a_settled_debt_is_kept_with_why(journal: JournalFile, tmp_path: Path) -> None:
    journal.owe([DEBT, OTHER])
    journal.settle(DEBT, note="somebody else changed it")
    journal.settle(DEBT)
    assert journal.open_debts() == (OTHER,)
    (kept,) = (tmp_path / "state" / "settled").iterdir()
    assert json.loads(kept.read_bytes())["note"] == "somebody else changed it"


def test_a_debt_is_remembered_with_its_lease_and_renewed_with_more_time(
    journal: JournalFile, tmp_path: Path
) -> None:
    held = replace(DEBT, lease="fleetaudit-x", until=datetime(2026, 11, 22, tzinfo=UTC))
    journal.owe([held])
    journal.close()
    later = replace(held, until=datetime(2026, 11, 23, tzinfo=UTC))
    journal.owe([later])
    (found,) = JournalFile(tmp_path / "state").open_debts()
    assert (found.lease, found.until) == (later.lease, later.until)
    assert not journal.is_live(held.run_id)
    assert len(list((tmp_path / "state" / "debts").glob("*/*"))) == 1
    journal.settle(held)
    assert journal.open_debts() == ()


def test_a_debt_that_an_earlier_version_wrote_is_read(journal: JournalFile, tmp_path: Path) -> None:
    journal.owe([DEBT])
    (path,) = (tmp_path / "state" / "debts").glob("*/*")
    written = json.loads(path.read_bytes())
    del written["lease"], written["until"]
    path.write_text(json.dumps(written))
    assert journal.open_debts() == (DEBT,)


def test_a_second_run_cannot_owe_the_same(journal: JournalFile) -> None:
    journal.owe([OTHER])
    second = [replace(DEBT, run_id="second"), replace(OTHER, run_id="second")]
    with pytest.raises(JournalError, match="another run owes this already"):
        journal.owe(second)
    assert journal.open_debts() == (OTHER,)
    journal.settle(second[1])
    assert journal.open_debts() == (OTHER,)


def test_the_same_debt_may_be_written_down_again(journal: JournalFile) -> None:
    journal.owe([DEBT])
    journal.owe([DEBT])
    assert journal.open_debts() == (DEBT,)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"run_id": "x"}', '{"before": 7}', "\0" * 200],
    ids=["empty", "cut", "list", "partial", "number", "zeros"],
)
def test_a_damaged_debt_is_put_aside_and_its_host_left_alone(
    journal: JournalFile, tmp_path: Path, text: str
) -> None:
    journal.owe([DEBT, OTHER])
    path = next((tmp_path / "state" / "debts").glob("*/*0cce9225*"))
    path.write_text(text)
    assert journal.open_debts() == (OTHER,)
    (damaged,) = journal.damaged()
    assert damaged.read_text() == text
    assert journal.damaged(DEBT.host) == (damaged,)
    assert journal.damaged(f"{DEBT.host}.example.com") == ()
    with pytest.raises(JournalError, match="cannot be read"):
        journal.owe([DEBT])
    damaged.unlink()
    journal.owe([DEBT])
    assert set(journal.open_debts()) == {DEBT, OTHER}


def test_a_file_that_a_crash_left_half_written_is_no_debt(
    journal: JournalFile, tmp_path: Path
) -> None:
    journal.owe([DEBT])
    (place,) = (tmp_path / "state" / "debts").iterdir()
    (place / "audit-policy.x.json.4711.1.tmp").write_text('{"run_id"')
    journal.settle(DEBT)
    assert journal.open_debts() == ()
    assert journal.open_debts(DEBT.host) == ()
    assert journal.damaged() == ()


def test_two_processes_may_strike_out_the_same_debts_at_once(tmp_path: Path) -> None:
    owing, *others = (JournalFile(tmp_path / "state") for _ in range(3))
    failed: list[JournalError] = []

    def strike_out(journal: JournalFile, start: threading.Barrier) -> None:
        start.wait()
        try:
            for debt in (DEBT, OTHER):
                journal.settle(debt)
        except JournalError as error:
            failed.append(error)

    for _ in range(100):
        owing.owe([DEBT, OTHER])
        start = threading.Barrier(len(others))
        threads = [threading.Thread(target=strike_out, args=(one, start)) for one in others]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert owing.open_debts() == ()
    owing.close()
    assert failed == []


def test_a_run_lives_for_as_long_as_its_journal_is_open(tmp_path: Path) -> None:
    first, second = JournalFile(tmp_path), JournalFile(tmp_path)
    first.owe([DEBT])
    assert second.is_live(DEBT.run_id)
    assert first.is_live(DEBT.run_id)
    assert not second.is_live("another")
    first.close()
    assert not second.is_live(DEBT.run_id)


def test_a_journal_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalError, match="nothing was changed on the host"):
        JournalFile(tmp_path / "file")


def test_threads_write_their_debts_side_by_side(journal: JournalFile) -> None:
    debts = [replace(DEBT, host=f"host{number}") for number in range(16)]

    def work(debt: Debt) -> None:
        journal.owe([debt])
        journal.settle(debt)
        journal.owe([debt])

    threads = [threading.Thread(target=work, args=(debt,)) for debt in debts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(journal.open_debts()) == set(debts)


class TwoProcesses(RuleBasedStateMachine):
    """Two journals over one folder, and what a plain dictionary says should stand there."""

    @initialize(path=st.none())
    def begin(self, path: None) -> None:
        del path
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        self.journals = [JournalFile(Path(self.folder.name)) for _ in range(2)]
        self.model: dict[tuple[str, str], Debt] = {}

    @rule(
        which=st.integers(0, 1),
        run=st.sampled_from("ab"),
        host=st.sampled_from(["web01", "WEB01"]),
        changed=st.sampled_from([[0], [1], [0, 1], [1, 0]]),
    )
    def owe(self, which: int, run: str, host: str, changed: list[int]) -> None:
        pair = (DEBT.setting, OTHER.setting)
        run = f"{run}{which}"
        debts = [replace(DEBT, run_id=run, host=host, setting=pair[index]) for index in changed]
        keys = [(debt.host, debt.setting) for debt in debts]
        is_free = all(
            self.model.get(key, debt) == debt for key, debt in zip(keys, debts, strict=True)
        )
        if is_free:
            self.journals[which].owe(debts)
            self.model |= dict(zip(keys, debts, strict=True))
        else:
            with pytest.raises(JournalError):
                self.journals[which].owe(debts)

    @rule(which=st.integers(0, 1), data=st.data())
    def settle(self, which: int, data: st.DataObject) -> None:
        if self.model:
            key = data.draw(st.sampled_from(sorted(self.model, key=str)))
            self.journals[which].settle(self.model.pop(key))

    @invariant()
    def both_say_the_same(self) -> None:
        for journal in getattr(self, "journals", ()):
            assert set(journal.open_debts()) == set(self.model.values())

    def teardown(self) -> None:
        for journal in getattr(self, "journals", ()):
            journal.close()
        if hasattr(self, "folder"):
            self.folder.cleanup()


TestTwoProcesses = TwoProcesses.TestCase
TestTwoProcesses.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
