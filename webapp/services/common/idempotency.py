"""Idempotency keys: the same write sent twice is done once, and answered alike."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid
from webapp.models import Idempotency
from webapp.sql import insert_new

RETENTION = timedelta(days=1)
"""How long a key is remembered."""
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What the first of the equal requests was answered."""

    status: int
    body: str


def digest(key: bytes, method: str, path: str, body: bytes) -> str:
    """What makes two requests the same; keyed, for a body may hold a password that must not be guessed from it."""
    return hmac.new(key, b"\n".join([method.encode(), path.encode(), body]), hashlib.sha256).hexdigest()


def begin(session: Session, actor: Actor, key: str, request_hashes: Sequence[str], at: datetime) -> FirstAnswer | None:
    """Take the key, as the first act of the action's transaction; or give the answer of the one who had it first.

    The hashes are the request's under the present secret and the former ones: it may have come before a rotation.
    Another request with the key that is under way is waited for. Raises Conflict for another request by this key.
    """
    if not 1 <= len(key) <= _LONGEST or not key.isprintable():
        raise Invalid(phrase("An Idempotency-Key has 1 to %(LONGEST)s printable characters.", LONGEST=_LONGEST))
    session.execute(delete(Idempotency).where(_is(actor, key), Idempotency.at < at - RETENTION))
    row = {"actor": actor.key, "key": key, "request_hash": request_hashes[0], "at": at}
    took = session.execute(
        insert_new(session, Idempotency).values(row).on_conflict_do_nothing().returning(Idempotency.key)
    )
    if took.first() is not None:
        return None
    first = session.get_one(Idempotency, (actor.key, key))
    if first.request_hash not in request_hashes or first.status is None or first.answer is None:
        raise Conflict(
            phrase("The Idempotency-Key %(key)s was used for another request. Take a new one.", key=f"{key!r}")
        )
    return FirstAnswer(first.status, first.answer)


def store(session: Session, actor: Actor, key: str, status: int, body: str) -> None:
    """Remember the answer, in the same transaction; a refusal rolls the key back with it."""
    session.execute(update(Idempotency).where(_is(actor, key)).values(status=status, answer=body))


def _is(actor: Actor, key: str) -> ColumnElement[bool]:
    return and_(Idempotency.actor == actor.key, Idempotency.key == key)
