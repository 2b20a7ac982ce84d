"""Auto-deduct: repayments from the wallets of parties in debt, once per party, currency and local day."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.money.deduction import DebtPosition, DeductionRule, amount_to_take
from webapp.domain.outbox.event_types import PartyAutoDeducted
from webapp.domain.states import AccountKind, TransferKind
from webapp.domain.words import phrase
from webapp.models import Account, AutoDeduct, AutoDeduction, Entry, Party, Transfer
from webapp.models.base import BigInt
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.services.common.batch_result import Outcome, RefusedItem, Share
from webapp.services.common.due import Due
from webapp.services.common.kill_switch import ensure_outgoing_enabled
from webapp.services.ledger import bulk_posting
from webapp.services.ledger.bulk_posting import BulkTransfer
from webapp.sql import insert_new, lock, one_of, shared_alias

Taking = list[tuple[Any, int]]
"""Standing orders, each with what it takes."""
Keys = set[tuple[int, str]]
"""Parties, each with a currency."""
_TAKEN = phrase("It was taken already today.")
_Debt = shared_alias(Account, name="debt")
_Wallet = shared_alias(Account, name="wallet")


def due() -> Due:
    """Standing orders that are enabled, of parties in debt."""
    found = select(AutoDeduct.id).join(_Debt, _account(_Debt, AccountKind.RECEIVABLE))
    return Due(AutoDeduct, found.where(AutoDeduct.enabled, _Debt.balance < 0), (AutoDeduct.id,))


def deduct_all(
    session: Session,
    ids: Sequence[int],
    *,
    at: datetime,
    actor: Actor,
    rule: DeductionRule,
    run_id: int | None = None,
) -> Outcome:
    """Take what each standing order allows, by the rule where it has nothing of its own, and tell the parties; those it
    doesn't are refused by name.

    `at` is the posting instant: its day in the zone is the one that counts, whatever day the run was planned for.
    Raises Conflict while outgoing money is stopped.
    """
    actor.require("money:move")
    ensure_outgoing_enabled(session)
    rows = _rows(session, ids)
    lock(session, Account, [account for row in rows for account in (row.debt_id, row.wallet_id) if account])
    day = _local_day(at, rule.zone)
    refused, allowed = _judged(session, ids, day, rule)
    mine = _claim_day(session, allowed, day, at)
    taken = [(row, amount) for row, amount in allowed if (row.party_id, row.currency) in mine]
    refused += [RefusedItem(row.id, row.ref, _TAKEN) for row, _ in allowed if (row.party_id, row.currency) not in mine]
    moves = [_movement(row, amount, day) for row, amount in taken]
    for first in range(0, len(moves), bulk_posting.MOST):
        some = moves[first : first + bulk_posting.MOST]
        bulk_posting.post_rows(session, some, kind=TransferKind.REPAYMENT, at=at, run_id=run_id)
    _record(session, taken, day, at, actor, run_id)
    return _outcome(refused, taken)


def _record(session: Session, taken: Taking, day: date, at: datetime, actor: Actor, run_id: int | None) -> None:
    records = [
        trail.Record(
            "party.auto_deduct_taken",
            ("party", row.party_id),
            after={"amount": amount, "currency": row.currency, "debt_before": -row.debt},
        )
        for row, amount in taken
    ]
    if records:
        trail.record_many(session, actor, records, at=at, run_id=run_id)
    events.add_each(session, [(_event(row, amount, day), row.party_id) for row, amount in taken], at=at)


def _event(row: Any, amount: int, day: date) -> PartyAutoDeducted:
    reference, debt = _reference(row, day), -row.debt - amount
    return PartyAutoDeducted(reference=reference, amount=amount, currency=row.currency, debt=debt)


def preview_all(session: Session, ids: Sequence[int], *, at: datetime, rule: DeductionRule) -> Outcome:
    """What a run that posts at this instant would take, nothing taken."""
    refused, allowed = _judged(session, ids, _local_day(at, rule.zone), rule)
    outcome = _outcome(refused, allowed)
    outcome.shares = [Share(row.party_id, row.currency, amount) for row, amount in allowed]
    return outcome


def _outcome(refused: list[RefusedItem], taken: Taking) -> Outcome:
    outcome = Outcome("auto_deduct", done=len(taken), refused=sorted(refused, key=lambda each: each.id))
    for row, amount in taken:
        outcome.amounts[row.currency] = outcome.amounts.get(row.currency, 0) + amount
    return outcome


def _judged(session: Session, ids: Sequence[int], day: date, rule: DeductionRule) -> tuple[list[RefusedItem], Taking]:
    rows = _rows(session, ids)
    repaid, done = _repaid(session, rows, day, rule.zone), _done_already(session, rows, day)
    refused: list[RefusedItem] = []
    allowed: Taking = []
    for row in rows:
        answer = _answer(row, rule, repaid.get(row.debt_id, 0), done)
        if isinstance(answer, str):
            refused.append(RefusedItem(row.id, row.ref, answer))
        else:
            allowed.append((row, answer))
    return refused, allowed


def _answer(row: Any, rule: DeductionRule, repaid: int, done: Keys) -> int | str:
    if (row.party_id, row.currency) in done:
        return _TAKEN
    if row.wallet_id is None:
        return phrase("%(name)s has no wallet in %(currency)s.", name=row.name, currency=row.currency)
    percent, least = rule.percent_of(row.percent), rule.minimum_balance_of(row.minimum_balance, row.currency)
    return amount_to_take(DebtPosition(row.currency, -row.debt, row.wallet, percent, row.daily_max, least, repaid))


def _rows(session: Session, ids: Sequence[int]) -> Sequence[Any]:
    """The standing orders with the balances as they are now."""
    query = (
        select(
            AutoDeduct.id,
            AutoDeduct.party_id,
            AutoDeduct.currency,
            AutoDeduct.percent,
            AutoDeduct.daily_max,
            AutoDeduct.minimum_balance,
            Party.ref,
            Party.name,
            _Debt.id.label("debt_id"),
            _Debt.balance.label("debt"),
            _Wallet.id.label("wallet_id"),
            _Wallet.balance.label("wallet"),
        )
        .join(Party, Party.id == AutoDeduct.party_id)
        .join(_Debt, _account(_Debt, AccountKind.RECEIVABLE))
        .outerjoin(_Wallet, _account(_Wallet, AccountKind.WALLET))
        .where(one_of(session, AutoDeduct.id, ids), AutoDeduct.enabled, _Debt.balance < 0)
        .order_by(AutoDeduct.id)
    )
    return session.execute(query).all()


def _account(account: Any, kind: AccountKind) -> Any:
    mine = (account.party_id == AutoDeduct.party_id, account.currency == AutoDeduct.currency)
    return and_(account.kind == kind, *mine)


def _reference(row: Any, day: date) -> str:
    return f"auto-deduct-{row.party_id}-{row.currency}-{day.isoformat()}"


def _movement(row: Any, amount: int, day: date) -> BulkTransfer:
    return BulkTransfer(_reference(row, day), row.currency, row.wallet_id, row.debt_id, amount)


def _done_already(session: Session, rows: Sequence[Any], day: date) -> Keys:
    """Whose day is used up: a look, for the preview and the sentence. `_claim_day` is what decides."""
    query = select(AutoDeduction.party_id, AutoDeduction.currency).where(
        AutoDeduction.day == day, one_of(session, AutoDeduction.party_id, [row.party_id for row in rows])
    )
    return {(party_id, currency) for party_id, currency in session.execute(query)}


def _claim_day(session: Session, allowed: Taking, day: date, at: datetime) -> Keys:
    """Take the day for these parties; the answer lacks those for whom it was taken meanwhile."""
    if not allowed:
        return set()
    rows = [{"party_id": row.party_id, "currency": row.currency, "day": day, "at": at} for row, _ in allowed]
    claim = insert_new(session, AutoDeduction).on_conflict_do_nothing()
    made = session.execute(claim.returning(AutoDeduction.party_id, AutoDeduction.currency), rows)
    return {(party_id, currency) for party_id, currency in made}


def _local_day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def _repaid(session: Session, rows: Sequence[Any], day: date, zone: str) -> dict[int, int]:
    """Repayments of the local day, by hand too, by the debt's account."""
    begins = datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
    ends = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
    sums = (
        select(Entry.account_id, func.sum(Entry.amount).cast(BigInt))
        .join(Transfer, Transfer.id == Entry.transfer_id)
        .where(
            one_of(session, Entry.account_id, [row.debt_id for row in rows]),
            Transfer.kind == TransferKind.REPAYMENT,
            Transfer.at >= begins,
            Transfer.at < ends,
        )
        .group_by(Entry.account_id)
    )
    return dict(session.execute(sums).all())
