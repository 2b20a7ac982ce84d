"""Finding anything by what people type: exact references first, then what begins with it, then what has it in it."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any

from sqlalchemy import null, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.numbers import parse_whole
from webapp.domain.state_labels import in_words
from webapp.domain.words import joined, phrase
from webapp.models import (
    Approval,
    Chargeback,
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
)
from webapp.providers import catalogue
from webapp.services.parties import search as party_search
from webapp.services.payments import search as payment_search
from webapp.services.search import anywhere, by_amount, people
from webapp.services.search.hits import EACH, Hit, Way
from webapp.services.subscriptions import search as subscription_search
from webapp.sql import begins

LONGEST = 80


def find(session: Session, words: str, actor: Actor, *, kinds: Collection[str] = ()) -> list[Hit]:
    """What the words name and the actor may see; exact references first. Bounded. `kinds` asks for those alone."""
    words = words.strip()[:LONGEST]
    if not words:
        return []
    ways = [way for kind, permission, way in _WAYS if actor.may(permission) and (not kinds or kind in kinds)]
    hits = [hit for way in ways for hit in way(session, words)]
    once = {(hit.kind, hit.id): hit for hit in sorted(hits, key=lambda hit: hit.exact)}
    partly = _partly(session, words, actor, kinds, Counter(hit.kind for hit in once.values()))
    found = {(hit.kind, hit.id): hit for hit in partly} | once
    return sorted(found.values(), key=lambda hit: (not hit.exact, (hit.kind, hit.id) not in once))


def _partly(session: Session, words: str, actor: Actor, kinds: Collection[str], known: Counter[str]) -> Iterator[Hit]:
    """What has the words somewhere in it, of those kinds of which there are fewer than can be shown."""
    if not anywhere.is_long_enough(words):
        return
    ways = [
        way
        for way in anywhere.WAYS
        if actor.may(way.permission) and (not kinds or way.kind in kinds) and known[way.kind] < EACH
    ]
    if not kinds and actor.may("order:read"):
        # An order and its escrow have one page.
        ways = [way for way in ways if way.kind != "escrow"]
    for found in anywhere.find(session, ways, words):
        note = found.note if found.sought.is_named else in_words(str(found.note))
        yield Hit(found.sought.kind, found.id, found.label, note)


def _referenced(kind: str, model: Any, note: Any) -> Way:
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
    named = select(Transfer.escrow_id, Transfer.reference, Transfer.kind).where(begins(Transfer.reference, words))
    first = named.order_by(Transfer.reference).limit(EACH)
    for number, reference, kind in session.execute(first):
        if number is not None:
            yield Hit("transfer", number, reference, kind, reference == words)


def _of_provider(kind: str, model: Any, *ways: Callable[[str], Any]) -> Way:
    """By a reference that is the provider's, or was given to it."""

    def way(session: Session, words: str) -> Iterator[Hit]:
        for condition in ways:
            query = select(model.id, model.status, model.provider).where(condition(words)).limit(EACH)
            for number, status, provider in session.execute(query):
                yield Hit(kind, number, words, joined(provider, in_words(status), between=", "), True)

    return way


def _chargebacks(session: Session, words: str) -> Iterator[Hit]:
    """By the number that the payer's bank and the provider gave it: its page is its payment's."""
    numbered = Chargeback.provider.in_(catalogue.payment_providers()) & (Chargeback.number == words)
    query = select(Chargeback.payment_id, Chargeback.status, Chargeback.provider)
    for number, status, provider in session.execute(query.where(numbered, Chargeback.payment_id.is_not(None))):
        yield Hit("payment", number or 0, words, joined(provider, in_words(status), between=", "), True)


def _placements(session: Session, words: str) -> Iterator[Hit]:
    holds = select(Escrow.placement).where(begins(Escrow.placement, words), Escrow.placement.is_not(None)).distinct()
    for placement in session.scalars(holds.order_by(Escrow.placement).limit(EACH)):
        yield Hit("placement", placement or "", placement or "", exact=placement == words)


def _proposals(session: Session, words: str) -> Iterator[Hit]:
    """What was proposed about an escrow or a dispute, by its reference."""
    for kind, model in (("escrow", Escrow), ("dispute", Dispute)):
        about = select(model.id).where(model.ref == words)
        query = select(Approval.id, Approval.status).where(
            Approval.subject_kind == kind, Approval.subject_id.in_(about)
        )
        for number, status in session.execute(query.order_by(Approval.id.desc()).limit(EACH)):
            yield Hit("approval", number, _by_number("approval", number), in_words(status))


def _by_number(kind: str, number: int) -> str:
    words = {"run": phrase("Run %(number)s", number=number), "approval": phrase("Proposal %(number)s", number=number)}
    return words[kind]


def _jobs(session: Session, words: str) -> Iterator[Hit]:
    like = words.lower().replace(" ", "_")
    for job in session.scalars(
        select(Schedule.job).where(begins(Schedule.job, like)).order_by(Schedule.job).limit(EACH)
    ):
        yield Hit("job", job, job, exact=job == like)


def _numbered(kind: str, name: str, model: Any, note: Any, label: Any = None) -> Way:
    """By its number, alone or after its name; it is called by what `label` selects, else by its kind and number."""

    def way(session: Session, words: str) -> Iterator[Hit]:
        number = parse_whole(words.lower().removeprefix(name).strip(" #"))
        if number is not None:
            query = select(model.id, label if label is not None else null(), note).where(model.id == number)
            for found, text, description in session.execute(query):
                yield Hit(kind, found, text or _by_number(kind, found), in_words(str(description)))

    return way


_PAYMENTS = _of_provider("payment", Payment, payment_search.referenced, lambda words: Payment.provider_id == words)
_PAYOUTS = _of_provider("payout", Payout, lambda words: Payout.provider_id == words)
_WAYS: tuple[tuple[str, str, Way], ...] = (
    ("escrow", "escrow:read", _referenced("escrow", Escrow, Escrow.status)),
    ("dispute", "dispute:read", _referenced("dispute", Dispute, Dispute.status)),
    ("dispute", "dispute:read", _numbered("dispute", "dispute", Dispute, Dispute.status, Dispute.ref)),
    ("order", "order:read", _orders),
    ("party", "party:read", _parties),
    ("party", "party:read", people.parties),
    ("tenant", "storefront:read", _tenants),
    ("transfer", "escrow:read", _transfers),
    ("payment", "payment:read", _PAYMENTS),
    ("payment", "payment:read", _chargebacks),
    ("payout", "payout:read", _referenced("payout", Payout, Payout.status)),
    ("payout", "payout:read", _PAYOUTS),
    ("payout_schedule", "payout:read", _referenced("payout_schedule", PayoutSchedule, PayoutSchedule.status)),
    ("placement", "escrow:read", _placements),
    ("job", "job:read", _jobs),
    ("run", "job:read", _numbered("run", "run", Run, Run.job)),
    ("approval", "approval:read", _numbered("approval", "proposal", Approval, Approval.status)),
    ("approval", "approval:read", _proposals),
    ("user", "user:manage", people.users),
    ("dispute", "dispute:read", by_amount.disputes),
    ("escrow", "escrow:read", by_amount.escrows),
    ("payment", "payment:read", by_amount.payments),
    ("payout", "payout:read", by_amount.payouts),
    ("approval", "approval:read", by_amount.approvals),
)
"""What each way finds, and the permission to see it."""
