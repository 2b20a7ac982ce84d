"""Tenants as orders know them: each that an order names is there, and one that is suspended gets no new ones."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import literal, select, true
from sqlalchemy.orm import Session

from webapp.domain import references
from webapp.domain.actors import Actor
from webapp.domain.states import SubscriptionStatus
from webapp.domain.storefront import checks
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid
from webapp.models import Subscription, Tenant
from webapp.services.audit import trail
from webapp.services.audit.trail import Record
from webapp.services.common import lookup
from webapp.sql import given_rows, insert_new, one_of


def get(session: Session, tenant_id: int) -> Tenant:
    """One tenant. Raises NotFound."""
    return lookup.by_id(session, Tenant, tenant_id, "tenant")


def by_ref(session: Session, ref: str) -> Tenant:
    """The tenant with this reference. Raises NotFound."""
    found: Tenant = lookup.by_ref(session, Tenant, ref, "tenant")
    return found


def refusal(ref: str, *, by_hand: bool) -> str:
    """Why a tenant's new orders are refused, and what ends that: a renewal doesn't where a person suspended it."""
    ends = phrase("somebody resumes its subscription") if by_hand else phrase("its subscription is renewed or extended")
    return phrase(
        "Tenant %(ref)s is suspended: its new orders are refused until %(ends)s. What is held for it goes on "
        "as before.",
        ref=ref,
        ends=ends,
    )


def suspended(session: Session, refs: Collection[str]) -> set[str]:
    """Which of these tenants are suspended."""
    found = (
        select(Tenant.ref)
        .join(Subscription, Subscription.tenant_id == Tenant.id)
        .where(one_of(session, Tenant.ref, sorted(refs)), Subscription.status == SubscriptionStatus.SUSPENDED)
    )
    return set(session.scalars(found))


def admit_orders(session: Session, refs: Sequence[str], *, at: datetime, actor: Actor, demo: bool = False) -> None:
    """Let orders name these tenants: one that the marketplace told nothing of yet is added under its reference.

    Shares the locks of their rows and subscriptions: none goes, and none is suspended, before these orders are there.
    Raises Conflict for one that is suspended, Invalid for a reference that the storefront would not take.
    """
    named = sorted(set(refs))
    if not named:
        return
    for ref in named:
        if sentence := checks.ref_problem("tenant", ref, references.LONGEST_TENANT):
            raise Invalid(sentence, fields={"tenant": sentence})
    _add_unknown(session, named, at, actor, demo)
    mine = one_of(session, Tenant.ref, named)
    session.execute(select(Tenant.id).where(mine).order_by(Tenant.id).with_for_update(read=True, key_share=True)).all()
    status = select(Tenant.ref, Subscription.status, Subscription.suspended_by_hand)
    status = status.join(Tenant, Tenant.id == Subscription.tenant_id).where(mine)
    locked = session.execute(status.order_by(Subscription.id).with_for_update(read=True, of=Subscription)).all()
    refused = sorted((row.ref, row.suspended_by_hand) for row in locked if row.status == SubscriptionStatus.SUSPENDED)
    if refused:
        ref, by_hand = refused[0]
        raise Conflict(refusal(ref, by_hand=by_hand), fields={"tenant": phrase("It is suspended.")})


def _add_unknown(session: Session, refs: Sequence[str], at: datetime, actor: Actor, demo: bool) -> None:
    known = set(session.scalars(select(Tenant.ref).where(one_of(session, Tenant.ref, refs))))
    new = [{"ref": ref, "name": ref, "created_at": at, "stored_at": at} for ref in refs if ref not in known]
    if not new:
        return
    columns = given_rows(session, Tenant, new)
    source = select(*(column.label(name) for name, column in columns.items()), literal(demo).label("demo"))
    insert = insert_new(session, Tenant).from_select([*columns, "demo"], source.where(true())).on_conflict_do_nothing()
    added = session.execute(insert.returning(Tenant.id, Tenant.ref)).all()
    why = phrase("An order names it.")
    records = [Record("tenant.create", ("tenant", row.id), why, after={"ref": row.ref}) for row in added]
    if records:
        trail.record_many(session, actor, records, at=at)
