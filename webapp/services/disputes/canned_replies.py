"""Canned replies: texts that are written once, shared or one's own, and filled in for a case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.disputes import reply_placeholders
from webapp.domain.money.money import Money
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid, NotFound, Overtaken
from webapp.models import CannedReply, Dispute, Escrow, Order, Party
from webapp.services.audit import trail
from webapp.services.common import lookup, readers, validation
from webapp.settings import Settings

MOST = 200
"""Shared ones, and those of one person: what a list to choose from can show."""
LONGEST = 5000


@dataclass(frozen=True, slots=True)
class NewReply:
    """What a person writes. `shared` ones are everybody's."""

    title: str
    body: str
    shared: bool


@dataclass(frozen=True, slots=True)
class FilledReply:
    """A text for one case, and the placeholders that it still has, for nothing is known to put there."""

    text: str
    unfilled: list[str]


def visible_to(user_id: int) -> ColumnElement[bool]:
    """Those that a person may use: the shared ones and their own."""
    return or_(CannedReply.owner_id.is_(None), CannedReply.owner_id == user_id)


def offered(session: Session, user_id: int) -> Sequence[CannedReply]:
    """Those that a person may use, by title."""
    rows = select(CannedReply).where(visible_to(user_id)).order_by(CannedReply.title, CannedReply.id)
    return session.scalars(rows.limit(2 * MOST)).all()


def get(session: Session, reply_id: int, user_id: int) -> CannedReply:
    """One that this person may use. Raises NotFound, also for another person's own."""
    row = session.scalars(select(CannedReply).where(CannedReply.id == reply_id, visible_to(user_id))).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no such reply."))
    return row


def add(session: Session, user_id: int, new: NewReply, *, at: datetime, actor: Actor) -> CannedReply:
    """Keep a reply. Raises Invalid, naming each field that is wrong."""
    _require(actor, shared=new.shared)
    owner = None if new.shared else user_id
    _check(session, new, owner)
    theirs = CannedReply.owner_id.is_(None) if owner is None else CannedReply.owner_id == owner
    if (session.scalar(select(func.count()).where(theirs)) or 0) >= MOST:
        raise Conflict(phrase("There are %(most)s replies already. Remove one first.", most=MOST))
    row = CannedReply(
        owner_id=owner, title=new.title.strip(), body=new.body.strip(), changed_at=at, changed_by=actor.name
    )
    session.add(row)
    session.flush()
    trail.record(session, actor, "canned_reply.create", ("canned_reply", row.id), at=at, after=_details(row))
    return row


def change(
    session: Session, reply_id: int, user_id: int, new: NewReply, *, version: int, at: datetime, actor: Actor
) -> CannedReply:
    """Change a reply's words, or share it. Raises Invalid, or Overtaken when it is not what the person saw."""
    row = _locked(session, reply_id, user_id)
    _require(actor, shared=new.shared or row.owner_id is None)
    if row.version != version:
        raise Overtaken(phrase("%(by)s changed this reply meanwhile. Nothing was saved.", by=row.changed_by))
    owner = None if new.shared else user_id
    _check(session, new, owner, but=row.id)
    before = _details(row)
    row.owner_id, row.title, row.body = owner, new.title.strip(), new.body.strip()
    row.changed_at, row.changed_by, row.version = at, actor.name, row.version + 1
    session.flush()
    what = ("canned_reply", row.id)
    trail.record(session, actor, "canned_reply.change", what, at=at, before=before, after=_details(row))
    return row


def remove(session: Session, reply_id: int, user_id: int, *, at: datetime, actor: Actor) -> str:
    """Take a reply away for good; its title is returned. Raises NotFound."""
    row = _locked(session, reply_id, user_id)
    _require(actor, shared=row.owner_id is None)
    title, before = row.title, _details(row)
    session.execute(delete(CannedReply).where(CannedReply.id == row.id))
    trail.record(session, actor, "canned_reply.remove", ("canned_reply", reply_id), at=at, before=before)
    return title


def filled_for(
    session: Session, dispute_id: int, reply_id: int, side: str, user_id: int, settings: Settings
) -> FilledReply:
    """The reply for a message to a side of a dispute, its figures in the party's language. Raises NotFound."""
    reply = get(session, reply_id, user_id)
    dispute = lookup.by_id(session, Dispute, dispute_id, "dispute")
    party_id = Escrow.seller_id if side == "seller" else Escrow.buyer_id
    query = select(Escrow, Order.ref, Party).join(Order, Order.id == Escrow.order_id)
    escrow, order, party = session.execute(
        query.join(Party, Party.id == party_id).where(Escrow.id == dispute.escrow_id)
    ).one()
    reader = readers.of_party(party, settings)
    waits = dispute.waiting_on in (None, side)
    values = {
        "party": party.name,
        "reference": dispute.ref,
        "order": order,
        "amount": str(reader.shown(Money(escrow.amount, escrow.currency))),
        "deadline": str(reader.shown(dispute.due_at)) if waits else "",
        "marketplace": settings.marketplace_name,
    }
    text = reply_placeholders.fill(reply.body, values)
    return FilledReply(text, reply_placeholders.unfilled(text))


def _locked(session: Session, reply_id: int, user_id: int) -> CannedReply:
    mine = select(CannedReply).where(CannedReply.id == reply_id, visible_to(user_id))
    row = session.scalars(mine.with_for_update()).one_or_none()
    if row is None:
        raise NotFound(phrase("There is no such reply."))
    return row


def _require(actor: Actor, *, shared: bool) -> None:
    actor.require("dispute:work")
    if shared:
        actor.require("reply:share")


def _check(session: Session, new: NewReply, owner: int | None, *, but: int = 0) -> None:
    title = validation.require_text(new.title, "title", phrase("Give it a title."))
    body = validation.require_text(new.body, "body", phrase("Write something."))
    odd = reply_placeholders.unknown(body)
    if odd:
        named = ", ".join(f"{{{name}}}" for name in odd)
        sentence = phrase("There is no placeholder %(named)s.", named=named)
        raise Invalid(sentence, fields={"body": sentence})
    if len(body) > LONGEST:
        sentence = phrase("At most %(most)s characters.", most=LONGEST)
        raise Invalid(sentence, fields={"body": sentence})
    theirs = CannedReply.owner_id.is_(None) if owner is None else CannedReply.owner_id == owner
    same = select(CannedReply.id).where(theirs, CannedReply.title == title, CannedReply.id != but)
    if session.scalars(same.limit(1)).one_or_none() is not None:
        sentence = phrase("Another reply has this title.")
        raise Invalid(sentence, fields={"title": sentence})


def _details(row: CannedReply) -> dict[str, object]:
    return {"title": row.title, "body": row.body, "shared": row.owner_id is None}
