"""What people change about themselves."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.domain.actors import Actor
from webapp.domain.words import phrase
from webapp.errors import Invalid
from webapp.models import User
from webapp.services.audit import trail
from webapp.services.users import passwords, sessions, users


def confirm_password(user: User, password: str, *, field: str = "password") -> None:
    """Raise Invalid unless this is the user's password: asked again before what matters."""
    if not passwords.matches(user.password, password):
        raise Invalid(phrase("That is not your password."), fields={field: phrase("That is not your password.")})


def change_password(
    session: Session, user_id: int, old: str, new: str, *, current_session_id: int | None, at: datetime, actor: Actor
) -> None:
    """Another password, after the old one; every other sign-in than `keep` ends."""
    user = users.locked(session, user_id)
    confirm_password(user, old, field="old")
    passwords.check(new, field="new", about=(user.name, user.email.partition("@")[0]))
    if old == new:
        raise Invalid(
            phrase("The new password is the old one."),
            fields={"new": phrase("Choose another password than the old one.")},
        )
    user.password, user.must_change_password = passwords.hashed(new), False
    user.password_expires_at = None
    sessions.end_all(session, user_id, at=at, but=current_session_id)
    trail.record(session, actor, "user.password", ("user", user_id), at=at)


def change_zone(session: Session, user_id: int, zone: str, *, at: datetime, actor: Actor) -> None:
    """Show times in another zone."""
    users.check_zone(zone)
    user = users.locked(session, user_id)
    before, user.zone = user.zone, zone
    trail.record(session, actor, "user.zone", ("user", user_id), at=at, before={"zone": before}, after={"zone": zone})


def change_language(session: Session, user_id: int, language: str, *, at: datetime, actor: Actor) -> None:
    """Show words in another language; empty is what the browser asks for."""
    users.check_language(language)
    user = users.locked(session, user_id)
    before, user.language = user.language, language
    trail.record(
        session,
        actor,
        "user.language",
        ("user", user_id),
        at=at,
        before={"language": before},
        after={"language": language},
    )
