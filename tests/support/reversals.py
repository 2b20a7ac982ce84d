"""Escrows that were released, spent and reversed to a debt, for tests of what happens then."""

from itertools import count
from typing import Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.market import DIVINE, NOW, Market, OrderTerms
from webapp.domain.states import AccountKind
from webapp.models import Account, Entry, Escrow, Party, Transfer
from webapp.services.approvals import escrow_decisions
from webapp.services.escrows import freezes
from webapp.services.ledger import accounts
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.services.payments.reversals import decisions as reversal_decisions

_numbers = count(1)


def left_by(session: Session, escrow_id: int) -> int:
    """The last transfer that let the escrow go."""
    found = (
        select(Transfer.id)
        .where(Transfer.escrow_id == escrow_id, Transfer.is_disbursement)
        .order_by(Transfer.id.desc())
    )
    return session.scalars(found.limit(1)).one()


def let_go(market: Market, action: str, escrow_id: int) -> None:
    """Release or refund the escrow at once."""
    decide, escrow = getattr(escrow_decisions, action), escrow_decisions.get(market.session, escrow_id)
    decided = decide(
        market.session,
        escrow_id,
        "It is right so.",
        version=escrow.version,
        at=NOW,
        actor=DIVINE,
        settings=market.runtime.settings,
    )
    assert decided.executed


def spend(market: Market, party_id: int, amount: int, currency: str = "NGN") -> None:
    """Let the party buy something out of its wallet."""
    new = NewOrder(f"bought-{next(_numbers)}", party_id, market.party("shop").id, amount, currency, terms="wallet")
    orders.create(market.session, new, at=NOW, actor=DIVINE, settings=market.runtime.settings)


def reverse(market: Market, escrow_id: int) -> None:
    """Take back what let the escrow go; what a wallet lacks becomes a debt."""
    transfer, settings = left_by(market.session, escrow_id), market.runtime.settings
    reversal_decisions.reverse(
        market.session, transfer, "Wrong.", to_debt=True, at=NOW, actor=DIVINE, settings=settings
    )


def thaw(market: Market, escrow_id: int) -> None:
    """Lift what freezes it since its reversal."""
    for freeze in freezes.open_freezes(market.session, escrow_id):
        freezes.unfreeze(market.session, freeze.id, "Looked at.", at=NOW, actor=DIVINE)


def reversed_to_debt(
    market: Market, amount: int = 10_000, *, fee: int = 500, seller: Party | None = None, **more: Unpack[OrderTerms]
) -> Escrow:
    """An escrow whose seller was paid, spent it, and owes it since the reversal; nothing freezes it any more."""
    escrow = market.escrow(amount, fee=fee, seller=seller, **more)
    let_go(market, "release", escrow.id)
    spend(market, escrow.seller_id, amount - fee)
    reverse(market, escrow.id)
    thaw(market, escrow.id)
    return escrow


def owes(session: Session, party_id: int, currency: str = "NGN") -> int:
    """What a party owes."""
    account = accounts.find_account(session, AccountKind.RECEIVABLE, party_id, currency)
    return -session.get_one(Account, account, populate_existing=True).balance if account else 0


def entries(session: Session, escrow_id: int) -> dict[str, int]:
    """What the last transfer that let the escrow go put where: by the kind of account, with whose it is."""
    rows = (
        select(Account.kind, Party.ref, Entry.amount)
        .join(Entry, Entry.account_id == Account.id)
        .outerjoin(Party, Party.id == Account.party_id)
        .where(Entry.transfer_id == left_by(session, escrow_id))
    )
    return {f"{kind} {ref.partition('-')[0]}" if ref else kind: amount for kind, ref, amount in session.execute(rows)}
