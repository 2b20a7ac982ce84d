"""Tokens of machines: a random secret shown once and stored as its SHA-256, with scopes and an expiry."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.permissions import SCOPES, of_scopes
from webapp.errors import Invalid, NotFound
from webapp.models import ApiToken
from webapp.services import audit

_MANAGE = "token:manage"
_MARK = "desk_"
_NOTE_EVERY = timedelta(minutes=1)


def create(
    session: Session, *, name: str, scopes: Sequence[str], expires_at: datetime | None, at: datetime, actor: Actor
) -> tuple[ApiToken, str]:
    """Make a token; its secret is in the answer and nowhere else. Invalid names `name`, `scopes` or `expires_at`."""
    actor.require(_MANAGE)
    _check(name, scopes, expires_at, at)
    _give_no_more_than_own(scopes, actor)
    secret = _MARK + secrets.token_urlsafe(32)
    token = ApiToken(
        name=name.strip()[:200],
        hash=_hashed(secret),
        prefix=secret[:10],
        scopes=sorted(set(scopes)),
        owner=actor.key,
        created_at=at,
        expires_at=expires_at,
    )
    session.add(token)
    session.flush()
    after = {"name": token.name, "scopes": token.scopes}
    audit.record(session, actor, "token.create", ("token", token.id), at=at, after=after)
    return token, secret


def revoke(session: Session, token_id: int, *, at: datetime, actor: Actor) -> ApiToken:
    """End a token at once. Twice is harmless."""
    actor.require(_MANAGE)
    token = session.get(ApiToken, token_id, with_for_update=True, populate_existing=True)
    if token is None:
        raise NotFound("There is no such token.")
    if token.revoked_at is None:
        token.revoked_at = at
        audit.record(session, actor, "token.revoke", ("token", token_id), at=at)
    return token


def get(session: Session, token_id: int) -> ApiToken:
    """The token with this number; NotFound when there is none."""
    token = session.get(ApiToken, token_id)
    if token is None:
        raise NotFound("There is no such token.")
    return token


def find(session: Session, secret: str, at: datetime) -> ApiToken | None:
    """The live token with this secret."""
    known = select(ApiToken).where(ApiToken.hash == _hashed(secret), ApiToken.revoked_at.is_(None))
    return session.scalars(known.where(or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > at))).one_or_none()


def needs_note(token: ApiToken, at: datetime) -> bool:
    """Whether this use is worth a write."""
    return token.last_used_at is None or at - token.last_used_at >= _NOTE_EVERY


def note_use(session: Session, token_id: int, at: datetime) -> None:
    """The token was used."""
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=at))


def page(session: Session, *, before: int | None = None, limit: int = 50) -> list[ApiToken]:
    """Tokens, newest first; `before` is the last id seen."""
    newest = select(ApiToken).order_by(ApiToken.id.desc()).limit(limit)
    return list(session.scalars(newest if before is None else newest.where(ApiToken.id < before)))


def actor_of(token: ApiToken, *, request_id: str | None = None, origin: str | None = None) -> Actor:
    """This token as the one who acts."""
    return Actor("token", token.id, token.name, of_scopes(token.scopes), request_id, origin)


def same_secret(given: str, expected: str) -> bool:
    """Compare two secrets in constant time; nothing equals an empty one."""
    return bool(expected) and hmac.compare_digest(_hashed(given), _hashed(expected))


def _check(name: str, scopes: Sequence[str], expires_at: datetime | None, at: datetime) -> None:
    if not name.strip():
        raise Invalid("A token needs a name.", fields={"name": "Say what it is for."})
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        said = f"There is no scope {unknown[0]}." if unknown else "A token needs at least one scope."
        raise Invalid(said, fields={"scopes": said})
    if expires_at is not None and expires_at <= at:
        raise Invalid("The token would have expired already.", fields={"expires_at": "Take a time in the future."})


def _give_no_more_than_own(scopes: Sequence[str], actor: Actor) -> None:
    beyond = [scope for scope in scopes if not SCOPES[scope] <= actor.permissions]
    if beyond:
        said = f"You can't give the scope {beyond[0]}: it allows more than you may do."
        raise Invalid(said, fields={"scopes": said})


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
