"""Placement holds: amounts held back from a placement's payout until a date. Each is an order's escrow."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.state_labels import in_words
from webapp.domain.states import EscrowStatus, Policy
from webapp.domain.words import phrase
from webapp.errors import Invalid, NotFound, Overtaken
from webapp.models import Escrow
from webapp.models.base import BigInt
from webapp.services.approvals import escrow_decisions
from webapp.services.approvals.approvals import DecisionResult
from webapp.services.audit import trail
from webapp.services.common import lookup, validation
from webapp.services.escrows import disbursement, release_dates
from webapp.services.orders import orders
from webapp.services.orders.orders import NewOrder
from webapp.settings import Settings

TERMS = ("wallet", "paid")


@dataclass(frozen=True, slots=True)
class NewHold:
    """A hold to be: from the buyer's wallet, or paid in already. Amount and fee in minor units."""

    ref: str
    placement: str
    buyer_id: int
    seller_id: int
    amount: int
    currency: str
    release_at: datetime
    terms: str = "wallet"
    fee: int | None = None


def create(session: Session, new: NewHold, *, at: datetime, actor: Actor, settings: Settings) -> Escrow:
    """Hold an amount back, with its order in the same transaction. A wallet that doesn't cover it is Invalid."""
    actor.require("hold:write")
    if new.terms not in TERMS:
        raise Invalid(
            phrase("Terms are one of %(TERMS)s.", TERMS=", ".join(TERMS)),
            fields={"terms": phrase("One of %(TERMS)s.", TERMS=", ".join(TERMS))},
        )
    _require_to_come(new.release_at, at)
    order = NewOrder(
        ref=new.ref,
        buyer_id=new.buyer_id,
        seller_id=new.seller_id,
        amount=new.amount,
        currency=new.currency,
        policy=Policy.PLACEMENT,
        terms=new.terms,
        fee=new.fee,
        release_at=new.release_at,
        placement=_named(new.placement),
    )
    made = orders.make(session, order, at=at, actor=actor, settings=settings)
    return orders.escrow_of(session, made.id)


def get(session: Session, hold_id: int) -> Escrow:
    """One hold. Raises NotFound, also for an escrow that is none."""
    escrow = session.get(Escrow, hold_id, populate_existing=True)
    if escrow is None or escrow.policy != Policy.PLACEMENT:
        raise NotFound(phrase("There is no placement hold %(hold_id)s.", hold_id=hold_id))
    return escrow


def update(
    session: Session,
    hold_id: int,
    *,
    placement: str,
    release_at: datetime,
    reason: str,
    version: int,
    at: datetime,
    actor: Actor,
) -> Escrow:
    """Name another placement, or put the date off. To pay sooner, somebody releases it: that is a money decision."""
    actor.require("hold:write")
    name, reason = _named(placement), validation.require_text(reason, "reason", phrase("Say why it is changed."))
    escrow = _locked(session, hold_id)
    lookup.require_version(escrow, version, "hold")
    if escrow.status not in (EscrowStatus.HELD, EscrowStatus.PENDING_PAYMENT):
        raise Overtaken(
            phrase(
                "The hold %(ref)s is %(in_words)s: there is nothing left to change.",
                ref=escrow.ref,
                in_words=in_words(escrow.status),
            )
        )
    if escrow.release_at is not None and release_at < escrow.release_at:
        raise Invalid(phrase("A hold's date is only put off."), fields={"release_at": phrase("Not sooner than it is.")})
    if release_at != escrow.release_at:
        _require_to_come(release_at, at)
        release_dates.put_off(session, escrow, release_at, at=at, actor=actor, reason=reason)
    if name != escrow.placement:
        _rename(session, escrow, name, reason, at, actor)
    return escrow


def release(
    session: Session, hold_id: int, reason: str, *, version: int, at: datetime, actor: Actor, settings: Settings
) -> DecisionResult:
    """Pay it before its date, or propose it."""
    get(session, hold_id)
    return escrow_decisions.release(session, hold_id, reason, version=version, at=at, actor=actor, settings=settings)


def cancel(
    session: Session, hold_id: int, reason: str, *, version: int, at: datetime, actor: Actor, settings: Settings
) -> DecisionResult:
    """Give it back to whom it was held from, or propose it; one that was never paid in is voided."""
    unpaid = get(session, hold_id).status == EscrowStatus.PENDING_PAYMENT
    decide = escrow_decisions.void if unpaid else escrow_decisions.refund
    return decide(session, hold_id, reason, version=version, at=at, actor=actor, settings=settings)


def total_of(session: Session, placement: str) -> list[tuple[str, int, int]]:
    """What is held still for a placement: (currency, count, minor units)."""
    amount = func.sum(Escrow.amount).cast(BigInt)
    held = (Escrow.placement == placement, Escrow.policy == Policy.PLACEMENT, Escrow.status == EscrowStatus.HELD)
    rows = session.execute(
        select(Escrow.currency, func.count(), amount).where(*held).group_by(Escrow.currency).order_by(Escrow.currency)
    )
    return [(currency, count, total) for currency, count, total in rows]


def _locked(session: Session, hold_id: int) -> Escrow:
    get(session, hold_id)
    return disbursement.locked(session, hold_id)


def _named(placement: str) -> str:
    return validation.require_text(placement, "placement", phrase("Name the placement."), longest=80)


def _require_to_come(release_at: datetime, at: datetime) -> None:
    if release_at <= at:
        raise Invalid(phrase("Choose a date to come."), fields={"release_at": phrase("Later than now.")})


def _rename(session: Session, escrow: Escrow, name: str, reason: str, at: datetime, actor: Actor) -> None:
    before, after = {"placement": escrow.placement}, {"placement": name}
    escrow.placement, escrow.version = name, escrow.version + 1
    session.flush()
    trail.record(session, actor, "hold.rename", ("escrow", escrow.id), at=at, reason=reason, before=before, after=after)
