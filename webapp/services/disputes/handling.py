"""Work on an open dispute: who has it, what is asked of whom, and what is said."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.disputes import reply_placeholders
from webapp.domain.outbox.event_types import DisputeAnswered, DisputeAsk, DisputeEscalate, DisputeMessage, Event
from webapp.domain.states import DisputeStatus
from webapp.domain.words import phrase
from webapp.errors import Invalid, Overtaken
from webapp.models import Dispute, Message, User
from webapp.services.audit import trail
from webapp.services.common import events, lookup, validation
from webapp.services.disputes import locks
from webapp.settings import Settings

AUDIENCES = ("buyer", "seller", "internal")


def assign(session: Session, dispute_id: int, user_id: int | None, *, at: datetime, actor: Actor) -> Dispute:
    """Give an open dispute to someone, or to nobody. Raises Conflict when it is closed."""
    actor.require("dispute:work")
    name = lookup.by_id(session, User, user_id, "user").name if user_id is not None else "nobody"
    dispute = locks.locked_open(session, dispute_id)
    dispute.assignee_id = user_id
    session.flush()
    trail.record(session, actor, "dispute.assign", ("dispute", dispute_id), at=at, after={"assignee": name})
    return dispute


def messages(session: Session, dispute_id: int, *, after: int, limit: int) -> list[Message]:
    """What was said, oldest first, after the id of the last one seen."""
    query = select(Message).where(Message.dispute_id == dispute_id, Message.id > after)
    return list(session.scalars(query.order_by(Message.id).limit(limit)))


def say(
    session: Session, dispute_id: int, audience: str, body: str, *, at: datetime, actor: Actor, inbound: bool = False
) -> Message:
    """A message to a party, or from it (`inbound`), or an internal note. A party's answer ends the wait for it."""
    actor.require("dispute:work")
    if audience not in AUDIENCES:
        raise Invalid(
            phrase("Choose who reads it."),
            fields={"audience": phrase("One of %(AUDIENCES)s.", AUDIENCES=", ".join(AUDIENCES))},
        )
    text = validation.require_text(body, "body", phrase("Write something."))
    if audience != "internal" and not inbound:
        require_filled(text)
    dispute = lookup.by_id(session, Dispute, dispute_id, "dispute")
    message = Message(
        dispute_id=dispute.id, audience=audience, inbound=inbound, by=actor.key, by_name=actor.name, body=text, at=at
    )
    session.add(message)
    session.flush()
    details = {"audience": audience, "inbound": inbound, "message": message.id}
    trail.record(session, actor, "dispute.message", ("dispute", dispute.id), at=at, after=details)
    if audience != "internal":
        event = DisputeMessage(message=message.id, audience=audience, inbound=inbound)
        events.add(session, event, dispute.id, at=at)
    if inbound and dispute.waiting_on == audience and dispute.status in _WAITING:
        answered(session, dispute_id, at=at, actor=actor)
    return message


def require_filled(text: str) -> None:
    """No party is sent a placeholder of a canned reply in place of what it stands for. Raises Invalid."""
    left = reply_placeholders.unfilled(text)
    if left:
        named = ", ".join(f"{{{name}}}" for name in left)
        sentence = phrase("%(named)s is not filled in: write what it stands for, or take it out.", named=named)
        raise Invalid(sentence, fields={"body": sentence})


_WAITING = (DisputeStatus.NEEDS_RESPONSE, DisputeStatus.EXPIRED)


def ask(
    session: Session, dispute_id: int, side: str, body: str, *, at: datetime, actor: Actor, settings: Settings
) -> Dispute:
    """Ask a party to answer; our own clock pauses meanwhile, the party's runs."""
    actor.require("dispute:work")
    if side not in ("buyer", "seller"):
        raise Invalid(phrase("Ask the buyer or the seller."), fields={"side": phrase("Either buyer or seller.")})
    dispute = locks.locked_open(session, dispute_id)
    _require_not_proposed(dispute)
    say(session, dispute_id, side, body, at=at, actor=actor)
    dispute.status, dispute.waiting_on, dispute.paused_at = DisputeStatus.NEEDS_RESPONSE, side, at
    dispute.due_at = at + timedelta(hours=settings.dispute_response_hours)
    return _changed(
        session,
        dispute,
        "dispute.ask",
        DisputeAsk(waiting_on=side),
        at,
        actor,
        {"waiting_on": side},
    )


def answered(session: Session, dispute_id: int, *, at: datetime, actor: Actor) -> Dispute:
    """The party has answered: our clock goes on, with as much time as the party took."""
    actor.require("dispute:work")
    dispute = locks.locked_open(session, dispute_id)
    if dispute.status not in _WAITING:
        raise Overtaken(phrase("Dispute %(ref)s waits for nobody's answer.", ref=dispute.ref))
    if dispute.paused_at is not None:
        dispute.due_at = max(dispute.due_at, at + (at - dispute.paused_at))
    dispute.status, dispute.waiting_on, dispute.paused_at = DisputeStatus.UNDER_REVIEW, None, None
    return _changed(session, dispute, "dispute.answered", DisputeAnswered(), at, actor, {"status": "under_review"})


def escalate(session: Session, dispute_id: int, reason: str, *, at: datetime, actor: Actor) -> Dispute:
    """Call for someone with more say."""
    actor.require("dispute:work")
    reason = validation.require_text(reason, "reason", phrase("Say why it is escalated."))
    dispute = locks.locked_open(session, dispute_id)
    _require_not_proposed(dispute)
    dispute.status, dispute.waiting_on, dispute.paused_at = DisputeStatus.ESCALATED, None, None
    return _changed(session, dispute, "dispute.escalate", DisputeEscalate(), at, actor, {"status": "escalated"}, reason)


def record_notes_export(session: Session, dispute_id: int, *, at: datetime, actor: Actor) -> None:
    """Put on record that somebody took a file of the case with its internal notes."""
    actor.require("dispute:work")
    dispute = lookup.by_id(session, Dispute, dispute_id, "dispute")
    trail.record(session, actor, "dispute.export_notes", ("dispute", dispute.id), at=at)


def _require_not_proposed(dispute: Dispute) -> None:
    if dispute.status == DisputeStatus.PENDING_APPROVAL:
        raise Overtaken(phrase("A decision waits for approval; it is decided first."))


def _changed(
    session: Session,
    dispute: Dispute,
    action: str,
    event: Event,
    at: datetime,
    actor: Actor,
    after: dict[str, str],
    reason: str | None = None,
) -> Dispute:
    dispute.version += 1
    session.flush()
    trail.record(session, actor, action, ("dispute", dispute.id), at=at, reason=reason, after=after)
    events.add(session, event, dispute.id, at=at)
    return dispute
