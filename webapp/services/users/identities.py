"""Who people are at the company's identity provider: linked once by a verified address, known by subject ever after."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.encryption import decrypt, encrypt
from webapp.errors import Conflict, Invalid, NotFound
from webapp.models import User, UserIdentity
from webapp.providers.oidc.failures import ProviderSignInFailed
from webapp.providers.oidc.identity import Identity
from webapp.services.audit import trail
from webapp.services.common import authorization
from webapp.services.users import sessions, users
from webapp.settings import Settings

_MANAGE = "user:manage"
_ASK = phrase("Ask an administrator of the desk.")
DISABLED = phrase("This account is disabled. An administrator can enable it.")


@dataclass(frozen=True, slots=True)
class Arrival:
    """When and whence somebody came back from the provider."""

    at: datetime
    request_id: str
    origin: str


def person_of(session: Session, identity: Identity, settings: Settings, arrival: Arrival) -> User:
    """The person who this is, with the roles that their groups give; linked or added where the settings allow it.

    Raises ProviderSignInFailed for whom there is no place, and when the account is disabled.
    """
    _check_domain(identity, settings)
    roles = _roles_of(identity, settings)
    linked = _linked(session, identity.issuer, identity.subject)
    if linked is not None:
        user = _active(users.locked(session, linked.user_id))
    else:
        user = _found_by_email(session, identity, settings, roles, arrival)
        linked = _first_link(session, user, identity, arrival)
    if settings.oidc_roles_claim and set(roles) != set(authorization.roles_of(user)):
        users.change_roles(session, user.id, roles, at=arrival.at, actor=_provider(arrival))
    linked.last_used_at = arrival.at
    linked.id_token_encrypted = encrypt(identity.id_token, settings.sign_in_keys)
    session.flush()
    session.refresh(user)  # whoever asks on, after the transaction, is told everything
    return user


def link(session: Session, user_id: int, subject: str, settings: Settings, *, at: datetime, actor: Actor) -> None:
    """Link a person by the provider's own word for them, where it verifies no address. Conflict when one is linked."""
    actor.require(_MANAGE)
    if not settings.has_identity_provider:
        raise Conflict(phrase("No identity provider is set. Set OIDC_ISSUER first."))
    if not 0 < len(subject) <= 255 or not subject.isprintable():
        raise Invalid(
            phrase("A subject has 1 to 255 characters."),
            fields={"subject": phrase("Copy it as the provider shows it.")},
        )
    user = users.locked(session, user_id)
    if _linked(session, settings.oidc_issuer, subject) is not None:
        raise Conflict(phrase("Somebody is linked to this subject already. Unlink them first."))
    linked = _link(session, user, settings.oidc_issuer, subject, "", at)
    _record(session, actor, "user.link_identity", linked, at)


def unlink(session: Session, user_id: int, identity_id: int, *, at: datetime, actor: Actor) -> None:
    """Forget who the person is at the provider, and end every sign-in of theirs. NotFound when it is not theirs."""
    actor.require(_MANAGE)
    users.locked(session, user_id)
    linked = find(session, user_id, identity_id)
    _record(session, actor, "user.unlink_identity", linked, at)
    session.delete(linked)
    sessions.end_all(session, user_id, at=at)


def find(session: Session, user_id: int, identity_id: int) -> UserIdentity:
    """One identity of this person. NotFound when it is not theirs."""
    linked = session.get(UserIdentity, identity_id, populate_existing=True)
    if linked is None or linked.user_id != user_id:
        raise NotFound(phrase("There is no such link of theirs."))
    return linked


def of_user(session: Session, user_id: int) -> list[UserIdentity]:
    """Who they are at each provider that they signed in through."""
    mine = select(UserIdentity).where(UserIdentity.user_id == user_id)
    return list(session.scalars(mine.order_by(UserIdentity.id)))


def is_theirs(session: Session, user_id: int, identity: Identity) -> bool:
    """Whether it is this person who has come back from the provider."""
    linked = _linked(session, identity.issuer, identity.subject)
    return linked is not None and linked.user_id == user_id


def last_id_token(session: Session, user_id: int, settings: Settings) -> str | None:
    """What the provider signed about them last; None when they are not linked to it, or it can't be read any more."""
    mine = UserIdentity.user_id == user_id, UserIdentity.issuer == settings.oidc_issuer
    found = session.scalars(select(UserIdentity.id_token_encrypted).where(*mine)).one_or_none()
    try:
        return decrypt(found, settings.sign_in_keys) if found else None
    except ValueError:  # encrypted under a key that is not known any more
        return None


def _linked(session: Session, issuer: str, subject: str) -> UserIdentity | None:
    same = UserIdentity.issuer == issuer, UserIdentity.subject == subject
    return session.scalars(select(UserIdentity).where(*same)).one_or_none()


def _found_by_email(
    session: Session, identity: Identity, settings: Settings, roles: list[str], arrival: Arrival
) -> User:
    """The person with this verified address; a new one where people may be added by signing in."""
    if not identity.email or not identity.is_email_verified:
        raise ProviderSignInFailed(
            "email_unverified",
            phrase(
                "The identity provider does not say that your email address is verified, so the desk can't "
                "tell whose account this is. Have it verified there, or ask an administrator of the desk to "
                "link you."
            ),
        )
    known = users.by_email(session, identity.email)
    if known is not None:
        return _active(users.locked(session, known.id))
    if not settings.oidc_create_people:
        raise ProviderSignInFailed(
            "unknown_person",
            phrase("%(email)s has no account on this desk. %(ask)s They can add you.", email=identity.email, ask=_ASK),
        )
    name = identity.name.strip() or identity.email.partition("@")[0]
    actor = _provider(arrival)
    return users.create(
        session, email=identity.email, name=name, roles=roles, password=None, at=arrival.at, actor=actor
    )


def _first_link(session: Session, user: User, identity: Identity, arrival: Arrival) -> UserIdentity:
    """The person is locked: another tab may have linked them meanwhile."""
    linked = _linked(session, identity.issuer, identity.subject)
    if linked is None:
        linked = _link(session, user, identity.issuer, identity.subject, identity.email, arrival.at)
        actor = users.actor_of(user, request_id=arrival.request_id, origin=arrival.origin)
        _record(session, actor, "user.link_identity", linked, arrival.at)
    return linked


def _link(session: Session, user: User, issuer: str, subject: str, email: str, at: datetime) -> UserIdentity:
    mine = UserIdentity.user_id == user.id, UserIdentity.issuer == issuer
    if session.scalars(select(UserIdentity.id).where(*mine)).one_or_none() is not None:
        raise ProviderSignInFailed(
            "other_identity",
            phrase(
                "%(email)s is linked to another identity at this provider. %(ask)s They can unlink it.",
                email=user.email,
                ask=_ASK,
            ),
        )
    linked = UserIdentity(user_id=user.id, issuer=issuer, subject=subject, email=email[:200], linked_at=at)
    session.add(linked)
    session.flush()
    return linked


def _active(user: User) -> User:
    if not user.active:
        raise ProviderSignInFailed("disabled", DISABLED)
    return user


def _check_domain(identity: Identity, settings: Settings) -> None:
    domains = [domain.lower().lstrip("@") for domain in settings.oidc_email_domains]
    if domains and identity.email.rpartition("@")[2] not in domains:
        raise ProviderSignInFailed(
            "email_domain",
            phrase(
                "This desk lets in addresses of %(domains)s only. Sign in there as one of them.",
                domains=", ".join(domains),
            ),
        )


def _roles_of(identity: Identity, settings: Settings) -> list[str]:
    """The roles by the person's groups, or those by default. Closed unless opened: without a role nobody is let in."""
    named = {settings.oidc_roles[group] for group in identity.groups or () if group in settings.oidc_roles}
    roles = sorted(named) or sorted(set(settings.oidc_default_roles))
    if settings.oidc_roles_claim and not roles:
        raise ProviderSignInFailed(
            "no_role",
            phrase("None of your groups at the identity provider has a role on this desk. Ask whoever runs it."),
        )
    return roles


def _provider(arrival: Arrival) -> Actor:
    """The identity provider as the one who acts: what an operator set it up to do, it does without a person."""
    allowed = frozenset({_MANAGE})
    return Actor("oidc", None, "sign-in", allowed, request_id=arrival.request_id, origin=arrival.origin)


def _record(session: Session, actor: Actor, action: str, linked: UserIdentity, at: datetime) -> None:
    known = {"issuer": linked.issuer, "subject": linked.subject, "email": linked.email}
    before, after = (known, None) if action == "user.unlink_identity" else (None, known)
    trail.record(session, actor, action, ("user", linked.user_id), at=at, before=before, after=after)
