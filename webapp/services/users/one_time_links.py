"""Links that work once, for a while: who has one becomes a user by it. Only the hash of what makes it good is kept."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.errors import Conflict, NotFound
from webapp.models import OneTimeLink, User

WITH_SECRET, WITHOUT_SECRET = "?link=", "?unsent="
"""How the query of a link begins; the second in a letter that is not sent yet."""
_UNSENT = re.compile(re.escape(WITHOUT_SECRET) + r"([A-Za-z0-9_-]{43})")


class LinkPurpose(StrEnum):
    """What becomes of who opens it."""

    FIRST_ADMINISTRATOR = "first_administrator"
    INVITATION = "invitation"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who came by a link: what they wrote, and where the request came from."""

    name: str
    email: str
    password: str
    request_id: str | None = None
    origin: str | None = None


def new_secret() -> str:
    """What makes a link good."""
    return secrets.token_urlsafe(32)


def for_letter(key: bytes) -> tuple[str, str]:
    """What stands in a letter until it is sent, and the secret that the sender makes of it: whoever reads the letter on
    the desk, or in a copy of the database, has no link.
    """
    nonce = secrets.token_urlsafe(32)
    return nonce, _secret_of(nonce, key)


def filled(letter: str, key: bytes) -> str:
    """The letter as it is sent, with its link made good."""
    return _UNSENT.sub(lambda found: f"{WITH_SECRET}{_secret_of(found[1], key)}", letter)


def issue(
    session: Session,
    purpose: LinkPurpose,
    secret: str,
    *,
    at: datetime,
    lifetime: timedelta,
    actor: Actor,
    roles: Sequence[str],
    email: str | None = None,
) -> OneTimeLink:
    """A new link. The secret is not kept, only its hash."""
    link = OneTimeLink(
        purpose=purpose,
        token_hash=hashed(secret),
        email=email,
        roles=list(roles),
        made_by=actor.name[:200],
        made_by_id=actor.id if actor.kind == "user" else None,
        created_at=at,
        expires_at=at + lifetime,
    )
    session.add(link)
    session.flush()
    return link


def find(session: Session, purpose: LinkPurpose, secret: str, at: datetime) -> OneTimeLink:
    """The link with this secret. NotFound when there is none, Conflict when it is used, withdrawn or too old."""
    return _usable(session.scalars(_with(purpose, secret)).one_or_none(), at)


def take(session: Session, purpose: LinkPurpose, secret: str, at: datetime) -> OneTimeLink:
    """The same, kept from others until the transaction ends: of two who use it at once, the second finds it used."""
    mine = _with(purpose, secret).with_for_update().execution_options(populate_existing=True)
    return _usable(session.scalars(mine).one_or_none(), at)


def end(session: Session, link: OneTimeLink, *, at: datetime, user: User | None = None) -> None:
    """It works no more: this user came by it, or it is withdrawn."""
    link.ended_at, link.user_id = at, None if user is None else user.id
    session.flush()


def end_all(session: Session, purpose: LinkPurpose, *, at: datetime) -> None:
    """None of this purpose works any more."""
    still = OneTimeLink.purpose == purpose, OneTimeLink.ended_at.is_(None)
    session.execute(update(OneTimeLink).where(*still).values(ended_at=at))


def end_made_by(session: Session, user_id: int, *, at: datetime) -> None:
    """None that this user made works any more: nobody comes in by somebody who may not let people in."""
    still = OneTimeLink.made_by_id == user_id, OneTimeLink.ended_at.is_(None)
    session.execute(update(OneTimeLink).where(*still).values(ended_at=at))


def bearer(link: OneTimeLink, newcomer: Newcomer) -> Actor:
    """Who has the link, as the one who adds a user: nobody else is there to do it."""
    allowed = frozenset({"user:manage"})
    return Actor("link", link.id, link.made_by, allowed, request_id=newcomer.request_id, origin=newcomer.origin)


def hashed(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _secret_of(nonce: str, key: bytes) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, nonce.encode(), "sha256")).decode().rstrip("=")


def _with(purpose: LinkPurpose, secret: str) -> Select[OneTimeLink]:
    return select(OneTimeLink).where(OneTimeLink.token_hash == hashed(secret), OneTimeLink.purpose == purpose)


def _usable(link: OneTimeLink | None, at: datetime) -> OneTimeLink:
    if link is None:
        raise NotFound(phrase("This link is not known here. Make sure that the whole of it was copied."))
    if link.user_id is not None:
        raise Conflict(phrase("This link was used already. Sign in with the address and password that were chosen."))
    if link.ended_at is not None:
        raise Conflict(phrase("This link was withdrawn, or a newer one took its place. Ask for the newest."))
    if link.expires_at <= at:
        raise Conflict(phrase("This link is too old. Ask for another."))
    return link
