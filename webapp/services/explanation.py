"""Why has this not been paid? The answer, and what else stands in the way."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.money import Money
from webapp.domain.policies import AFTER_COMPLETION, JOBS
from webapp.domain.states import CLOSED_DISPUTES, AccountKind, EscrowStatus, OrderStatus, Policy
from webapp.models import Dispute, Escrow, Order, Party, RunItem
from webapp.services import accounts, freezes, lookup
from webapp.services.stop import stopped

_LEFT = {
    EscrowStatus.RELEASED: "It was released to the seller",
    EscrowStatus.REFUNDED: "It was refunded to the buyer",
    EscrowStatus.SPLIT: "It was split between buyer and seller",
    EscrowStatus.VOIDED: "It was voided and never paid",
}

_NOT_COMPLETED = {
    Policy.COMPLETION: "The order is not completed yet.",
    Policy.BUFFER: "The buyer has not approved the finished work yet: the buffer begins then.",
}


def why(session: Session, escrow_id: int, at: datetime) -> list[str]:
    """Sentences; the first is the answer. Raises NotFound."""
    escrow = lookup.by_id(session, Escrow, escrow_id, "escrow")
    if escrow.status in _LEFT:
        when = f" on {escrow.left_at:%d %B %Y at %H:%M} UTC" if escrow.left_at else ""
        return [f"{_LEFT[EscrowStatus(escrow.status)]}{when}."]
    if escrow.status == EscrowStatus.PENDING_PAYMENT:
        return [f"The buyer has not paid yet: {Money(escrow.amount, escrow.currency)} is awaited."]
    reasons = [*_stop(session), *_disputes(session, escrow), *_frozen(session, escrow), *_not_due(session, escrow, at)]
    reasons += [*_no_wallet(session, escrow), *_failures(session, escrow)]
    return reasons or [f"Nothing stands in the way: the next run of {JOBS[escrow.policy]} pays it."]


def _stop(session: Session) -> list[str]:
    found = stopped(session)
    return [f"All outgoing money is stopped by {found['by']}: {found['why']}"] if found else []


def _disputes(session: Session, escrow: Escrow) -> list[str]:
    mine = select(Dispute).where(Dispute.escrow_id == escrow.id, Dispute.status.not_in(CLOSED_DISPUTES))
    return [f"Dispute {found.ref} is {found.status.replace('_', ' ')}." for found in session.scalars(mine)]


def _frozen(session: Session, escrow: Escrow) -> list[str]:
    return [
        f"It is frozen by {found.by_name} since {found.at:%d %B %Y}: {found.reason}"
        for found in freezes.open_freezes(session, escrow.id)
    ]


def _not_due(session: Session, escrow: Escrow, at: datetime) -> list[str]:
    if escrow.policy in AFTER_COMPLETION:
        order = lookup.by_id(session, Order, escrow.order_id, "order")
        if order.status != OrderStatus.COMPLETED:
            return [_NOT_COMPLETED[Policy(escrow.policy)], *_too_early(escrow, at)]
    if escrow.release_at is None:
        return ["It has no release date yet."]
    return _too_early(escrow, at)


def _too_early(escrow: Escrow, at: datetime) -> list[str]:
    if escrow.release_at is None or escrow.release_at <= at:
        return []
    return [f"It is not due until {escrow.release_at:%d %B %Y at %H:%M} UTC."]


def _no_wallet(session: Session, escrow: Escrow) -> list[str]:
    if accounts.find_account(session, AccountKind.WALLET, escrow.seller_id, escrow.currency) is not None:
        return []
    seller = lookup.by_id(session, Party, escrow.seller_id, "party")
    return [f"The seller, {seller.name}, has no wallet in {escrow.currency}."]


def _failures(session: Session, escrow: Escrow) -> list[str]:
    mine = (RunItem.subject_kind == "escrow", RunItem.subject_id == escrow.id, RunItem.outcome == "failed")
    last = session.scalars(select(RunItem).where(*mine).order_by(RunItem.id.desc()).limit(1)).one_or_none()
    return [f"Run {last.run_id} tried it and failed: {last.message}"] if last else []
