"""Placement holds over HTTP: amounts held back from a placement's payout until a date."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field

from webapp.api.approvals.schemas import Decision, decision
from webapp.api.escrows.endpoints import DecideBody
from webapp.api.escrows.placement_hold_schemas import HoldShape, hold_shapes, one_hold
from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import (
    Amount,
    LongText,
    MinorUnits,
    Money,
    NewestFirst,
    Page,
    Reference,
    RequestInstant,
    RequestModel,
    ResponseModel,
    ShortText,
    Version,
    to_page,
)
from webapp.api.jobs.endpoints import RUN_ADDRESS, triggered
from webapp.api.jobs.schemas import RunShape, run_shape
from webapp.api.parties.schemas import id_of
from webapp.domain.escrow_policies import JOBS
from webapp.domain.states import EscrowStatus, Policy
from webapp.models import Escrow
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.orders import placement_holds
from webapp.services.orders.placement_holds import NewHold

endpoints = Endpoints("escrow-holds")
_ADDRESS = "/api/v2/escrow-holds"


class HoldsQuery(NewestFirst):
    """Which holds; `active` ones are held still."""

    active: bool | None = None
    placement: ShortText | None = None


class HoldBody(RequestModel):
    """A new hold, from the buyer's wallet or paid in already."""

    ref: Annotated[Reference, Field(max_length=78)]
    placement: Reference
    buyer: Annotated[Reference, Field(description="Whom it is held from: the party's reference.")]
    seller: Annotated[Reference, Field(description="Who gets it: the party's reference.")]
    amount: Amount
    release_at: RequestInstant
    terms: Literal["wallet", "paid"] = "wallet"
    fee: MinorUnits | None = None


class HoldChange(RequestModel):
    """What a hold is to be: its date can only be put off, its amount stays."""

    placement: Reference
    release_at: RequestInstant
    reason: LongText = "Changed over the API."
    version: Version = None


class DeleteBody(RequestModel):
    """Why, if there is more to say."""

    reason: LongText = "Deleted over the API."
    version: Version = None


class HoldDecision(Decision):
    """What came of it, and the hold as it is now."""

    hold: HoldShape


class HoldTotal(ResponseModel):
    """What is held still for a placement, per currency."""

    placement: str
    holds: int
    totals: list[Money]


@endpoints.get(_ADDRESS, "escrow:read")
def list_escrow_holds(call: Call, query: HoldsQuery) -> Page[HoldShape]:
    """Holds, newest first."""
    return _page(call, query, query.placement, query.active)


@endpoints.post(_ADDRESS, "hold:write", status=201, location=f"{_ADDRESS}/{{id}}")
def create_escrow_hold(call: Call, body: HoldBody) -> HoldShape:
    """Hold an amount back until a date. Refused when the buyer's wallet does not cover it."""
    new = NewHold(
        ref=body.ref,
        placement=body.placement,
        buyer_id=id_of(call.session, body.buyer, "buyer"),
        seller_id=id_of(call.session, body.seller, "seller"),
        amount=body.amount.amount,
        currency=body.amount.currency,
        release_at=body.release_at,
        terms=body.terms,
        fee=body.fee,
    )
    made = placement_holds.create(call.session, new, at=call.at, actor=call.actor, settings=call.runtime.settings)
    return one_hold(call.session, made.id)


@endpoints.post(f"{_ADDRESS}/process-due", "job:run", status=202, location=RUN_ADDRESS)
def process_due_escrow_holds(call: Call) -> RunShape:
    """Pay every hold whose date has come: a run of the job, now."""
    return run_shape(triggered(call, JOBS[Policy.PLACEMENT]))


@endpoints.get(f"{_ADDRESS}/<id:hold_id>", "escrow:read")
def get_escrow_hold(call: Call, hold_id: int) -> HoldShape:
    """One hold."""
    return one_hold(call.session, hold_id)


@endpoints.put(f"{_ADDRESS}/<id:hold_id>", "hold:write")
def update_escrow_hold(call: Call, hold_id: int, body: HoldChange) -> HoldShape:
    """Name another placement, or put the date off."""
    placement_holds.update(
        call.session,
        hold_id,
        placement=body.placement,
        release_at=body.release_at,
        reason=body.reason,
        version=_version(call, hold_id, body.version),
        at=call.at,
        actor=call.actor,
    )
    return one_hold(call.session, hold_id)


@endpoints.delete(f"{_ADDRESS}/<id:hold_id>", "money:propose")
def delete_escrow_hold(call: Call, hold_id: int, body: DeleteBody) -> HoldDecision:
    """Cancel it: the money goes back to whom it was held from."""
    return _decided(call, hold_id, body, placement_holds.cancel)


@endpoints.post(f"{_ADDRESS}/<id:hold_id>/release", "money:propose")
def release_escrow_hold(call: Call, hold_id: int, body: DecideBody) -> HoldDecision:
    """Pay it before its date; above the limit it is proposed."""
    return _decided(call, hold_id, body, placement_holds.release)


@endpoints.post(f"{_ADDRESS}/<id:hold_id>/cancel", "money:propose")
def cancel_escrow_hold(call: Call, hold_id: int, body: DecideBody) -> HoldDecision:
    """Give it back to whom it was held from; above the limit it is proposed."""
    return _decided(call, hold_id, body, placement_holds.cancel)


@endpoints.get("/api/v2/placements/<placement>/escrow-holds", "escrow:read")
def list_holds_of_placement(call: Call, placement: str, query: NewestFirst) -> Page[HoldShape]:
    """Every hold of a placement, newest first."""
    return _page(call, query, placement, None)


@endpoints.get("/api/v2/placements/<placement>/escrow-holds/total", "escrow:read")
def total_of_placement(call: Call, placement: str) -> HoldTotal:
    """What is held still for a placement."""
    found = placement_holds.total_of(call.session, placement)
    totals = [Money(amount=amount, currency=currency) for currency, _, amount in found]
    return HoldTotal(placement=placement, holds=sum(count for _, count, _ in found), totals=totals)


def _page(call: Call, query: NewestFirst, placement: str | None, active: bool | None) -> Page[HoldShape]:
    held = Escrow.status == EscrowStatus.HELD
    also: dict[bool | None, tuple[Any, ...]] = {None: (), True: (held,), False: (~held,)}
    wanted = {Escrow.policy: Policy.PLACEMENT, Escrow.placement: placement}
    found = hold_shapes(call.session, newest_first(call.session, Escrow, query, wanted, *also[active]))
    return to_page(found, query, lambda hold: hold)


def _decided(
    call: Call, hold_id: int, body: DecideBody | DeleteBody, decide: Callable[..., DecisionResult]
) -> HoldDecision:
    came = decide(
        call.session,
        hold_id,
        body.reason,
        version=_version(call, hold_id, body.version),
        at=call.at,
        actor=call.actor,
        settings=call.runtime.settings,
    )
    return HoldDecision(**dict(decision(came)), hold=one_hold(call.session, hold_id))


def _version(call: Call, hold_id: int, seen: int | None) -> int:
    return placement_holds.get(call.session, hold_id).version if seen is None else seen
