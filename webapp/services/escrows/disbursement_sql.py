"""How a hold is disbursed: its transfer and its entries, as SELECTs for any number of escrows. Read for a preview,
written by `release`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, column, func, literal, select, union_all, values
from sqlalchemy.orm import Session

from webapp.domain.money.shares import Shares
from webapp.domain.outbox.event_types import EscrowRefunded, EscrowReleased, EscrowSplit, Event
from webapp.domain.states import AccountKind, EscrowStatus, Policy, TransferKind
from webapp.models import Account, Escrow, Payment, Transfer
from webapp.models.base import BigInt
from webapp.services.common.batch_result import DEBTS_MET, Outcome
from webapp.services.ledger import posting, reversal_debts
from webapp.services.ledger.accounts import Place
from webapp.services.ledger.reversal_debts import Met
from webapp.services.ledger.transfers import Draft
from webapp.services.refunds import routing
from webapp.sql import Column, Rows, labelled, one_of, shared_alias

Wallet = shared_alias(Account, name="wallet")
_Buyers = shared_alias(Account, name="buyers")
_Fees = shared_alias(Account, name="fees")
Cards = Mapping[int, Payment]
"""By escrow the payment through which the buyer's part goes back; the others' goes to the buyer's wallet."""


@dataclass(frozen=True, slots=True)
class DisbursementPlan:
    """How holds are disbursed, and who gets how much of each; None for those who get nothing."""

    kind: TransferKind
    status: EscrowStatus
    event: Event
    buyer: Column | None
    seller: Column | None
    fee: Column | None


RELEASE = DisbursementPlan(
    TransferKind.RELEASE, EscrowStatus.RELEASED, EscrowReleased(), None, Escrow.amount - Escrow.fee, Escrow.fee
)
REFUND = DisbursementPlan(TransferKind.REFUND, EscrowStatus.REFUNDED, EscrowRefunded(), Escrow.amount, None, None)


def plan_of(parts: Shares) -> DisbursementPlan:
    """The plan that gives each side its part of one hold."""
    if not parts.buyer:
        return RELEASE
    if not parts.seller and not parts.fee:
        return REFUND
    event = EscrowSplit(buyer_amount=parts.buyer, seller_amount=parts.seller)
    amounts = [literal(part, BigInt) for part in (parts.buyer, parts.seller, parts.fee)]
    return DisbursementPlan(TransferKind.SPLIT, EscrowStatus.SPLIT, event, *amounts)


def cards(session: Session, ids: Sequence[int], plan: DisbursementPlan) -> Cards:
    """Which of these escrows give the buyer's part back through the provider of a payment."""
    return routing.payments_to_refund(session, ids) if plan.buyer is not None else {}


def debts_met(
    session: Session, ids: Sequence[int], plan: DisbursementPlan, by_card: Cards, touched: Collection[int] | None = None
) -> list[Met]:
    """What of the parties' parts meets the debts of these escrows' reversals instead of going into their wallets.

    With `touched` the parties' accounts are locked first, as `reversal_debts.to_meet` says.
    """
    buyer = (
        None if plan.buyer is None else case((Escrow.id.in_(by_card), 0), else_=plan.buyer) if by_card else plan.buyer
    )
    return reversal_debts.to_meet(session, ids, seller=plan.seller, buyer=buyer, touched=touched)


def note_met(session: Session, outcome: Outcome, met: Sequence[Met]) -> None:
    """Say with the outcome what met debts."""
    if not met:
        return
    mine = one_of(session, Escrow.id, [each.escrow_id for each in met])
    currencies = dict(session.execute(select(Escrow.id, Escrow.currency).where(mine)).all())
    for each in met:
        outcome.note(DEBTS_MET, currencies[each.escrow_id], each.amount)


def draft(session: Session, escrow: Escrow, plan: DisbursementPlan) -> Draft:
    """What `transfers` and `legs` say of one escrow. A wallet that the buyer lacks is a place to be opened."""
    by_card = cards(session, [escrow.id], plan)
    met = debts_met(session, [escrow.id], plan, by_card)
    rows = session.execute(legs(session, [escrow.id], plan, by_card, met))
    buyers = Place(AccountKind.WALLET, escrow.currency, escrow.buyer_id)
    sides = [(buyers if row.account_id is None else row.account_id, row.amount) for row in rows]
    return Draft(
        _named(escrow, plan), plan.kind, escrow.currency, sides, escrow.id, escrow.hold_no, is_disbursement=True
    )


def transfers(session: Session, ids: Sequence[int], plan: DisbursementPlan, at: datetime, run_id: int | None) -> Rows:
    """A transfer for each hold, in the columns that the ledger takes."""
    number = cast(Escrow.id, String).concat("-").concat(cast(Escrow.hold_no, String))
    values = {
        "key": Escrow.id,
        "reference": literal("escrow-").concat(number).concat(f"-{plan.kind}"),
        "kind": _kind(plan),
        "currency": Escrow.currency,
        "amount": Escrow.amount,
        "escrow_id": Escrow.id,
        "hold_no": Escrow.hold_no,
        "is_disbursement": True,
        "reverses_id": None,
        "run_id": run_id,
        "at": at,
    }
    return select(*labelled(Transfer, values)).where(one_of(session, Escrow.id, ids))


def legs(session: Session, ids: Sequence[int], plan: DisbursementPlan, by_card: Cards, met: Sequence[Met] = ()) -> Rows:
    """The entries of each hold, in the columns that the ledger takes; the account is NULL for a wallet not opened.

    What is `met` goes to the debts instead of the wallets.
    """
    chosen, debts = one_of(session, Escrow.id, ids), _given(met)
    sides = [_side(Escrow.held_account_id.label("account_id"), -Escrow.amount).where(chosen)]
    if plan.seller is not None:
        rest = _less(plan.seller, debts)
        to_seller = _besides(_side(Wallet.id, rest).join(Wallet, wallet_of_seller()), debts, Escrow.seller_id)
        sides.append(to_seller.where(chosen, rest > 0))
    if plan.buyer is not None:
        sides += _sides_of_buyers(session, ids, plan.buyer, by_card, debts)
    if debts is not None:
        sides.append(_side(debts.c.account_id, debts.c.amount).join(debts, debts.c.escrow_id == Escrow.id))
    if plan.fee is not None:
        to_fees = _side(_Fees.id, plan.fee).join(_Fees, _is_pool(_Fees, AccountKind.FEES, ""))
        sides.append(to_fees.where(chosen, plan.fee > 0))
    rows = union_all(*sides).subquery()
    return select(*(rows.c[name] for name in posting.LEG_COLUMNS))


def wallet_of_seller() -> ColumnElement[bool]:
    """That `Wallet` is the one of the escrow's seller."""
    return _is_wallet(Wallet, Escrow.seller_id)


def _side(account: Column, amount: Column) -> Any:
    return select(Escrow.id.label("key"), account, Escrow.currency, amount.label("amount"))


def _sides_of_buyers(session: Session, ids: Sequence[int], amount: Column, by_card: Cards, debts: Any) -> list[Any]:
    rest = _less(amount, debts)
    to_wallet = _side(_Buyers.id, rest).outerjoin(_Buyers, _is_wallet(_Buyers, Escrow.buyer_id))
    to_wallet = _besides(to_wallet, debts, Escrow.buyer_id)
    sides = [to_wallet.where(one_of(session, Escrow.id, [number for number in ids if number not in by_card]), rest > 0)]
    for provider in sorted({payment.provider for payment in by_card.values()}):
        back = _side(_Buyers.id, amount).join(_Buyers, _is_pool(_Buyers, AccountKind.CLEARING, provider))
        through = [number for number, payment in by_card.items() if payment.provider == provider]
        sides.append(back.where(one_of(session, Escrow.id, through)))
    return sides


def _given(met: Sequence[Met]) -> Any:
    """What is met, as rows to join; None when there is none, so that the many are paid without a join."""
    if not met:
        return None
    names = ("escrow_id", "party_id", "account_id", "amount")
    columns = [column(name, BigInt) for name in names]
    # SQLite names the columns of VALUES only in a WITH.
    return values(*columns, name="given").data([attrgetter(*names)(each) for each in met]).cte("met")


def _less(amount: Column, debts: Any) -> Column:
    return amount if debts is None else amount - func.coalesce(debts.c.amount, 0)


def _besides(side: Any, debts: Any, party: Column) -> Any:
    """The side, joined with what of it is met."""
    if debts is None:
        return side
    return side.outerjoin(debts, and_(debts.c.escrow_id == Escrow.id, debts.c.party_id == party))


def _is_wallet(account: Any, party: Column) -> ColumnElement[bool]:
    return and_(account.kind == AccountKind.WALLET, account.party_id == party, account.currency == Escrow.currency)


def _is_pool(account: Any, kind: AccountKind, owner: str) -> ColumnElement[bool]:
    of_nobody = (account.owner == owner, account.party_id.is_(None))
    return and_(account.kind == kind, *of_nobody, account.currency == Escrow.currency)


def _kind(plan: DisbursementPlan) -> Column:
    """What leaves a seller's pending account for the wallet is an earning."""
    if plan.kind != TransferKind.RELEASE:
        return str(plan.kind)
    return case((Escrow.policy == Policy.BUFFER, str(TransferKind.EARNING)), else_=str(TransferKind.RELEASE))


def _named(escrow: Escrow, plan: DisbursementPlan) -> str:
    return f"escrow-{escrow.id}-{escrow.hold_no}-{plan.kind}"
