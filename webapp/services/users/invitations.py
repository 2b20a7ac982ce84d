"""Colleagues who are invited: by a link for their address and the roles they get, which works once, for a week."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.errors import Conflict, NotFound
from webapp.models import OneTimeLink, User
from webapp.services.audit import trail
from webapp.services.users import one_time_links, users
from webapp.services.users.one_time_links import LinkPurpose, Newcomer
from webapp.services.users.passwords import FIRST_LIFETIME as LIFETIME

_MANAGE, _PURPOSE = "user:manage", LinkPurpose.INVITATION
INVITED = OneTimeLink.purpose == _PURPOSE
"""Which links are invitations."""


def invite(
    session: Session, *, email: str, roles: Sequence[str], secret: str, at: datetime, actor: Actor
) -> OneTimeLink:
    """Invite whoever has this address to these roles.

    Invalid names `email` or `roles`; Conflict when the address has an account, or an invitation that still works.
    """
    actor.require(_MANAGE)
    address = users.checked_address(email)
    users.check_roles(roles)
    users.require_no_account(session, address)
    open_one = select(OneTimeLink.id).where(INVITED, OneTimeLink.email == address, *_works(at)).limit(1)
    if session.scalars(open_one).one_or_none() is not None:
        raise Conflict(
            phrase("%(address)s is invited already.", address=address),
            fields={"email": phrase("This address is invited already: send that invitation again, or withdraw it.")},
        )
    link = one_time_links.issue(
        session, _PURPOSE, secret, at=at, lifetime=LIFETIME, actor=actor, roles=sorted(set(roles)), email=address
    )
    trail.record(session, actor, "user.invite", ("invitation", link.id), at=at, after=_described(link))
    return link


def renew(session: Session, invitation_id: int, *, secret: str, at: datetime, actor: Actor) -> OneTimeLink:
    """Another link in the place of the former, which is void; it works for another week. Conflict when it has ended."""
    actor.require(_MANAGE)
    link = _open(session, invitation_id)
    before = _described(link)
    link.token_hash, link.expires_at = one_time_links.hashed(secret), at + LIFETIME
    link.made_by, link.made_by_id = actor.name[:200], actor.id if actor.kind == "user" else None
    session.flush()
    after = _described(link)
    trail.record(session, actor, "user.invite_again", ("invitation", link.id), at=at, before=before, after=after)
    return link


def withdraw(session: Session, invitation_id: int, *, at: datetime, actor: Actor) -> OneTimeLink:
    """Let nobody in by it. Conflict when somebody came by it, or it is withdrawn."""
    actor.require(_MANAGE)
    link = _open(session, invitation_id)
    one_time_links.end(session, link, at=at)
    trail.record(session, actor, "user.invite_withdraw", ("invitation", link.id), at=at, before=_described(link))
    return link


def get(session: Session, invitation_id: int) -> OneTimeLink:
    """An invitation. Raises NotFound."""
    found = session.scalars(select(OneTimeLink).where(INVITED, OneTimeLink.id == invitation_id)).one_or_none()
    if found is None:
        raise NotFound(phrase("There is no such invitation."))
    return found


def check(session: Session, secret: str, at: datetime) -> OneTimeLink:
    """The invitation whose link this is. Raises NotFound or Conflict unless it works."""
    return one_time_links.find(session, _PURPOSE, secret, at)


def accept(session: Session, secret: str, newcomer: Newcomer, *, at: datetime) -> User:
    """Make who has the link a user, at the address and with the roles that were invited.

    Invalid names `name` or `password`; Conflict when the link works no more, or the address has an account by now.
    """
    link = one_time_links.take(session, _PURPOSE, secret, at)
    user = users.create(
        session,
        email=link.email or "",
        name=newcomer.name,
        roles=link.roles,
        password=newcomer.password,
        at=at,
        actor=one_time_links.bearer(link, newcomer),
    )
    one_time_links.end(session, link, at=at, user=user)
    return user


def _works(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return OneTimeLink.ended_at.is_(None), OneTimeLink.expires_at > at


def _open(session: Session, invitation_id: int) -> OneTimeLink:
    """The invitation, kept from others until the transaction ends."""
    get(session, invitation_id)
    link = session.get_one(OneTimeLink, invitation_id, with_for_update=True, populate_existing=True)
    if link.user_id is not None:
        raise Conflict(phrase("%(address)s came by this invitation already.", address=link.email))
    if link.ended_at is not None:
        raise Conflict(phrase("This invitation is withdrawn. Invite %(address)s anew.", address=link.email))
    return link


def _described(link: OneTimeLink) -> dict[str, object]:
    return {"email": link.email, "roles": link.roles, "until": link.expires_at.isoformat()}
