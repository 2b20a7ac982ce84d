"""Decisions above the limit that wait for a second person."""

from datetime import timedelta

from sqlalchemy import insert, update

from webapp.demo.disputes import Case
from webapp.demo.money import freeze
from webapp.demo.world import DEMO, World
from webapp.domain.states import ApprovalStatus, DisputeStatus, FreezeCause
from webapp.models import Approval, Dispute
from webapp.services import audit


def add_proposals(world: World, cases: list[Case]) -> None:
    """The agent has proposed how these end; they wait for the approver."""
    for case in cases:
        if case.trade.fate == "proposed":
            _propose(world, case)


def _propose(world: World, case: Case) -> None:
    agent, trade, at = world.people["agent"], case.trade, world.ago(hours=5)
    by = (f"user:{agent.id}", agent.name)
    reason = "The waybill and the photos agree: six in ten reached the buyer in order."
    buyer = trade.amount * 40 // 100
    payload = {
        "resolution": "split", "code": case.claim.code, "reason": reason, "buyer_amount": buyer,
        "seller_amount": trade.amount - buyer,
    }
    world.session.execute(
        update(Dispute).where(Dispute.id == case.id).values(status=DisputeStatus.PENDING_APPROVAL, version=2)
    )
    made = insert(Approval).values(
        subject_kind="dispute",
        subject_id=case.id,
        escrow_id=trade.escrow_id,
        action="dispute.resolve",
        payload=payload,
        subject_version=2,
        currency=trade.market.currency,
        amount=trade.amount,
        status=ApprovalStatus.PROPOSED,
        reason=reason,
        proposed_by=by[0],
        proposed_by_name=by[1],
        proposed_at=at,
        expires_at=world.now + timedelta(hours=67),
    )
    approval_id = world.session.scalars(made.returning(Approval.id)).one()
    freeze(world, trade, FreezeCause.PROPOSAL, approval_id, f"A decision on {case.ref} waits for approval.", at, by)
    audit.record(world.session, DEMO, "approval.propose", ("approval", approval_id), at=at, reason=reason)
