"""Finding anything by what people type: exact references first, then what begins with it; always by an index."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.numbers import parse_whole
from webapp.domain.state_labels import in_words
from webapp.domain.words import joined
from webapp.models import (
    Approval,
    Dispute,
    Escrow,
    Order,
    Party,
    Payment,
    Payout,
    PayoutSchedule,
    Run,
    Schedule,
    Tenant,
    Transfer,
    User,
)
from webapp.services.parties import search as party_search
from webapp.services.payments import search as payment_search
from webapp.services.subscriptions import search as subscription_search
from webapp.sql import begins

EACH = 5
"""How many of each kind are shown."""
LONGEST = 80


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found. `kind` and `id` say which page it has; `note` tells it from its likes."""

    kind: str
    id: int | str
    label: str
    note: str = ""
    exact: bool = False


def find(session: Session, words: str, actor: Actor) -> list[Hit]:
    """What the words name and the actor may see; exact references first. Bounded."""
    words = words.strip()[:LONGEST]
    if not words:
        return []
    hits = [hit for permission, way in _WAYS if actor.may(permission) for hit in way(session, words)]
    return sorted(hits, key=lambda hit: not hit.exact)


def _referenced(kind: str, model: Any, note: Any) -> Callable[[Session, str], Iterator[Hit]]:
    def way(session: Session, words: str) -> Iterator[Hit]:
        query = select(model.id, model.ref, note).where(begins(model.ref, words)).order_by(model.ref).limit(EACH)
        for number, ref, description in session.execute(query):
            yield Hit(kind, number, ref, in_words(str(description)), ref == words)

    return way


def _orders(session: Session, words: str) -> Iterator[Hit]:
    query = (
        select(Escrow.id, Order.ref, Order.status)
        .join(Escrow, Escrow.order_id == Order.id)
        .where(begins(Order.ref, words))
    )
    for number, ref, status in session.execute(query.order_by(Order.ref).limit(EACH)):
        yield Hit("order", number, ref, in_words(status), ref == words)


def _parties(session: Session, words: str) -> Iterator[Hit]:
    query = select(Party.id, Party.name, Party.ref).where(party_search.matching(words)).order_by(Party.id).limit(EACH)
    for number, name, ref in session.execute(query):
        yield Hit("party", number, name, ref, words in (name, ref))


def _tenants(session: Session, words: str) -> Iterator[Hit]:
    found = select(Tenant.id, Tenant.name, Tenant.ref).where(subscription_search.tenants_matching(words))
    for number, name, ref in session.execute(found.order_by(Tenant.id).limit(EACH)):
        yield Hit("tenant", number, name, ref, words in (name, ref))


def _transfers(session: Session, words: str) -> Iterator[Hit]:
    query = select(Transfer.escrow_id, Transfer.reference, Transfer.kind).where(
        Transfer.reference == words, Transfer.escrow_id.is_not(None)
    )
    for number, reference, kind in session.execute(query):
        yield Hit("transfer", number or 0, reference, kind, True)


def _payments(session: Session, words: str) -> Iterator[Hit]:
    query = select(Payment.id, Payment.status, Payment.provider).where(payment_search.referenced(words)).limit(EACH)
    for number, status, provider in session.execute(query):
        yield Hit("payment", number, words, joined(provider, in_words(status), between=", "), True)


def _jobs(session: Session, words: str) -> Iterator[Hit]:
    like = words.lower().replace(" ", "_")
    for job in session.scalars(
        select(Schedule.job).where(begins(Schedule.job, like)).order_by(Schedule.job).limit(EACH)
    ):
        yield Hit("job", job, job, exact=job == like)


def _numbered(kind: str, model: Any, note: Any) -> Callable[[Session, str], Iterator[Hit]]:
    def way(session: Session, words: str) -> Iterator[Hit]:
        number = parse_whole(words.lower().removeprefix(kind).strip(" #"))
        if number is not None:
            for found, description in session.execute(select(model.id, note).where(model.id == number)):
                yield Hit(kind, found, f"{kind} {found}", in_words(str(description)))

    return way


def _users(session: Session, words: str) -> Iterator[Hit]:
    for number, name, email in session.execute(
        select(User.id, User.name, User.email).where(User.email == words.lower())
    ):
        yield Hit("user", number, name, email, True)


_WAYS: tuple[tuple[str, Callable[[Session, str], Iterator[Hit]]], ...] = (
    ("escrow:read", _referenced("escrow", Escrow, Escrow.status)),
    ("dispute:read", _referenced("dispute", Dispute, Dispute.status)),
    ("order:read", _orders),
    ("party:read", _parties),
    ("storefront:read", _tenants),
    ("escrow:read", _transfers),
    ("payment:read", _payments),
    ("payout:read", _referenced("payout", Payout, Payout.status)),
    ("payout:read", _referenced("payout_schedule", PayoutSchedule, PayoutSchedule.status)),
    ("job:read", _jobs),
    ("job:read", _numbered("run", Run, Run.job)),
    ("approval:read", _numbered("approval", Approval, Approval.status)),
    ("user:manage", _users),
)
