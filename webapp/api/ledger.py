"""Transfers over HTTP: look at one, and correct it by its opposite."""

from webapp.api.approvals.schemas import Decision, decision
from webapp.api.escrows.schemas import TransferShape, transfer_shape
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import LongText, MinorUnits, RequestModel
from webapp.services.ledger import transfer_queries as escrow_ledger
from webapp.services.payments.reversals import decisions as reversal_decisions
from webapp.services.payments.reversals.executors import ReverseAndRefund, ReverseAndSplit, ReverseTransfer

endpoints = Endpoints("transfers")


class ReverseBody(RequestModel):
    """Why. `to_debt` posts what a wallet lacks as its party's debt."""

    reason: LongText
    to_debt: bool = False


class SplitBody(ReverseBody):
    """Who gets how much instead, in minor units before the fee; the two make what was held."""

    buyer_amount: MinorUnits
    seller_amount: MinorUnits


@endpoints.get("/api/v1/transfers/<id:transfer_id>", "escrow:read")
def get_transfer(call: Call, transfer_id: int) -> TransferShape:
    """One transfer with its entries."""
    return transfer_shape(escrow_ledger.one(call.session, transfer_id))


@endpoints.post("/api/v1/transfers/<id:transfer_id>/reverse", "money:reverse")
def reverse_transfer(call: Call, transfer_id: int, body: ReverseBody) -> Decision:
    """Correct a movement by its opposite; above the limit it is proposed."""
    settings = call.runtime.settings
    came = reversal_decisions.reverse(
        call.session,
        transfer_id,
        body.reason,
        to_debt=body.to_debt,
        at=call.at,
        actor=call.actor,
        settings=settings,
    )
    return decision(came)


@endpoints.post("/api/v1/transfers/<id:transfer_id>/reverse-and-refund", "money:reverse")
def reverse_and_refund_transfer(call: Call, transfer_id: int, body: ReverseBody) -> Decision:
    """Take back what an escrow paid and refund its buyer: one decision; above the limit it is proposed as one."""
    return _corrected(call, "transfer.reverse_and_refund", transfer_id, ReverseAndRefund(**body.model_dump()))


@endpoints.post("/api/v1/transfers/<id:transfer_id>/reverse-and-split", "money:reverse")
def reverse_and_split_transfer(call: Call, transfer_id: int, body: SplitBody) -> Decision:
    """Take back what an escrow paid and split it: one decision; above the limit it is proposed as one."""
    return _corrected(call, "transfer.reverse_and_split", transfer_id, ReverseAndSplit(**body.model_dump()))


def _corrected(call: Call, action: str, transfer_id: int, made: ReverseTransfer) -> Decision:
    settings = call.runtime.settings
    came = reversal_decisions.correct(
        call.session, action, transfer_id, made, at=call.at, actor=call.actor, settings=settings
    )
    return decision(came)
