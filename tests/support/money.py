"""Money of parties for tests: booked at once, whatever the limits say."""

from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.services.approvals import executors
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
