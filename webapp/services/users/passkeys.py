"""Passkeys of people: added, named, used and removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp import logs
from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.errors import Conflict, Invalid, NotAllowed, NotFound
from webapp.models import Passkey
from webapp.services.audit import trail
from webapp.services.users import passkey_challenges, relying_party, sessions, two_factor, users
from webapp.services.users.passkey_challenges import Ceremony, PasskeyUse
from webapp.services.users.relying_party import RelyingParty
from webapp.settings import Settings
from webapp.sql import insert_new

MOST = 20
_VERIFIED = frozenset({PasskeyUse.APPROVE})
"""Uses for which the device has to know its person, by a PIN or a finger: there it stands in for the password."""
_TOO_LATE = phrase("This took too long, or was sent already. Try it once more.")
_NONE_FITS = phrase("That passkey is not one of yours. Use one that your profile lists.")
_SUSPENDED = phrase(
    "The counter of this passkey went back, as it does when a passkey was copied, so it is not accepted any "
    "more. Remove it on your profile, add a new one, and tell an administrator."
)


@dataclass(frozen=True, slots=True)
class PasskeyResult:
    """What came of an assertion: the passkey that signed it, or why it does not count."""

    passkey: Passkey | None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class PasskeyProof:
    """That this person's passkey has just signed for this one thing."""

    passkey_id: int
    name: str
    user_id: int
    subject: tuple[str, int]


def of_user(session: Session, user_id: int) -> Sequence[Passkey]:
    """The passkeys of a person, in the order in which they were added."""
    return session.scalars(select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)).all()


def usable(session: Session, user_id: int) -> list[Passkey]:
    """Those that are accepted."""
    return [passkey for passkey in of_user(session, user_id) if passkey.suspended_at is None]


def find(session: Session, user_id: int, passkey_id: int) -> Passkey:
    """A passkey of this person. Raises NotFound."""
    passkey = session.get(Passkey, passkey_id)
    if passkey is None or passkey.user_id != user_id:
        raise NotFound(phrase("There is no such passkey."))
    return passkey


def begin_adding(session: Session, ceremony: Ceremony, name: str, *, party: RelyingParty, at: datetime) -> str:
    """What the browser is to make a passkey of this name by, as JSON. Raises Invalid, Conflict when there are many."""
    _checked_name(session, ceremony.user_id, name)
    user, existing = users.find(session, ceremony.user_id), of_user(session, ceremony.user_id)
    if len(existing) >= MOST:
        raise Conflict(phrase("You have %(MOST)s passkeys already. Remove one first.", MOST=MOST))
    return party.creation_options(user, existing, passkey_challenges.issue(session, ceremony, at))


def begin_use(session: Session, ceremony: Ceremony, *, party: RelyingParty, at: datetime) -> str:
    """What the browser is to ask a passkey to sign, as JSON. Raises Conflict when the person has none to use."""
    ready = usable(session, ceremony.user_id)
    if not ready:
        raise Conflict(phrase("You have no passkey that could be used here. Add one on your profile."))
    challenge = passkey_challenges.issue(session, ceremony, at)
    return party.request_options(ready, challenge, user_verification=ceremony.use in _VERIFIED)


def add(
    session: Session,
    user_id: int,
    name: str,
    credential: str,
    challenge: bytes | None,
    *,
    party: RelyingParty,
    current_session_id: int | None,
    at: datetime,
    actor: Actor,
) -> list[str]:
    """Keep a passkey that a device made for this challenge.

    With a person's first second factor come recovery codes, which are returned to be shown once, and every other
    sign-in ends: it was begun without the factor.
    """
    user, name = users.locked(session, user_id), _checked_name(session, user_id, name)
    if challenge is None:
        raise Invalid(_TOO_LATE, fields={"credential": _TOO_LATE})
    made, is_first = party.registered(credential, challenge), not user.has_second_factor
    row = insert_new(session, Passkey).values(
        user_id=user_id,
        name=name,
        credential_id=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        transports=made.transports,
        created_at=at,
    )
    added = row.on_conflict_do_nothing(index_elements=["credential_id"]).returning(Passkey.id)
    passkey_id = session.scalars(added).one_or_none()
    if passkey_id is None:
        raise Conflict(phrase("This passkey is there already. Add another device, or remove it first."))
    session.expire(user)
    after = {"passkey": passkey_id, "name": name}
    trail.record(session, actor, "user.passkey_added", ("user", user_id), at=at, after=after)
    if is_first:
        sessions.end_all(session, user_id, at=at, but=current_session_id)
    return two_factor.first_recovery_codes(user)


def rename(session: Session, user_id: int, passkey_id: int, name: str, *, at: datetime, actor: Actor) -> Passkey:
    """Call a passkey something else. Raises NotFound, Invalid for a name that another of theirs has."""
    passkey = _locked(session, user_id, passkey_id)
    name = _checked_name(session, user_id, name, but=passkey_id)
    before, passkey.name = passkey.name, name
    old, new = {"passkey": passkey_id, "name": before}, {"passkey": passkey_id, "name": name}
    trail.record(session, actor, "user.passkey_renamed", ("user", user_id), at=at, before=old, after=new)
    return passkey


def remove(session: Session, user_id: int, passkey_id: int, *, at: datetime, actor: Actor) -> str:
    """Forget a passkey: it opens nothing any more. Its name is returned. Raises NotFound."""
    user, passkey = users.locked(session, user_id), _locked(session, user_id, passkey_id)
    name = passkey.name
    session.delete(passkey)
    session.flush()
    session.expire(user)
    two_factor.forget_unused_codes(user)
    before = {"passkey": passkey_id, "name": name}
    trail.record(session, actor, "user.passkey_removed", ("user", user_id), at=at, before=before)
    return name


def remove_for(session: Session, user_id: int, passkey_id: int, *, at: datetime, actor: Actor) -> str:
    """An administrator removes somebody's passkey: it is lost."""
    actor.require("user:manage")
    return remove(session, user_id, passkey_id, at=at, actor=actor)


def use(
    session: Session,
    ceremony: Ceremony,
    assertion: str,
    challenge: bytes | None,
    *,
    party: RelyingParty,
    at: datetime,
    actor: Actor,
) -> PasskeyResult:
    """Whether one of this person's passkeys signed the challenge just now.

    Commit either way: a counter that went back suspends the passkey, and that is on the record.
    """
    if challenge is None:
        return PasskeyResult(None, _TOO_LATE)
    credential_id = relying_party.credential_id_of(assertion)
    theirs = (Passkey.user_id == ceremony.user_id, Passkey.credential_id == credential_id)
    passkey = session.scalars(select(Passkey).where(*theirs).with_for_update()).one_or_none()
    if passkey is None:
        return PasskeyResult(None, _NONE_FITS)
    if passkey.suspended_at is not None:
        return PasskeyResult(None, _SUSPENDED)
    count = party.sign_count(assertion, challenge, passkey, user_verification=ceremony.use in _VERIFIED)
    if count <= passkey.sign_count and (count or passkey.sign_count):
        return _suspended(session, passkey, count, at, actor)
    passkey.sign_count, passkey.last_used_at = count, at
    after = {"passkey": passkey.id, "name": passkey.name, "for": ceremony.use.value, "subject": ceremony.subject}
    trail.record(session, actor, "user.passkey_used", ("user", ceremony.user_id), at=at, after=after)
    return PasskeyResult(passkey)


def require_proof(
    proof: PasskeyProof | None, subject: tuple[str, int], *, actor: Actor, settings: Settings
) -> dict[str, object] | None:
    """What the record of a second person's yes says of the passkey that gave it.

    Raises NotAllowed where the desk wants a passkey and none signed for this, or one signed for something else.
    """
    if proof is None and not settings.approvals_need_passkey:
        return None
    if proof is None:
        raise NotAllowed(
            phrase(
                "This desk takes a passkey for approving: open it in the desk and use one of yours. "
                "Your profile adds them."
            )
        )
    if (proof.user_id, proof.subject) != (actor.id, subject):
        raise NotAllowed(phrase("The passkey was used for something else. Use it once more, here."))
    return {"passkey": proof.passkey_id, "name": proof.name}


def _suspended(session: Session, passkey: Passkey, count: int, at: datetime, actor: Actor) -> PasskeyResult:
    passkey.suspended_at = at
    trail.record(
        session,
        actor,
        "user.passkey_suspended",
        ("user", passkey.user_id),
        at=at,
        reason="Its counter went back.",
        before={"passkey": passkey.id, "name": passkey.name, "sign_count": passkey.sign_count},
        after={"passkey": passkey.id, "name": passkey.name, "sign_count": count},
    )
    logs.get_logger().warning("passkey.copied", account=f"user:{passkey.user_id}", passkey=passkey.id)
    return PasskeyResult(None, _SUSPENDED)


def _checked_name(session: Session, user_id: int, name: str, but: int | None = None) -> str:
    name = name.strip()
    if not name or len(name) > 80:
        sentence = phrase("Give it a name of at most 80 characters, such as the device's.")
        raise Invalid(sentence, fields={"name": sentence})
    same = select(Passkey.id).where(Passkey.user_id == user_id, Passkey.name == name, Passkey.id != (but or 0))
    if session.scalars(same).first() is not None:
        raise Invalid(
            phrase("You have a passkey %(name)s already.", name=name),
            fields={"name": phrase("Another passkey of yours has this name.")},
        )
    return name


def _locked(session: Session, user_id: int, passkey_id: int) -> Passkey:
    theirs = select(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == user_id).with_for_update()
    passkey = session.scalars(theirs.execution_options(populate_existing=True)).one_or_none()
    if passkey is None:
        raise NotFound(phrase("There is no such passkey."))
    return passkey
