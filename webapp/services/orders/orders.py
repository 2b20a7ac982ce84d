"""Orders: what was bought. Its escrow is made in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.escrow_policies import AFTER_COMPLETION
from webapp.domain.outbox.event_types import OrderCompleted, OrderCreated
from webapp.domain.references import escrow_ref
from webapp.domain.state_labels import in_words
from webapp.domain.states import EscrowStatus, OrderStatus, Policy
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid
from webapp.models import Escrow, Order
from webapp.services.audit import trail
from webapp.services.common import events, lookup, validation
from webapp.services.escrows import release_dates, voids
from webapp.services.orders import wallet_funding
from webapp.services.parties import parties
from webapp.services.storefront import tenants
from webapp.settings import Settings
from webapp.sql import insert_new, lock, one_of

TERMS = ("unpaid", "paid", "credit", "wallet")
_BASIS = 10_000


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order to be. Amount and fee in minor units; without a fee the platform's share is taken."""

    ref: str
    buyer_id: int
    seller_id: int
    amount: int
    currency: str
    policy: str = Policy.DEADLINE
    terms: str = "unpaid"
    fee: int | None = None
    tenant: str | None = None
    release_at: datetime | None = None
    placement: str | None = None


def create(session: Session, new: NewOrder, *, at: datetime, actor: Actor, settings: Settings) -> Order:
    """Add an order with its escrow: unpaid, or held at once: paid already, from the buyer's wallet, or on credit."""
    actor.require("order:write")
    return make(session, new, at=at, actor=actor, settings=settings)


def make(session: Session, new: NewOrder, *, at: datetime, actor: Actor, settings: Settings) -> Order:
    """The same for a caller who has checked that the actor may."""
    fee = _checked(session, new, settings)
    if new.tenant is not None:
        tenants.admit_orders(session, [new.tenant], at=at, actor=actor)
    order = _insert_order(session, new, at)
    escrow = Escrow(
        ref=escrow_ref(order.ref),
        order_id=order.id,
        buyer_id=new.buyer_id,
        seller_id=new.seller_id,
        policy=new.policy,
        placement=new.placement,
        status=EscrowStatus.PENDING_PAYMENT,
        currency=new.currency,
        amount=new.amount,
        fee=fee,
        hold_no=1,
        freezes=0,
        release_at=new.release_at or _default_release(new.policy, at, settings),
        created_at=at,
        version=1,
    )
    session.add(escrow)
    session.flush()
    details = {"order": order.ref, "amount": new.amount, "currency": new.currency, "terms": new.terms}
    trail.record(session, actor, "order.create", ("order", order.id), at=at, after=details)
    events.add(session, OrderCreated(terms=new.terms), order.id, at=at)
    if new.terms != "unpaid":
        wallet_funding.fund(session, escrow, new.terms, at=at, actor=actor)
    return order


def get(session: Session, order_id: int) -> Order:
    """One order. Raises NotFound."""
    return lookup.by_id(session, Order, order_id, "order")


def by_ref(session: Session, ref: str) -> Order:
    """The order with this reference. Raises NotFound."""
    found: Order = lookup.by_ref(session, Order, ref, "order")
    return found


def refs_of(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """The references of many orders, by id."""
    return dict(session.execute(select(Order.id, Order.ref).where(one_of(session, Order.id, ids))).all())


def escrow_of(session: Session, order_id: int) -> Escrow:
    """The order's escrow."""
    return session.scalars(select(Escrow).where(Escrow.order_id == order_id)).one()


def complete(session: Session, order_id: int, *, at: datetime, actor: Actor, settings: Settings) -> Order:
    """The buyer's approval of the finished work; it makes the escrow due, at once or when its buffer is over.

    Raises Conflict unless the order is in progress.
    """
    actor.require("order:write")
    order = _locked(session, order_id)
    if order.status != OrderStatus.IN_PROGRESS:
        raise Conflict(
            phrase(
                "Order %(ref)s is %(in_words)s: only one in progress can be completed.",
                ref=order.ref,
                in_words=in_words(order.status),
            )
        )
    order.status, order.completed_at = OrderStatus.COMPLETED, at
    session.flush()
    trail.record(session, actor, "order.complete", ("order", order.id), at=at)
    events.add(session, OrderCompleted(), order.id, at=at)
    _make_due(session, escrow_of(session, order_id), at, actor, settings)
    return order


def cancel(session: Session, order_id: int, reason: str, *, at: datetime, actor: Actor) -> Order:
    """Give up an order that was never paid; its escrow is voided. Money that is held needs a refund instead."""
    actor.require("order:write")
    reason = validation.require_text(reason, "reason", phrase("Say why the order is cancelled."))
    order = _locked(session, order_id)
    escrow = escrow_of(session, order_id)
    if order.status != OrderStatus.AWAITING_PAYMENT or escrow.status != EscrowStatus.PENDING_PAYMENT:
        raise Conflict(
            phrase(
                "Order %(ref)s is %(in_words)s: only an unpaid order can be cancelled.",
                ref=order.ref,
                in_words=in_words(order.status),
            )
        )
    voids.void_all(session, [escrow.id], at=at, actor=actor, reason="cancelled", note=reason)
    return get(session, order_id)


def _make_due(session: Session, escrow: Escrow, at: datetime, actor: Actor, settings: Settings) -> None:
    # Also while its money is away: what a reversal brings back is due by the same completion.
    if escrow.policy in AFTER_COMPLETION:
        days = settings.buffer_days if escrow.policy == Policy.BUFFER else 0
        release_dates.set_by_completion(session, escrow, at + timedelta(days=days), at=at, actor=actor)


def _locked(session: Session, order_id: int) -> Order:
    """The order, with its escrow's row taken: every change of an order goes through its escrow's lock."""
    get(session, order_id)
    lock(session, Escrow, [escrow_of(session, order_id).id])
    session.expire_all()
    return get(session, order_id)


def _insert_order(session: Session, new: NewOrder, at: datetime) -> Order:
    unpaid = new.terms == "unpaid"
    row = insert_new(session, Order).values(
        ref=new.ref.strip(),
        buyer_id=new.buyer_id,
        seller_id=new.seller_id,
        tenant=new.tenant,
        amount=new.amount,
        status=OrderStatus.AWAITING_PAYMENT if unpaid else OrderStatus.IN_PROGRESS,
        currency=new.currency,
        on_credit=new.terms == "credit",
        created_at=at,
        paid_at=at if new.terms in ("paid", "wallet") else None,
    )
    if session.execute(row.on_conflict_do_nothing().returning(Order.id)).one_or_none() is None:
        raise Conflict(phrase("There is an order %(ref)s already.", ref=new.ref), fields={"ref": "Taken."})
    return by_ref(session, new.ref.strip())


def _checked(session: Session, new: NewOrder, settings: Settings) -> int:
    """The fee, once everything else is right."""
    validation.require_text(new.ref, "ref", phrase("Give the order's reference."), longest=78)
    validation.require_amount(new.amount, new.currency)
    if new.terms not in TERMS:
        raise Invalid(
            phrase("Terms are one of %(TERMS)s.", TERMS=", ".join(TERMS)),
            fields={"terms": phrase("One of %(TERMS)s.", TERMS=", ".join(TERMS))},
        )
    if new.policy not in list(Policy):
        raise Invalid(
            phrase("A policy is one of %(Policy)s.", Policy=", ".join(Policy)),
            fields={"policy": phrase("One of %(Policy)s.", Policy=", ".join(Policy))},
        )
    if new.buyer_id == new.seller_id:
        raise Invalid(
            phrase("Buyer and seller are the same party."), fields={"seller": phrase("Another party than the buyer.")}
        )
    parties.require_known(session, new.buyer_id, new.seller_id)
    fee = new.amount * settings.escrow_fee_basis_points // _BASIS if new.fee is None else new.fee
    if not 0 <= fee <= new.amount:
        raise Invalid(
            phrase("The fee is between zero and the amount."), fields={"fee": phrase("Between zero and the amount.")}
        )
    return fee


def _default_release(policy: str, at: datetime, settings: Settings) -> datetime | None:
    """A deadline counts from the order's creation; the other policies' dates come with their own events."""
    return at + timedelta(days=settings.escrow_auto_release_days) if policy == Policy.DEADLINE else None
