"""A form that is sent twice is done once: each carries a number, kept in the transaction of its action."""

from flask import g
from sqlalchemy.orm import Session

from webapp import clock
from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.models import Idempotency
from webapp.security.context import current_actor
from webapp.sql import insert_new


class AlreadyDone(Conflict):
    """This very form was sent before, and done."""


def remember_token(submission: str | None) -> None:
    """The form that was sent carries this number."""
    g.submission = (submission or "")[:64] or None


def consume_token(session: Session) -> None:
    """Mark the form as done, together with what it does. Raises AlreadyDone the second time."""
    submission = g.pop("submission", None)
    if submission is None:
        return
    actor = current_actor()
    row = insert_new(session, Idempotency).values(
        actor=actor.key, key=f"form:{submission}", request_hash="", at=clock.now()
    )
    if session.execute(row.on_conflict_do_nothing().returning(Idempotency.key)).one_or_none() is None:
        raise AlreadyDone(phrase("This form was sent before, and was done then."))
