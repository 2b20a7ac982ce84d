"""Disbursing held money: many escrows are released at once by a job, and one goes as a person decided."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, literal, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.escrow_policies import AFTER_COMPLETION
from webapp.domain.money.money import Money
from webapp.domain.money.shares import Shares
from webapp.domain.states import CLOSED_DISPUTES, AccountKind, EscrowStatus, Policy
from webapp.domain.words import phrase
from webapp.errors import Overtaken
from webapp.models import Dispute, Escrow
from webapp.services.audit import trail
from webapp.services.common import events
from webapp.services.common.batch_result import Outcome
from webapp.services.common.kill_switch import ensure_outgoing_enabled
from webapp.services.escrows import disbursement_sql
from webapp.services.escrows.disbursement_sql import REFUND, RELEASE, Cards, DisbursementPlan, Wallet
from webapp.services.escrows.due import is_ripe
from webapp.services.escrows.release_refusals import refusals
from webapp.services.ledger import accounts, posting, reversal_debts, transfers
from webapp.services.ledger.daily_totals import note_figure
from webapp.services.ledger.posting import Posted
from webapp.services.ledger.reversal_debts import Met
from webapp.services.ledger.transfers import Draft
from webapp.services.refunds import refunds
from webapp.sql import Column, Rows, lock, one_of

DECISION = "decision"
"""Why an escrow was closed when a person decided so."""


def release_all(
    session: Session,
    ids: Sequence[int],
    *,
    at: datetime,
    actor: Actor,
    reason: str,
    note: str | None = None,
    due_by: datetime | None = None,
    policy: Policy | None = None,
    run_id: int | None = None,
) -> Outcome:
    """Pay held escrows to their sellers, less the fee. Those that may not be paid now are refused by name, not raised.

    `reason` is the word for why they are closed, `note` what a person wrote of it. With `due_by`, only what is due by
    then is paid, and by `at` in any case: nobody names an instant at which what is due later would be due already.
    `policy` is the one of all of them, when it is known. Raises Conflict while outgoing money is stopped.
    """
    actor.require("money:move")
    ensure_outgoing_enabled(session)
    due_by = None if due_by is None else min(due_by, at)
    lock(session, Escrow, ids)
    # Second statement on purpose: the one that waits for the locks would still see an escrow as undisputed.
    found = session.execute(_payable(session, ids, may_be_paid(due_by, policy))).all()
    payable = [row[0] for row in found]
    outcome = Outcome("escrow", refused=refusals(session, ids, payable, due_by))
    if payable:
        touched = {account for row in found for account in row[1:]}
        met = disbursement_sql.debts_met(session, payable, RELEASE, {}, touched)
        posted = _post(session, payable, RELEASE, {}, touched, met, at, run_id)
        outcome.done, outcome.amounts = posted.count, posted.amounts
        disbursement_sql.note_met(session, outcome, met)
        _mark(session, payable, RELEASE, at, reason)
        _record(session, payable, RELEASE, at, actor, note or reason, run_id)
    return outcome


def disburse(
    session: Session,
    escrow: Escrow,
    parts: Shares,
    by_card: Cards,
    wallets: tuple[int | None, int | None],
    *,
    at: datetime,
    actor: Actor,
    note: str,
) -> None:
    """Let one held escrow go in these parts by a decision: a release, a refund, or a split.

    Its row is locked, and was looked at since, with the wallets of its seller and buyer. Raises Conflict when something
    keeps it.
    """
    actor.require("money:move")
    plan, seller, buyer = disbursement_sql.plan_of(parts), *wallets
    touched = {escrow.held_account_id, seller if plan.seller is not None else None}
    if plan.buyer is not None and escrow.id not in by_card:
        touched |= {buyer} if buyer is not None else _wallets_of_buyers(session, [escrow.id], at)
    moved = {account for account in touched if account is not None}
    met = []
    if reversal_debts.may_owe(escrow):
        met = disbursement_sql.debts_met(session, [escrow.id], plan, by_card, moved)
    # The conditional update comes first: what changed since the look is refused in words, not by a constraint.
    _mark(session, [escrow.id], plan, at, DECISION, may_be_paid(None, None))
    _post(session, [escrow.id], plan, by_card, moved, met, at, None)
    _record(session, [escrow.id], plan, at, actor, note, None)
    _send_back(session, by_card, plan.buyer, at, actor)
    if plan is not RELEASE and plan is not REFUND:
        _note_split(session, parts, at)


def book_refunded(session: Session, escrow_id: int, draft: Draft, *, at: datetime, actor: Actor, note: str) -> None:
    """Let a held escrow go as refunded of which some or all went back outside already, as it was drafted.

    Raises Conflict when something freezes it.
    """
    _book(session, escrow_id, REFUND, draft, at, actor, note)


def book_divided(
    session: Session, escrow_id: int, parts: Shares, draft: Draft, *, at: datetime, actor: Actor, note: str
) -> None:
    """Let a held escrow go in these parts, as it was drafted. Raises Conflict when something freezes it."""
    plan = disbursement_sql.plan_of(parts)
    _book(session, escrow_id, plan, draft, at, actor, note)
    if plan.buyer is not None and plan.seller is not None:
        _note_split(session, parts, at)


def _book(
    session: Session, escrow_id: int, plan: DisbursementPlan, draft: Draft, at: datetime, actor: Actor, note: str
) -> None:
    transfers.write(session, [draft], at=at)
    _mark(session, [escrow_id], plan, at, DECISION)
    _record(session, [escrow_id], plan, at, actor, note, None)


def _note_split(session: Session, parts: Shares, at: datetime) -> None:
    note_figure(session, "released", parts.currency, parts.seller + parts.fee, at)
    note_figure(session, "refunded", parts.currency, parts.buyer, at)


def may_be_paid(due_by: datetime | None, policy: Policy | None) -> list[ColumnElement[bool]]:
    """What must hold for an escrow when its row is locked: held, not frozen, not disputed, and due.

    The order is only looked at where the policy asks for its completion.
    """
    disputed = exists().where(Dispute.escrow_id == Escrow.id, Dispute.status.not_in(CLOSED_DISPUTES))
    holds = [Escrow.status == EscrowStatus.HELD, Escrow.freezes == 0, ~disputed]
    if due_by is None:
        return holds
    ripe = [] if policy and policy not in AFTER_COMPLETION else [is_ripe()]
    return [*holds, Escrow.release_at <= due_by, *ripe]


def _post(
    session: Session,
    ids: Sequence[int],
    plan: DisbursementPlan,
    by_card: Cards,
    touched: Collection[int],
    met: Sequence[Met],
    at: datetime,
    run_id: int | None,
) -> Posted:
    return posting.post_all(
        session,
        disbursement_sql.transfers(session, ids, plan, at, run_id),
        disbursement_sql.legs(session, ids, plan, by_card, met),
        accounts=sorted({*touched, *(each.account_id for each in met)}),
        kind=plan.kind,
        at=at,
    )


def _payable(session: Session, ids: Sequence[int], holds: Sequence[ColumnElement[bool]]) -> Rows:
    """Escrows that may be released, with the account they are held in and the wallet of their seller."""
    found = select(Escrow.id, Escrow.held_account_id, Wallet.id).join(Wallet, disbursement_sql.wallet_of_seller())
    return found.where(one_of(session, Escrow.id, ids), *holds).order_by(Escrow.id)


def _wallets_of_buyers(session: Session, ids: Sequence[int], at: datetime) -> set[int]:
    """The wallets of these escrows' buyers, opened where there is none yet."""
    buyers = select(Escrow.buyer_id.label("party_id"), Escrow.currency).where(one_of(session, Escrow.id, ids))
    accounts.open_wallets(session, buyers.distinct(), at=at)
    mine = (Wallet.party_id == Escrow.buyer_id) & (Wallet.currency == Escrow.currency)
    found = select(Wallet.id).join(Escrow, mine).where(Wallet.kind == AccountKind.WALLET)
    return set(session.scalars(found.where(one_of(session, Escrow.id, ids))))


def _mark(
    session: Session,
    ids: Sequence[int],
    plan: DisbursementPlan,
    at: datetime,
    reason: str,
    holds: Sequence[ColumnElement[bool]] = (Escrow.status == EscrowStatus.HELD, Escrow.freezes == 0),
) -> None:
    left = (
        update(Escrow)
        .where(one_of(session, Escrow.id, ids), *holds)
        .values(status=plan.status, closed_at=at, close_reason=reason, blocked=None, version=Escrow.version + 1)
        .execution_options(synchronize_session=False)
    )
    changed: Any = session.execute(left)
    if changed.rowcount != len(ids):
        for refusal in refusals(session, ids, [], None, mark=False) if len(ids) == 1 else ():
            raise Overtaken(
                phrase(
                    "Escrow %(label)s changed meanwhile, and stays as it is. %(sentence)s",
                    label=refusal.label,
                    sentence=refusal.sentence,
                )
            )
        raise Overtaken(phrase("An escrow changed meanwhile. Nothing was changed."))


def _record(
    session: Session,
    ids: Sequence[int],
    plan: DisbursementPlan,
    at: datetime,
    actor: Actor,
    note: str,
    run_id: int | None,
) -> None:
    before, after = '{"status":"held"}', f'{{"status":"{plan.status}"}}'
    records = select(Escrow.id, literal(before).label("before"), literal(after).label("after"))
    chosen = records.where(one_of(session, Escrow.id, ids))
    action = f"escrow.{plan.kind}"
    trail.record_all(session, actor, action, "escrow", chosen, len(ids), at=at, reason=note, run_id=run_id)
    events.add_all(session, plan.event, ids, at=at)


def _send_back(session: Session, by_card: Cards, amounts: Column, at: datetime, actor: Actor) -> None:
    """Have the providers give back what they collected. Few escrows are refunded, and fewer by card."""
    if not by_card:
        return
    rows = select(Escrow.id, Escrow.buyer_id, Escrow.currency, amounts.label("amount"))
    for row in session.execute(rows.where(one_of(session, Escrow.id, list(by_card)))):
        amount = Money(row.amount, row.currency)
        refunds.write(session, by_card[row.id], row.buyer_id, amount, at=at, actor=actor)
