"""Disputes, what is said and attached, as the API gives them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from sqlalchemy.orm import Session

from webapp.api.approvals.schemas import Decision
from webapp.api.framework.schemas import Instant, LongText, MinorUnits, Money, RequestModel, ResponseModel, Version
from webapp.domain.disputes.resolutions import REASON_CODES, RESOLUTION_CODES, DisputeResolution
from webapp.models import Dispute
from webapp.services.approvals import escrow_decisions
from webapp.services.disputes import disputes


def _one_of(codes: dict[str, object]) -> AfterValidator:
    def check(code: str) -> str:
        if code not in codes:
            raise ValueError(f"one of {', '.join(codes)}")
        return code

    return AfterValidator(check)


ReasonCode = Annotated[str, _one_of(dict(REASON_CODES)), Field(json_schema_extra={"enum": list(REASON_CODES)})]
ResolutionCode = Annotated[
    str, _one_of(dict(RESOLUTION_CODES)), Field(json_schema_extra={"enum": list(RESOLUTION_CODES)})
]
_Share = Annotated[MinorUnits | None, Field(description="Minor units; only for a split.")]


class DisputeShape(ResponseModel):
    """A claim that freezes its escrow until it is decided."""

    id: int
    ref: str
    escrow_id: int
    amount: Money
    kind: str
    claimant: str
    reason_code: str
    claim: str
    status: str
    waiting_on: str | None
    opened_at: Instant
    due_at: Instant
    paused_at: Instant | None
    assignee_id: int | None
    resolution: str | None
    resolution_code: str | None
    resolution_reason: str | None
    buyer_amount: int | None
    seller_amount: int | None
    resolved_at: Instant | None
    resolved_by: str | None
    version: int


class ResolutionBody(RequestModel):
    """A decision. A split names both shares; they sum to what is held."""

    resolution: Literal["release_to_seller", "refund_to_buyer", "split", "no_fault"]
    code: ResolutionCode
    reason: LongText
    buyer_amount: _Share = None
    seller_amount: _Share = None
    version: Version = None

    @property
    def dispute_resolution(self) -> DisputeResolution:
        """It, as the desk decides it."""
        return DisputeResolution(self.resolution, self.code, self.reason, self.buyer_amount, self.seller_amount)


class DisputeDecision(Decision):
    """What came of it, and the dispute as it is now."""

    dispute: DisputeShape


class MessageShape(ResponseModel):
    """What was said, and who reads it; `inbound` came from the party."""

    id: int
    audience: str
    inbound: bool
    by_name: str
    body: str
    at: Instant


class EvidenceShape(ResponseModel):
    """A file or a text; `staged` until it is submitted."""

    id: int
    status: str
    side: str
    name: str
    media_type: str
    size: int
    sha256: str
    body: str | None
    by_name: str
    at: Instant


def dispute_shape(dispute: Dispute, amount: Money) -> DisputeShape:
    """A dispute with what its escrow holds."""
    fields = {name: getattr(dispute, name) for name in DisputeShape.model_fields if name != "amount"}
    return DisputeShape(**fields, amount=amount)


def one_dispute(session: Session, dispute_id: int) -> DisputeShape:
    """One dispute as it is now. Raises NotFound."""
    dispute = disputes.get(session, dispute_id)
    escrow = escrow_decisions.get(session, dispute.escrow_id)
    return dispute_shape(dispute, Money(amount=escrow.amount, currency=escrow.currency))
