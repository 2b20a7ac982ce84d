"""What providers tell us: stored before it is looked at, handled once however often it comes, and replayable."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import UNFINISHED_RUNS, InboundWebhookStatus, PaymentStatus, RunStatus, Trigger
from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.models import InboundWebhook, Payment, Payout, Refund, Run, WebhookRefusal
from webapp.providers.webhooks import reader
from webapp.providers.webhooks.payloads import SubjectType, WebhookPayload
from webapp.services.audit import trail
from webapp.services.common import lookup
from webapp.services.reconciliation import mirror_webhooks
from webapp.services.scheduling import runs
from webapp.services.webhooks import inbox_kinds
from webapp.sql import insert_new

JOB = "handle_webhooks"
ACTOR = Actor("job", None, "webhooks", frozenset({"job:run"}))
"""In whose name a run is asked for when a webhook came."""
MOST_ATTEMPTS = 20
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=15), timedelta(hours=1)
_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class WebhookSubject:
    """What a webhook is about here: a payment with its refund by us, if there is one, or a payout."""

    id: int
    reference: str
    is_settled: bool = False
    refund_id: int | None = None


@dataclass(frozen=True, slots=True)
class ClaimedWebhook:
    """A webhook that is being handled, and what it is about, when we know that."""

    id: int
    provider: str
    payload: WebhookPayload
    concerned: WebhookSubject | None


def take(session: Session, provider: str, raw: bytes, payload: WebhookPayload, *, at: datetime) -> bool:
    """Keep it when there is something to do about it, else count its kind. Says whether something new is to be done."""
    if payload.unreadable or (payload.subject_type != SubjectType.NOTHING and not _is_known_already(session, payload)):
        return store(session, provider, raw, payload, at=at)
    inbox_kinds.count(session, provider, raw, payload, at=at)
    return False


def store(session: Session, provider: str, raw: bytes, payload: WebhookPayload, *, at: datetime) -> bool:
    """Keep it. The same again only counts; under the same key with other words it is handled anew, for what was said
    before may have been taken back in between. Says whether there is something new to do.
    """
    body = reader.as_text(raw)
    row = insert_new(session, InboundWebhook).values(
        provider=provider,
        key=payload.key[:_LONGEST_KEY],
        event=payload.event[:_LONGEST_KEY],
        reference=payload.reference,
        body=body,
        received_at=at,
        times=1,
        **_unhandled(at),
    )
    again = row.on_conflict_do_update(
        index_elements=["provider", "key"], set_={"times": InboundWebhook.__table__.c.times + 1}
    )
    times = session.scalars(again.returning(InboundWebhook.times)).one()
    return bool(times == 1) or _reopen(session, provider, payload.key[:_LONGEST_KEY], body, at)


def _reopen(session: Session, provider: str, key: str, body: str, at: datetime) -> bool:
    other = (InboundWebhook.provider == provider, InboundWebhook.key == key, InboundWebhook.body != body)
    anew = update(InboundWebhook).where(*other).values(body=body, result=None, handled_at=None, **_unhandled(at))
    payload = anew.returning(InboundWebhook.id).execution_options(synchronize_session=False)
    return session.scalars(payload).first() is not None


def _unhandled(at: datetime) -> dict[str, Any]:
    return {"status": InboundWebhookStatus.RECEIVED, "attempts": 0, "next_try_at": at}


def refuse(session: Session, provider: str, sentence: str, *, origin: str | None, at: datetime) -> None:
    """Count what came without a right signature, per provider and hour; nothing of its content is kept."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    values = {"reason": sentence, "origin": origin, "last_at": at}
    row = insert_new(session, WebhookRefusal).values(provider=provider, hour=hour, count=1, **values)
    counted = {"count": WebhookRefusal.__table__.c.count + 1} | values
    session.execute(row.on_conflict_do_update(index_elements=["provider", "hour"], set_=counted))


def nudge(session: Session, actor: Actor) -> Run | None:
    """A run that handles what waits, unless one is queued already."""
    queued = select(Run.id).where(Run.job == JOB, Run.status == RunStatus.QUEUED, ~Run.dry_run).limit(1)
    if session.scalars(queued).first() is not None:
        return None
    if session.scalars(select(Run.id).where(Run.job == JOB, Run.status.in_(UNFINISHED_RUNS)).limit(1)).first():
        return None
    try:
        with session.begin_nested():
            return runs.trigger(session, JOB, actor=actor, trigger=Trigger.API)
    except Conflict:
        return None


def claim_due(session: Session, at: datetime, limit: int, lease: timedelta) -> list[ClaimedWebhook]:
    """What waits to be handled, oldest first, taken so that nobody else handles it during the lease."""
    waiting = (InboundWebhook.status == InboundWebhookStatus.RECEIVED, InboundWebhook.next_try_at <= at)
    due = select(InboundWebhook).where(*waiting).order_by(InboundWebhook.next_try_at, InboundWebhook.id)
    rows = session.scalars(due.limit(limit).with_for_update(skip_locked=True)).all()
    found = []
    for row in rows:
        row.next_try_at, row.attempts = at + lease, row.attempts + 1
        payload = reader.read(row.provider, row.body.encode())
        found.append((row, payload))
    concerned = _concerned(session, found)
    return [ClaimedWebhook(row.id, row.provider, payload, concerned.get(row.id)) for row, payload in found]


def count_due(session: Session, at: datetime) -> int:
    """How many of them there are."""
    waiting = (InboundWebhook.status == InboundWebhookStatus.RECEIVED, InboundWebhook.next_try_at <= at)
    return session.scalars(select(func.count()).select_from(InboundWebhook).where(*waiting)).one()


def close(session: Session, ended: Mapping[int, tuple[InboundWebhookStatus, str]], *, at: datetime) -> None:
    """Say what became of webhooks, by their ids."""
    for webhook_id, (status, result) in sorted(ended.items()):
        # One that came with other words while it was handled has no attempt yet: it stays open.
        mine = (InboundWebhook.id == webhook_id, InboundWebhook.attempts > 0)
        closed = update(InboundWebhook).where(*mine)
        values = {"status": status, "result": result[:1000], "handled_at": at, "next_try_at": None}
        session.execute(closed.values(**values).execution_options(synchronize_session=False))


def put_off(session: Session, waiting: Mapping[int, str], *, at: datetime) -> None:
    """These could not be handled now, and why: they are tried again, later each time, and given up in the end."""
    for webhook_id, reason in sorted(waiting.items()):
        row = session.get_one(InboundWebhook, webhook_id, populate_existing=True)
        row.result = reason[:1000]
        if row.attempts >= MOST_ATTEMPTS:
            row.status, row.next_try_at, row.handled_at = InboundWebhookStatus.FAILED, None, at
        else:
            pause: timedelta = min(_FIRST_WAIT * (1 << min(row.attempts, 12)), _LONGEST_WAIT)
            row.next_try_at = at + pause


def replay(session: Session, webhook_id: int, *, at: datetime, actor: Actor) -> InboundWebhook:
    """Handle it again. Harmless: what it is about is looked at anew, and what was done is not done twice."""
    actor.require("webhook:replay")
    row = lookup.by_id(session, InboundWebhook, webhook_id, "webhook")
    if row.status == InboundWebhookStatus.RECEIVED:
        raise Conflict(phrase("It waits to be handled already."))
    if not row.body:
        raise Conflict(phrase("What it said is not kept any more: its payment or payout can be asked about instead."))
    before = {"status": row.status}
    row.status, row.next_try_at, row.attempts, row.handled_at = InboundWebhookStatus.RECEIVED, at, 0, None
    session.flush()
    trail.record(session, actor, "webhook.replay", ("inbound_webhook", row.id), at=at, before=before)
    return row


def _is_known_already(session: Session, payload: WebhookPayload) -> bool:
    return payload.subject_type == SubjectType.TRANSFER and not mirror_webhooks.is_news(session, payload)


def _concerned(session: Session, found: list[tuple[InboundWebhook, WebhookPayload]]) -> dict[int, WebhookSubject]:
    """The payment or payout that each is about, by the webhook's id."""
    known: dict[int, WebhookSubject] = {}
    for row, payload in found:
        query = _QUERIES.get(payload.subject_type)
        if query is not None and (payload.reference or payload.number):
            subject = session.execute(query(row.provider, payload)).first()
            if subject is not None:
                known[row.id] = WebhookSubject(*subject)
    return known


def _payment(provider: str, payload: WebhookPayload) -> Any:
    """By our reference, or by the provider's own number where it names no other."""
    mine = Payment.reference == payload.reference if payload.reference else Payment.provider_id == payload.number
    return (
        select(
            Payment.id,
            Payment.reference,
            Payment.status != PaymentStatus.PENDING,
            Refund.id,
        )
        .outerjoin(Refund, Refund.payment_id == Payment.id)
        .where(Payment.provider == provider, mine, Payment.reference.is_not(None))
    )


def _payout(provider: str, payload: WebhookPayload) -> Any:
    return select(Payout.id, Payout.ref).where(Payout.ref == payload.reference, Payout.provider == provider)


_QUERIES = {
    SubjectType.PAYMENT: _payment,
    SubjectType.CHARGEBACK: _payment,
    SubjectType.PAYOUT: _payout,
    SubjectType.REFUND: _payment,
}
