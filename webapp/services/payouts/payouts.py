"""Payouts: taken to be sent or asked about, and what people may do with one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select, union_all, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.instants import in_utc
from webapp.domain.money.money import Money
from webapp.domain.outbox.event_types import PayoutCancelled
from webapp.domain.payouts.payout_outcome import next_check
from webapp.domain.providers.fencing import Claim
from webapp.domain.state_labels import in_words
from webapp.domain.states import UNSETTLED_PAYOUTS, PayoutStatus, ScheduleStatus
from webapp.domain.words import phrase
from webapp.errors import Conflict, Overtaken
from webapp.models import Payout, PayoutDestination, PayoutSchedule, Run
from webapp.services.audit import trail
from webapp.services.common import events, lookup, validation
from webapp.services.common.batch_result import Outcome, RefusedItem
from webapp.services.common.kill_switch import stopped
from webapp.services.payouts import pauses, returns, stops
from webapp.services.payouts.schedules import schedules
from webapp.settings import Settings
from webapp.sql import one_of

RESENT_FOR = timedelta(hours=24)
"""For how long a payout that its provider does not know is sent again, under its reference."""
MOST_COUNTED = 1_000_000
_CAME_BACK = (PayoutStatus.FAILED, PayoutStatus.REVERSED)
_PAYABLE = (ScheduleStatus.PENDING, ScheduleStatus.FAILED)


@dataclass(frozen=True, slots=True)
class ClaimedPayout:
    """A payout that a provider is spoken to about. Without `may_send` it may have been sent before: only ask."""

    id: int
    provider: str
    ref: str
    amount: int
    currency: str
    may_send: bool
    destination_id: int
    recipient: str | None
    claim: Claim
    earlier_sent_at: datetime | None
    """When it may have been sent before."""
    taken_at: datetime


def get(session: Session, payout_id: int) -> Payout:
    """One payout. Raises NotFound."""
    return lookup.by_id(session, Payout, payout_id, "payout")


def claim_due(
    session: Session,
    at: datetime,
    limit: int,
    lease: timedelta,
    providers: Collection[str],
    only: list[int] | None = None,
    *,
    due_by: datetime | None = None,
) -> list[ClaimedPayout]:
    """Payouts whose time has come, now or by an earlier instant. One that was never sent is marked as being sent before
    it is: a process that is killed leaves the doubt on record. While outgoing money is stopped, nothing new is sent,
    only asked about.
    """
    ids = _take_ids(session, at, limit, providers, only, due_by or at)
    if not ids:
        return []
    # Read before it is marked: whether it may have been sent before stands in the row only until then.
    unsent = (Payout.status == PayoutStatus.PENDING) & ~_is_given_up(at)
    rows = (
        select(
            Payout.id,
            Payout.provider,
            Payout.ref,
            Payout.amount,
            Payout.currency,
            unsent.label("may_send"),
            Payout.destination_id,
            PayoutDestination.recipient,
            Payout.status,
            Payout.attempts,
            Payout.sent_at,
        )
        .join(PayoutDestination, PayoutDestination.id == Payout.destination_id)
        .where(one_of(session, Payout.id, ids))
        .order_by(Payout.id)
    )
    taken = [_taken(row, at) for row in session.execute(rows)]
    marked = update(Payout).where(one_of(session, Payout.id, ids))
    settled = Payout.status.not_in(UNSETTLED_PAYOUTS)
    values = {
        "status": case((unsent, str(PayoutStatus.SENDING)), else_=Payout.status),
        "first_sent_at": case((unsent, func.coalesce(Payout.first_sent_at, at)), else_=Payout.first_sent_at),
        "sent_at": case((unsent, at), else_=Payout.sent_at),
        "earlier_sent_at": case((unsent, Payout.sent_at), else_=Payout.earlier_sent_at),
        "next_try_at": case((settled, None), else_=at + lease),
        "recheck_at": case((settled, at + lease)),
        "attempts": Payout.attempts + 1,
    }
    session.execute(marked.values(**values).execution_options(synchronize_session=False))
    return taken


def _is_given_up(at: datetime) -> ColumnElement[bool]:
    """Tried for so long, and not there: its provider is asked still, and a person cancels it, or leaves it."""
    return Payout.sent_at.is_not(None) & (Payout.created_at <= at - RESENT_FOR)


def _taken(row: Any, at: datetime) -> ClaimedPayout:
    claim = Claim(PayoutStatus.SENDING if row.may_send else row.status, row.attempts + 1)
    return ClaimedPayout(
        row.id,
        row.provider,
        row.ref,
        row.amount,
        row.currency,
        row.may_send,
        row.destination_id,
        row.recipient,
        claim,
        row.sent_at if row.may_send else None,
        at,
    )


def claim_one(session: Session, payout_id: int, lease: timedelta, *, at: datetime, actor: Actor) -> ClaimedPayout:
    """One that a person has its provider asked about now; it is not sent by that. Raises Conflict."""
    actor.require("payout:retry")
    get(session, payout_id)
    payout = session.get_one(Payout, payout_id, with_for_update=True, populate_existing=True)
    if why := ask_disabled_reason(payout):
        raise Conflict(why)
    recipient = session.get_one(PayoutDestination, payout.destination_id).recipient
    payout.attempts += 1
    if payout.status in UNSETTLED_PAYOUTS:
        payout.next_try_at = at + lease
    session.flush()
    trail.record(session, actor, "payout.ask", ("payout", payout.id), at=at)
    claim = Claim(payout.status, payout.attempts)
    what = (payout.id, payout.provider, payout.ref, payout.amount, payout.currency)
    return ClaimedPayout(*what, False, payout.destination_id, recipient, claim, None, at)


def ask_disabled_reason(payout: Payout) -> str:
    """Why its provider can't be asked; empty when it can."""
    return "" if payout.attempts else phrase("It was not sent yet: its provider knows nothing of it.")


def count_due(session: Session, at: datetime, providers: Collection[str], only: list[int] | None = None) -> int:
    """How many of them there are, up to a million."""
    conditions = _due(at, providers, only, not_sent_through=pauses.in_force(session))
    rows = union_all(*[select(Payout.id).where(*way).limit(MOST_COUNTED).subquery().select() for way in conditions])
    return session.scalars(select(func.count()).select_from(rows.subquery())).one()


def held_back(session: Session, at: datetime, providers: Collection[str], limit: int) -> Outcome:
    """Those that are due and wait because their provider sends none at present, as items that were left alone."""
    outcome = Outcome("payout")
    for provider, pause in sorted(pauses.in_force(session).items()):
        waiting = (Payout.status == PayoutStatus.PENDING, Payout.provider == provider, Payout.next_try_at <= at)
        query = select(Payout.id, Payout.ref).where(*waiting, Payout.provider.in_(providers))
        for row in session.execute(query.order_by(Payout.next_try_at, Payout.id).limit(limit)):
            outcome.refused.append(RefusedItem(row.id, row.ref, f"Waiting. {pauses.in_words(pause)}"))
    return outcome


def cancel(session: Session, payout_id: int, reason: str, *, at: datetime, actor: Actor, settings: Settings) -> Payout:
    """Give a payout up before it is sent: the money is in the wallet again, its schedule is cancelled.

    Raises Conflict while its provider may have it still and not show it yet. One that was tried is asked about still.
    """
    actor.require("payout:manage")
    reason = validation.require_text(reason, "reason", phrase("Say why it is cancelled."))
    payout = session.get(Payout, payout_id, with_for_update=True, populate_existing=True)
    if payout is None or payout.status != PayoutStatus.PENDING:
        found = get(session, payout_id)
        raise Overtaken(
            phrase(
                "Payout %(ref)s is %(in_words)s: only one that was not sent yet can be cancelled.",
                ref=found.ref,
                in_words=in_words(found.status),
            )
        )
    if why := cancel_disabled_reason(payout, at, settings):
        raise Conflict(why)
    returns.give_back(session, [payout.id], at=at)
    payout.status, payout.settled_at, payout.next_try_at = PayoutStatus.CANCELLED, at, None
    payout.status_detail, payout.version = reason, payout.version + 1
    payout.recheck_at = next_check(at, at) if payout.sent_at is not None else None
    if payout.schedule_id is not None:
        schedule = session.get_one(PayoutSchedule, payout.schedule_id, with_for_update=True)
        schedule.status, schedule.version = ScheduleStatus.CANCELLED, schedule.version + 1
    session.flush()
    trail.record(session, actor, "payout.cancel", ("payout", payout.id), at=at, reason=reason)
    events.add(session, PayoutCancelled(), payout.id, at=at)
    return payout


def cancel_disabled_reason(payout: Payout, at: datetime, settings: Settings) -> str:
    """Why it can't be cancelled now; empty when it can. What was never sent, or was surely not taken, always can."""
    if payout.status != PayoutStatus.PENDING:
        return phrase(
            "It is %(status)s: only a payout that was not sent yet can be cancelled.", status=in_words(payout.status)
        )
    sent = payout.sent_at
    if sent is None or (ripe := sent + timedelta(hours=settings.payout_lookup_hours)) <= at:
        return ""
    return phrase(
        "It may have been sent on %(sent)s, and its provider does not show it yet: it can be cancelled from "
        "%(ripe)s on.",
        sent=in_utc(sent),
        ripe=in_utc(ripe),
    )


def retry(session: Session, payout_id: int, *, at: datetime, actor: Actor, shown: str | None = None) -> Run:
    """A new payout in place of one that failed or was reversed, under a new reference, by a run of its own.

    It is of the same amount; `shown` are the terms that the person has read.
    """
    actor.require("payout:retry")
    payout = get(session, payout_id)
    schedule = _locked_schedule(session, payout)
    if why := retry_disabled_reason(payout, schedule, at):
        raise Overtaken(phrase("Payout %(ref)s is not tried again. %(why)s", ref=payout.ref, why=why))
    trail.record(session, actor, "payout.retry", ("payout", payout.id), at=at)
    return schedules.trigger(session, payout.schedule_id or 0, at=at, actor=actor, shown=shown)


def retry_disabled_reason(payout: Payout, schedule: PayoutSchedule | None, at: datetime) -> str:
    """Why it can't be tried again now; empty when it can. What was changed since is paid by its schedule."""
    if payout.status not in _CAME_BACK or schedule is None:
        return phrase(
            "It is %(status)s: only a payout that failed or was reversed can be tried again.",
            status=in_words(payout.status),
        )
    if schedule.payout_id != payout.id:
        return phrase("It was followed by another payout already. Look at payout schedule %(ref)s.", ref=schedule.ref)
    if schedule.status not in _PAYABLE:
        return phrase("Payout schedule %(ref)s is %(status)s.", ref=schedule.ref, status=in_words(schedule.status))
    now, due = Money(schedule.amount, schedule.currency), in_utc(schedule.due_at)
    if schedule.amount != payout.amount or schedule.due_at > at:
        return phrase(
            "Payout schedule %(ref)s is over %(now)s by now, due %(due)s: have it paid there.",
            ref=schedule.ref,
            now=now,
            due=due,
        )
    return ""


def _locked_schedule(session: Session, payout: Payout) -> PayoutSchedule | None:
    if payout.schedule_id is None:
        return None
    return session.get_one(PayoutSchedule, payout.schedule_id, with_for_update=True, populate_existing=True)


def _take_ids(
    session: Session, at: datetime, limit: int, providers: Collection[str], only: list[int] | None, due_by: datetime
) -> list[int]:
    """The unsettled first, then those that were paid and are asked about again."""
    is_stopped = stopped(session, lock=True) is not None
    silent = providers if is_stopped else pauses.in_force(session)
    unsettled, paid = _due(due_by, providers, only, not_sent_through=silent)
    due = select(Payout.id).where(*unsettled).order_by(Payout.next_try_at, Payout.id)
    ids = list(session.scalars(due.limit(limit).with_for_update(skip_locked=True)))
    if not is_stopped:
        ids += pauses.take_probes(session, at, providers, only)
    if len(ids) < limit:
        again = select(Payout.id).where(*paid).order_by(Payout.recheck_at, Payout.id)
        ids += session.scalars(again.limit(limit - len(ids)).with_for_update(skip_locked=True))
    return ids


def _due(
    at: datetime, providers: Collection[str], only: list[int] | None, *, not_sent_through: Collection[str]
) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
    """What makes an unsettled payout due, and one that is watched; each has its index."""
    goes = Payout.provider.not_in(not_sent_through) & stops.sendable()
    sent = or_(Payout.status != PayoutStatus.PENDING, goes)
    unsettled = [Payout.status.in_(UNSETTLED_PAYOUTS), Payout.next_try_at <= at, Payout.provider.in_(providers), sent]
    paid = [Payout.recheck_at.is_not(None), Payout.recheck_at <= at, Payout.provider.in_(providers)]
    chosen = [] if only is None else [Payout.id.in_(only)]
    return [*unsettled, *chosen], [*paid, *chosen]
