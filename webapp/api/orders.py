"""Orders over HTTP. An order's escrow is made with it, in the same transaction."""

from typing import Annotated, Any, Literal

from pydantic import Field

from webapp.api.escrows.endpoints import endpoints as escrow_endpoints
from webapp.api.escrows.schemas import EscrowShape, one_escrow
from webapp.api.framework.pagination import newest_first
from webapp.api.framework.routing import Call, Endpoints
from webapp.api.framework.schemas import (
    Amount,
    Currency,
    Instant,
    MinorUnits,
    Money,
    NewestFirst,
    Page,
    ReasonBody,
    Reference,
    RequestInstant,
    RequestModel,
    ResponseModel,
    ShortText,
    TenantReference,
    to_page,
)
from webapp.api.parties.schemas import PartyName, id_of, names
from webapp.domain.states import OrderStatus, Policy
from webapp.models import Order
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder

endpoints = Endpoints("orders")


class OrderShape(ResponseModel):
    """What was bought."""

    id: int
    ref: str
    buyer: PartyName
    seller: PartyName
    tenant: str | None
    status: str
    amount: Money
    on_credit: bool
    created_at: Instant
    paid_at: Instant | None
    completed_at: Instant | None


class OrderWithEscrow(OrderShape):
    """An order and the escrow that was made with it."""

    escrow: EscrowShape


class OrderBody(RequestModel):
    """A new order. `terms`: to be paid, paid already, from the buyer's wallet, or on credit (the platform funds it)."""

    ref: Annotated[Reference, Field(max_length=78)]
    buyer: Annotated[Reference, Field(description="The buyer's reference.")]
    seller: Annotated[Reference, Field(description="The seller's reference.")]
    amount: Amount
    fee: MinorUnits | None = None
    terms: Literal["unpaid", "paid", "credit", "wallet"] = "unpaid"
    policy: Policy = Policy.DEADLINE
    release_at: RequestInstant | None = None
    tenant: TenantReference | None = None


class OrdersQuery(NewestFirst):
    """Which orders."""

    ref: ShortText | None = None
    status: OrderStatus | None = None
    currency: Currency | None = None
    tenant: ShortText | None = None
    buyer: ShortText | None = None
    seller: ShortText | None = None


@endpoints.post("/api/v1/orders", "order:write", status=201, location="/api/v1/orders/{id}")
def create_order(call: Call, body: OrderBody) -> OrderWithEscrow:
    """Take an order; its escrow is made in the same transaction."""
    return with_escrow(call, made(call, body).id)


@escrow_endpoints.post("/api/v1/escrows", "order:write", status=201, location="/api/v1/escrows/{id}")
def create_escrow(call: Call, body: OrderBody) -> EscrowShape:
    """Make an escrow: with the order that it is for."""
    return one_escrow(call.session, orders.escrow_of(call.session, made(call, body).id).id)


@endpoints.get("/api/v1/orders", "order:read")
def list_orders(call: Call, query: OrdersQuery) -> Page[OrderShape]:
    """Orders, newest first."""
    wanted = {
        Order.ref: query.ref,
        Order.status: query.status,
        Order.currency: query.currency,
        Order.tenant: query.tenant,
        Order.buyer_id: id_of(call.session, query.buyer, "buyer") if query.buyer else None,
        Order.seller_id: id_of(call.session, query.seller, "seller") if query.seller else None,
    }
    found = newest_first(call.session, Order, query, wanted)
    known = names(call.session, [party for order in found for party in (order.buyer_id, order.seller_id)])
    return to_page(found, query, lambda order: OrderShape(**_fields(order, known)))


@endpoints.get("/api/v1/orders/<id:order_id>", "order:read")
def get_order(call: Call, order_id: int) -> OrderWithEscrow:
    """One order with its escrow."""
    return with_escrow(call, order_id)


@endpoints.post("/api/v1/orders/<id:order_id>/complete", "order:write")
def complete_order(call: Call, order_id: int) -> OrderWithEscrow:
    """The buyer approves the finished work."""
    orders.complete(call.session, order_id, at=call.at, actor=call.actor, settings=call.runtime.settings)
    return with_escrow(call, order_id)


@endpoints.post("/api/v1/orders/<id:order_id>/cancel", "order:write")
def cancel_order(call: Call, order_id: int, body: ReasonBody) -> OrderWithEscrow:
    """Give up an order that was never paid; its escrow is voided."""
    orders.cancel(call.session, order_id, body.reason, at=call.at, actor=call.actor)
    return with_escrow(call, order_id)


def made(call: Call, body: OrderBody) -> Order:
    """A new order by what a caller sent."""
    new = NewOrder(
        ref=body.ref,
        buyer_id=id_of(call.session, body.buyer, "buyer"),
        seller_id=id_of(call.session, body.seller, "seller"),
        amount=body.amount.amount,
        currency=body.amount.currency,
        policy=body.policy,
        terms=body.terms,
        fee=body.fee,
        tenant=body.tenant,
        release_at=body.release_at,
    )
    return orders.create(call.session, new, at=call.at, actor=call.actor, settings=call.runtime.settings)


def with_escrow(call: Call, order_id: int) -> OrderWithEscrow:
    """The order as it is now, with its escrow."""
    order = orders.get(call.session, order_id)
    escrow = one_escrow(call.session, orders.escrow_of(call.session, order_id).id)
    known = {escrow.buyer.id: escrow.buyer, escrow.seller.id: escrow.seller}
    return OrderWithEscrow(**_fields(order, known), escrow=escrow)


def _fields(order: Order, known: dict[int, PartyName]) -> dict[str, Any]:
    named = {name: getattr(order, name) for name in ("id", "ref", "tenant", "status", "on_credit")}
    times = {name: getattr(order, name) for name in ("created_at", "paid_at", "completed_at")}
    amount = Money(amount=order.amount, currency=order.currency)
    return named | times | {"buyer": known[order.buyer_id], "seller": known[order.seller_id], "amount": amount}
