"""Freezes: reasons why an escrow may not move. They coexist, and each is lifted on its own."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor, named
from webapp.domain.outbox.event_types import EscrowFrozen, EscrowUnfrozen
from webapp.domain.state_labels import in_words
from webapp.domain.states import EscrowStatus, FreezeCause
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid, Overtaken
from webapp.models import Escrow, Freeze
from webapp.services.audit import trail
from webapp.services.audit.trail import Record
from webapp.services.common import events, lookup, validation
from webapp.sql import insert_new, lock

_ENDED_BY = {
    FreezeCause.PERSON: phrase("Lift that first."),
    FreezeCause.PROPOSAL: phrase("Approve or reject the proposal first."),
    FreezeCause.DISPUTE: phrase("Decide or withdraw the dispute first."),
    FreezeCause.WARRANTY_CLAIM: phrase("Decide or withdraw the dispute first."),
    FreezeCause.PAYMENT: phrase("Decide first who bears what was taken back, on the page of the payment."),
    FreezeCause.CHARGEBACK: phrase("It ends with the chargeback."),
}


def in_the_way(found: Freeze) -> str:
    """Who freezes an escrow, why, and what ends that."""
    reason = found.reason if found.reason.endswith((".", "!", "?")) else f"{found.reason}."
    return phrase(
        "frozen by %(who)s: %(reason)s %(ended_by)s",
        who=named(found.by_name),
        reason=reason,
        ended_by=_ENDED_BY[FreezeCause(found.cause)],
    )


def freeze(session: Session, escrow_id: int, reason: str, *, at: datetime, actor: Actor) -> Freeze:
    """A person's freeze. Raises Conflict when the escrow is not held, or this person froze it already."""
    actor.require("escrow:freeze")
    reason = validation.require_text(reason, "reason", phrase("Say why it is frozen."))
    return add(session, escrow_id, FreezeCause.PERSON, actor.id or 0, reason, at=at, actor=actor)


def unfreeze(session: Session, freeze_id: int, reason: str, *, at: datetime, actor: Actor) -> None:
    """Lift a person's freeze. Those of disputes and proposals are lifted by deciding them."""
    actor.require("escrow:freeze")
    reason = validation.require_text(reason, "reason", phrase("Say why it may move again."))
    found = lookup.by_id(session, Freeze, freeze_id, "freeze")
    if found.cause != FreezeCause.PERSON:
        raise Conflict(phrase("This freeze belongs to a %(cause)s: decide that, and it is lifted.", cause=found.cause))
    lock(session, Escrow, [found.escrow_id])
    lift(session, found.escrow_id, FreezeCause.PERSON, found.cause_id, at=at, actor=actor, reason=reason)


def meant(session: Session, escrow_id: int, freeze_id: int | None) -> int:
    """The freeze of this escrow that is meant: the one that is named, else the only one of a person."""
    found = [freeze.id for freeze in open_freezes(session, escrow_id) if freeze.cause == FreezeCause.PERSON]
    if freeze_id is None and len(found) == 1:
        return found[0]
    if freeze_id in found:
        return freeze_id
    if freeze_id is not None:
        raise Invalid(
            phrase("This escrow has no such freeze."),
            fields={"freeze_id": phrase("Not a person's freeze of this escrow.")},
        )
    sentence = (
        phrase("Name the freeze: there is more than one.") if found else phrase("No person's freeze is on this escrow.")
    )
    raise Conflict(sentence)


def open_freezes(session: Session, escrow_id: int) -> list[Freeze]:
    """What freezes the escrow now, oldest first."""
    mine = select(Freeze).where(Freeze.escrow_id == escrow_id, Freeze.lifted_at.is_(None))
    return list(session.scalars(mine.order_by(Freeze.id)))


def count_others(session: Session, escrow_id: int, lifted: Collection[tuple[str, int]]) -> int:
    """How many stay when those of these causes and numbers are lifted."""
    return sum((str(each.cause), each.cause_id) not in lifted for each in open_freezes(session, escrow_id))


def add(
    session: Session, escrow_id: int, cause: FreezeCause, cause_id: int, reason: str, *, at: datetime, actor: Actor
) -> Freeze:
    """Freeze for a cause. The caller has checked that the actor may; the escrow's row is taken first."""
    lock(session, Escrow, [escrow_id])
    escrow = lookup.by_id(session, Escrow, escrow_id, "escrow")
    if escrow.status != EscrowStatus.HELD:
        raise Overtaken(
            phrase(
                "Escrow %(ref)s is %(in_words)s: only a held escrow can be frozen.",
                ref=escrow.ref,
                in_words=in_words(escrow.status),
            )
        )
    row = insert_new(session, Freeze).values(
        escrow_id=escrow_id, cause=cause, cause_id=cause_id, reason=reason, by=actor.key, by_name=actor.name, at=at
    )
    made = session.scalars(row.on_conflict_do_nothing().returning(Freeze.id)).one_or_none()
    if made is None:
        raise Conflict(phrase("You froze escrow %(ref)s already.", ref=escrow.ref))
    _count(session, escrow_id, 1)
    trail.record(session, actor, "escrow.freeze", ("escrow", escrow_id), at=at, reason=reason, after={"cause": cause})
    events.add(session, EscrowFrozen(cause=cause), escrow_id, at=at)
    return lookup.by_id(session, Freeze, made, "freeze")


def lift(
    session: Session,
    escrow_id: int,
    cause: FreezeCause,
    cause_id: int,
    *,
    at: datetime,
    actor: Actor,
    reason: str | None = None,
    because: Sequence[Record] = (),
) -> None:
    """Lift the freeze of a cause; the escrow's row is taken already. Raises Conflict when it was lifted before.

    `because` are the records of what lifts it, which are written with its own.
    """
    mine = (
        Freeze.escrow_id == escrow_id,
        Freeze.cause == cause,
        Freeze.cause_id == cause_id,
        Freeze.lifted_at.is_(None),
    )
    lifting = update(Freeze).where(*mine).values(lifted_at=at, lifted_by=actor.key).returning(Freeze.id)
    if session.execute(lifting).one_or_none() is None:
        raise Overtaken(phrase("This freeze was lifted already."))
    _count(session, escrow_id, -1)
    own = Record("escrow.unfreeze", ("escrow", escrow_id), reason, after={"cause": cause})
    trail.record_many(session, actor, [*because, own], at=at)
    events.add(session, EscrowUnfrozen(cause=cause), escrow_id, at=at)


def require(
    session: Session, escrow_id: int, cause: FreezeCause, cause_id: int, reason: str, *, at: datetime, actor: Actor
) -> bool:
    """See to it that a held escrow is frozen for a cause, whose reason may have changed. Says whether it is."""
    lock(session, Escrow, [escrow_id])
    if lookup.by_id(session, Escrow, escrow_id, "escrow").status != EscrowStatus.HELD:
        return False
    if (known := _of_cause(session, escrow_id, cause, cause_id)) is None:
        add(session, escrow_id, cause, cause_id, reason, at=at, actor=actor)
    else:
        known.reason = reason
    return True


def end(
    session: Session, escrow_id: int, cause: FreezeCause, cause_id: int, reason: str, *, at: datetime, actor: Actor
) -> None:
    """Lift the freeze of a cause, if there is one."""
    lock(session, Escrow, [escrow_id])
    if _of_cause(session, escrow_id, cause, cause_id) is not None:
        lift(session, escrow_id, cause, cause_id, at=at, actor=actor, reason=reason)


def _of_cause(session: Session, escrow_id: int, cause: FreezeCause, cause_id: int) -> Freeze | None:
    found = (each for each in open_freezes(session, escrow_id) if (each.cause, each.cause_id) == (cause, cause_id))
    return next(found, None)


def _count(session: Session, escrow_id: int, change: int) -> None:
    session.execute(
        update(Escrow)
        .where(Escrow.id == escrow_id)
        .values(freezes=Escrow.freezes + change, version=Escrow.version + 1)
        .execution_options(synchronize_session=False)
    )
