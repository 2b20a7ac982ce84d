"""What came of a decision: done at once, or proposed to a second person."""

from webapp.api.framework.schemas import Instant, Money, ResponseModel
from webapp.models import Approval
from webapp.services.approvals.approvals import Decided


class ApprovalShape(ResponseModel):
    """A proposal that waits for a second person, or what became of it."""

    id: int
    status: str
    action: str
    subject: str
    amount: Money
    sentence: str | None
    reason: str
    proposed_by: str
    proposed_at: Instant
    expires_at: Instant
    decided_by: str | None
    decided_at: Instant | None
    decision_reason: str | None


class Decision(ResponseModel):
    """`executed` is false when it was only proposed, and `approval` says where that waits."""

    executed: bool
    sentence: str
    approval: ApprovalShape | None


def approval_shape(found: Approval) -> ApprovalShape:
    """A proposal as the API gives it."""
    return ApprovalShape(
        id=found.id,
        status=found.status,
        action=found.action,
        subject=f"{found.subject_kind}:{found.subject_id}",
        amount=Money(amount=found.amount, currency=found.currency),
        sentence=found.sentence,
        reason=found.reason,
        proposed_by=found.proposed_by_name,
        proposed_at=found.proposed_at,
        expires_at=found.expires_at,
        decided_by=found.decided_by_name,
        decided_at=found.decided_at,
        decision_reason=found.decision_reason,
    )


def decision(decided: Decided) -> Decision:
    """What came of it."""
    approval = approval_shape(decided.approval) if decided.approval else None
    return Decision(executed=decided.executed, sentence=decided.sentence, approval=approval)
