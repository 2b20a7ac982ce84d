"""The first person of an empty desk, who adds all others: by a link that is printed where the desk is started."""

from datetime import datetime, timedelta

from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.models import User
from webapp.services.audit import trail
from webapp.services.users import one_time_links, users
from webapp.services.users.one_time_links import LinkPurpose, Newcomer
from webapp.sql import is_sqlite

LIFETIME = timedelta(hours=24)
_PURPOSE = LinkPurpose.FIRST_ADMINISTRATOR


def is_wanted(session: Session) -> bool:
    """Whether nobody can sign in yet."""
    return not session.scalar(select(exists().select_from(User)))


def issue(session: Session, *, at: datetime, actor: Actor) -> str | None:
    """A new link's secret, and the end of every former one; None when the desk has a user already."""
    actor.require("user:manage")
    _keep_users_out(session)
    one_time_links.end_all(session, _PURPOSE, at=at)
    if not is_wanted(session):
        return None
    secret = one_time_links.new_secret()
    link = one_time_links.issue(session, _PURPOSE, secret, at=at, lifetime=LIFETIME, actor=actor, roles=["admin"])
    until = {"until": link.expires_at.isoformat()}
    trail.record(session, actor, "user.first_link", ("link", link.id), at=at, after=until)
    return secret


def address(public_address: str, secret: str) -> str:
    """Where the link leads. Its secret stands in the query, which the desk writes into no log."""
    return f"{public_address}/first-administrator{one_time_links.WITH_SECRET}{secret}"


def check(session: Session, secret: str, at: datetime) -> None:
    """Raise NotFound or Conflict unless the link would make who opens it the administrator."""
    one_time_links.find(session, _PURPOSE, secret, at)
    _require_nobody(session)


def accept(session: Session, secret: str, newcomer: Newcomer, *, at: datetime) -> User:
    """Make who has the link the administrator. Of two at once one is, and the other gets Conflict.

    Invalid names `name`, `email` or `password`.
    """
    _keep_users_out(session)
    link = one_time_links.take(session, _PURPOSE, secret, at)
    _require_nobody(session)
    user = users.create(
        session,
        email=newcomer.email,
        name=newcomer.name,
        roles=["admin"],
        password=newcomer.password,
        at=at,
        actor=one_time_links.bearer(link, newcomer),
    )
    one_time_links.end(session, link, at=at, user=user)
    return user


def _require_nobody(session: Session) -> None:
    if not is_wanted(session):
        raise Conflict(phrase("This desk has its first administrator already, who can invite you. The link is void."))


def _keep_users_out(session: Session) -> None:
    """Nobody else adds a user until the commit: neither by another link, nor at the command line.

    SQLite has one writer at a time by itself. The roles come first, as they do for whoever adds a user: two that take
    them in another order wait for each other.
    """
    users.add_roles(session)
    if not is_sqlite(session):
        session.execute(text("LOCK TABLE desk_user IN SHARE ROW EXCLUSIVE MODE"))
