"""Keep a window open, and look now and then at how much it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleetaudit.errors import CredentialsHeldBackError, CredentialsRefusedError, HostError
from fleetaudit.orchestrator._repayment import remark
from fleetaudit.orchestrator._states import unreadable
from fleetaudit.orchestrator.steps import Pause, Urgency
from fleetaudit.records.call import ScriptCall
from fleetaudit.records.figures import Gap

if TYPE_CHECKING:
    from datetime import datetime

    from fleetaudit.orchestrator._conversation import Conversation, Steps
    from fleetaudit.orchestrator.settings import NoiseBudget
    from fleetaudit.records.host import SecurityLog

__all__ = ["NoiseWatch", "look", "stay"]

_RECORD_BYTES: Final = 800
"""Of a record of the Filtering Platform: half a kilobyte to 1.2 of them (windows-facts 7)."""
_LOOK: Final = ScriptCall(script="Get-SecurityLog", deadline_s=30.0)
_IN_A_ROW: Final = 2


class NoiseWatch:
    """Judges what was seen of the Security log since the window opened.

    Args:
        budget: What is too much.
        since: When ``first_record`` was the newest.
        first_record: The newest record before the window.
    """

    def __init__(self, budget: NoiseBudget, *, since: datetime, first_record: int) -> None:
        self._budget = budget
        self._first = first_record
        self._last = (since, first_record)
        self._beyond = 0

    def due(self, window_end: datetime, opened_at: datetime) -> datetime:
        """Return when to look next."""
        budget, (at, _) = self._budget, self._last
        if at <= opened_at or self._beyond:
            return max(at, opened_at) + budget.first_look
        return at + max(budget.interval, (window_end - opened_at) / budget.most_looks)

    def judge(self, log: SecurityLog | None, at: datetime) -> str:
        """Return what is too much, as a clause; empty where nothing is."""
        before, last = self._last
        self._last = (at, last if log is None else log.newest_record)
        if log is None or log.newest_record < last:  # cleared meanwhile: its numbers begin anew
            self._first = self._last[1] if log is not None else self._first
            self._beyond = 0
            return ""
        seconds = max(1.0, (at - before).total_seconds())
        rate = (log.newest_record - last) / seconds
        self._beyond = self._beyond + 1 if rate > self._budget.events_per_s else 0
        written = log.newest_record - self._first
        capacity = log.maximum_bytes / _RECORD_BYTES
        if written > capacity * self._budget.log_share:
            return (
                f"{written:,} records were written, more than {self._budget.log_share:.0%} of the"
                f" some {capacity:,.0f} that the Security log holds"
            )
        if self._beyond >= _IN_A_ROW:
            return (
                f"{rate:,.0f} events/s were written in {_IN_A_ROW} looks in a row,"
                f" {written:,} records in all; the budget is {self._budget.events_per_s:,.0f}/s"
            )
        return ""


def stay(
    talk: Conversation, watch: NoiseWatch | None, *, opened_at: datetime, until: datetime
) -> Steps[Gap | None]:
    """Return at ``until``, or earlier with what was too much; nothing is held between looks."""
    while True:
        due = until if watch is None else min(until, watch.due(until, opened_at))
        yield from talk.disconnect()
        yield from talk.do(Pause(until=due, urgency=Urgency.RESTORE))
        if watch is None or due >= until or talk.last_at is None:
            return None
        try:
            too_much = watch.judge((yield from look(talk)), talk.last_at)
        except (CredentialsRefusedError, CredentialsHeldBackError) as error:
            yield from remark(talk, error)
            watch = None  # each further look would be a failed logon, and those lock accounts
        except HostError as error:
            yield from remark(talk, error)
            watch.judge(None, talk.last_at)
        else:
            if too_much:
                return _cut_short(talk, too_much, opened_at=opened_at, until=until)


def look(talk: Conversation) -> Steps[SecurityLog]:
    """Return how far the Security log has come; one small question.

    Raises:
        HostError: The host does not say.
    """
    yield from talk.connect()
    answer = yield from talk.ask(_LOOK, with_files=True)
    try:
        return talk.instruments.read_log(answer.files)
    except Exception as error:
        raise unreadable(talk, "how far the Security log has come", error) from error


def _cut_short(talk: Conversation, too_much: str, *, opened_at: datetime, until: datetime) -> Gap:
    held = ((talk.last_at or until) - opened_at).total_seconds()
    return Gap(
        kind="cut-short",
        host=talk.host,
        what=f"The window was closed after {held:.0f} of"
        f" {(until - opened_at).total_seconds():.0f} s: {too_much}",
        effect="What was dropped later is not in the figures; rates count the shorter time",
        remedy="Enlarge the Security log, shorten the window, or raise the budget",
    )
