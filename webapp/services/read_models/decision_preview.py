"""What a decision would post, and every balance after it: the executor's own computation. Nothing is written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.states import EscrowStatus
from webapp.domain.words import joined, phrase
from webapp.models import Escrow
from webapp.services.approvals import approvals, executors, limits
from webapp.services.approvals.executors import Payload, Posting
from webapp.services.disputes import chargeback_cases, disputes
from webapp.services.ledger.transfers import Leg
from webapp.services.read_models import escrow_explanation
from webapp.settings import Settings

_WARNINGS: dict[str, Callable[[Session, Escrow], Sequence[str]]] = {
    "escrow.refund": chargeback_cases.warnings,
    "dispute.resolve": chargeback_cases.warnings,
    "transfer.reverse_and_refund": chargeback_cases.warnings,
    "transfer.reverse_and_split": chargeback_cases.warnings,
    "transfer.reverse": chargeback_cases.of_reversal,
}
"""What to know before a decision is made: what the buyer has back already comes on top of what it gives."""


@dataclass(frozen=True, slots=True)
class DecisionPreview:
    """All of it, in one currency; `sentence` says what happens."""

    legs: list[Leg]
    currency: str
    sentence: str
    needs_second_person: bool
    warnings: Sequence[str] = ()
    """What to know before it is done: that a bank has some of the money, or wants it."""


def of(
    session: Session, action: str, subject_id: int, payload: Payload, *, at: datetime, actor: Actor, settings: Settings
) -> DecisionPreview:
    """What the decision would do. Raises Conflict and Invalid like the decision itself."""
    posting = executors.compute(session, action, subject_id, payload, at=at, actor=actor, locked=False)
    return _shown(session, action, posting, at, actor, settings)


def of_resolution(
    session: Session, dispute_id: int, resolution: DisputeResolution, *, at: datetime, actor: Actor, settings: Settings
) -> DecisionPreview:
    """A dispute's decision."""
    decision = disputes.as_decided(disputes.get(session, dispute_id), resolution, settings)
    return of(session, "dispute.resolve", dispute_id, decision, at=at, actor=actor, settings=settings)


def of_approval(
    session: Session, approval_id: int, *, at: datetime, actor: Actor, settings: Settings
) -> DecisionPreview:
    """What a waiting proposal would do if it were approved now."""
    approval = approvals.get(session, approval_id)
    posting = approvals.proposed_posting(session, approval, at=at, actor=actor)
    return _shown(session, approval.action, posting, at, actor, settings)


def _shown(
    session: Session, action: str, posting: Posting, at: datetime, actor: Actor, settings: Settings
) -> DecisionPreview:
    amount = posting.amount
    second = limits.needs_second_person(session, actor, amount.currency, amount.amount, at, settings)
    second = second or posting.takes_two
    escrow = None if posting.escrow_id is None else session.get(Escrow, posting.escrow_id)
    warn = _WARNINGS.get(action)
    warnings = list(warn(session, escrow)) if warn is not None and escrow is not None else []
    legs = list(posting.legs())
    if action == "dispute.resolve" and not legs and escrow is not None and escrow.status == EscrowStatus.HELD:
        warnings.append(_afterwards(session, escrow, at))
    return DecisionPreview(legs, amount.currency, posting.sentence, second, warnings)


def _afterwards(session: Session, escrow: Escrow, at: datetime) -> str:
    """A decision that moves nothing lets the money go on, perhaps with the next run: that is known before."""
    after = escrow_explanation.once_thawed(session, escrow, at)
    return joined(phrase("When the dispute is over:"), after.sentence, after.cure)
