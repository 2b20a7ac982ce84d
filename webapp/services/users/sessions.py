"""Sign-ins of people. Each is a row: ending it on the server ends every copy of its cookie."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, select, update
from sqlalchemy.orm import Session

from webapp.domain.words import phrase
from webapp.errors import NotFound
from webapp.models import User, UserSession

Given = datetime | BindParameter[datetime]
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
CONFIRMED_FOR = timedelta(minutes=5)
"""How long the provider's having asked the person again stands for their password."""
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Means:
    """What somebody signed in with: how it began, and whose second factor was asked."""

    method: str = "password"
    second_factor: str | None = None


def start(
    session: Session,
    user_id: int,
    *,
    at: datetime,
    origin: str,
    agent: str,
    means: Means = Means(),
    kept_form: str | None = None,
) -> str:
    """Begin a sign-in; returns the secret that its cookie carries."""
    secret = secrets.token_urlsafe(32)
    begun = UserSession(
        token_hash=_hashed(secret),
        user_id=user_id,
        origin=origin[:200],
        agent=agent[:200],
        started_at=at,
        seen_at=at,
        ends_at=at + LONGEST,
        method=means.method,
        second_factor=means.second_factor,
        kept_form=kept_form,
    )
    session.add(begun)
    return secret


def find(session: Session, secret: str, at: datetime) -> tuple[UserSession, User] | None:
    """The open sign-in that this secret belongs to, and its active user."""
    row = session.execute(
        _found(), {"given_hash": _hashed(secret), "given_at": at, "given_idle": at - IDLE}
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def owner_of(session: Session, secret: str) -> int | None:
    """Whose sign-in the secret belongs to, also when it has ended."""
    return session.scalars(select(UserSession.user_id).where(UserSession.token_hash == _hashed(secret))).one_or_none()


def take_kept_form(session: Session, session_id: int) -> str | None:
    """What was written before this sign-in, once: from now on it is not kept."""
    mine = UserSession.id == session_id
    found = session.scalars(select(UserSession.kept_form).where(mine)).one_or_none()
    session.execute(update(UserSession).where(mine).values(kept_form=None))
    return found


def needs_touch(signed_in: UserSession, at: datetime) -> bool:
    """Whether this use is worth a write."""
    return at - signed_in.seen_at >= _TOUCH_EVERY


def touch(session: Session, session_id: int, at: datetime) -> None:
    """The person was here: the idle limit starts again."""
    session.execute(update(UserSession).where(UserSession.id == session_id, *_open(at, at - IDLE)).values(seen_at=at))


def confirm(session: Session, session_id: int, at: datetime) -> None:
    """The provider has asked the person of this sign-in again."""
    session.execute(
        update(UserSession).where(UserSession.id == session_id, *_open(at, at - IDLE)).values(confirmed_at=at)
    )


def is_confirmed(signed_in: UserSession, at: datetime) -> bool:
    """Whether the provider asked the person again a moment ago."""
    return signed_in.confirmed_at is not None and at - signed_in.confirmed_at < CONFIRMED_FOR


def of_user(session: Session, user_id: int, at: datetime) -> list[UserSession]:
    """The open sign-ins of a user, newest first, at most fifty."""
    mine = select(UserSession).where(UserSession.user_id == user_id, *_open(at, at - IDLE))
    return list(session.scalars(mine.order_by(UserSession.id.desc()).limit(50)))


def end(session: Session, session_id: int, *, user_id: int, at: datetime) -> None:
    """End one sign-in of this user. Ending it twice is harmless; NotFound when it is not theirs."""
    mine = UserSession.id == session_id, UserSession.user_id == user_id
    if session.scalars(select(UserSession.id).where(*mine)).one_or_none() is None:
        raise NotFound(phrase("There is no such sign-in of yours."))
    session.execute(
        update(UserSession).where(*mine, UserSession.ended_at.is_(None)).values(ended_at=at, kept_form=None)
    )


def end_all(session: Session, user_id: int, *, at: datetime, but: int | None = None) -> None:
    """End every sign-in of a user, or every one but this."""
    theirs = update(UserSession).where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
    if but is not None:
        theirs = theirs.where(UserSession.id != but)
    session.execute(theirs.values(ended_at=at, kept_form=None))


@cache
def _found() -> Select[UserSession, User]:
    """What every page asks first: built once (decision 0049)."""
    is_open = _open(bindparam("given_at"), bindparam("given_idle"))
    mine = select(UserSession, User).join(User, User.id == UserSession.user_id)
    return mine.where(UserSession.token_hash == bindparam("given_hash"), *is_open, User.active)


def _open(at: Given, idle_since: Given) -> tuple[ColumnElement[bool], ...]:
    return UserSession.ended_at.is_(None), UserSession.seen_at > idle_since, UserSession.ends_at > at


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
