"""Why a decision can't be made now: its executor's own refusal, so that a page offers nothing that is refused then."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.errors import Refusal
from webapp.services.approvals import approvals, executors
from webapp.services.approvals.executors import Payload

_ANY_REASON = "-"


def of(session: Session, action: str, subject_id: int, *, at: datetime, actor: Actor, **fields: object) -> str:
    """What stands in the way of the decision, however it is worded; empty when nothing does. `fields` is what else its
    payload has. Nothing is written.
    """
    waiting = approvals.waiting_on(session, executors.find(action).kind, subject_id)
    if waiting is not None:
        return phrase(
            "%(proposed_by_name)s proposed a decision already; it waits for approval.",
            proposed_by_name=waiting.proposed_by_name,
        )
    payload: Payload = executors.find(action).payload.model_validate({"reason": _ANY_REASON, **fields})
    try:
        executors.compute(session, action, subject_id, payload, at=at, actor=actor, locked=False)
    except Refusal as refusal:
        return refusal.detail
    return ""


def of_all(session: Session, actions: Iterable[str], subject_id: int, *, at: datetime, actor: Actor) -> dict[str, str]:
    """The same for several decisions about one subject."""
    return {action: of(session, action, subject_id, at=at, actor=actor) for action in actions}
