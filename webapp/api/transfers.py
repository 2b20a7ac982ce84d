"""Transfers over HTTP: look at one, and correct it by its opposite."""

from webapp.api.decisions import Decision, decision
from webapp.api.endpoints import Call, Endpoints
from webapp.api.escrow_shapes import TransferShape, transfer_shape
from webapp.api.shapes import Input, Sentence
from webapp.services import escrow_ledger, escrows

endpoints = Endpoints("transfers")


class ReverseBody(Input):
    """Why. `to_debt` posts what a wallet lacks as its party's debt."""

    reason: Sentence
    to_debt: bool = False


@endpoints.get("/api/v1/transfers/<id:transfer_id>", "escrow:read")
def get_transfer(call: Call, transfer_id: int) -> TransferShape:
    """One transfer with its entries."""
    return transfer_shape(escrow_ledger.one(call.session, transfer_id))


@endpoints.post("/api/v1/transfers/<id:transfer_id>/reverse", "money:reverse")
def reverse_transfer(call: Call, transfer_id: int, body: ReverseBody) -> Decision:
    """Correct a movement by its opposite; above the limit it is proposed."""
    settings = call.runtime.settings
    came = escrows.reverse(
        call.session,
        transfer_id,
        body.reason,
        to_debt=body.to_debt,
        at=call.at,
        actor=call.actor,
        settings=settings,
    )
    return decision(came)
