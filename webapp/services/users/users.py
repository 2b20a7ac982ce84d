"""People who sign in: made, changed and disabled by administrators."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.instants import known_zones
from webapp.domain.languages import AS_THE_BROWSER, LANGUAGES
from webapp.domain.permissions import ROLES
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid, NotFound
from webapp.models import Role, User
from webapp.services.audit import trail
from webapp.services.common import authorization
from webapp.services.users import api_tokens, one_time_links, passwords, sessions, two_factor
from webapp.sql import insert_new

_MANAGE = "user:manage"


def create(
    session: Session,
    *,
    email: str,
    name: str,
    roles: Sequence[str],
    password: str | None,
    at: datetime,
    actor: Actor,
    zone: str = "UTC",
    must_change_password: bool = False,
    demo: bool = False,
) -> User:
    """Add a user; one without a password signs in through the identity provider.

    Invalid names `email`, `name`, `roles`, `zone` or `password`; Conflict when the address is taken.
    """
    actor.require(_MANAGE)
    address = checked_address(email)
    if not name.strip():
        raise Invalid(phrase("A user needs a name."), fields={"name": phrase("Say who this is.")})
    check_zone(zone)
    if password is not None:
        passwords.check(password, about=(name, address.partition("@")[0]))
    require_no_account(session, address)
    user = User(
        email=address,
        name=name.strip()[:200],
        zone=zone,
        created_at=at,
        demo=demo,
        active=True,
        must_change_password=must_change_password,
        password=None if password is None else passwords.hashed(password),
        password_expires_at=at + passwords.FIRST_LIFETIME if must_change_password else None,
        roles=_roles(session, roles),
    )
    session.add(user)
    session.flush()
    trail.record(session, actor, "user.create", ("user", user.id), at=at, after=_described(user))
    return user


def change_roles(session: Session, user_id: int, roles: Sequence[str], *, at: datetime, actor: Actor) -> User:
    """Give the user exactly these roles. The API tokens of theirs that could do more end, and the links by which they
    invited people, if they may not any more.
    """
    actor.require(_MANAGE)
    user = locked(session, user_id)
    before = _described(user)
    if actor.key == f"user:{user_id}" and "admin" not in roles:
        raise Conflict(phrase("You can't take the role admin from yourself. Another administrator can."))
    user.roles = _roles(session, roles)
    session.flush()
    _end_tokens(session, user, at, actor)
    if _MANAGE not in authorization.of_person(user):
        one_time_links.end_made_by(session, user_id, at=at)
    trail.record(session, actor, "user.roles", ("user", user_id), at=at, before=before, after=_described(user))
    return user


def disable(session: Session, user_id: int, *, at: datetime, actor: Actor, reason: str | None = None) -> User:
    """Let the user sign in no more, and end every sign-in, API token and invitation of theirs. Twice is harmless."""
    actor.require(_MANAGE)
    user = locked(session, user_id)
    if actor.key == f"user:{user_id}":
        raise Conflict(phrase("You can't disable yourself. Another administrator can."))
    user.active = False
    session.flush()
    sessions.end_all(session, user_id, at=at)
    _end_tokens(session, user, at, actor)
    one_time_links.end_made_by(session, user_id, at=at)
    trail.record(session, actor, "user.disable", ("user", user_id), at=at, reason=reason)
    return user


def enable(session: Session, user_id: int, *, at: datetime, actor: Actor) -> User:
    """Let the user sign in again."""
    actor.require(_MANAGE)
    user = locked(session, user_id)
    user.active = True
    trail.record(session, actor, "user.enable", ("user", user_id), at=at)
    return user


def reset(session: Session, user_id: int, *, at: datetime, actor: Actor, second_factor_too: bool = False) -> str:
    """A new password, returned once; every sign-in ends, another must be chosen. The second factor stays, unless it is
    lost too: a reset alone opens no account that has one.
    """
    actor.require(_MANAGE)
    user, password = locked(session, user_id), passwords.generated()
    user.password, user.must_change_password = passwords.hashed(password), True
    user.password_expires_at = at + passwords.FIRST_LIFETIME
    turned_off = second_factor_too and user.has_second_factor
    if turned_off:
        two_factor.clear(session, user)
    sessions.end_all(session, user_id, at=at)
    after = {"second_factor_off": turned_off}
    trail.record(session, actor, "user.reset", ("user", user_id), at=at, after=after)
    return password


def open_password(session: Session, user_id: int, until: datetime, *, at: datetime, actor: Actor) -> None:
    """Take the user's password until then although PASSWORD_SIGN_IN is off: for when the identity provider is away."""
    actor.require(_MANAGE)
    user = locked(session, user_id)
    user.password_open_until = until
    after = {"until": until.isoformat()}
    trail.record(session, actor, "user.open_password", ("user", user_id), at=at, after=after)


def has_open_password(user: User | None, at: datetime) -> bool:
    """Whether the command line has opened the user's password, and the time is not over."""
    return user is not None and user.password_open_until is not None and at < user.password_open_until


def renew_hash(session: Session, user_id: int, password: str) -> None:
    """Keep the password, which fits, under today's parameters; another one that was chosen meanwhile is left alone."""
    user = locked(session, user_id)
    if passwords.matches(user.password, password):
        user.password = passwords.hashed(password)


def find(session: Session, user_id: int) -> User:
    """The user; NotFound when there is none."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound(phrase("There is no such user."))
    return user


def locked(session: Session, user_id: int) -> User:
    """The user as it is now, kept from others until the transaction ends."""
    user = session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound(phrase("There is no such user."))
    return user


def by_email(session: Session, email: str) -> User | None:
    """The user with this address, however it is written."""
    return session.scalars(select(User).where(User.email == email.strip().lower())).one_or_none()


def require_no_account(session: Session, address: str) -> None:
    """Raise Conflict, which names `email`, when somebody has this address."""
    if by_email(session, address) is not None:
        raise Conflict(
            phrase("%(address)s has an account already.", address=address),
            fields={"email": phrase("This address has an account already.")},
        )


def actor_of(user: User, *, request_id: str | None = None, origin: str | None = None) -> Actor:
    """This user as the one who acts."""
    roles = authorization.roles_of(user)
    return Actor("user", user.id, user.name, authorization.of_person(user), request_id, origin, roles)


def add_roles(session: Session) -> None:
    """The roles that people can have, where they are not there yet."""
    rows = insert_new(session, Role).values([{"name": name} for name in ROLES])
    session.execute(rows.on_conflict_do_nothing())


def check_zone(zone: str) -> None:
    """Raise Invalid unless it is an IANA time zone."""
    if zone not in known_zones():
        raise Invalid(
            phrase("%(zone)s is not a time zone.", zone=f"{zone!r}"),
            fields={"zone": phrase("Take a zone such as Africa/Kigali.")},
        )


def check_language(language: str) -> None:
    """Raise Invalid unless the desk is read in it, or the browser is to say."""
    if language not in (AS_THE_BROWSER, *LANGUAGES):
        raise Invalid(
            phrase("%(language)s is no language of the desk.", language=f"{language!r}"),
            fields={"language": phrase("Take one of the list.")},
        )


def _end_tokens(session: Session, user: User, at: datetime, actor: Actor) -> None:
    """End the tokens behind which this user is and which could do more than the user may now."""
    over = [token.id for token in api_tokens.beyond(session, user.id, authorization.of_person(user), at)]
    api_tokens.end_all(session, over, at=at, actor=actor, reason=phrase("%(name)s may do less now.", name=user.name))


def check_roles(names: Sequence[str]) -> None:
    """Raise Invalid, which names `roles`, unless each is a role and there is one."""
    unknown = [name for name in names if name not in ROLES]
    if unknown or not names:
        sentence = (
            phrase("There is no role %(unknown)s.", unknown=unknown[0])
            if unknown
            else phrase("A user needs at least one role.")
        )
        raise Invalid(sentence, fields={"roles": sentence})


def _roles(session: Session, names: Sequence[str]) -> list[Role]:
    check_roles(names)
    wanted = select(Role).where(Role.name.in_(names)).order_by(Role.id)
    found = list(session.scalars(wanted))
    if len(found) < len(set(names)):
        add_roles(session)
        found = list(session.scalars(wanted))
    return found


def checked_address(email: str) -> str:
    """The address as it is kept. Raises Invalid, which names `email`, when it is none."""
    address = email.strip().lower()
    name, at_sign, host = address.partition("@")
    if not (name and at_sign and "." in host) or any(space in address for space in " \t\r\n,;<>") or len(address) > 200:
        raise Invalid(
            phrase("%(email)s is not an email address.", email=f"{email!r}"),
            fields={"email": phrase("Write an address such as amina@example.org.")},
        )
    return address


def _described(user: User) -> dict[str, object]:
    return {
        "email": user.email,
        "name": user.name,
        "roles": sorted(role.name for role in user.roles),
        "active": user.active,
    }
