"""How much work of each kind waits for one person: the numbers in the menu."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import AlertStatus, ApprovalStatus, PaymentStatus
from webapp.models import Alert, Approval, Dispute, Escrow, Payment, Payout
from webapp.services.disputes.queues import OPEN, TO_DECIDE

COUNTED = 99
"""Each kind is counted up to here."""


def kinds(actor: Actor) -> list[str]:
    """The kinds of work that this actor may do something about."""
    return [kind for kind, (permission, _) in _WAYS.items() if actor.may(permission)]


def counts(session: Session, actor: Actor) -> dict[str, int]:
    """How many of each kind wait for this actor, in one statement; COUNTED + 1 for more than that."""
    columns = [_up_to(_WAYS[kind][1](actor)).label(kind) for kind in kinds(actor)]
    return dict(session.execute(select(*columns)).one()._mapping) if columns else {}


def in_words(count: int) -> str:
    """Such as `7`, or `99+`."""
    return f"{COUNTED}+" if count > COUNTED else str(count)


def _disputes(actor: Actor) -> Any:
    """Those that need a decision, and are this person's or nobody's yet."""
    nobody_elses = or_(Dispute.assignee_id.is_(None), Dispute.assignee_id == actor.id)
    return select(Dispute.id).where(Dispute.status.in_(TO_DECIDE), OPEN, nobody_elses)


def _approvals(actor: Actor) -> Any:
    """Proposals of somebody else."""
    return select(Approval.id).where(Approval.status == ApprovalStatus.PROPOSED, Approval.proposed_by != actor.person)


def _alerts(_actor: Actor) -> Any:
    return select(Alert.id).where(Alert.status == AlertStatus.FIRING)


def _payments(_actor: Actor) -> Any:
    return select(Payment.id).where(Payment.status == PaymentStatus.NEEDS_REVIEW)


def _escrows(_actor: Actor) -> Any:
    return select(Escrow.id).where(Escrow.blocked.is_not(None))


def _payouts(_actor: Actor) -> Any:
    return select(Payout.id).where(Payout.doubted_at.is_not(None))


_WAYS: Mapping[str, tuple[str, Callable[[Actor], Any]]] = {
    "disputes": ("dispute:work", _disputes),
    "approvals": ("money:approve", _approvals),
    "alerts": ("alert:manage", _alerts),
    "payments": ("payment:verify", _payments),
    "escrows": ("money:propose", _escrows),
    "payouts": ("payout:retry", _payouts),
}
"""Each kind of work with the permission to do it, and its rows."""


def _up_to(rows: Any) -> Any:
    return select(func.count()).select_from(rows.limit(COUNTED + 1).subquery()).scalar_subquery()
