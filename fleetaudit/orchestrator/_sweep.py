"""A sweep of one host: look, owe and lease, switch on, wait, snapshot, put back, collect."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from fleetaudit.errors import HostError
from fleetaudit.operations.lease import lease_name
from fleetaudit.orchestrator._bursts import in_bursts
from fleetaudit.orchestrator._conversation import THROWN
from fleetaudit.orchestrator._preflight import examine, refuse, standing_debts
from fleetaudit.orchestrator._repayment import NOTHING, unpaid
from fleetaudit.orchestrator._states import AUDIT, read_answer
from fleetaudit.orchestrator._takeover import look_around, recall, take_over
from fleetaudit.orchestrator._watch import NoiseWatch, stay
from fleetaudit.orchestrator._window import Change, close, open_window
from fleetaudit.orchestrator.steps import Note, Pause, Urgency
from fleetaudit.records.evidence import Phase
from fleetaudit.records.figures import Gap
from fleetaudit.records.host_record import Restoration
from fleetaudit.records.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from fleetaudit.orchestrator._conversation import Conversation, Steps
    from fleetaudit.orchestrator._preflight import Snapshot
    from fleetaudit.orchestrator.settings import SweepSettings
    from fleetaudit.records.debt import State

__all__ = ["collect_rest", "prepare", "sweep"]

_WFP: Final = "wfp-state"
"""Asked once more at the end of the window, while auditing is still on (windows-facts 3)."""
_LAST: Final = "security-events"
"""Asked last: the longest transfer, and what auditing wrote is in the log by then."""


def sweep(talk: Conversation, settings: SweepSettings) -> Steps[None]:
    """Audit the host for the window, put auditing back, and fetch every source."""
    yield from talk.connect()
    snapshot = yield from prepare(
        talk,
        lambda snapshot: refuse(
            talk.host,
            snapshot,
            is_constrained_allowed=settings.is_constrained_allowed,
            overrides_group_policy=settings.overrides_group_policy,
        ),
        also=settings.also,
    )
    debts = standing_debts(
        talk,
        snapshot,
        run_id=settings.run_id,
        wanted=settings.wanted,
        lease=lease_name(settings.run_id) if settings.needs_lease else "",
    )
    change = Change(
        debts=debts,
        host_offset=snapshot.facts.clock_offset,
        lease_for=settings.window + settings.margin,
    )
    window = Window(
        opened_at=snapshot.at,
        first_record=snapshot.newest_record,
        leases=change.leases,
    )
    for collector in talk.instruments.collectors.values():
        if Phase.BEFORE in collector.phases and not talk.is_asked(collector, Phase.BEFORE):
            yield from talk.collect(collector, Phase.BEFORE, window=window)
    error = yield from _audit(talk, settings, change, window=window)
    if error is not None and (talk.window is None or not isinstance(error, HostError)):
        raise error
    if talk.restoration is Restoration.OWED:
        raise error or unpaid(talk)
    yield from _settle_down(talk, settings.settling)
    yield from collect_rest(talk)


def prepare(
    talk: Conversation,
    refuse_by: Callable[[Snapshot], None],
    *,
    also: Sequence[str] = (),
    is_holding: bool = False,
) -> Steps[Snapshot]:
    """Return what the host was before this run, after what earlier runs left was put back.

    The settings are read before the leases are: a controller that comes between is seen by its
    lease, because it leaves that before it changes them.

    Raises:
        HostError: The host must not be audited, or not now.
    """
    owed = yield from recall(talk, is_holding=is_holding)
    snapshot = yield from examine(talk, also)
    if not owed:
        refuse_by(snapshot)
    found = yield from look_around(talk, owed, host_now=snapshot.host_now)
    if (yield from take_over(talk, owed, found)):
        talk.restoration = Restoration.NOT_NEEDED
        yield from talk.connect()
        snapshot = yield from examine(talk, also)
    refuse_by(snapshot)
    return snapshot


def collect_rest(talk: Conversation) -> Steps[None]:
    """Fetch every source of the phase after the window that was not asked yet."""
    collectors = talk.instruments.collectors
    yield from talk.connect()
    window = talk.span()
    for name in sorted(collectors, key=lambda name: (name == _LAST, name)):
        collector = collectors[name]
        if Phase.AFTER in collector.phases and not talk.is_asked(collector, Phase.AFTER):
            yield from talk.collect(collector, Phase.AFTER, window=window)


def _audit(
    talk: Conversation, settings: SweepSettings, change: Change, *, window: Window
) -> Steps[BaseException | None]:
    """Hold the window open and put auditing back, whatever was thrown in; return what was."""
    error: BaseException | None = None
    known: Mapping[str, State] = NOTHING
    try:
        if settings.bursts is not None:
            yield from in_bursts(talk, settings, change)
        else:
            yield from open_window(talk, change, window=window)
            known = yield from _hold(talk, settings, since=window)
    except THROWN as thrown:
        error = thrown
    if (change.sent or change.returned) and not change.is_leased:
        talk.gaps.append(_no_lease(talk.host))
    yield from close(talk, change, pauses=settings.restore_pauses, error=error, known=known)
    return error


def _hold(
    talk: Conversation, settings: SweepSettings, *, since: Window
) -> Steps[Mapping[str, State]]:
    opened_at = talk.no_window().opened_at if talk.window is None else talk.window.opened_at
    watch = None
    if settings.noise_budget is not None and since.first_record:
        watch = NoiseWatch(
            settings.noise_budget, since=since.opened_at, first_record=since.first_record
        )
    gap = yield from stay(talk, watch, opened_at=opened_at, until=opened_at + settings.window)
    if gap is not None:
        talk.gaps.append(gap)
        yield from talk.do(Note(text=gap.what))
        return NOTHING  # first put it back; the last snapshots are taken after that
    return (yield from _look_once_more(talk, since=talk.window or since))


def _look_once_more(talk: Conversation, *, since: Window) -> Steps[Mapping[str, State]]:
    """Take the last snapshots of the window; return the audit policy where it could be read."""
    yield from talk.connect()
    collectors = talk.instruments.collectors
    if _WFP in collectors:
        yield from talk.collect(collectors[_WFP], Phase.AFTER, window=since)
    answer = yield from talk.collect(collectors[AUDIT], Phase.AFTER, window=since)
    try:
        return NOTHING if answer is None else {AUDIT: read_answer(talk, AUDIT, answer)}
    except HostError:
        return NOTHING


def _settle_down(talk: Conversation, settling: timedelta) -> Steps[None]:
    if settling > timedelta(0) and talk.last_at is not None:
        yield from talk.disconnect()
        until = talk.last_at + settling
        yield from talk.do(Pause(until=until, urgency=Urgency.COLLECT))


def _no_lease(host: str) -> Gap:
    return Gap(
        kind="no-lease",
        host=host,
        what="The host was audited without a lease, as was asked for",
        effect="Had this controller died, nothing on the host would have put auditing back",
        remedy="Sweep without --no-lease where the host can hold a scheduled task",
    )
