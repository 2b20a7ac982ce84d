"""Transfers over HTTP: look at one, and correct it by its opposite."""

from webapp.api.approvals.schemas import Decision, decision
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import Instant, LongText, MinorUnits, Money, RequestModel, ResponseModel
from webapp.services.ledger import transfer_queries
from webapp.services.ledger.transfer_queries import TransferDetail
from webapp.services.payments.reversals import decisions as reversal_decisions
from webapp.services.payments.reversals.executors import ReverseAndRefund, ReverseAndSplit, ReverseTransfer

endpoints = Endpoints("transfers")


class SideShape(ResponseModel):
    """One entry of a transfer, in minor units; positive goes into the account."""

    account: str
    owner: str
    party_id: int | None
    amount: int


class TransferShape(ResponseModel):
    """One balanced movement; its entries sum to zero."""

    id: int
    reference: str
    kind: str
    amount: Money
    at: Instant
    run_id: int | None
    reverses_id: int | None
    entries: list[SideShape]


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
    return transfer_shape(transfer_queries.one(call.session, transfer_id))


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


def transfer_shape(moved: TransferDetail) -> TransferShape:
    """A transfer with its entries."""
    sides = [
        SideShape(account=side.kind, owner=side.owner, party_id=side.party_id, amount=side.amount)
        for side in moved.sides
    ]
    amount = Money(amount=moved.amount, currency=moved.currency)
    return TransferShape(
        id=moved.id,
        reference=moved.reference,
        kind=moved.kind,
        amount=amount,
        at=moved.at,
        run_id=moved.run_id,
        reverses_id=moved.reverses_id,
        entries=sides,
    )


def _corrected(call: Call, action: str, transfer_id: int, made: ReverseTransfer) -> Decision:
    settings = call.runtime.settings
    came = reversal_decisions.correct(
        call.session, action, transfer_id, made, at=call.at, actor=call.actor, settings=settings
    )
    return decision(came)
