"""Money of parties for tests: booked at once, whatever the limits say."""

from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.money.shares import Shares
from webapp.services.approvals import executors
from webapp.services.approvals.escrow_executors import read_escrow
from webapp.services.escrows import disbursement_sql, release
from webapp.services.parties.executors import PartyMoney


def _book(
    action: str,
    session: Session,
    party_id: int,
    amount: int,
    currency: str,
    *,
    reference: str,
    at: datetime,
    actor: Actor,
) -> None:
    booked = PartyMoney(amount=amount, currency=currency, reference=reference, reason="For a test.")
    executors.compute(session, action, party_id, booked, at=at, actor=actor, locked=True).post()


deposit = partial(_book, "party.deposit")
owe = partial(_book, "party.owe")
repay = partial(_book, "party.repay")


def divide(session: Session, escrow_id: int, parts: Shares, *, at: datetime, actor: Actor, note: str = "So.") -> None:
    """Let a held escrow go in these parts at once, as a decision does."""
    subject = read_escrow.locked(session, escrow_id)
    by_card = disbursement_sql.cards(session, [escrow_id], disbursement_sql.plan_of(parts))
    wallets = (subject.seller_wallet, subject.buyer_wallet)
    release.disburse(session, subject.escrow, parts, by_card, wallets, at=at, actor=actor, note=note)
