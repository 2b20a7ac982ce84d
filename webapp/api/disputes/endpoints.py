"""Disputes over HTTP: open them, work on them, decide them."""

from typing import Literal

from sqlalchemy import select

from webapp.api.approvals.schemas import PreviewShape, decision, preview_shape
from webapp.api.disputes.schemas import (
    DisputeDecision,
    DisputeShape,
    ReasonCode,
    ResolutionBody,
    dispute_shape,
    one_dispute,
)
from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import (
    Id,
    LongText,
    Money,
    NewestFirst,
    Number,
    Page,
    RequestModel,
    ShortText,
    Version,
    to_page,
)
from webapp.domain.states import DisputeKind, DisputeStatus
from webapp.models import Dispute, Escrow
from webapp.services.disputes import disputes, handling
from webapp.services.disputes.disputes import NewDispute
from webapp.services.read_models import decision_preview
from webapp.sql import one_of

endpoints = Endpoints("disputes")
_ADDRESS = "/api/v1/disputes/<id:dispute_id>"


class DisputeBody(RequestModel):
    """A claim of one side about an escrow."""

    escrow_id: Number
    claimant: Literal["buyer", "seller"]
    reason_code: ReasonCode
    claim: LongText
    kind: DisputeKind = DisputeKind.DISPUTE


class DisputesQuery(NewestFirst):
    """Which disputes."""

    ref: ShortText | None = None
    status: DisputeStatus | None = None
    escrow_id: Id | None = None
    assignee_id: Id | None = None


class AssignBody(RequestModel):
    """To whom, by the user's number; null gives it to nobody."""

    user_id: Number | None = None


class AskBody(RequestModel):
    """Whose answer is wanted, and the question."""

    side: Literal["buyer", "seller"]
    body: LongText


class EscalateBody(RequestModel):
    """Why."""

    reason: LongText


class WithdrawBody(RequestModel):
    """Why."""

    reason: LongText
    version: Version = None


@endpoints.post("/api/v1/disputes", "dispute:open", status=201, location="/api/v1/disputes/{id}")
def open_dispute(call: Call, body: DisputeBody) -> DisputeShape:
    """Open a dispute; its escrow is frozen at once."""
    new = NewDispute(body.escrow_id, body.claimant, body.reason_code, body.claim, body.kind)
    made = disputes.open_dispute(call.session, new, at=call.at, actor=call.actor, settings=call.runtime.settings)
    return one_dispute(call.session, made.id)


@endpoints.get("/api/v1/disputes", "dispute:read")
def list_disputes(call: Call, query: DisputesQuery) -> Page[DisputeShape]:
    """Disputes, newest first."""
    wanted = {
        Dispute.ref: query.ref,
        Dispute.status: query.status,
        Dispute.escrow_id: query.escrow_id,
        Dispute.assignee_id: query.assignee_id,
    }
    found = newest_first(call.session, Dispute, query, wanted)
    rows = call.session.execute(
        select(Escrow.id, Escrow.amount, Escrow.currency).where(
            one_of(call.session, Escrow.id, [dispute.escrow_id for dispute in found])
        )
    )
    amounts = {row.id: Money(amount=row.amount, currency=row.currency) for row in rows}
    return to_page(found, query, lambda dispute: dispute_shape(dispute, amounts[dispute.escrow_id]))


@endpoints.get(_ADDRESS, "dispute:read")
def get_dispute(call: Call, dispute_id: int) -> DisputeShape:
    """One dispute."""
    return one_dispute(call.session, dispute_id)


@endpoints.post(f"{_ADDRESS}/assign", "dispute:work")
def assign_dispute(call: Call, dispute_id: int, body: AssignBody) -> DisputeShape:
    """Give it to someone, or to nobody."""
    disputes.get(call.session, dispute_id)
    handling.assign(call.session, dispute_id, body.user_id, at=call.at, actor=call.actor)
    return one_dispute(call.session, dispute_id)


@endpoints.post(f"{_ADDRESS}/ask", "dispute:work")
def ask_party(call: Call, dispute_id: int, body: AskBody) -> DisputeShape:
    """Ask a party to answer; the desk's own clock pauses meanwhile."""
    settings = call.runtime.settings
    handling.ask(call.session, dispute_id, body.side, body.body, at=call.at, actor=call.actor, settings=settings)
    return one_dispute(call.session, dispute_id)


@endpoints.post(f"{_ADDRESS}/answered", "dispute:work")
def note_answer(call: Call, dispute_id: int) -> DisputeShape:
    """The party has answered: the desk's clock goes on."""
    handling.answered(call.session, dispute_id, at=call.at, actor=call.actor)
    return one_dispute(call.session, dispute_id)


@endpoints.post(f"{_ADDRESS}/escalate", "dispute:work")
def escalate_dispute(call: Call, dispute_id: int, body: EscalateBody) -> DisputeShape:
    """Call for someone with more say."""
    handling.escalate(call.session, dispute_id, body.reason, at=call.at, actor=call.actor)
    return one_dispute(call.session, dispute_id)


@endpoints.post(f"{_ADDRESS}/preview", "dispute:read")
def preview_resolution(call: Call, dispute_id: int, body: ResolutionBody) -> PreviewShape:
    """Every entry that a decision would post, and every balance after it. Nothing is written."""
    settings = call.runtime.settings
    found = decision_preview.of_resolution(
        call.session, dispute_id, body.dispute_resolution, at=call.at, actor=call.actor, settings=settings
    )
    return preview_shape(found)


@endpoints.post(f"{_ADDRESS}/resolution", "money:propose")
def resolve_dispute(call: Call, dispute_id: int, body: ResolutionBody) -> DisputeDecision:
    """Decide it: done at once up to the limit, proposed above it."""
    came = disputes.resolve(
        call.session,
        dispute_id,
        body.dispute_resolution,
        version=_version(call, dispute_id, body.version),
        at=call.at,
        actor=call.actor,
        settings=call.runtime.settings,
    )
    return DisputeDecision(**dict(decision(came)), dispute=one_dispute(call.session, dispute_id))


@endpoints.post(f"{_ADDRESS}/withdraw", "dispute:work")
def withdraw_dispute(call: Call, dispute_id: int, body: WithdrawBody) -> DisputeShape:
    """The claimant gives up the claim; the escrow's freeze is lifted."""
    version = _version(call, dispute_id, body.version)
    disputes.withdraw(
        call.session,
        dispute_id,
        body.reason,
        version=version,
        at=call.at,
        actor=call.actor,
        settings=call.runtime.settings,
    )
    return one_dispute(call.session, dispute_id)


def _version(call: Call, dispute_id: int, seen: int | None) -> int:
    return disputes.get(call.session, dispute_id).version if seen is None else seen
