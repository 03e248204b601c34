"""Audit in short bursts: switch on, stay, take a snapshot, switch off, again and again.

The debts stay owed and the lease stays on the host from before the first burst to after the last,
and the changes beside the auditing stand as long. So whatever ends the bursts, what puts the host
back is what puts it back after any window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fleetaudit.errors import (
    CredentialsHeldBackError,
    CredentialsRefusedError,
    HostError,
    HostRefusedError,
)
from fleetaudit.orchestrator._repayment import remark, write_back
from fleetaudit.orchestrator._states import AUDIT, label, left, read_state, value_of
from fleetaudit.orchestrator._watch import NoiseWatch, look, stay
from fleetaudit.orchestrator._window import end_window, guard, switch_on
from fleetaudit.orchestrator.steps import Note, Pause, Urgency
from fleetaudit.records.evidence import Phase
from fleetaudit.records.figures import Gap
from fleetaudit.records.host_record import Restoration
from fleetaudit.records.window import Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from fleetaudit.orchestrator._conversation import Conversation, Steps
    from fleetaudit.orchestrator._window import Change
    from fleetaudit.orchestrator.settings import SweepSettings
    from fleetaudit.records.debt import Debt, State

__all__ = ["in_bursts"]

_WFP: Final = "wfp-state"
_MOST_WITH_SNAPSHOTS: Final = 48
"""Bursts of one host with a snapshot of the filtering platform at either end; each is some 0.2 MB
(windows-facts 4.2)."""


def in_bursts(talk: Conversation, settings: SweepSettings, change: Change) -> Steps[None]:
    """Audit the host in the bursts of the window; it is off again when this returns.

    A burst that cannot be begun, because the host does not answer, is left out and counted.

    Raises:
        HostError: A burst was begun and could not be brought to its end, or somebody else changed
            the audit policy between two bursts.
    """
    if settings.bursts is None:
        return
    yield from guard(talk, change)
    begun_at = talk.no_window().opened_at
    starts = list(
        settings.bursts.starts(
            settings.window, begun_at=begun_at, run_id=settings.run_id, host=talk.host
        )
    )
    try:
        yield from _each(talk, settings, change, starts)
    except HostError as error:
        begun = sum(window.opened_at >= begun_at for window in talk.windows)
        talk.gaps.append(_missed(talk.host, len(starts) - begun, len(starts), error.happened))
        raise


def _each(
    talk: Conversation, settings: SweepSettings, change: Change, starts: Sequence[datetime]
) -> Steps[None]:
    every = -(-len(starts) // _MOST_WITH_SNAPSHOTS)
    missed = 0
    for number, start in enumerate(starts):
        try:
            first_record = yield from _begin(talk, start)
        except (CredentialsRefusedError, CredentialsHeldBackError):
            raise  # each further burst would be a failed logon, and those lock accounts
        except HostError as error:
            yield from remark(talk, error)
            missed += 1
            continue
        gap = yield from _burst(
            talk, settings, change, first_record=first_record, has_snapshot=number % every == 0
        )
        if gap is not None:
            talk.gaps.append(gap)
            yield from talk.do(Note(text=gap.what))
            break
    if missed:
        why = "the host did not answer"
        talk.gaps.append(_missed(talk.host, missed, len(starts), why))


def _begin(talk: Conversation, start: datetime) -> Steps[int]:
    """Wait for the burst's time and return the newest record of the Security log before it."""
    yield from talk.disconnect()
    yield from talk.do(Pause(until=start, urgency=Urgency.START))
    return (yield from look(talk)).newest_record


def _burst(
    talk: Conversation,
    settings: SweepSettings,
    change: Change,
    *,
    first_record: int,
    has_snapshot: bool,
) -> Steps[Gap | None]:
    """Audit for one burst; return what was too much of a good thing, if anything was."""
    if settings.bursts is None:
        return None
    yield from _expect_untouched(talk, change)
    if has_snapshot:
        yield from _snapshot(talk)
    since = Window(
        opened_at=talk.no_window().opened_at, first_record=first_record, leases=change.leases
    )
    yield from switch_on(talk, change, window=since)
    opened_at = talk.no_window().opened_at
    watch = None
    if settings.noise_budget is not None and first_record:
        watch = NoiseWatch(settings.noise_budget, since=since.opened_at, first_record=first_record)
    gap = yield from stay(
        talk, watch, opened_at=opened_at, until=opened_at + settings.bursts.length
    )
    if has_snapshot and gap is None:
        yield from _snapshot(talk)
    yield from talk.connect()
    yield from _expect(talk, change.audited, is_on=True)
    error = yield from write_back(talk, change.audited)
    if error is not None:
        raise error
    yield from _expect(talk, change.audited, is_on=False)
    for debt in change.audited:
        change.sent.remove(debt)
        change.returned.append(debt)
    yield from end_window(talk)
    return gap


def _snapshot(talk: Conversation) -> Steps[None]:
    """Take down the filters of this moment; where that fails the burst goes on."""
    collector = talk.instruments.collectors.get(_WFP)
    if collector is not None:
        yield from talk.collect(collector, Phase.DURING, window=talk.span())
        yield from talk.connect()


def _expect_untouched(talk: Conversation, change: Change) -> Steps[None]:
    """Raise where somebody else set the audit policy between two bursts, and leave it to them.

    What reads as set is not ours: this run has put it back and read that.
    """
    states = {AUDIT: (yield from read_state(talk, AUDIT))}
    changed = [debt for debt in change.audited if value_of(states, debt) != debt.before]
    for debt in changed:
        if debt in change.returned:
            change.returned.remove(debt)
            change.given_up.append(debt)
            talk.restoration = Restoration.LEFT
            talk.gaps.append(left(talk, debt, value_of(states, debt)))
    if changed:
        raise _touched(talk, states, changed[0], wanted=changed[0].before)


def _expect(talk: Conversation, audited: Sequence[Debt], *, is_on: bool) -> Steps[None]:
    """Raise where the audit policy does not read as this run left it."""
    states = {AUDIT: (yield from read_state(talk, AUDIT))}
    for debt in audited:
        wanted = debt.during if is_on else debt.before
        if value_of(states, debt) != wanted:
            raise _touched(talk, states, debt, wanted=wanted)


def _touched(
    talk: Conversation, states: Mapping[str, State], debt: Debt, *, wanted: str
) -> HostRefusedError:
    return HostRefusedError(
        f"{label(talk, debt)} reads {value_of(states, debt)!r} where this run left {wanted!r}",
        host=talk.host,
        stage="auditing in bursts",
        remedy="Look for a group policy, an agent or a person that sets the audit policy",
    )


def _missed(host: str, missed: int, planned: int, why: str) -> Gap:
    return Gap(
        kind="bursts-missed",
        host=host,
        what=f"{missed} of {planned} bursts were not begun: {why}",
        effect="Rates count the bursts that came about, so they are less certain",
    )
