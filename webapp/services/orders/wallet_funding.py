"""Where the money of an order comes from when it is held at once."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.money.money import Money
from webapp.domain.states import AccountKind, TransferKind
from webapp.domain.words import phrase
from webapp.errors import Invalid
from webapp.models import Account, Escrow
from webapp.services.common.kill_switch import ensure_outgoing_enabled
from webapp.services.escrows import funding
from webapp.services.ledger import accounts, posting
from webapp.services.parties import parties
from webapp.sql import lock


def fund(session: Session, escrow: Escrow, terms: str, *, at: datetime, actor: Actor) -> None:
    """Hold its money: `paid` already outside, from the buyer's `wallet`, or on `credit` of the platform."""
    if terms == "paid":
        source = accounts.pool(session, AccountKind.CLEARING, escrow.currency, at=at, owner="api")
        funding.hold(session, escrow, source, at=at, actor=actor)
    elif terms == "wallet":
        funding.hold(session, escrow, _covering_wallet(session, escrow), at=at, actor=actor)
    else:
        debt = accounts.open_account(session, AccountKind.RECEIVABLE, escrow.buyer_id, escrow.currency, at=at)
        funding.hold(session, escrow, debt, at=at, actor=actor, kind=TransferKind.CREDIT)


def _covering_wallet(session: Session, escrow: Escrow) -> int:
    """The buyer's wallet, locked. Raises Invalid when it doesn't hold the amount, Conflict while money is stopped."""
    ensure_outgoing_enabled(session)
    buyer = parties.get(session, escrow.buyer_id)
    wallet = accounts.find_account(session, AccountKind.WALLET, buyer.id, escrow.currency)
    if wallet is None:
        raise _refused(phrase("%(name)s has no wallet in %(currency)s.", name=buyer.name, currency=escrow.currency))
    lock(session, Account, [wallet])
    there = posting.balances(session, [wallet])[wallet]
    if there < escrow.amount:
        held, wanted = Money(there, escrow.currency), Money(escrow.amount, escrow.currency)
        raise _refused(
            phrase(
                "The wallet of %(name)s holds %(held)s: it does not cover %(wanted)s.",
                name=buyer.name,
                held=held,
                wanted=wanted,
            )
        )
    return wallet


def _refused(sentence: str) -> Invalid:
    return Invalid(phrase("%(sentence)s Nothing was held.", sentence=sentence), fields={"amount": sentence})
