"""The questions that people ask of the long lists, and how many rows answer each."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from webapp.domain.states import EscrowStatus, PaymentStatus, PayoutStatus
from webapp.models import Escrow, Payment, Payout
from webapp.models.base import Base
from webapp.services.payouts.stops import account_changed

COUNTED = 9_999
"""Rows are counted up to here."""
Conditions = Mapping[str, tuple[Any, ...]]
_HELD = Escrow.status == EscrowStatus.HELD

ESCROWS: Conditions = {
    "held": (_HELD,),
    "due": (_HELD, Escrow.freezes == 0, Escrow.release_at.is_not(None)),
    "frozen": (_HELD, Escrow.freezes > 0),
    "blocked": (Escrow.blocked.is_not(None),),
    "pending_payment": (Escrow.status == EscrowStatus.PENDING_PAYMENT,),
    "released": (Escrow.status == EscrowStatus.RELEASED,),
    "refunded": (Escrow.status == EscrowStatus.REFUNDED,),
    "split": (Escrow.status == EscrowStatus.SPLIT,),
    "all": (),
}
PAYMENTS: Conditions = {
    "pending": (Payment.status == PaymentStatus.PENDING,),
    "review": (Payment.status == PaymentStatus.NEEDS_REVIEW,),
    "succeeded": (Payment.status == PaymentStatus.SUCCEEDED,),
    "failed": (Payment.status == PaymentStatus.FAILED,),
    "expired": (Payment.status == PaymentStatus.EXPIRED,),
    "all": (),
}
PAYOUTS: Conditions = {
    "waiting": (Payout.status == PayoutStatus.PENDING,),
    "under_way": (Payout.status.in_((PayoutStatus.SENDING, PayoutStatus.SENT)),),
    "in_doubt": (Payout.doubted_at.is_not(None),),
    "account_changed": (Payout.status == PayoutStatus.PENDING, account_changed()),
    "paid_twice": (Payout.paid_after_all_at.is_not(None),),
    "succeeded": (Payout.status == PayoutStatus.SUCCEEDED,),
    "came_back": (Payout.status.in_((PayoutStatus.FAILED, PayoutStatus.REVERSED)),),
    "cancelled": (Payout.status == PayoutStatus.CANCELLED,),
    "all": (),
}
_OVER = frozenset({"released", "refunded", "split", "succeeded", "failed", "expired", "came_back", "cancelled", "all"})
"""Tabs of what is over: nobody comes for their number."""
LISTS: Mapping[str, tuple[type[Base], Conditions]] = {
    "escrows": (Escrow, ESCROWS),
    "payments": (Payment, PAYMENTS),
    "payouts": (Payout, PAYOUTS),
}


def counts(session: Session, name: str) -> dict[str, int]:
    """How many rows each tab of a list has of what is not over, in one statement; COUNTED + 1 for more than that."""
    model, tabs = LISTS[name]
    columns = [_up_to(model, conditions).label(tab) for tab, conditions in tabs.items() if tab not in _OVER]
    return dict(session.execute(select(*columns)).one()._mapping)


def in_words(count: int) -> str:
    """Such as `1,024`, or `9,999+`."""
    return f"{COUNTED:,}+" if count > COUNTED else f"{count:,}"


def _up_to(model: type[Base], conditions: tuple[Any, ...]) -> Any:
    some = select(literal(1)).select_from(model).where(*conditions).limit(COUNTED + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
