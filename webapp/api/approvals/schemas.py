"""What a decision would post, and what came of it: done at once, or proposed to a second person."""

from typing import Annotated

from pydantic import Field

from webapp.api.framework.schemas import Instant, Money, ResponseModel
from webapp.models import Approval
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.read_models.decision_preview import DecisionPreview


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


class LegShape(ResponseModel):
    """One entry that would be posted, and the balance after it, in minor units."""

    account_id: int | None
    label: str
    amount: int
    balance_after: int


class PreviewShape(ResponseModel):
    """What a decision would do. Nothing is written."""

    sentence: str
    currency: str
    needs_second_person: bool
    warnings: Annotated[list[str], Field(description="A bank that has some of the money, or wants it.")]
    entries: list[LegShape]


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


def decision(decided: DecisionResult) -> Decision:
    """What came of it."""
    approval = approval_shape(decided.approval) if decided.approval else None
    return Decision(executed=decided.executed, sentence=decided.sentence, approval=approval)


def preview_shape(found: DecisionPreview) -> PreviewShape:
    """A preview as the API gives it."""
    return PreviewShape(
        sentence=found.sentence,
        currency=found.currency,
        needs_second_person=found.needs_second_person,
        warnings=list(found.warnings),
        entries=[LegShape.model_validate(leg) for leg in found.legs],
    )
