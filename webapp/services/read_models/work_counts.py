"""What waits for one person: which rows of each kind, and how many.

The menu counts them, the Overview shows the most urgent, and lists have them in a tab: all ask here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import AlertStatus, ApprovalStatus
from webapp.models import Alert, Approval, Dispute, Escrow, Payment, Payout
from webapp.services.disputes import queues
from webapp.services.read_models.list_tabs import ESCROWS, PAYMENTS, PAYOUTS

COUNTED = 99
"""Each kind is counted up to here."""
Conditions = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class WorkKind:
    """One kind of work: the permission to do it, and which rows wait for an actor at an instant."""

    permission: str
    model: Any
    waits: Callable[[Actor, datetime], Conditions]
    urgent: Conditions
    """What the rows are sorted by, the most urgent first."""


def kinds(actor: Actor) -> list[str]:
    """The kinds of work that this actor may do something about."""
    return [kind for kind, work in WORK.items() if actor.may(work.permission)]


def conditions(kind: str, actor: Actor, at: datetime) -> Conditions:
    """What a row of this kind is like when it waits for this actor; the actor may do this kind of work."""
    return WORK[kind].waits(actor, at)


def counts(session: Session, actor: Actor, at: datetime) -> dict[str, int]:
    """How many of each kind wait for this actor, in one statement; COUNTED + 1 for more than that."""
    columns = [_waiting(kind, actor, at).label(kind) for kind in kinds(actor)]
    return dict(session.execute(select(*columns)).one()._mapping) if columns else {}


def in_words(count: int) -> str:
    """Such as `7`, or `99+`."""
    return f"{COUNTED}+" if count > COUNTED else str(count)


def _disputes(actor: Actor, at: datetime) -> Conditions:
    """Those that need a decision, and are this person's or nobody's yet."""
    return queues.conditions("for_me", actor.id, at)


def _approvals(actor: Actor, at: datetime) -> Conditions:
    """Proposals of somebody else whose time is not over."""
    return Approval.status == ApprovalStatus.PROPOSED, Approval.proposed_by != actor.person, Approval.expires_at > at


WORK: Mapping[str, WorkKind] = {
    "disputes": WorkKind("dispute:work", Dispute, _disputes, (Dispute.due_at, Dispute.id)),
    "approvals": WorkKind("money:approve", Approval, _approvals, (Approval.expires_at, Approval.id)),
    "alerts": WorkKind(
        "alert:manage", Alert, lambda _actor, _at: (Alert.status == AlertStatus.FIRING,), (Alert.severity, Alert.id)
    ),
    "payments": WorkKind("payment:verify", Payment, lambda _actor, _at: PAYMENTS["review"], (Payment.id,)),
    "escrows": WorkKind("money:propose", Escrow, lambda _actor, _at: ESCROWS["blocked"], (Escrow.id,)),
    "payouts": WorkKind(
        "payout:retry", Payout, lambda _actor, _at: PAYOUTS["in_doubt"], (Payout.doubted_at, Payout.id)
    ),
}
"""Each kind of work. Alerts that wake somebody come before the others: `page` before `warn`, by the alphabet."""


def _waiting(kind: str, actor: Actor, at: datetime) -> Any:
    rows = select(WORK[kind].model.id).where(*conditions(kind, actor, at))
    return select(func.count()).select_from(rows.limit(COUNTED + 1).subquery()).scalar_subquery()
