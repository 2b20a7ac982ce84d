"""Trying paused payouts now, by a person who has seen to what their provider lacked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.states import PayoutStatus, Trigger
from webapp.domain.words import phrase
from webapp.errors import Conflict, Overtaken
from webapp.models import Payout, PayoutPause, Run
from webapp.services.audit import trail
from webapp.services.common.kill_switch import ensure_outgoing_enabled
from webapp.services.payouts import stops
from webapp.services.scheduling import runs

JOB = "deliver_outbox"
NOT_PAUSED = phrase("No provider's payouts are paused.")
NOTHING_TO_TRY = phrase(
    "Nothing was tried: no payout waits that may be sent before somebody decides. Look at Account changed and "
    "at Paid after all; the next one that is written is tried within ten minutes."
)


def try_now(session: Session, *, at: datetime, actor: Actor) -> tuple[Sequence[str], Run | None]:
    """Let one payout of each paused provider be tried at once; the others follow when it is taken.

    Returns those providers, and the run that does it: none when one that is under way does. Raises Overtaken, and
    Conflict when there is no payout that may be sent.
    """
    actor.require("payout:retry")
    ensure_outgoing_enabled(session)
    pauses = session.scalars(select(PayoutPause).order_by(PayoutPause.provider).with_for_update()).all()
    if not pauses:
        raise Overtaken(NOT_PAUSED)
    tried = []
    for pause in pauses:
        payout = _to_try(session, pause)
        if payout is None:
            continue
        pause.probe_at = payout.next_try_at = at
        trail.record(session, actor, "payout.try_now", ("payout", payout.id), at=at, after={"provider": pause.provider})
        tried.append(pause.provider)
    if not tried:
        raise Conflict(NOTHING_TO_TRY)
    session.flush()
    return tried, _run(session, actor)


def _to_try(session: Session, pause: PayoutPause) -> Payout | None:
    """The one that was refused, else the oldest."""
    waiting = (Payout.status == PayoutStatus.PENDING, Payout.provider == pause.provider, stops.sendable())
    refused = select(Payout).where(*waiting, Payout.id == pause.payout_id).with_for_update()
    oldest = select(Payout).where(*waiting).order_by(Payout.next_try_at, Payout.id).limit(1).with_for_update()
    return session.scalars(refused).one_or_none() or session.scalars(oldest).one_or_none()


def _run(session: Session, actor: Actor) -> Run | None:
    may = replace(actor, permissions=actor.permissions | {"job:run"})
    by = Trigger.API if actor.kind == "token" else Trigger.MANUAL
    try:
        with session.begin_nested():
            return runs.trigger(session, JOB, actor=may, trigger=by)
    except Conflict:
        return None
