"""An escrow whose money had gone is held once more: under a new number, and by what would have frozen it meanwhile."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import EscrowStatus, FreezeCause
from webapp.models import Escrow
from webapp.services.escrows import freezes, taken_back


def hold(session: Session, escrow: Escrow, *, amount: int, fee: int, at: datetime, actor: Actor) -> None:
    """So much of it is held, in minor units, frozen anew by chargebacks that are open and payments in review."""
    held = {
        "status": EscrowStatus.HELD,
        "hold_no": Escrow.hold_no + 1,
        "amount": amount,
        "fee": fee,
        "closed_at": None,
        "close_reason": None,
        "held_at": at,
        "version": Escrow.version + 1,
    }
    again = update(Escrow).where(Escrow.id == escrow.id).values(held)
    session.execute(again.execution_options(synchronize_session=False))
    session.expire(escrow)
    taken_back.freeze_again(session, escrow, at=at, actor=actor)


def freeze(session: Session, escrow: Escrow, reason: str, *, at: datetime, actor: Actor) -> None:
    """Nothing of it goes until somebody decides where."""
    freezes.add(session, escrow.id, FreezeCause.PERSON, actor.id or 0, reason, at=at, actor=actor)
