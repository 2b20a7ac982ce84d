"""What a passkey is asked to sign: random, kept here, for one browser and one purpose, used once, within minutes."""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete
from sqlalchemy.orm import Session

from webapp.models import PasskeyChallenge
from webapp.sql import insert_new

LIFETIME = timedelta(minutes=5)


class PasskeyUse(StrEnum):
    """What a passkey is asked for."""

    ADD = "add"
    SIGN_IN = "sign_in"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True)
class Ceremony:
    """Who is asked by which browser for what: an answer counts for nothing else."""

    use: PasskeyUse
    user_id: int
    bound_to: str
    """`session:7`, or what the browser of a sign-in that is half-way holds in its cookie."""
    subject: tuple[str, int] | None = None
    """What is approved: `("approval", 17)`."""


def issue(session: Session, ceremony: Ceremony, at: datetime) -> bytes:
    """A new challenge; the one before it of this browser and purpose is void."""
    challenge = secrets.token_bytes(32)
    kind, subject_id = ceremony.subject or (None, None)
    values = {
        "challenge": _text(challenge),
        "user_id": ceremony.user_id,
        "subject_kind": kind,
        "subject_id": subject_id,
        "expires_at": at + LIFETIME,
    }
    row = insert_new(session, PasskeyChallenge).values(bound_to=ceremony.bound_to, purpose=ceremony.use, **values)
    session.execute(row.on_conflict_do_update(index_elements=["bound_to", "purpose"], set_=values))
    return challenge


def take(session: Session, ceremony: Ceremony, at: datetime) -> bytes | None:
    """The challenge that waits for this answer, which is gone with that; None when there is none, or it is too old.

    Commit before the answer is judged, so that a wrong one has spent it too.
    """
    kind, subject_id = ceremony.subject or (None, None)
    waiting = (
        PasskeyChallenge.bound_to == ceremony.bound_to,
        PasskeyChallenge.purpose == ceremony.use,
        PasskeyChallenge.user_id == ceremony.user_id,
        PasskeyChallenge.subject_kind.is_not_distinct_from(kind),
        PasskeyChallenge.subject_id.is_not_distinct_from(subject_id),
        PasskeyChallenge.expires_at > at,
    )
    taken = session.scalars(delete(PasskeyChallenge).where(*waiting).returning(PasskeyChallenge.challenge))
    challenge = taken.one_or_none()
    return None if challenge is None else base64.urlsafe_b64decode(challenge)


def _text(challenge: bytes) -> str:
    return base64.urlsafe_b64encode(challenge).decode("ascii")
