"""Writing payouts before they are sent: the money leaves the wallet for the provider's clearing account."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, func, insert, literal, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.instants import in_utc
from webapp.domain.money.money import Money
from webapp.domain.outbox.event_types import PayoutCreated, PayoutScheduleUnpaid
from webapp.domain.providers.idempotency_keys import payout_reference
from webapp.domain.state_labels import in_words
from webapp.domain.states import AccountKind, PayoutStatus, ScheduleStatus, TransferKind
from webapp.domain.words import phrase
from webapp.models import Account, Party, Payout, PayoutDestination, PayoutSchedule
from webapp.services.audit import trail
from webapp.services.common import events, installation
from webapp.services.common.batch_result import Outcome, RefusedItem, Share
from webapp.services.common.kill_switch import ensure_outgoing_enabled
from webapp.services.ledger import accounts, bulk_posting
from webapp.services.ledger.bulk_posting import BulkTransfer
from webapp.services.payouts import destinations
from webapp.services.payouts.schedules import terms as payout_terms
from webapp.sql import lock, one_of, shared_alias

_Wallet = shared_alias(Account, name="wallet")
_Last = shared_alias(Payout, name="last")
_SCHEDULES: Any = PayoutSchedule.__table__
PayoutRoutes = Mapping[str, str]
"""Which provider pays out a currency."""


def create_all(
    session: Session,
    ids: Sequence[int],
    *,
    at: datetime,
    actor: Actor,
    routes: PayoutRoutes,
    run_id: int | None = None,
    terms: str | None = None,
    as_before: bool = False,
) -> Outcome:
    """Write a payout for each of these schedules. Those that can't be paid now are refused by name, not raised.

    With `terms` a schedule is paid by these and no others: a person has read them. `as_before` pays again only what
    failed: the amount and the account of the schedule's last payout.

    Nothing counts as done or moved yet: the payouts are passed on to be sent, and count by what their provider says.
    """
    actor.require("money:move")
    ensure_outgoing_enabled(session)
    lock(session, PayoutSchedule, ids)
    # Read twice: first which wallets to lock, then, under their locks, what is in them. Two schedules of one party, in
    # two runs, would else both count on the same balance.
    lock(session, Account, sorted({row.wallet_id for row in _rows(session, ids) if row.wallet_id is not None}))
    rows = _rows(session, ids)
    changed = {row.id: why for row in rows if (why := _changed(row, terms, as_before))}
    outcome, payable = _sifted([row for row in rows if row.id not in changed], routes, at)
    unpaid = list(outcome.refused)
    outcome.refused += [RefusedItem(row.id, row.ref, changed[row.id]) for row in rows if row.id in changed]
    if payable:
        made = _insert(session, payable, routes, at, actor)
        _move(session, payable, made, routes, at, run_id)
        outcome.passed_on = len(made)
        _mark(session, payable, made)
        _record(session, made, at, actor, run_id)
    _note(session, unpaid, at)
    return outcome


def preview_all(session: Session, ids: Sequence[int], *, at: datetime, routes: PayoutRoutes) -> Outcome:
    """What `write_all` would answer, and nothing written."""
    outcome, payable = _sifted(_rows(session, ids), routes, at)
    outcome.done = len(payable)
    for row in payable:
        outcome.amounts[row.currency] = outcome.amounts.get(row.currency, 0) + row.amount
        outcome.shares.append(Share(row.party_id, row.currency, row.amount))
    return outcome


def _rows(session: Session, ids: Sequence[int]) -> Sequence[Any]:
    """The schedules as they are now, with their wallets and destinations."""
    wallet = and_(
        _Wallet.party_id == PayoutSchedule.party_id,
        _Wallet.kind == AccountKind.WALLET,
        _Wallet.currency == PayoutSchedule.currency,
    )
    target = and_(
        PayoutDestination.party_id == PayoutSchedule.party_id,
        PayoutDestination.currency == PayoutSchedule.currency,
        PayoutDestination.retired_at.is_(None),
    )
    earlier = select(func.count()).where(Payout.schedule_id == PayoutSchedule.id)
    twice = earlier.where(Payout.paid_after_all_at.is_not(None)).scalar_subquery()
    query = (
        select(
            PayoutSchedule.id,
            PayoutSchedule.ref,
            PayoutSchedule.status,
            PayoutSchedule.party_id,
            PayoutSchedule.currency,
            PayoutSchedule.amount,
            PayoutSchedule.due_at,
            Party.name,
            Party.ref.label("party_ref"),
            earlier.scalar_subquery().label("earlier"),
            twice.label("paid_after_all"),
            _Wallet.id.label("wallet_id"),
            _Wallet.balance,
            PayoutDestination.id.label("destination_id"),
            PayoutDestination.account_ending,
            PayoutDestination.effective_at,
            _Last.ref.label("last_ref"),
            _Last.amount.label("last_amount"),
            _Last.destination_id.label("last_destination_id"),
        )
        .join(Party, Party.id == PayoutSchedule.party_id)
        .outerjoin(_Wallet, wallet)
        .outerjoin(PayoutDestination, target)
        .outerjoin(_Last, _Last.id == PayoutSchedule.payout_id)
        .where(one_of(session, PayoutSchedule.id, ids))
        .order_by(PayoutSchedule.due_at, PayoutSchedule.id)
    )
    return session.execute(query).all()


def _sifted(rows: Sequence[Any], routes: PayoutRoutes, at: datetime) -> tuple[Outcome, list[Any]]:
    """What can be paid out of the wallets, in order, and why the rest can't."""
    outcome, payable, left = Outcome("payout_schedule"), [], {row.wallet_id: row.balance for row in rows}
    for row in rows:
        reason = _refusal(row, routes, left, at)
        if reason:
            outcome.refused.append(RefusedItem(row.id, row.ref, reason))
        else:
            left[row.wallet_id] -= row.amount
            payable.append(row)
    return outcome, payable


def _refusal(row: Any, routes: PayoutRoutes, left: Mapping[int, int], at: datetime) -> str | None:
    if row.status != ScheduleStatus.PENDING:
        return phrase("It is %(status)s already.", status=in_words(row.status))
    if row.paid_after_all:
        return phrase(
            "%(paid_after_all)s of its payouts was paid after all: that is decided first.",
            paid_after_all=row.paid_after_all,
        )
    if row.currency not in routes:
        return phrase("No provider that is configured pays out %(currency)s.", currency=row.currency)
    if row.destination_id is None:
        return phrase("%(name)s has no payout destination in %(currency)s.", name=row.name, currency=row.currency)
    if row.effective_at is not None and row.effective_at > at:
        return destinations.waiting_in_words(row.name, row.currency, row.effective_at)
    held = None if row.wallet_id is None else left[row.wallet_id]
    return payout_terms.uncovered(row.name, held, Money(row.amount, row.currency)) or None


def _changed(row: Any, terms: str | None, as_before: bool) -> str | None:
    """Why it is not what somebody asked for; what can't be paid anyway says so itself."""
    if row.status != ScheduleStatus.PENDING or row.destination_id is None:
        return None
    amount = Money(row.amount, row.currency)
    now = phrase(
        "it is %(amount)s by now, due %(due_at)s, to the account ending in %(account_ending)s",
        amount=amount,
        due_at=in_utc(row.due_at),
        account_ending=row.account_ending,
    )
    if terms is not None and terms != payout_terms.stamp(amount, row.due_at, row.destination_id):
        return phrase("It was changed after somebody had asked for it to be paid: %(now)s. Nothing was sent.", now=now)
    last, meant = (row.last_amount, row.last_destination_id), (row.amount, row.destination_id)
    if as_before and row.last_ref is not None and last != meant:
        return phrase(
            "It was changed after payout %(last_ref)s had failed: %(now)s. Nothing was sent: have it paid on its page.",
            last_ref=row.last_ref,
            now=now,
        )
    return None


def _insert(
    session: Session, payable: Sequence[Any], routes: PayoutRoutes, at: datetime, actor: Actor
) -> dict[int, tuple[int, str]]:
    """The payouts: id and reference, by their schedule's id."""
    desk = installation.number(session)
    values = [
        {
            "ref": payout_reference(desk, row.party_ref, row.ref, row.earlier),
            "party_id": row.party_id,
            "destination_id": row.destination_id,
            "schedule_id": row.id,
            "provider": routes[row.currency],
            "currency": row.currency,
            "amount": row.amount,
            "status": PayoutStatus.PENDING,
            "attempts": 0,
            "next_try_at": at,
            "created_at": at,
            "created_by": actor.name,
            "version": 1,
        }
        for row in payable
    ]
    made = session.execute(insert(Payout).returning(Payout.schedule_id, Payout.id, Payout.ref), values)
    return {schedule: (number, ref) for schedule, number, ref in made if schedule is not None}


def _move(
    session: Session,
    payable: Sequence[Any],
    made: Mapping[int, tuple[int, str]],
    routes: PayoutRoutes,
    at: datetime,
    run_id: int | None,
) -> None:
    targets = {
        currency: accounts.pool(session, AccountKind.CLEARING, currency, at=at, owner=routes[currency])
        for currency in sorted({row.currency for row in payable})
    }
    moves = [
        BulkTransfer(made[row.id][1], row.currency, row.wallet_id, targets[row.currency], row.amount) for row in payable
    ]
    for first in range(0, len(moves), bulk_posting.MOST):
        some = moves[first : first + bulk_posting.MOST]
        bulk_posting.post_rows(session, some, kind=TransferKind.PAYOUT, at=at, run_id=run_id)


def _mark(session: Session, payable: Sequence[Any], made: Mapping[int, tuple[int, str]]) -> None:
    changed = update(_SCHEDULES).where(_SCHEDULES.c.id == bindparam("key"))
    values: dict[str, Any] = {
        "status": str(ScheduleStatus.PROCESSING),
        "payout_id": bindparam("payout"),
        "failure_reason": None,
        "unpaid_days": 0,
        "last_unpaid_on": None,
    }
    changed = changed.values(**values, version=_SCHEDULES.c.version + 1)
    session.connection().execute(changed, [{"key": row.id, "payout": made[row.id][0]} for row in payable])


def _note(session: Session, refused: Sequence[RefusedItem], at: datetime) -> None:
    """Say on the schedules why they could not be paid, and count the days on which that was so. The first time it is
    told, and not again before they are paid or changed.
    """
    if refused:
        mine = (one_of(session, PayoutSchedule.id, [each.id for each in refused]), PayoutSchedule.unpaid_days == 0)
        new = session.scalars(select(PayoutSchedule.id).where(*mine, PayoutSchedule.status == ScheduleStatus.PENDING))
        events.add_all(session, PayoutScheduleUnpaid(), new.all(), at=at)
        waiting = _SCHEDULES.c.status == str(ScheduleStatus.PENDING)
        changed = update(_SCHEDULES).where(_SCHEDULES.c.id == bindparam("key"), waiting)
        values = [{"key": each.id, "why": each.sentence} for each in refused]
        today, counted = at.astimezone(UTC).date(), _SCHEDULES.c.last_unpaid_on
        nights = _SCHEDULES.c.unpaid_days + case((counted == today, 0), else_=1)
        changed = changed.values(failure_reason=bindparam("why"), unpaid_days=nights, last_unpaid_on=today)
        session.connection().execute(changed, values)


def _record(
    session: Session, made: Mapping[int, tuple[int, str]], at: datetime, actor: Actor, run_id: int | None
) -> None:
    ids = [number for number, _ in made.values()]
    records = select(Payout.id, literal(None).label("before"), literal('{"status":"pending"}').label("after"))
    records = records.where(one_of(session, Payout.id, ids))
    trail.record_all(session, actor, "payout.create", "payout", records, len(made), at=at, run_id=run_id)
    events.add_all(session, PayoutCreated(), ids, at=at)
