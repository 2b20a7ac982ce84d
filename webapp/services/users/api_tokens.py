"""Tokens of machines: a random secret shown once and stored as its SHA-256, with scopes and an expiry.

A token never has more than its owner has now: what it may do is what its scopes and the roles of the person behind it
allow alike, and it ends with the token that made it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, null, or_, select, update
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.permissions import SCOPES, of_scopes
from webapp.domain.words import phrase
from webapp.errors import Invalid, NotAllowed, NotFound
from webapp.models import ApiToken
from webapp.services.audit import trail
from webapp.services.common import authorization, validation
from webapp.sql import lock, lock_found, one_of

_MANAGE = "token:manage"
_OF_MONEY = "parties:money"
_MARK = "desk_"
_MOST_SHOWN = 100
_NOTE_EVERY = timedelta(minutes=1)
_LIVE = ApiToken.revoked_at.is_(None)


def create(
    session: Session,
    *,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    at: datetime,
    actor: Actor,
    daily_limits: Mapping[str, int] | None = None,
) -> tuple[ApiToken, str]:
    """Make a token; its secret is in the answer and nowhere else.

    Invalid names `name`, `scopes`, `expires_at` or `daily_limits` (minor units by currency; none set: nothing).
    """
    actor.require(_MANAGE)
    _check(name, scopes, expires_at, at)
    _check_limits(daily_limits or {}, list(scopes), actor)
    _give_no_more_than_own(scopes, actor)
    parent = _parent(session, actor)
    secret = _MARK + secrets.token_urlsafe(32)
    token = ApiToken(
        name=name.strip()[:200],
        hash=_hashed(secret),
        prefix=secret[:10],
        scopes=sorted(set(scopes)),
        owner=actor.key,
        person_id=parent.person_id if parent else actor.id if actor.kind == "user" else None,
        parent_id=parent.id if parent else None,
        created_at=at,
        expires_at=_ends_with(parent, expires_at),
        daily_limits=dict(daily_limits) if daily_limits else None,
    )
    session.add(token)
    session.flush()
    after = {"name": token.name, "scopes": token.scopes, "daily_limits": token.daily_limits}
    trail.record(session, actor, "token.create", ("token", token.id), at=at, after=after)
    return token, secret


def revoke(session: Session, token_id: int, *, at: datetime, actor: Actor) -> ApiToken:
    """End a token at once, and every token that was made with it. Twice is harmless."""
    actor.require(_MANAGE)
    get(session, token_id)
    end_all(session, [token_id], at=at, actor=actor)
    return session.get_one(ApiToken, token_id, populate_existing=True)


def end_all(session: Session, ids: Sequence[int], *, at: datetime, actor: Actor, reason: str | None = None) -> int:
    """End these tokens and every one made with them; returns how many were live. The caller has asked who may."""
    live = select(ApiToken.id).where(one_of(session, ApiToken.id, _locked_with_made(session, ids)), _LIVE)
    ended = session.scalars(live.order_by(ApiToken.id)).all()
    if ended:
        chosen = one_of(session, ApiToken.id, ended)
        changed = update(ApiToken).where(chosen).values(revoked_at=at)
        session.execute(changed.execution_options(synchronize_session=False))
        records = select(ApiToken.id, null().label("before"), null().label("after")).where(chosen)
        trail.record_all(session, actor, "token.revoke", "token", records, len(ended), at=at, reason=reason)
    return len(ended)


def of_person(session: Session, user_id: int, at: datetime) -> list[ApiToken]:
    """The live tokens behind which this person is, newest first, at most a hundred."""
    mine = select(ApiToken).where(ApiToken.person_id == user_id, *_valid(at))
    return list(session.scalars(mine.order_by(ApiToken.id.desc()).limit(_MOST_SHOWN)))


def beyond(session: Session, user_id: int, permissions: frozenset[str], at: datetime) -> list[ApiToken]:
    """The live tokens behind which this person is and whose scopes allow more than these permissions."""
    mine = select(ApiToken).where(ApiToken.person_id == user_id, *_valid(at)).order_by(ApiToken.id)
    return [token for token in session.scalars(mine) if not of_scopes(token.scopes) <= permissions]


def get(session: Session, token_id: int) -> ApiToken:
    """The token with this number; NotFound when there is none."""
    token = session.get(ApiToken, token_id)
    if token is None:
        raise NotFound(phrase("There is no such token."))
    return token


def find(session: Session, secret: str, at: datetime) -> ApiToken | None:
    """The live token with this secret, unless the person behind it is disabled."""
    token = session.scalars(select(ApiToken).where(ApiToken.hash == _hashed(secret), *_valid(at))).one_or_none()
    disabled = token is not None and token.person is not None and not token.person.active
    return None if disabled else token


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
    """This token as the one who acts: with no more than the person behind it has now."""
    allowed, roles = of_scopes(token.scopes), authorization.NONE
    if token.person is not None:
        allowed, roles = allowed & authorization.of_person(token.person), authorization.roles_of(token.person)
    return Actor("token", token.id, token.name, allowed, request_id, origin, roles, token.person_id)


def same_secret(given: str, expected: str) -> bool:
    """Compare two secrets in constant time; nothing equals an empty one."""
    return bool(expected) and hmac.compare_digest(_hashed(given), _hashed(expected))


def _check_limits(daily_limits: Mapping[str, int], scopes: list[str], actor: Actor) -> None:
    """Raise Invalid for limits that can't be set like this, naming `daily_limits` or `scopes`."""
    if _OF_MONEY in scopes and actor.kind == "token":
        sentence = phrase("Only a person gives the scope %(of_money)s: its limits are set by hand.", of_money=_OF_MONEY)
        raise Invalid(sentence, fields={"scopes": sentence})
    if daily_limits and _OF_MONEY not in scopes:
        sentence = phrase("Daily limits belong to the scope %(of_money)s.", of_money=_OF_MONEY)
        raise Invalid(sentence, fields={"daily_limits": sentence})
    for currency, most in daily_limits.items():
        validation.require_amount(most, currency, "daily_limits")


def _check(name: str, scopes: Sequence[str], expires_at: datetime | None, at: datetime) -> None:
    if not name.strip():
        raise Invalid(phrase("A token needs a name."), fields={"name": phrase("Say what it is for.")})
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        sentence = (
            phrase("There is no scope %(unknown)s.", unknown=unknown[0])
            if unknown
            else phrase("A token needs at least one scope.")
        )
        raise Invalid(sentence, fields={"scopes": sentence})
    if expires_at is not None and expires_at <= at:
        raise Invalid(
            phrase("The token would have expired already."), fields={"expires_at": phrase("Take a time in the future.")}
        )


def _give_no_more_than_own(scopes: Sequence[str], actor: Actor) -> None:
    beyond = [scope for scope in scopes if not SCOPES[scope] <= actor.permissions]
    if beyond:
        sentence = phrase("You can't give the scope %(beyond)s: it allows more than you may do.", beyond=beyond[0])
        raise Invalid(sentence, fields={"scopes": sentence})


def _ends_with(parent: ApiToken | None, expires_at: datetime | None) -> datetime | None:
    """The expiry that was asked for, and never later than that of the token that makes it."""
    given = [instant for instant in (expires_at, parent.expires_at if parent else None) if instant is not None]
    return min(given, default=None)


def _locked_with_made(session: Session, ids: Sequence[int]) -> list[int]:
    """These tokens, those made with them, those made with those, and so on: locked, so that none makes another."""
    known: list[int] = []
    found = sorted(ids)
    while found != known:
        known = lock_found(session, ApiToken, found)
        first = select(ApiToken.id).where(one_of(session, ApiToken.id, known)).cte(recursive=True)
        made = select(ApiToken.id).join(first, ApiToken.parent_id == first.c.id)
        found = sorted(session.scalars(select(first.union(made).c.id)))
    return known


def _parent(session: Session, actor: Actor) -> ApiToken | None:
    """The token that makes another, kept from ending meanwhile. Raises NotAllowed when it has ended."""
    if actor.kind != "token" or actor.id is None:
        return None
    lock(session, ApiToken, [actor.id])
    parent = session.get_one(ApiToken, actor.id, populate_existing=True)
    if parent.revoked_at is not None:
        raise NotAllowed(phrase("This token has ended."))
    return parent


def _valid(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return _LIVE, or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > at)


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
