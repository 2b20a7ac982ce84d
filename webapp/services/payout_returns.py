"""Money of payouts that came back: from the provider's clearing account to the wallet it came from."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.states import AccountKind, TransferKind
from webapp.models import Payout, Transfer
from webapp.services import accounts, ledger_rows
from webapp.services.ledger_rows import Movement
from webapp.sql import one_of


def give_back(session: Session, payout_ids: Sequence[int], *, at: datetime, run_id: int | None = None) -> None:
    """Post what these payouts, at most 1,000 and locked by the caller, give back to their wallets; once each."""
    rows = session.scalars(select(Payout).where(one_of(session, Payout.id, payout_ids)).order_by(Payout.id)).all()
    moves = [_movement(session, payout, at) for payout in rows]
    ledger_rows.post_rows(session, moves, kind=TransferKind.PAYOUT_RETURN, at=at, run_id=run_id)


def _movement(session: Session, payout: Payout, at: datetime) -> Movement:
    source = accounts.pool(session, AccountKind.CLEARING, payout.currency, at=at, owner=payout.provider)
    wallet = accounts.open_account(session, AccountKind.WALLET, payout.party_id, payout.currency, at=at)
    return Movement(_reference(session, payout), payout.currency, source, wallet, payout.amount)


def _reference(session: Session, payout: Payout) -> str:
    """What was paid after it had come back may come back once more."""
    first = f"{payout.ref}-return"
    before = select(func.count()).select_from(Transfer).where(Transfer.reference.in_((first, f"{first}-2")))
    number = session.scalars(before).one()
    return f"{first}-{number + 1}" if number else first
